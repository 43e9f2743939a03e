"""Types that a server stores under another name or with more detail than SQLAlchemy states do not differ.

Each row is a column of one table of its database; the table is made by a written script, compared in both ways, dropped
by the downgrade and compared again.
"""

from __future__ import annotations

import enum
import re
from typing import Any

import pytest
import sqlalchemy as sa
from rounds import run
from sqlalchemy.dialects import mysql, postgresql

from kernel_core.autogenerate import compare_metadata, produce_migrations
from kernel_core.ddl.impl import DefaultImpl
from kernel_core.runtime.migration import MigrationContext

BEYOND = {"autogenerate_plugins": ["alembic.autogenerate.*", "kernel_core.ext.*"]}


class Hue(enum.Enum):
    red = 1
    blue = 2


COMMON: tuple[Any, ...] = (
    *(sa.Integer, sa.BigInteger, sa.SmallInteger, sa.Boolean, sa.Date, sa.DateTime, sa.Time, sa.Interval),
    *(sa.DateTime(timezone=True), sa.Time(timezone=True), sa.Float, sa.Float(10), sa.Float(24), sa.Float(25)),
    *(sa.Float(53), sa.Double, sa.REAL, sa.Numeric, sa.Numeric(10), sa.Numeric(12, 3), sa.DECIMAL),
    *(sa.DECIMAL(8, 2), sa.Text, sa.UnicodeText, sa.String(30), sa.Unicode(30), sa.VARCHAR(7), sa.CHAR(5), sa.CHAR),
    *(sa.NCHAR(5), sa.LargeBinary, sa.LargeBinary(16), sa.LargeBinary(70000), sa.PickleType, sa.JSON, sa.Uuid),
    *(sa.Uuid(native_uuid=False), sa.Enum(Hue), sa.Enum("a", "bb", native_enum=False), sa.DOUBLE_PRECISION, sa.INT),
    sa.Enum("a", "bb", native_enum=False, length=40),
)
OWN: dict[str, tuple[Any, ...]] = {
    "sqlite": (sa.NVARCHAR(9), sa.Text(70000), sa.BLOB, sa.CLOB, sa.BINARY(4), sa.VARBINARY(9), sa.TIMESTAMP),
    "postgresql": (
        *(postgresql.INET, postgresql.CIDR, postgresql.MACADDR, postgresql.MONEY, postgresql.TSVECTOR, postgresql.OID),
        *(postgresql.BIT, postgresql.BIT(1), postgresql.BIT(3), postgresql.BIT(5, varying=True), postgresql.TSTZRANGE),
        *(postgresql.INT4MULTIRANGE, postgresql.ARRAY(sa.Integer), postgresql.ARRAY(sa.String(5), dimensions=2)),
        *(postgresql.ARRAY(sa.NCHAR(4)), postgresql.ARRAY(sa.Float(53)), postgresql.INTERVAL(precision=3)),
        *(postgresql.INTERVAL(fields="DAY TO SECOND", precision=3), postgresql.TIMESTAMP(precision=3, timezone=True)),
        *(postgresql.TIMESTAMP(precision=6), postgresql.TIME(precision=0), postgresql.REGCLASS),
        *(postgresql.JSONB, postgresql.BYTEA, postgresql.DOUBLE_PRECISION, sa.String(collation="C"), sa.FLOAT(7)),
        *(postgresql.DOMAIN("posi", sa.Integer, check="VALUE > 0"), sa.BOOLEAN, sa.BIGINT, postgresql.CITEXT),
    ),
    "mysql": (
        *(mysql.TINYINT, mysql.TINYINT(1), mysql.TINYINT(3), mysql.MEDIUMINT(unsigned=True), mysql.INTEGER(5)),
        *(mysql.BIGINT(unsigned=True, zerofill=True), mysql.YEAR, mysql.SET("a", "b"), mysql.LONGTEXT, mysql.TINYTEXT),
        *(mysql.MEDIUMTEXT(charset="latin1"), mysql.BIT, mysql.BIT(1), mysql.BIT(4), mysql.TIMESTAMP(fsp=2)),
        *(mysql.DATETIME(fsp=6), mysql.TIME(fsp=3), mysql.MEDIUMBLOB, mysql.TINYBLOB, mysql.LONGBLOB, mysql.BLOB(300)),
        *(mysql.ENUM("x", "y", collation="utf8mb4_bin"), mysql.FLOAT(7, 2), mysql.DOUBLE(9, 3), mysql.DOUBLE),
        *(mysql.NVARCHAR(5), mysql.NCHAR(3), sa.NVARCHAR(9), sa.Text(70000), sa.Text(100), sa.Text(10), sa.Text(20000)),
        *(sa.Text(20_000_000), mysql.VARCHAR(10, binary=True), mysql.CHAR(10, binary=True), mysql.TEXT(binary=True)),
        *(mysql.VARCHAR(9, ascii=True), mysql.VARCHAR(9, charset="latin1"), mysql.VARCHAR(9, collation="utf8mb4_bin")),
        *(sa.BINARY(4), sa.VARBINARY(9), mysql.NUMERIC(8), mysql.DECIMAL(10, 2, unsigned=True), mysql.JSON, mysql.REAL),
        *(sa.BINARY, mysql.FLOAT(24), mysql.FLOAT(25), mysql.FLOAT, mysql.INTEGER(unsigned=True)),
    ),
}


