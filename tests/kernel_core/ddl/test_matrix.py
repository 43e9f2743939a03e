"""The SQL of every operation on every dialect, in a snapshot that a reviewer compares with the manuals.

``MIG_WRITE_MATRIX=1 pytest tests/kernel_core/ddl/test_matrix.py`` writes ``matrix.txt`` again.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from kernel_core.operations import Operations
from kernel_core.operations.registry import all_operations
from kernel_core.util.sqla_compat import SQLALCHEMY_VERSION

from . import scripts

pytestmark = [
    pytest.mark.filterwarnings("ignore:Oracle Database does not contain native UPDATE CASCADE"),
    pytest.mark.filterwarnings(r"ignore:[\s\S]* allows NULL after this"),
]
SNAPSHOT = Path(__file__).with_name("matrix.txt")
Directive = Callable[[Operations], object]
REGISTERED = [cls for cls in all_operations() if cls.__module__.startswith("kernel_core.")]


def users(**kw: Any) -> list[Any]:
    return [sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80), **kw)]


def in_batch(op: Operations) -> None:
    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(sa.Column("age", sa.Integer))
        batch_op.create_index("ix_age", ["age"])


VARIANTS: dict[str, Directive] = {
    "create_table, schema": lambda op: op.create_table("users", *users(nullable=False), schema="app"),
    "create_table, quoted": lambda op: op.create_table(
        "User s", sa.Column("Full Name", sa.String(5)), sa.Column("order", sa.Integer)
    ),
    "create_table, comments": lambda op: op.create_table("users", *users(comment="it's 5%"), comment="who: 'may'"),
    "create_table, identity": lambda op: op.create_table(
        "t", sa.Column("id", sa.BigInteger, sa.Identity(always=True, start=5, increment=2), primary_key=True)
    ),
    "create_table, computed": lambda op: op.create_table(
        "t", sa.Column("a", sa.Integer), sa.Column("b", sa.Integer, sa.Computed("a * 2"))
    ),
    "create_table, stored": lambda op: op.create_table(
        "t", sa.Column("a", sa.Integer), sa.Column("b", sa.Integer, sa.Computed("a * 2", persisted=True))
    ),
    "create_table, constraints": lambda op: op.create_table(
        "t",
        sa.Column("id", sa.Integer),
        sa.Column("u", sa.Integer, sa.ForeignKey("users.id", name="fk_u", ondelete="CASCADE")),
        sa.Column("flag", sa.Boolean(create_constraint=True, name="ck_flag"), server_default=sa.false()),
        sa.Column("kind", sa.Enum("a", "b", name="kind")),
        sa.PrimaryKeyConstraint("id", name="pk_t"),
        sa.UniqueConstraint("u", "flag", name="uq_t"),
        sa.CheckConstraint("id % 2 = 0", name="ck_t"),
    ),
    "create_table, if not exists": lambda op: op.create_table("t", sa.Column("a", sa.Integer), if_not_exists=True),
    "drop_table, schema, if exists": lambda op: op.drop_table("users", schema="app", if_exists=True),
    "rename_table, schema, quoted": lambda op: op.rename_table("User s", "People", schema="App"),
    "create_table_comment, schema": lambda op: op.create_table_comment("users", "it's: 5%", schema="app"),
    "create_table_comment, change": lambda op: op.create_table_comment(
        "users", "new", existing_comment="old", schema="app"
    ),
    "drop_table_comment, schema": lambda op: op.drop_table_comment("users", existing_comment="old", schema="app"),
    "add_column, schema, quoted": lambda op: op.add_column("User s", sa.Column("Full Name", sa.Text), schema="App"),
    "add_column, comment, default": lambda op: op.add_column(
        "users", sa.Column("c", sa.String(9), nullable=False, server_default="it's 5%", comment="why: 'so'")
    ),
    "add_column, foreign key, index": lambda op: op.add_column(
        "orders", sa.Column("u", sa.Integer, sa.ForeignKey("users.id", name="fk_u"), index=True)
    ),
    "add_column, inline references": lambda op: op.add_column(
        "orders",
        sa.Column("u", sa.Integer, sa.ForeignKey("users.id", name="fk_u", ondelete="CASCADE")),
        inline_references=True,
    ),
    "add_column, primary key": lambda op: op.add_column("t", sa.Column("id", sa.Integer, primary_key=True)),
    "add_column, inline primary key": lambda op: op.add_column(
        "t", sa.Column("id", sa.Integer, primary_key=True), inline_primary_key=True
    ),
    "add_column, unique": lambda op: op.add_column("t", sa.Column("c", sa.Integer, unique=True)),
    "add_column, if not exists": lambda op: op.add_column("t", sa.Column("c", sa.Integer), if_not_exists=True),
    "add_column, identity": lambda op: op.add_column("t", sa.Column("c", sa.Integer, sa.Identity(start=3))),
    "add_column, computed": lambda op: op.add_column("t", sa.Column("c", sa.Integer, sa.Computed("a + 1"))),
    "add_column, enum": lambda op: op.add_column("t", sa.Column("c", sa.Enum("a", "b", name="kind"))),
    "drop_column, schema, quoted": lambda op: op.drop_column("User s", "Full Name", schema="App"),
    "drop_column, if exists": lambda op: op.drop_column("users", "nick", if_exists=True),
    "drop_column, mssql_drop_*": lambda op: op.drop_column(
        "users", "nick", schema="app", mssql_drop_default=True, mssql_drop_check=True, mssql_drop_foreign_key=True
    ),
    "alter_column, rename": lambda op: op.alter_column("users", "nick", new_column_name="Nick", schema="app"),
    "alter_column, rename, all known": lambda op: op.alter_column(
        "users",
        "nick",
        new_column_name="alias",
        existing_type=sa.String(9),
        existing_nullable=False,
        existing_server_default="x",
        existing_comment="why",
    ),
    "alter_column, type": lambda op: op.alter_column(
        "users", "nick", type_=sa.String(99), existing_type=sa.String(9), existing_nullable=False
    ),
    "alter_column, type, using": lambda op: op.alter_column(
        "users", "nick", type_=sa.Integer, existing_type=sa.Text(), postgresql_using="nick::integer"
    ),
    "alter_column, type and default": lambda op: op.alter_column(
        "users",
        "nick",
        type_=sa.Integer,
        server_default=text("5"),
        existing_type=sa.Text(),
        existing_server_default="x",
    ),
    "alter_column, type, mssql_drop_*": lambda op: op.alter_column(
        "users",
        "nick",
        type_=sa.Integer,
        existing_nullable=True,
        mssql_drop_default=True,
        mssql_drop_check=True,
        mssql_drop_foreign_key=True,
    ),
    "alter_column, nullable": lambda op: op.alter_column(
        "users",
        "nick",
        nullable=True,
        existing_type=sa.String(9),
        existing_server_default=text("'x'"),
        existing_comment="why",
    ),
    "alter_column, default": lambda op: op.alter_column("users", "nick", server_default="it's"),
    "alter_column, default, expression": lambda op: op.alter_column("users", "at", server_default=sa.func.now()),
    "alter_column, default, none": lambda op: op.alter_column("users", "nick", server_default=None),
    "alter_column, comment": lambda op: op.alter_column(
        "users", "nick", comment="it's 5%", existing_type=sa.String(9), existing_nullable=False
    ),
    "alter_column, comment, change": lambda op: op.alter_column(
        "users", "nick", comment="new", existing_comment="old", existing_type=sa.String(9), schema="app"
    ),
    "alter_column, comment, none": lambda op: op.alter_column(
        "users", "nick", comment=None, existing_comment="old", existing_type=sa.String(9), schema="app"
    ),
    "alter_column, identity, add": lambda op: op.alter_column(
        "t", "id", server_default=sa.Identity(always=True, start=3), existing_type=sa.Integer()
    ),
    "alter_column, identity, change": lambda op: op.alter_column(
        "t",
        "id",
        server_default=sa.Identity(always=True, start=9, cycle=True),
        existing_server_default=sa.Identity(start=3),
    ),
    "alter_column, identity, drop": lambda op: op.alter_column(
        "t", "id", server_default=None, existing_server_default=sa.Identity()
    ),
    "alter_column, computed": lambda op: op.alter_column(
        "t", "c", server_default=sa.Computed("a + 1"), existing_type=sa.Integer()
    ),
    "alter_column, computed stays": lambda op: op.alter_column(
        "t", "c", type_=sa.BigInteger(), existing_type=sa.Integer(), existing_server_default=sa.Computed("a + 1")
    ),
    "alter_column, autoincrement": lambda op: op.alter_column(
        "t", "id", autoincrement=True, existing_type=sa.Integer(), existing_nullable=False
    ),
    "alter_column, boolean to integer": lambda op: op.alter_column(
        "t", "c", type_=sa.Integer(), existing_type=sa.Boolean(create_constraint=True, name="ck_c")
    ),
    "alter_column, on update": lambda op: op.alter_column(
        "t",
        "at",
        server_default=text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"),
        existing_type=sa.TIMESTAMP(),
        existing_nullable=False,
    ),
    "alter_column, everything": lambda op: op.alter_column(
        "t",
        "c",
        new_column_name="d",
        type_=sa.String(9),
        nullable=False,
        server_default="u",
        comment="k",
        existing_type=sa.String(3),
        schema="app",
    ),
    "create_index, schema, expression": lambda op: op.create_index(
        "ix", "users", ["name", text("lower(nick)")], schema="app", if_not_exists=True
    ),
    "create_index, postgresql_*": lambda op: op.create_index(
        "ix",
        "users",
        ["name"],
        unique=True,
        postgresql_concurrently=True,
        postgresql_using="btree",
        postgresql_include=["nick"],
        postgresql_where=text("id > 5"),
        postgresql_ops={"name": "text_pattern_ops"},
        postgresql_nulls_not_distinct=True,
    ),
    "create_index, mssql_*": lambda op: op.create_index(
        "ix", "users", ["name"], mssql_clustered=False, mssql_include=["nick"], mssql_where=text("id > 5")
    ),
    "create_index, mysql_*, oracle_*": lambda op: op.create_index(
        "ix", "users", ["name"], mysql_length={"name": 5}, mariadb_length={"name": 5}, oracle_bitmap=True
    ),
    "drop_index, schema": lambda op: op.drop_index(
        "ix", "users", schema="app", if_exists=True, postgresql_concurrently=True
    ),
    "create_primary_key, schema": lambda op: op.create_primary_key("pk", "users", ["a", "b"], schema="app"),
    "create_unique_constraint, deferrable": lambda op: op.create_unique_constraint(
        "uq", "t", ["a"], deferrable=True, initially="DEFERRED"
    ),
    "create_unique_constraint, nulls": lambda op: op.create_unique_constraint(
        "uq", "t", ["a"], postgresql_nulls_not_distinct=True, postgresql_include=["b"]
    ),
    "create_check_constraint, expression": lambda op: op.create_check_constraint(
        "ck", "t", sa.func.length(sa.column("name")) > 5, schema="app"
    ),
    "create_foreign_key, all": lambda op: op.create_foreign_key(
        "fk",
        "t",
        "u",
        ["a", "b"],
        ["x", "y"],
        source_schema="app",
        referent_schema="ref",
        onupdate="CASCADE",
        ondelete="SET NULL",
        deferrable=True,
        initially="DEFERRED",
    ),
    "create_foreign_key, not valid": lambda op: op.create_foreign_key(
        "fk", "t", "u", ["a"], ["x"], postgresql_not_valid=True
    ),
    "create_exclude_constraint, all": lambda op: op.create_exclude_constraint(
        "ex",
        "t",
        ("room", "="),
        (sa.func.tsrange(sa.column("a"), sa.column("b")), "&&"),
        where="room > 0",
        using="gist",
        ops={"room": "gist_int4_ops"},
        schema="app",
        deferrable=True,
        initially="DEFERRED",
    ),
    "drop_constraint, no kind": lambda op: op.drop_constraint("x", "t"),
    "drop_constraint, foreignkey": lambda op: op.drop_constraint("x", "t", "foreignkey", schema="app"),
    "drop_constraint, unique": lambda op: op.drop_constraint("x", "t", "unique"),
    "drop_constraint, check, if exists": lambda op: op.drop_constraint("x", "t", "check", if_exists=True),
    "drop_constraint, primary": lambda op: op.drop_constraint("x", "t", "primary"),
    "bulk_insert, known table": lambda op: op.bulk_insert(
        sa.Table("t", sa.MetaData(), *users()), [{"id": 1, "name": "a\\b"}]
    ),
    "bulk_insert, no identity given": lambda op: op.bulk_insert(
        sa.Table("t", sa.MetaData(), *users(default="x")), [{}, {"name": None}]
    ),
    "bulk_insert, types": lambda op: op.bulk_insert(
        sa.table(
            "t",
            *(
                sa.column(name, type_)
                for name, type_ in {"b": sa.Boolean, "j": sa.JSON, "x": sa.LargeBinary, "d": sa.Date}.items()
            ),
        ),
        [{"b": True, "j": {"k": "it's 5%"}, "x": b"\x00'", "d": __import__("datetime").date(2020, 1, 2)}],
    ),
    "execute, text": lambda op: op.execute(text("UPDATE t SET a = :a").bindparams(a="it's 5%")),
    "execute, construct": lambda op: op.execute(
        sa.update(sa.table("t", sa.column("a"))).values(a="it's").where(sa.column("a") == op.inline_literal(5))
    ),
    "batch, two changes": in_batch,
    "type, postgresql": lambda op: op.alter_column(
        "t",
        "c",
        type_=sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
        existing_type=sa.Text(),
        postgresql_using="c::jsonb",
    ),
}


def cells() -> dict[str, Directive]:
    """The example of every registered operation, then the variants."""
    examples: dict[str, Directive] = {
        f"{cls.__name__}.example()": lambda op, cls=cls: op.invoke(cls.example()) for cls in REGISTERED
    }
    return examples | VARIANTS


def matrix() -> str:
    parts = []
    for name, directive in cells().items():
        parts.append(f"{'=' * 20} {name}\n")
        for dialect in scripts.DIALECTS:
            sql = scripts.script_or_error(dialect, directive) or "-- nothing to say"
            body = "\n".join(line.rstrip() for line in sql.splitlines() if line.strip())
            parts.append(f"[{dialect}]\n{body}\n")
        parts.append("")
    return "\n".join(parts)


@pytest.mark.slow
@pytest.mark.skipif(SQLALCHEMY_VERSION < (2, 1), reason="the snapshot is that of SQLAlchemy 2.1")
def test_every_operation_on_every_dialect_is_as_reviewed() -> None:
    now = matrix()
    if os.environ.get("MIG_WRITE_MATRIX"):
        SNAPSHOT.write_text(now)
    before = SNAPSHOT.read_text()
    assert now == before, "".join(difflib.unified_diff(before.splitlines(True), now.splitlines(True), n=2))


# sqlglot takes these as an opaque command, or not at all; each is in the manual as it is written here.
UNKNOWN_TO_SQLGLOT = {
    "mssql": r"declare @const_name|SET IDENTITY_INSERT \w+ (ON|OFF);|ALTER TABLE \S+ ADD DEFAULT .* FOR|.* DEFERRABLE"
    r"|DROP INDEX IF EXISTS \w+ ON \w+\.\w+;$",
    "oracle": r"ALTER TABLE \S+ MODIFY|CREATE BITMAP INDEX|CREATE INDEX .*lower\(|.*\n.*IDENTITY \(INCREMENT BY",
}


@pytest.mark.parametrize("dialect", ["mssql", "oracle"])
@pytest.mark.parametrize("name", cells())
def test_a_script_that_no_server_here_runs_is_parsed_at_least(dialect: str, name: str) -> None:
    sql = scripts.script_or_error(dialect, cells()[name])
    if sql.startswith("-- refused"):
        return
    separator = {"mssql": "GO", "oracle": "/"}[dialect]
    for statement in (part.strip() for part in f"\n{sql}\n".split(f"\n{separator}\n")):
        if statement and not re.match(UNKNOWN_TO_SQLGLOT[dialect], statement):
            found = [each for each in sqlglot.parse(statement, dialect={"mssql": "tsql"}.get(dialect, dialect)) if each]
            assert len(found) == 1, statement
            assert not isinstance(found[0], sqlglot.exp.Command), statement
