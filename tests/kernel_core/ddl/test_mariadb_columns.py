"""MODIFY of MariaDB replaces a whole column: properties that an alteration does not mention are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from kernel_core.ddl.mysql.column_definition import parse_column
from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext

TABLE = """CREATE TABLE t (
    id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
    v varchar(30) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL DEFAULT 'x''y%' COMMENT 'it''s 5%',
    hidden int INVISIBLE DEFAULT 3,
    e timestamp(3) NOT NULL DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3),
    g int AS (id + 1) VIRTUAL COMMENT 'gen', kept int GENERATED ALWAYS AS (hidden * 2) STORED,
    j json, c int CHECK (c > 0 and c <> 5), u int unsigned zerofill DEFAULT 5, txt mediumtext COMPRESSED,
    en enum('a','b,)') DEFAULT 'b,)', d decimal(8,3) DEFAULT 1.5, vv varchar(9) COLLATE utf8mb4_bin,
    `odd ``name, (` varchar(9) DEFAULT 'a\\\\b' COMMENT '),') DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"""
LATIN = "CHARACTER SET latin1 COLLATE latin1_german1_ci"
REST = "NOT NULL DEFAULT 'x''y%' COMMENT 'it''s 5%'"
BINARY = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
NOW = "current_timestamp(3)"
ON_UPDATE = f"ON UPDATE {NOW}"
CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "a key that counts, made wider": ("id", {"type_": sa.BigInteger()}, "bigint(20) NOT NULL AUTO_INCREMENT"),
    "a key that counts, made a text": ("id", {"type_": sa.String(9)}, "varchar(9) NOT NULL"),
    "a key without AUTO_INCREMENT": ("id", {"type_": sa.BigInteger(), "autoincrement": False}, "bigint(20) NOT NULL"),
    "a text made nullable": (
        "v",
        {"nullable": True},
        f"varchar(30) {LATIN} {REST.removeprefix('NOT NULL ')}",
    ),
    "a text made longer": ("v", {"type_": sa.String(60)}, f"varchar(60) {LATIN} {REST}"),
    "a text made longer, its old type given": (
        "v",
        {"type_": sa.String(60), "existing_type": sa.String(30), "existing_nullable": False},
        f"varchar(60) {LATIN} {REST}",
    ),
    "a text of another collation": (
        "v",
        {"type_": mysql.VARCHAR(60, collation="latin1_bin")},
        f"varchar(60) CHARACTER SET latin1 COLLATE latin1_bin {REST}",
    ),
    "a text that loses its collation": ("v", {"type_": sa.String(30)}, f"varchar(30) {REST}"),
    "a text made a number": ("d", {"type_": sa.Integer()}, "int(11) DEFAULT 2"),
    "a new comment": ("v", {"comment": "50%"}, f"varchar(30) {LATIN} NOT NULL DEFAULT 'x''y%' COMMENT '50%'"),
    "no comment": ("v", {"comment": None}, f"varchar(30) {LATIN} NOT NULL DEFAULT 'x''y%'"),
    "a new name": ("v", {"new_column_name": "w", "existing_type": sa.String(30)}, f"varchar(30) {LATIN} {REST}"),
    "a new name alone": ("v", {"new_column_name": "w"}, f"varchar(30) {LATIN} {REST}"),
    "INVISIBLE and a new type": ("hidden", {"type_": sa.BigInteger()}, "bigint(20) INVISIBLE DEFAULT 3"),
    "INVISIBLE and NOT NULL": ("hidden", {"nullable": False}, "int(11) NOT NULL INVISIBLE DEFAULT 3"),
    "ON UPDATE and a comment": (
        "e",
        {"comment": "c", "existing_type": mysql.TIMESTAMP(fsp=3)},
        f"timestamp(3) NOT NULL DEFAULT {NOW} {ON_UPDATE} COMMENT 'c'",
    ),
    "ON UPDATE and a new type": (
        "e",
        {"type_": mysql.DATETIME(fsp=3)},
        f"datetime(3) NOT NULL DEFAULT {NOW} {ON_UPDATE}",
    ),
    "ON UPDATE and a new default": (
        "e",
        {"server_default": "2020-01-01"},
        f"timestamp(3) NOT NULL DEFAULT '2020-01-01 00:00:00.000' {ON_UPDATE}",
    ),
    "ON UPDATE that the new default leaves out": (
        "e",
        {"server_default": sa.text(NOW), "existing_server_default": sa.text(f"{NOW} {ON_UPDATE}")},
        f"timestamp(3) NOT NULL DEFAULT {NOW}",
    ),
    "a generated column and a comment": (
        "g",
        {"comment": "x"},
        "int(11) GENERATED ALWAYS AS (`id` + 1) VIRTUAL COMMENT 'x'",
    ),
    "a generated column and a new type": (
        "g",
        {"type_": sa.BigInteger()},
        "bigint(20) GENERATED ALWAYS AS (`id` + 1) VIRTUAL COMMENT 'gen'",
    ),
    "a stored column and a new name": (
        "kept",
        {"new_column_name": "h", "existing_type": sa.Integer()},
        "int(11) GENERATED ALWAYS AS (`hidden` * 2) STORED",
    ),
    "JSON made NOT NULL": ("j", {"nullable": False}, f"longtext {BINARY} NOT NULL CHECK (json_valid(`j`))"),
    "JSON made a text": ("j", {"type_": sa.Text()}, f"text {BINARY} DEFAULT NULL"),
    "a CHECK and a new type": (
        "c",
        {"type_": sa.BigInteger()},
        "bigint(20) DEFAULT NULL CHECK (`c` > 0 and `c` <> 5)",
    ),
    "a CHECK and a new name": (
        "c",
        {"new_column_name": "k", "existing_type": sa.Integer()},
        "int(11) DEFAULT NULL CHECK (`k` > 0 and `k` <> 5)",
    ),
    "UNSIGNED ZEROFILL made NOT NULL": (
        "u",
        {"nullable": False, "existing_type": sa.Integer()},
        "int(10) unsigned zerofill NOT NULL DEFAULT 0000000005",
    ),
    "COMPRESSED and a comment": (
        "txt",
        {"comment": "t"},
        "mediumtext /*M!100301 COMPRESSED*/ DEFAULT NULL COMMENT 't'",
    ),
    "an ENUM made NOT NULL": ("en", {"nullable": False}, "enum('a','b,)') NOT NULL DEFAULT 'b,)'"),
    "a number made wider": ("d", {"type_": sa.Numeric(10, 4)}, "decimal(10,4) DEFAULT 1.5000"),
    "a binary collation and a new type": ("vv", {"type_": sa.Text()}, f"text {BINARY} DEFAULT NULL"),
    "names and texts with all signs": (
        "odd `name, (",
        {"nullable": False},
        "varchar(9) NOT NULL DEFAULT 'a\\\\b' COMMENT '),'",
    ),
}


@pytest.fixture
def connection(mariadb_url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(mariadb_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def stated(connection: sa.Connection) -> dict[str, str]:
    """The definition of each column of ``t`` in SHOW CREATE TABLE, by its name."""
    lines = connection.exec_driver_sql("SHOW CREATE TABLE t").one()[1].splitlines()[1:-1]
    columns = [line.strip().removesuffix(",") for line in lines if line.strip().startswith("`")]
    parts = [line[1:].replace("``", "\0").split("` ", 1) for line in columns]
    return {name.replace("\0", "`"): definition.replace("\0", "``") for name, definition in parts}


@pytest.mark.slow
def test_properties_that_a_change_does_not_mention_are_kept(connection: sa.Connection) -> None:
    op = Operations(MigrationContext.configure(connection))
    for what, (name, change, expected) in CASES.items():
        connection.exec_driver_sql("DROP TABLE IF EXISTS t")
        connection.execute(sa.text(TABLE))
        before = stated(connection)
        op.alter_column("t", name, **change)
        after = stated(connection)
        assert after.pop(change.get("new_column_name", name)) == expected, what
        del before[name]
        assert after == before, f"{what}: another column"


def test_the_server_reports_a_missing_column(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE t (a int)")
    op = Operations(MigrationContext.configure(connection))
    with pytest.raises(sa.exc.OperationalError, match="Unknown column 'b'"):
        op.alter_column("t", "b", type_=sa.BigInteger())


@pytest.mark.parametrize(
    ("line", "part", "value"),
    [
        ("`a` int(11) DEFAULT NULL", "default", "NULL"),
        ("`a` varchar(9) NOT NULL DEFAULT 'DEFAULT 5'", "default", "'DEFAULT 5'"),
        ("`a` double DEFAULT (1 + (2 * 3))", "default", "(1 + (2 * 3))"),
        (
            "`a` int(11) GENERATED ALWAYS AS (`b` + 1) STORED INVISIBLE",
            "generated",
            "GENERATED ALWAYS AS (`b` + 1) STORED",
        ),
        ("`a` int(11) GENERATED ALWAYS AS (`b` + 1) STORED INVISIBLE", "further", ("INVISIBLE",)),
        ("`s` timestamp(6) GENERATED ALWAYS AS ROW START", "generated", "GENERATED ALWAYS AS ROW START"),
        ("`a` int(11) DEFAULT NULL WITHOUT SYSTEM VERSIONING", "further", ("WITHOUT SYSTEM VERSIONING",)),
        ("`a` set('x','y z') DEFAULT 'x'", "type_text", "set('x','y z')"),
    ],
)
def test_a_line_of_show_create_table_is_parsed(line: str, part: str, value: object) -> None:
    assert getattr(parse_column(line), part) == value


def test_a_connection_that_is_lost_while_the_column_is_read_is_the_error_that_is_raised(mariadb_url):
    engine = sa.create_engine(mariadb_url, poolclass=sa.NullPool)
    with engine.connect() as connection, engine.connect() as other:
        connection.exec_driver_sql("CREATE TABLE t (v varchar(30) NOT NULL DEFAULT 'x')")
        other.exec_driver_sql(f"KILL {connection.connection.dbapi_connection.thread_id()}")
        with pytest.raises(sa.exc.OperationalError) as lost:
            Operations(MigrationContext.configure(connection)).alter_column("t", "v", nullable=True)
        assert lost.value.connection_invalidated
