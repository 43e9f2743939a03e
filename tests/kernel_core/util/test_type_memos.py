"""A dialect shares what it computed for a type among equal types only."""

import itertools
import random

import pytest
import sqlalchemy as sa
from sampling import sampled
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable

from kernel_core.util.sqla_compat import for_running, for_scripts, key_of_type

DIALECTS = ("sqlite", "postgresql+psycopg", "mysql+pymysql", "mariadb+pymysql", "mssql+pyodbc", "oracle")


class Shouting(sa.types.TypeDecorator):
    """A type that is another one on each database, and looks at itself for it."""

    impl = sa.String
    cache_ok = True

    def __init__(self, size):
        super().__init__(size)
        self.size = size

    def load_dialect_impl(self, dialect):
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.String(self.size * 2))


class Point(sa.types.UserDefinedType):
    cache_ok = True

    def __init__(self, name):
        self.name = name

    def get_col_spec(self, **kw):
        return f"POINT_{self.name}"


class Loud(sa.String):
    """A class of somebody else, whose text is another one."""


@compiles(Loud)
def _loud(element, compiler, **kw):
    return f"LOUD({element.length})"


MAKERS = [
    sa.String,
    lambda n: sa.String(n, collation=None if n % 2 else "C"),
    sa.Unicode,
    sa.Text,
    lambda n: sa.Integer(),
    lambda n: sa.BigInteger(),
    lambda n: sa.Numeric(n, 1, asdecimal=bool(n % 2)),
    sa.Float,
    lambda n: sa.Float(precision=n, asdecimal=bool(n % 2)),
    lambda n: sa.DateTime(timezone=bool(n % 2)),
    lambda n: sa.Time(timezone=bool(n % 2)),
    sa.LargeBinary,
    lambda n: sa.Boolean(create_constraint=bool(n % 2), name=f"b{n}"),
    lambda n: sa.Enum("a", "b" * n, name=f"e{n}"),
    lambda n: sa.Enum("a", "b" * n, native_enum=False),
    lambda n: sa.Uuid(as_uuid=bool(n % 2), native_uuid=n % 3 == 0),
    lambda n: sa.JSON(none_as_null=bool(n % 2)),
    lambda n: sa.Interval(native=bool(n % 2), second_precision=n, day_precision=n),
    lambda n: sa.String(n).with_variant(sa.Text(), "sqlite" if n % 2 else "postgresql"),
    lambda n: sa.Integer().with_variant(postgresql.ENUM("x", "y" * n, name=f"v{n}"), "postgresql"),
    lambda n: sa.String(n).with_variant(mysql.VARCHAR(n, charset="ascii" if n % 2 else "utf8mb4"), "mysql", "mariadb"),
    Shouting,
    Point,
    Loud,
]


def texts(dialects, types):
    """Compile a table of each type, each with the next of the dialects."""
    for type_, dialect in zip(types, dialects, strict=False):
        table = sa.Table("t", sa.MetaData(), sa.Column("c", type_), sa.Column("d", type_, nullable=False))
        try:
            yield str(CreateTable(table).compile(dialect=dialect))
        except sa.exc.SQLAlchemyError as error:
            yield type(error).__name__


@pytest.mark.parametrize("count", sampled([100, 400], 1))
@pytest.mark.parametrize("copied", [for_running, for_scripts])
@pytest.mark.parametrize("name", DIALECTS)
def test_a_type_is_processed_as_if_the_dialect_had_seen_no_other(name, copied, count):
    dialect = make_url(f"{name}://").get_dialect()()
    chosen = random.Random(7)
    choices = [(chosen.choice(MAKERS), chosen.randint(1, 6)) for _ in range(count)]
    shared = list(texts(itertools.repeat(copied(dialect)), [make(size) for make, size in choices]))
    alone = list(texts((copied(dialect) for _ in choices), [make(size) for make, size in choices]))
    assert shared == alone
    assert len(set(shared)) > len(MAKERS)


def test_a_changed_type_is_processed_again():
    dialect, type_ = for_scripts(make_url("postgresql+psycopg://").get_dialect()()), sa.String(3)
    before = type_.dialect_impl(dialect)
    type_.length = 6
    assert (before.length, type_.dialect_impl(dialect).length) == (3, 6)


def test_similar_types_are_not_shared():
    dialect = for_scripts(make_url("postgresql+psycopg://").get_dialect()())
    one, truth = (sa.String(value).dialect_impl(dialect) for value in (1, True))
    assert (one.length, truth.length) == (1, True)
    assert type(truth.length) is bool


def test_equal_types_share_what_was_computed():
    dialect = for_scripts(make_url("postgresql+psycopg://").get_dialect()())
    assert sa.String(5).dialect_impl(dialect) is sa.String(5).dialect_impl(dialect)
    assert sa.String(5).dialect_impl(dialect) is not sa.String(6).dialect_impl(dialect)
    assert Loud(5).dialect_impl(dialect) is not Loud(5).dialect_impl(dialect)


@pytest.mark.parametrize(
    "type_", [sa.Integer(), sa.String(40), sa.Numeric(10, 2), sa.DateTime(timezone=True)], ids=["I", "S", "N", "D"]
)
def test_types_are_alike_also_once_a_query_used_their_columns(type_) -> None:
    columns = [sa.Column(name, type_.copy()) for name in "ab"]
    table = sa.Table("t", sa.MetaData(), *columns)
    before = [key_of_type(column.type) for column in columns]
    str(sa.select(table).where(columns[0] == columns[1]))
    for column in columns:
        assert column.type._static_cache_key
        assert column.type._type_affinity
    after = [key_of_type(column.type) for column in columns]
    assert None not in before + after
    assert before[0] == before[1]
    assert after[0] == after[1]


@pytest.mark.parametrize(("one", "other"), [(sa.DateTime(True), sa.DateTime(1)), (sa.String(1), sa.String(True))])
def test_equal_numbers_of_different_classes_make_different_types(one, other) -> None:
    assert key_of_type(one) != key_of_type(other)