def model(types: tuple[Any, ...]) -> sa.MetaData:
    metadata = sa.MetaData()
    for start in range(0, len(types), 20):  # a row of MariaDB holds 65,535 bytes
        columns = [sa.Column(f"c{start + place}", type_) for place, type_ in enumerate(types[start : start + 20])]
        sa.Table(f"t{start}", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    return metadata


@pytest.mark.parametrize("own", [{}, BEYOND], ids=["default", "beyond"])
@pytest.mark.parametrize("server", ["sqlite", "postgresql", "mariadb"])
def test_types_are_equal_under_the_names_of_the_server(
    server: str, own: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    connection: sa.Connection = request.getfixturevalue(server)
    if server == "postgresql":
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS citext")
    metadata = model((*COMMON, *OWN[connection.dialect.name]))
    options = {"target_metadata": metadata, "compare_server_default": True, **own}
    context = MigrationContext.configure(connection, opts=options)
    script = produce_migrations(context, metadata)
    run(context, script.upgrade_ops)
    assert compare_metadata(context, metadata) == []
    run(context, script.downgrade_ops)
    assert sa.inspect(connection).get_table_names() == []


# What is another type, however alike: the database's and the model's.
DIFFERENT: dict[str, list[tuple[Any, Any]]] = {
    "postgresql": [
        (sa.NCHAR(5), sa.NCHAR(6)),
        (sa.Float(24), sa.Float(25)),
        (sa.Numeric(10), sa.Numeric(10, 1)),
        (postgresql.BIT(2), postgresql.BIT(3)),
    ],
    "mysql": [
        (sa.Float(24), sa.Float(25)),
        (sa.Text(100), sa.Text(70000)),
        (sa.LargeBinary(16), sa.LargeBinary(300)),
        (mysql.VARCHAR(10, collation="utf8mb4_general_ci"), mysql.VARCHAR(10, binary=True)),
        (sa.NCHAR(5), sa.NCHAR(6)),
        (sa.Numeric(10), sa.Numeric(10, 1)),
    ],
}


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_different_types_differ(server: str, request: pytest.FixtureRequest) -> None:
    connection: sa.Connection = request.getfixturevalue(server)
    pairs = DIFFERENT[connection.dialect.name]
    table = sa.Table("t", sa.MetaData(), *(sa.Column(f"c{place}", one) for place, (one, _) in enumerate(pairs)))
    table.create(connection)
    wanted = sa.MetaData()
    sa.Table("t", wanted, *(sa.Column(f"c{place}", two) for place, (_, two) in enumerate(pairs)))
    context = MigrationContext.configure(connection, opts={"target_metadata": wanted})
    found = {diff[0][3] for diff in compare_metadata(context, wanted)}
    if connection.dialect.name == "mysql":  # the table's own collation is not stated, so that it may be either
        found.add("c3")
    assert found == {f"c{place}" for place in range(len(pairs))}


@pytest.mark.parametrize(
    ("inspected", "wanted", "differs"),
    [
        (sa.NUMERIC(10, 5), sa.Numeric(10), False),
        (sa.NUMERIC(10), sa.Numeric(10, 5), False),
        (sa.NUMERIC(12, 5), sa.Numeric(10), True),
        (sa.NUMERIC(10, 5), sa.Numeric(10, 4), True),
        (sa.NUMERIC(10, 5), sa.Numeric(), False),
        (sa.DECIMAL(38, 9), sa.Numeric(), False),
    ],
)
def test_an_unknown_database_may_have_another_scale(inspected: Any, wanted: Any, differs: bool) -> None:
    impl = DefaultImpl(sa.engine.default.DefaultDialect(), None, False, True, None, {})
    assert impl.compare_type(sa.Column("x", inspected), sa.Column("x", wanted)) is differs


def test_a_table_names_each_type_once() -> None:
    texts = [re.sub(r"\s+", " ", repr(type_)) for type_ in COMMON]
    assert len(texts) == len(set(texts))
