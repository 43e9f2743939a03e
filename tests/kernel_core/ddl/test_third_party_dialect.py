"""A third-party dialect: a subclass of DefaultImpl, and @compiles overrides of the documented statements."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import default
from sqlalchemy.ext.compiler import compiles

from kernel_core.ddl import base
from kernel_core.ddl.impl import DefaultImpl
from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext


class FrostDialect(default.DefaultDialect):
    name = "frost"
    supports_statement_cache = True


@pytest.fixture(autouse=True)
def frost() -> Iterator[None]:
    """Register the dialect, and remove it again: the registry is one for the process."""

    class FrostImpl(DefaultImpl):
        __dialect__ = "frost"
        transactional_ddl = True

        def drop_table(self, table: sa.Table, **kw: Any) -> None:
            self.static_output(f"-- thaw {table.name} first")
            super().drop_table(table, **kw)

    yield
    del DefaultImpl._by_dialect["frost"]


@compiles(base.AddColumn, "frost")
def frost_add_column(element: base.AddColumn, compiler: Any, **kw: Any) -> str:
    return f"{base.alter_table(compiler, element.table_name, element.schema)} GROW {base.add_column(compiler, element.column)}"


@compiles(base.DropColumn, "frost")
def frost_drop_column(element: base.DropColumn, compiler: Any, **kw: Any) -> str:
    return f"{base.alter_table(compiler, element.table_name, element.schema)} {base.drop_column(compiler, element.column.name)} COLDLY"


@compiles(base.ColumnName, "frost")
def frost_rename(element: base.ColumnName, compiler: Any, **kw: Any) -> str:
    names = [base.format_column_name(compiler, name) for name in (element.column_name, element.newname)]
    return f"RENAME {base.format_table_name(compiler, element.table_name, element.schema)}.{names[0]} AS {names[1]}"


@compiles(base.ColumnType, "frost")
def frost_type(element: base.ColumnType, compiler: Any, **kw: Any) -> str:
    before = base.format_type(compiler, element.existing_type) if element.existing_type is not None else "?"
    return f"{base.alter_column(compiler, element.column_name)} FROM {before} TO {base.format_type(compiler, element.type_)}"


@compiles(base.ColumnNullable, "frost")
def frost_nullable(element: base.ColumnNullable, compiler: Any, **kw: Any) -> str:
    return f"{base.alter_column(compiler, element.column_name)} {'MAY' if element.nullable else 'MUST NOT'} BE EMPTY"


@compiles(base.ColumnDefault, "frost")
def frost_default(element: base.ColumnDefault, compiler: Any, **kw: Any) -> str:
    return f"{base.alter_column(compiler, element.column_name)} STARTS {base.format_server_default(compiler, element.default)}"


@compiles(base.ColumnComment, "frost")
def frost_comment(element: base.ColumnComment, compiler: Any, **kw: Any) -> str:
    return f"NOTE {element.comment}"


@compiles(base.ComputedColumnDefault, "frost")
def frost_computed(element: base.ComputedColumnDefault, compiler: Any, **kw: Any) -> str:
    return f"COMPUTE {element.column_name}"


@compiles(base.IdentityColumnDefault, "frost")
def frost_identity(element: base.IdentityColumnDefault, compiler: Any, **kw: Any) -> str:
    assert isinstance(element.impl, DefaultImpl)
    return f"COUNT {element.column_name}"


@compiles(base.RenameTable, "frost")
def frost_rename_table(element: base.RenameTable, compiler: Any, **kw: Any) -> str:
    return f"MOVE {element.table_name} TO {element.new_table_name}"


def printed(directive: Any, dialect: Any = None) -> str:
    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect=dialect or FrostDialect(), opts={"as_sql": True, "output_buffer": buffer}
    )
    directive(Operations(context))
    return buffer.getvalue().strip().replace(";\n\n", "\n")


@pytest.mark.parametrize(
    ("directive", "sql"),
    [
        (
            lambda op: op.add_column("t", sa.Column("c", sa.Integer), schema="s"),
            "ALTER TABLE s.t GROW ADD COLUMN c INTEGER;",
        ),
        (lambda op: op.drop_column("t", "c"), "ALTER TABLE t DROP COLUMN c COLDLY;"),
        (lambda op: op.alter_column("t", "c", new_column_name="D"), 'RENAME t.c AS "D";'),
        (
            lambda op: op.alter_column("t", "c", type_=sa.Text(), existing_type=sa.Integer()),
            "ALTER COLUMN c FROM INTEGER TO TEXT;",
        ),
        (lambda op: op.alter_column("t", "c", nullable=False), "ALTER COLUMN c MUST NOT BE EMPTY;"),
        (lambda op: op.alter_column("t", "c", server_default=sa.text("5")), "ALTER COLUMN c STARTS 5;"),
        (lambda op: op.alter_column("t", "c", server_default=sa.Computed("a")), "COMPUTE c;"),
        (lambda op: op.alter_column("t", "c", server_default=sa.Identity()), "COUNT c;"),
        (lambda op: op.rename_table("t", "u"), "MOVE t TO u;"),
        (lambda op: op.drop_table("t"), "-- thaw t first\n\nDROP TABLE t;"),
    ],
)
def test_each_override_is_used(directive: Any, sql: str) -> None:
    assert printed(directive) == sql


def test_a_comment_is_set_where_the_dialect_supports_comments() -> None:
    dialect = FrostDialect()
    assert printed(lambda op: op.alter_column("t", "c", comment="cold"), dialect) == ""
    dialect.supports_comments = True
    assert printed(lambda op: op.alter_column("t", "c", comment="cold"), dialect) == "NOTE cold;"


def test_the_statements_can_be_used_without_the_engine() -> None:
    statement = base.AddColumn("t", sa.Column("c", sa.Integer, sa.ForeignKey("u.id")), schema="s")
    assert str(statement.compile(dialect=default.DefaultDialect())) == "ALTER TABLE s.t ADD COLUMN c INTEGER"
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INTEGER)")
        connection.execute(base.AddColumn("t", sa.Column("c", sa.Integer)))
        connection.execute(base.RenameTable("t", "u"))
        assert [column["name"] for column in sa.inspect(connection).get_columns("u")] == ["a", "c"]
    engine.dispose()


def test_an_unknown_dialect_gets_the_default_implementation() -> None:
    class Unknown(default.DefaultDialect):
        name = "unknown"

    assert printed(lambda op: op.drop_column("t", "c"), Unknown()) == "ALTER TABLE t DROP COLUMN c;"


class SnowDialect(default.DefaultDialect):
    name = "snow"


@pytest.fixture
def snow() -> Iterator[SnowDialect]:
    class SnowImpl(DefaultImpl):
        __dialect__ = "snow"

        def start_migrations(self) -> None:
            self.static_output("-- snow falls")

        def requires_recreate_in_batch(self, batch_op: Any) -> bool:
            return batch_op.table_name == "t"

        def prep_table_for_batch(self, batch_impl: Any, table: sa.Table) -> None:
            self.static_output(f"-- melt {batch_impl.table_name}, {len(table.columns)} columns")

        def cast_for_batch_migrate(self, existing: Any, existing_transfer: Any, new_type: Any) -> None:
            existing_transfer["expr"] = sa.func.thaw(existing_transfer["expr"], type_=new_type)

    yield SnowDialect()
    del DefaultImpl._by_dialect["snow"]


COPIED = (
    "-- melt t, 2 columns CREATE TABLE _mig_new_t ( a TEXT, b INTEGER ) "
    "INSERT INTO _mig_new_t (a, b) SELECT thaw(CAST(t.a AS TEXT)) AS thaw_1, t.b FROM t "
    "DROP TABLE t ALTER TABLE _mig_new_t RENAME TO t;"
)


@pytest.mark.parametrize(("recreate", "sql"), [("auto", COPIED), ("never", "ALTER TABLE t ALTER COLUMN a TYPE TEXT;")])
def test_the_hooks_of_move_and_copy_are_called(snow: SnowDialect, recreate: Any, sql: str) -> None:
    known = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer), sa.Column("b", sa.Integer))

    def directive(op: Operations) -> None:
        with op.batch_alter_table("t", copy_from=known, recreate=recreate) as batch_op:
            batch_op.alter_column("a", type_=sa.Text(), existing_type=sa.Integer())

    assert " ".join(printed(directive, snow).split()) == sql


def test_the_hook_before_the_first_revision_is_called(snow: SnowDialect) -> None:
    buffer = io.StringIO()
    opts = {"as_sql": True, "output_buffer": buffer, "fn": lambda heads, context: []}
    MigrationContext.configure(dialect=snow, opts=opts).run_migrations()
    assert buffer.getvalue() == "-- snow falls\n\n"


def test_the_rebuild_of_sqlite_calls_the_hook_for_a_cast() -> None:
    class IceImpl(DefaultImpl._by_dialect["sqlite"]):  # type: ignore[name-defined, misc]
        __dialect__ = "ice"

        def cast_for_batch_migrate(self, existing: Any, existing_transfer: Any, new_type: Any) -> None:
            existing_transfer["expr"] = sa.cast(existing_transfer["expr"], new_type)

    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a TEXT)")
        connection.exec_driver_sql("INSERT INTO t VALUES ('12 apples')")
        connection.commit()
        context = MigrationContext.configure(connection)
        context.impl = IceImpl(context.dialect, connection, False, None, None, {})
        with Operations(context).batch_alter_table("t") as batch_op:
            batch_op.alter_column("a", type_=sa.Integer(), existing_type=sa.Text())
        assert connection.exec_driver_sql("SELECT a FROM t").scalar() == 12
    del DefaultImpl._by_dialect["ice"]
    engine.dispose()


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("postgresql", "ALTER TABLE t ALTER COLUMN c TYPE INTEGER USING c::int;"),
        ("mysql", "ALTER TABLE t MODIFY c INTEGER NULL AUTO_INCREMENT;"),
        ("mssql", "ALTER TABLE t ALTER COLUMN c INTEGER NULL;\n\nGO"),
        ("oracle", "ALTER TABLE t MODIFY c INTEGER\n\n/"),
    ],
)
def test_a_dialect_that_builds_on_ours_alters_columns_by_the_documented_call(name: str, sql: str) -> None:
    """Its override uses some arguments, and passes on all others, possibly changed."""
    ours = DefaultImpl._by_dialect[name]
    asked: list[dict[str, Any]] = []

    class Thawing(ours):  # type: ignore[misc, valid-type]
        def alter_column(self, table_name: str, column_name: str, **kw: Any) -> None:
            asked.append({"table_name": table_name, "column_name": column_name, **kw})
            super().alter_column(table_name, column_name, **kw | {"type_": sa.Integer()})

    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name=name, opts={"as_sql": True, "output_buffer": buffer})
    context.impl = Thawing(context.dialect, None, True, None, buffer, {})
    options = {"postgresql_using": "c::int", "autoincrement": True, "frost_depth": 3}
    Operations(context).alter_column("t", "c", type_=sa.Text(), existing_nullable=True, **options)
    assert buffer.getvalue().strip() == sql
    documented = {"nullable", "server_default", "name", "type_", "schema", "comment", "existing_comment"}
    documented |= {"existing_type", "existing_server_default", "existing_nullable", "table_name", "column_name"}
    assert asked[0].keys() == documented | options.keys()


def test_a_dialect_that_alters_columns_gets_all_arguments() -> None:
    class Thawing(DefaultImpl):
        def alter_column(self, table_name: str, column_name: str, *, name: Any = None, **kw: Any) -> None:
            self.static_output(f"-- {table_name}.{column_name} -> {name}, {kw['frost_depth']}")

    buffer = io.StringIO()
    context = MigrationContext.configure(dialect=FrostDialect(), opts={"as_sql": True, "output_buffer": buffer})
    context.impl = Thawing(context.dialect, None, True, None, buffer, {})
    with Operations(context).batch_alter_table("t") as batch_op:
        batch_op.alter_column("c", new_column_name="d", frost_depth=3)
    assert buffer.getvalue() == "-- t.c -> d, 3\n\n"
