"""Every method of Alembic's `DefaultImpl` that a third party's dialect may override is called here where it counts."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import default

from kernel_core.autogenerate import compare_metadata, produce_migrations, render_python_code
from kernel_core.ddl.impl import DefaultImpl
from kernel_core.ddl.sqlite import SQLiteImpl
from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext

pytestmark = pytest.mark.peer
pytest.importorskip("alembic", reason="the yardstick is not installed (extra peer)")

NOT_CALLED = {"get_by_dialect": "it finds the dialect's class, and is not called on it"}


def documented() -> list[str]:
    theirs = importlib.import_module("alembic.ddl.impl").DefaultImpl
    return [name for name in dir(theirs) if not name.startswith("_") and callable(getattr(theirs, name))]


def recorder(base: type[DefaultImpl], called: set[str]) -> type[DefaultImpl]:
    """Return a dialect that overrides every documented method: it notes the call, and does what ``base`` does."""

    def overriding(name: str) -> Callable[..., Any]:
        def method(self: Any, *args: Any, **kw: Any) -> Any:
            called.add(name)
            return getattr(base, name)(self, *args, **kw)

        return method

    return type("Recorder", (base,), {name: overriding(name) for name in documented() if name not in NOT_CALLED})


class Frost(default.DefaultDialect):
    name = "frost_called"
    supports_comments = True


@pytest.fixture
def called() -> Iterator[set[str]]:
    """What the dialect ``frost_called`` was asked; it is registered as any other, and taken away again."""
    called: set[str] = set()
    DefaultImpl._by_dialect[Frost.name] = recorder(DefaultImpl, called)
    yield called
    del DefaultImpl._by_dialect[Frost.name]


def run_directives() -> None:
    """Write a script with every directive that reaches the database by a separate method."""
    buffer = io.StringIO()
    opts = {
        "as_sql": True,
        "output_buffer": buffer,
        "transactional_ddl": True,
        "transaction_per_migration": False,
        "fn": lambda heads, context: [],
    }
    context = MigrationContext.configure(dialect=Frost(), opts=opts)
    with context.begin_transaction():
        context.run_migrations()
    op = Operations(context)
    op.create_table("t", sa.Column("a", sa.Integer, comment="x"), sa.Column("b", sa.Integer, index=True), comment="y")
    op.rename_table("t", "u")
    op.create_table_comment("u", "z")
    op.drop_table_comment("u")
    op.add_column("u", sa.Column("c", sa.Integer))
    op.alter_column("u", "c", nullable=False)
    op.drop_column("u", "c")
    op.create_unique_constraint("uq", "u", ["a"])
    op.drop_constraint("uq", "u", type_="unique")
    op.drop_index("ix_t_b", "u")
    op.bulk_insert(sa.table("u", sa.column("a", sa.Integer)), [{"a": 1}])
    known = sa.Table("u", sa.MetaData(), sa.Column("a", sa.Integer))
    with op.batch_alter_table("u", recreate="auto") as batch_op:
        batch_op.drop_column("b")
    with op.batch_alter_table("u", copy_from=known, recreate="always") as batch_op:
        batch_op.alter_column("a", type_=sa.Text(), existing_type=sa.Integer())
    op.drop_table("u")


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE t (a INTEGER DEFAULT 5, CONSTRAINT u UNIQUE (a), CONSTRAINT k CHECK (a > 1))"
        )
        connection.exec_driver_sql("CREATE INDEX i ON t (a)")
        connection.commit()
        yield connection
    engine.dispose()


def compare(impl: type[DefaultImpl], connection: sa.Connection) -> None:
    """Compare a table that is the same, and write one that is new."""
    opts = {
        "compare_server_default": True,
        "autogenerate_plugins": ["alembic.autogenerate.*", "kernel_core.ext.checks"],
    }
    context = MigrationContext.configure(connection, opts=opts)
    context.impl = impl(context.dialect, connection, False, None, None, {})
    metadata = sa.MetaData()
    columns = sa.Column("a", sa.Integer, server_default=sa.text("5"))
    checks = sa.UniqueConstraint("a", name="u"), sa.CheckConstraint("a > 1", name="k")
    table = sa.Table("t", metadata, columns, *checks)
    sa.Index("i", table.c.a)
    assert compare_metadata(context, metadata) == []
    sa.Table("new", metadata, sa.Column("a", sa.Integer, server_default=sa.func.abs(1)))
    operations = produce_migrations(context, metadata).upgrade_ops
    assert operations is not None
    assert "abs(1)" in render_python_code(operations, migration_context=context)


def test_each_documented_method_of_a_dialect_is_called(connection: sa.Connection, called: set[str]) -> None:
    run_directives()
    compare(recorder(SQLiteImpl, called), connection)
    assert sorted(called | NOT_CALLED.keys()) == documented()
