"""Signatures of directives: positional and keyword-only arguments, and rejected ones."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable

import pytest
import sqlalchemy as sa

import kernel_core.op
from kernel_core.operations import BatchOperations, Operations
from kernel_core.runtime.migration import MigrationContext

POSITIONAL = {
    "set_table_options": ["table_name"],
    "set_enum_values": ["name", "labels"],
    "rename_enum_value": ["name", "value", "new_value"],
    "drop_enum_type": ["name"],
    "create_enum_type": ["name", "labels"],
    "add_enum_value": ["name", "value"],
    "add_column": ["table_name", "column"],
    "alter_column": ["table_name", "column_name"],
    "batch_alter_table": [
        "table_name", "schema", "recreate", "partial_reordering", "copy_from", "table_args", "table_kwargs", "reflect_args",
        "reflect_kwargs", "naming_convention",
    ],
    "bulk_insert": ["table", "rows"],
    "create_check_constraint": ["constraint_name", "table_name", "condition"],
    "create_exclude_constraint": ["constraint_name", "table_name"],
    "create_foreign_key": ["constraint_name", "source_table", "referent_table", "local_cols", "remote_cols"],
    "create_index": ["index_name", "table_name", "columns"],
    "create_primary_key": ["constraint_name", "table_name", "columns"],
    "create_table": ["table_name"],
    "create_table_comment": ["table_name", "comment"],
    "create_unique_constraint": ["constraint_name", "table_name", "columns"],
    "drop_column": ["table_name", "column_name"],
    "drop_constraint": ["constraint_name", "table_name", "type_"],
    "drop_index": ["index_name", "table_name"],
    "drop_table": ["table_name"],
    "drop_table_comment": ["table_name"],
    "execute": ["sqltext"],
    "f": ["name"],
    "get_bind": [],
    "get_context": [],
    "implementation_for": ["op_cls", "replace"],
    "inline_literal": ["value", "type_"],
    "invoke": ["operation"],
    "register_operation": ["name", "sourcename"],
    "rename_table": ["old_table_name", "new_table_name"],
    "run_async": ["async_function"],
}  # fmt: skip
IN_BATCH = {
    "add_column": ["column"],
    "alter_column": ["column_name"],
    "create_check_constraint": ["constraint_name", "condition"],
    "create_exclude_constraint": ["constraint_name"],
    "create_foreign_key": ["constraint_name", "referent_table", "local_cols", "remote_cols"],
    "create_index": ["index_name", "columns"],
    "create_primary_key": ["constraint_name", "columns"],
    "create_table_comment": ["comment"],
    "create_unique_constraint": ["constraint_name", "columns"],
    "drop_column": ["column_name"],
    "drop_constraint": ["constraint_name", "type_"],
    "drop_index": ["index_name"],
    "drop_table_comment": [],
    "execute": ["sqltext"],
}


@pytest.mark.parametrize(
    ("cls", "name", "positional"),
    [(Operations, *each) for each in POSITIONAL.items()] + [(BatchOperations, *each) for each in IN_BATCH.items()],
)
def test_what_may_be_given_by_position(cls: type, name: str, positional: list[str]) -> None:
    parameters = inspect.signature(getattr(cls, name)).parameters.values()
    found = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD and each.name != "self"]
    assert found == positional


def test_nothing_is_registered_that_is_not_listed_here() -> None:
    names = {name for name in dir(Operations) if not name.startswith("_")}
    assert names == {*POSITIONAL, "context"}


@pytest.fixture
def op() -> Operations:
    opts = {"as_sql": True, "output_buffer": io.StringIO()}
    return Operations(MigrationContext.configure(dialect_name="postgresql", opts=opts))


@pytest.mark.parametrize(
    ("directive", "message"),
    [
        (lambda op: op.create_index("ix", tablename="t", columns=["a"]), "'tablename'; its name is 'table_name'"),
        (
            lambda op: op.create_unique_constraint("uq", source="t", columns=["a"]),
            "'source'; its name is 'table_name'",
        ),
        (lambda op: op.create_foreign_key("fk", source="t", referent="u"), "its name is 'referent_table'"),
        (lambda op: op.create_primary_key("pk", "t", cols=["a"]), "'cols'; its name is 'columns'"),
        (lambda op: op.drop_constraint("ck", "t", type="check"), "'type'; its name is 'type_'"),
        (lambda op: op.alter_column("t", "c", name="d"), "'name'; its name is 'new_column_name'"),
        (lambda op: op.alter_column("t", "c", nulable=False), "'nulable'; the nearest is 'nullable'"),
        (lambda op: op.drop_column("t", "c", if_exist=True), "'if_exist'; the nearest is 'if_exists'"),
        (lambda op: op.create_table(name="t"), "'name'; its name is 'table_name'"),
        (lambda op: op.add_column("t", sa.Column("c", sa.Integer), "app"), "positional"),
        (lambda op: op.bulk_insert(sa.table("t", sa.column("a")), {"a": 1}), "must be a list of dicts"),
        (lambda op: op.bulk_insert(sa.table("t", sa.column("a")), [("a", 1)]), "must be a list of dicts"),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(
    op: Operations, directive: Callable[[Operations], object], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        directive(op)


def test_a_directive_of_a_batch_takes_neither_table_nor_schema(op: Operations) -> None:
    with op.batch_alter_table("t", schema="s") as batch_op:
        with pytest.raises(TypeError, match="'table_name': the batch is about one table"):
            batch_op.create_index("ix", table_name="u", columns=["a"])
        with pytest.raises(TypeError, match="'schema': the batch is about one table"):
            batch_op.create_unique_constraint("uq", ["a"], schema="public")
        with pytest.raises(TypeError, match="'source_table': the batch is about one table"):
            batch_op.create_foreign_key("fk", "u", ["a"], ["b"], source_table="u")


def test_a_directive_of_a_batch_takes_arguments_by_name(op: Operations) -> None:
    with op.batch_alter_table("t", schema="s") as batch_op:
        batch_op.create_index(columns=["a"], index_name="ix")
        batch_op.create_foreign_key(constraint_name="fk", referent_table="u", local_cols=["a"], remote_cols=["b"])
        batch_op.drop_constraint("ck", type_="check")
    written = op.impl.output_buffer.getvalue()
    assert "CREATE INDEX ix ON s.t (a);" in written
    assert "ALTER TABLE s.t ADD CONSTRAINT fk FOREIGN KEY(a) REFERENCES u (b);" in written
    assert "ALTER TABLE s.t DROP CONSTRAINT ck;" in written


def test_options_of_dialects_pass(op: Operations) -> None:
    op.alter_column(
        "t", "c", type_=sa.Integer(), existing_autoincrement=True, autoincrement=False, postgresql_using="c::int"
    )
    op.create_unique_constraint("uq", "t", ["a"], deferrable=True, initially="DEFERRED")
    op.create_table(
        "t", sa.Column("a", sa.Integer), schema="s", comment="c", prefixes=["TEMPORARY"], mysql_engine="x", info={}
    )


def test_a_directive_is_described_by_what_was_registered_last(monkeypatch):
    """Also after it was read once: ``op`` keeps the function that forwards to it."""
    before = kernel_core.op.drop_table
    assert kernel_core.op.drop_table is before

    def drop_table(self, table_name: str, *, softly: bool = False) -> None:
        """Drop a table softly."""

    monkeypatch.setattr(Operations, "drop_table", drop_table)
    assert inspect.getdoc(kernel_core.op.drop_table) == "Drop a table softly."
    assert "softly" in inspect.signature(kernel_core.op.drop_table).parameters
