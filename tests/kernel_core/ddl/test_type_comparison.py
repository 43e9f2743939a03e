"""Types are compared by their DDL."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from kernel_core.ddl.type_comparison import TypeText, parse_type_text, texts_differ, types_differ

SQLITE, POSTGRESQL, MYSQL = sqlite.dialect(), postgresql.dialect(), mysql.dialect()


@pytest.mark.parametrize(
    ("dialect", "inspected", "metadata", "differ"),
    [
        (SQLITE, sa.VARCHAR(50), sa.String(50), False),
        (SQLITE, sa.VARCHAR(50), sa.String(51), True),
        (SQLITE, sa.VARCHAR(), sa.String(50), False),
        (SQLITE, sa.VARCHAR(50), sa.String(), False),
        (SQLITE, sa.NUMERIC(10, 2), sa.DECIMAL(10, 2), False),
        (SQLITE, sa.NUMERIC(10, 2), sa.Numeric(10, 3), True),
        (SQLITE, sa.NUMERIC(10, 0), sa.Numeric(10), False),
        (SQLITE, sa.INTEGER(), sa.String(5), True),
        (SQLITE, sa.VARCHAR(50), sa.Text(), True),
        (SQLITE, sa.types.NullType(), sa.String(5), False),
        (SQLITE, sa.CHAR(32), sa.Uuid(), False),
        (SQLITE, sa.VARCHAR(3), sa.Enum("abc", "d"), False),
        (SQLITE, sa.REAL(), sa.Double(), False),
        (SQLITE, sa.VARCHAR(5), sa.String(5).with_variant(sa.Text(), "postgresql"), False),
        (SQLITE, sa.TEXT(), sa.String(5).with_variant(sa.Text(), "sqlite"), False),
        (SQLITE, sa.BLOB(), sa.PickleType(), False),
        (POSTGRESQL, postgresql.DOUBLE_PRECISION(53), sa.Float(), False),
        (POSTGRESQL, sa.REAL(), sa.Float(24), False),
        (POSTGRESQL, sa.REAL(), sa.Float(25), True),
        (POSTGRESQL, postgresql.TIMESTAMP(), sa.DateTime(), False),
        (POSTGRESQL, postgresql.TIMESTAMP(timezone=True), sa.DateTime(), True),
        (POSTGRESQL, sa.INTEGER(), sa.BigInteger(), True),
        (POSTGRESQL, sa.CHAR(1), sa.CHAR(), False),
        (POSTGRESQL, postgresql.ARRAY(sa.INTEGER()), sa.ARRAY(sa.Integer, dimensions=2), False),
        (POSTGRESQL, postgresql.ARRAY(sa.VARCHAR(3)), postgresql.ARRAY(sa.String(4)), True),
        (POSTGRESQL, postgresql.ARRAY(sa.INTEGER()), sa.Integer(), True),
        (POSTGRESQL, postgresql.ENUM("a", "b", name="mood"), sa.Enum("a", "b", "c", name="mood"), False),
        (POSTGRESQL, postgresql.ENUM("a", name="mood"), sa.Enum("a", name="Mood"), True),
        (POSTGRESQL, postgresql.INTERVAL(fields="YEAR"), postgresql.INTERVAL(fields="MONTH"), True),
        (POSTGRESQL, sa.VARCHAR(5, collation="C"), sa.String(5), False),
        (POSTGRESQL, sa.VARCHAR(5, collation="C"), sa.String(5, collation="de_DE"), True),
        (POSTGRESQL, postgresql.JSON(), postgresql.JSONB(), True),
        (POSTGRESQL, postgresql.UUID(), sa.Uuid(), False),
        (POSTGRESQL, postgresql.BYTEA(), sa.LargeBinary(), False),
        (MYSQL, mysql.TINYINT(display_width=1), sa.Boolean(), False),
        (MYSQL, mysql.INTEGER(display_width=11), sa.Integer(), False),
        (MYSQL, mysql.INTEGER(unsigned=True), sa.Integer(), True),
        (MYSQL, mysql.LONGTEXT(), sa.JSON(), False),
        (MYSQL, mysql.VARCHAR(5), sa.String(), False),
        (MYSQL, mysql.ENUM("a", "b"), sa.Enum("a", "b", "c"), True),
    ],
)
def test_types_differ(dialect, inspected, metadata, differ):
    assert types_differ(dialect, inspected, metadata) is differ


class Money(sa.TypeDecorator):
    impl = sa.Numeric(12, 2)
    cache_ok = True


def test_a_decorated_type_equals_its_impl():
    assert not types_differ(SQLITE, sa.NUMERIC(12, 2), Money())
    assert types_differ(SQLITE, sa.NUMERIC(12, 3), Money())


def test_every_type_equals_itself_on_every_dialect():
    for dialect in (SQLITE, POSTGRESQL, MYSQL):
        for type_ in (sa.Integer(), sa.String(3), sa.Text(), sa.DateTime(), sa.Boolean(), sa.Float(), sa.LargeBinary()):
            assert not types_differ(dialect, type_, type_)


def test_a_type_that_cannot_be_compiled_never_differs():
    assert not types_differ(SQLITE, sa.INTEGER(), postgresql.ARRAY(sa.Integer()))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("TIMESTAMP(3) WITH TIME ZONE", TypeText("timestamp with time zone", ("3",))),
        (
            "VARCHAR(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            TypeText("varchar", ("5",), 0, (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))),
        ),
        ("CHARACTER VARYING(5)", TypeText("character varying", ("5",))),
        ("ENUM('a, b','it''s (c)')", TypeText("enum", ("'a, b'", "'it''s (c)'"))),
        ("INTEGER[][]", TypeText("integer", (), 1)),
        ('"Mood"', TypeText("Mood")),
        ("", TypeText("")),
    ],
)
def test_the_ddl_of_a_type_is_parsed(text, parts):
    assert parse_type_text(text) == parts


def test_synonyms_are_reached_over_two_groups():
    assert not texts_differ(POSTGRESQL, "SERIAL", "INT")
    assert not texts_differ(POSTGRESQL, "CHARACTER VARYING(5)", "VARCHAR(5)")
