"""What ``CreateIndexOp.columns`` holds: Column objects where the index is over columns, as add-ons expect them."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import pytest
import sqlalchemy as sa

pytest.importorskip("alembic")
pytestmark = pytest.mark.peer


def model() -> sa.MetaData:
    metadata = sa.MetaData()
    table = sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("g", sa.Integer, index=True),
        sa.Column("select", sa.String(5), key="word"),
        sa.Column("n", sa.String(9)),
    )
    sa.Index("two", table.c.g, table.c.word, unique=True)
    sa.Index("expression", sa.func.lower(table.c.n), table.c.g)
    sa.Index("descending", table.c.n.desc())
    return metadata


def found(engine: str) -> tuple[list[Any], Any]:
    """The index operations that one engine proposes, by name, and its `ops`."""
    modules = {name: importlib.import_module(f"{engine}.{name}") for name in ("migration", "autogenerate")}
    ops = importlib.import_module(f"{engine}.operations.ops")
    with sa.create_engine("sqlite://").connect() as connection:
        context = modules["migration"].MigrationContext.configure(connection)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Alembic skips indexes over expressions on SQLite
            script = modules["autogenerate"].produce_migrations(context, model())

    def walk(operation: Any) -> Any:
        for each in getattr(operation, "ops", []):
            if isinstance(each, ops.CreateIndexOp):
                yield each
            yield from walk(each)

    return sorted(walk(script.upgrade_ops), key=lambda each: str(each.index_name)), ops


def test_columns_are_those_of_the_models():
    (theirs, _), (ours, _) = found("alembic"), found("kernel_core")
    by_name = {str(each.index_name): each for each in ours}
    assert len(theirs) >= 2
    for there in theirs:
        here = by_name[str(there.index_name)]
        kinds = [isinstance(each, sa.Column) for each in there.columns]
        assert [isinstance(each, sa.Column) for each in here.columns] == kinds, here.index_name
        for one, other in zip(here.columns, there.columns, strict=True):
            if isinstance(other, sa.Column):
                assert (one.name, repr(one.type)) == (other.name, repr(other.type))
    index = sa.Index("i", model().tables["t"].c.word)
    for engine in ("alembic", "kernel_core"):
        (column,) = importlib.import_module(f"{engine}.operations.ops").CreateIndexOp.from_index(index).columns
        assert (column.name, repr(column.type)) == ("select", "String(length=5)")


def test_an_operation_with_columns_is_told_edited_and_carried_out_by_their_names():
    _, ops = found("kernel_core")
    table = model().tables["t"]
    operation = ops.CreateIndexOp.from_index(sa.Index("i", table.c.g, table.c.word, unique=True))
    assert operation.sentence() == "Create unique index i on t (g, select)"
    assert operation.parts == ["g", "select"]
    field = next(each for each in operation.fields if each.name == "columns")
    assert field.text(operation) == "g, select"
    assert operation.edit_text("columns", "g").columns == ["g"]
    assert [column.name for column in operation.to_index().columns] == ["g", "select"]
    autogenerate = importlib.import_module("kernel_core.autogenerate")
    code = autogenerate.render_python_code(ops.UpgradeOps([operation]))
    assert code == 'op.create_index("i", "t", ["g", "select"], unique=True)'
    with sa.create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql('CREATE TABLE t (g INTEGER, "select" TEXT)')
        context = importlib.import_module("kernel_core.migration").MigrationContext.configure(connection)
        importlib.import_module("kernel_core.operations").Operations(context).invoke(operation)
        (made,) = sa.inspect(connection).get_indexes("t")
    assert made["column_names"] == ["g", "select"]
    again = operation.reverse().reverse()
    assert again.parts == ["g", "select"]
