"""Methods of `DefaultImpl` that a third-party dialect overrides are called; without overrides none is."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

from kernel_core.autogenerate import compare_metadata, produce_migrations, render_python_code
from kernel_core.ddl.impl import ComparisonResult, DefaultImpl
from kernel_core.ddl.sqlite import SQLiteImpl
from kernel_core.runtime.migration import MigrationContext

TABLE = """
    CREATE TABLE t (
        a INTEGER DEFAULT 5, b TEXT, j JSONISH,
        CONSTRAINT u UNIQUE (a), CONSTRAINT k CHECK (a > 1)
    )
"""


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql(TABLE)
        connection.exec_driver_sql("CREATE INDEX i ON t (a)")
        connection.commit()
        yield connection
    engine.dispose()


def models(*more: Any, type_: Any = sa.JSON, unique: str = "a", index: str = "a", check: str = "a > 1") -> sa.MetaData:
    """The same as the table, but for what is given."""
    metadata = sa.MetaData()
    table = sa.Table(
        "t",
        metadata,
        sa.Column("a", sa.Integer, server_default=sa.text("5")),
        sa.Column("b", sa.Text),
        sa.Column("j", type_),
        sa.UniqueConstraint(unique, name="u"),
        sa.CheckConstraint(check, name="k"),
        *more,
    )
    sa.Index("i", table.c[index])
    return metadata


def context_of(connection: sa.Connection, impl: type[DefaultImpl], **opts: Any) -> MigrationContext:
    context = MigrationContext.configure(connection, opts=opts)
    context.impl = impl(context.dialect, connection, False, None, None, {})
    return context


def differences(connection: sa.Connection, impl: type[DefaultImpl], metadata: sa.MetaData, **opts: Any) -> list[str]:
    """Return the differences, as ``add_index i``."""
    found = compare_metadata(context_of(connection, impl, compare_server_default=True, **opts), metadata)
    flat = [each for diff in found for each in (diff if isinstance(diff, list) else [diff])]
    return [f"{each[0]} {each[3] if isinstance(each[1], str | None) else each[1].name}" for each in flat]


class Ice(SQLiteImpl):
    """It knows the type of column j; without that there would be a difference in each test."""

    type_synonyms = (*SQLiteImpl.type_synonyms, {"JSON", "NUMERIC"})


def test_a_dialect_may_have_synonyms_of_types(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE s (a TEXT)")
    metadata = models()
    sa.Table("s", metadata, sa.Column("a", sa.Integer))

    class Loose(Ice):
        type_synonyms = (*Ice.type_synonyms, {"TEXT", "INTEGER"})

    assert differences(connection, Loose, metadata) == []
    assert differences(connection, Ice, metadata) == ["modify_type a"]


def test_a_dialect_that_builds_on_ours_has_its_synonyms(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE s (a REAL)")
    connection.exec_driver_sql("DROP TABLE t")
    connection.dialect.name = "built_on_sqlite"
    metadata = sa.MetaData()
    sa.Table("s", metadata, sa.Column("a", sa.Double))

    class Built(SQLiteImpl):
        pass

    assert differences(connection, Built, metadata) == []
    assert differences(connection, DefaultImpl, metadata) == ["modify_type a"]


class Woven(UserDefinedType[str]):
    def __init__(self, thread: str) -> None:
        self.thread = thread

    def get_col_spec(self, **kw: Any) -> str:
        return f"CLOTH WITH {self.thread}".removesuffix(" WITH ")


@pytest.mark.parametrize(
    ("one", "two", "differ"),
    [("silk", "silk", False), ("silk", "wool", True), ("silk", "SILK", False), ("silk", "", False)],
)
def test_a_dialect_may_extract_arguments_of_a_type(one: str, two: str, differ: bool) -> None:
    class Weaver(DefaultImpl):
        type_arg_extract = (r" with (\w+)",)

    dialect: Any = sa.engine.default.DefaultDialect()
    weaver, plain = (kind(dialect, None, False, None, None, {}) for kind in (Weaver, DefaultImpl))
    columns = sa.Column("a", Woven(one)), sa.Column("a", Woven(two))
    assert weaver.compare_type(*columns) is differ
    assert plain.compare_type(*columns) is (one.lower() != two.lower())


@pytest.mark.parametrize(
    ("answer", "same_model", "other_model"),
    [
        (None, [], ["remove_index i", "add_index i"]),
        (ComparisonResult.Equal(), [], []),
        (ComparisonResult.Skip("not my matter"), [], []),
        (
            ComparisonResult.Different(["cold", "wet"]),
            ["remove_index i", "add_index i"],
            ["remove_index i", "add_index i"],
        ),
    ],
)
def test_a_dialect_compares_indexes_of_one_name(
    connection: sa.Connection, answer: ComparisonResult | None, same_model: list[str], other_model: list[str]
) -> None:
    asked: list[tuple[Any, Any]] = []

    class Own(Ice):
        def compare_indexes(self, metadata_index: sa.Index, reflected_index: sa.Index) -> ComparisonResult:
            asked.append((metadata_index, reflected_index))
            own = super().compare_indexes(metadata_index, reflected_index)
            return own if answer is None else answer

    assert differences(connection, Own, models()) == same_model
    assert differences(connection, Own, models(index="b")) == other_model
    (wanted, found), *_ = asked
    assert (wanted.name, found.name, wanted.table.metadata is found.table.metadata) == ("i", "i", False)


@pytest.mark.parametrize(
    ("answer", "same_model", "other_model"),
    [
        (None, [], ["remove_constraint u", "add_constraint u"]),
        (ComparisonResult.Equal(), [], []),
        (
            ComparisonResult.Different("cold"),
            ["remove_constraint u", "add_constraint u"],
            ["remove_constraint u", "add_constraint u"],
        ),
    ],
)
def test_a_dialect_compares_unique_constraints_of_one_name(
    connection: sa.Connection, answer: ComparisonResult | None, same_model: list[str], other_model: list[str]
) -> None:
    class Own(Ice):
        def compare_unique_constraint(self, metadata_constraint: Any, reflected_constraint: Any) -> ComparisonResult:
            assert metadata_constraint.name == reflected_constraint.name == "u"
            own = super().compare_unique_constraint(metadata_constraint, reflected_constraint)
            return own if answer is None else answer

    assert differences(connection, Own, models()) == same_model
    assert differences(connection, Own, models(unique="b")) == other_model


CHANGED_CHECK = ["remove_constraint k", "add_constraint k"]


@pytest.mark.parametrize(
    ("plugins", "without"),
    [(["*"], CHANGED_CHECK), (["kernel_core.ext.checkconstraint_byname"], [])],
)
@pytest.mark.parametrize(
    ("answer", "expected"), [(ComparisonResult.Equal(), []), (ComparisonResult.Different("cold"), CHANGED_CHECK)]
)
def test_a_dialect_compares_checks_of_one_name(
    connection: sa.Connection, plugins: list[str], without: list[str], answer: ComparisonResult, expected: list[str]
) -> None:
    class Own(Ice):
        def compare_check_constraint(self, metadata_constraint: Any, reflected_constraint: Any) -> ComparisonResult:
            assert (str(metadata_constraint.sqltext), str(reflected_constraint.sqltext)) == ("a > 2", "a > 1")
            assert super().compare_check_constraint(metadata_constraint, reflected_constraint).is_equal
            return answer

    opts = {"autogenerate_plugins": ["alembic.autogenerate.*", *plugins]}
    assert differences(connection, Ice, models(check="a > 2"), **opts) == without
    assert differences(connection, Own, models(check="a > 2"), **opts) == expected


def test_a_dialect_may_remove_indexes_of_tables_that_only_one_side_has(connection: sa.Connection) -> None:
    class Own(Ice):
        def correct_for_autogen_constraints(
            self, conn_uniques: Any, conn_indexes: Any, metadata_unique_constraints: Any, metadata_indexes: Any
        ) -> None:
            for indexes in (conn_indexes, metadata_indexes):
                indexes -= {index for index in indexes if index.name.startswith("own_")}

    connection.exec_driver_sql("CREATE TABLE gone (a INTEGER)")
    connection.exec_driver_sql("CREATE INDEX own_gone ON gone (a)")
    connection.exec_driver_sql("CREATE INDEX gone_a ON gone (a)")
    metadata = models()
    table = sa.Table("new", metadata, sa.Column("a", sa.Integer))
    sa.Index("own_new", table.c.a)
    sa.Index("new_a", table.c.a)
    dropped = ["remove_index gone_a", "remove_index own_gone", "remove_table gone"]
    assert differences(connection, Ice, metadata) == ["add_table new", "add_index new_a", "add_index own_new", *dropped]
    assert differences(connection, Own, metadata) == ["add_table new", "add_index new_a", dropped[0], dropped[2]]


def test_a_dialect_may_remove_reflected_options(connection: sa.Connection) -> None:
    asked: list[tuple[str, str]] = []

    class Own(Ice):
        def adjust_reflected_dialect_options(self, reflected_object: Any, kind: str) -> dict[str, Any]:
            asked.append((kind, reflected_object["name"]))
            options = super().adjust_reflected_dialect_options(reflected_object, kind)
            return {name: value for name, value in options.items() if name != "sqlite_where"}

    connection.exec_driver_sql("DROP INDEX i")
    connection.exec_driver_sql("CREATE INDEX i ON t (a) WHERE a > 3")
    opts = {"autogenerate_plugins": ["alembic.autogenerate.*", "*"]}
    assert differences(connection, Ice, models(), **opts) == ["remove_index i", "add_index i"]
    assert differences(connection, Own, models(), **opts) == []
    assert sorted(asked) == [("check_constraint", "k"), ("index", "i"), ("unique_constraint", "u")]


@pytest.mark.parametrize("ignored", [(), ("start",)])
def test_a_dialect_may_ignore_parts_of_an_identity(postgresql: sa.Connection, ignored: tuple[str, ...]) -> None:
    class Own(DefaultImpl.get_by_dialect(postgresql.dialect)):  # type: ignore[misc]
        identity_attrs_ignore = (*DefaultImpl.identity_attrs_ignore, *ignored)

    postgresql.exec_driver_sql("CREATE TABLE c (n INTEGER GENERATED ALWAYS AS IDENTITY (START WITH 7))")
    metadata = sa.MetaData()
    sa.Table("c", metadata, sa.Column("n", sa.Integer, sa.Identity(always=True, start=8, order=None), nullable=False))
    assert differences(postgresql, Own, metadata) == ([] if ignored else ["modify_default n"])


def test_a_dialect_may_format_expressions(connection: sa.Connection) -> None:
    asked: dict[str, bool] = {}

    class Own(Ice):
        def render_ddl_sql_expr(self, expr: Any, is_server_default: bool = False, **kw: Any) -> str:
            sql = super().render_ddl_sql_expr(expr, is_server_default, **kw)
            asked[sql] = is_server_default
            return f"frozen({sql}, ':x')"

    metadata = models()
    table = sa.Table(
        "new",
        metadata,
        sa.Column("a", sa.Integer, server_default=sa.func.abs(-5)),
        sa.Column("twice", sa.Integer, sa.Computed("a * 2")),
        sa.Column("plain", sa.Text, server_default="x"),
        sa.CheckConstraint(sa.column("a") < 9),
    )
    sa.Index("lowered", sa.func.lower(table.c.plain))
    context = context_of(connection, Own)
    operations = produce_migrations(context, metadata).upgrade_ops
    assert operations is not None
    source = render_python_code(operations, migration_context=context)
    assert asked == {"abs(-5)": True, "a * 2": False, "a < 9": False, "lower(plain)": False}
    for sql in (
        "frozen(abs(-5), '\\\\:x')",
        "frozen(a * 2, '\\\\:x')",
        "frozen(a < 9, '\\\\:x')",
        "frozen(lower(plain), '\\\\:x')",
    ):
        assert sql in source
    assert 'server_default="x"' in source


def test_a_dialect_without_overrides_is_not_called(connection: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick way: no object is made for a table that is the same."""

    def refuse(*args: Any, **kw: Any) -> Any:
        raise AssertionError("asked")

    for hook in ("compare_indexes", "compare_unique_constraint", "compare_check_constraint", "compare_type"):
        monkeypatch.setattr(DefaultImpl, hook, refuse)
    monkeypatch.setattr(DefaultImpl, "adjust_reflected_dialect_options", refuse)
    monkeypatch.setattr(DefaultImpl, "render_ddl_sql_expr", refuse)
    assert differences(connection, SQLiteImpl, models(type_=sa.Numeric)) == []
