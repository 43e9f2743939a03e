"""Properties of every registered operation, tested with its own example."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.operations import ops
from kernel_core.operations.operation import MigrateOperation
from kernel_core.operations.registry import all_operations
from kernel_core.util.exc import IrreversibleOperation

REGISTERED = [cls for cls in all_operations() if cls.__module__.startswith("kernel_core.")]


@pytest.fixture(params=REGISTERED, ids=lambda cls: cls.__name__)
def operation(request: pytest.FixtureRequest) -> MigrateOperation:
    return request.param.example()


def facts(operation: MigrateOperation) -> object:
    """What an operation says of itself, for comparison: types and columns have no equality of their own."""
    return (
        type(operation),
        operation.sentence(),
        operation.table_key,
        {field.name: field.text(operation) for field in operation.fields},
    )


def test_there_are_operations_to_test() -> None:
    assert len(REGISTERED) >= 14


def test_its_sentence_names_its_table(operation: MigrateOperation) -> None:
    assert operation.sentence()[0].isupper()
    if operation.table_key is not None:
        assert operation.table_key[1] in operation.sentence()


def test_reversing_twice_is_the_identity(operation: MigrateOperation) -> None:
    assert facts(operation.reverse().reverse()) == facts(operation)


def test_reversing_inverts_its_sign(operation: MigrateOperation) -> None:
    assert operation.reverse().sign == {"+": "-", "-": "+", "~": "~"}[operation.sign]


def test_each_field_parses_its_own_text(operation: MigrateOperation) -> None:
    for field in operation.fields:
        again = operation.edit(**{field.name: field.parse(field.text(operation))})
        assert facts(again) == facts(operation), field.name


def test_editing_makes_a_new_operation(operation: MigrateOperation) -> None:
    before = facts(operation)
    for field in operation.fields:
        if field.kind == "identifier":
            edited = operation.edit(**{field.name: "changed_name"})
            assert edited is not operation
            assert facts(edited) != before
            assert "changed_name" in edited.sentence()
    assert facts(operation) == before


def test_it_has_a_diff_tuple_whose_first_word_is_its_kind(operation: MigrateOperation) -> None:
    first = operation.to_diff_tuple()[0]
    assert isinstance(first if isinstance(first, str) else first[0], str)


def test_it_provides_and_requires_named_catalog_objects(operation: MigrateOperation) -> None:
    for need in operation.provides() | operation.requires():
        what = need[1] if need[0] in ("freed", "gone") else need[0]
        assert what in {"table", "column", "constraint", "index", "unique", "schema", "sequence", "type", "value"}
        assert all(isinstance(part, str) for part in need)


def test_an_unknown_field_is_refused_by_name(operation: MigrateOperation) -> None:
    with pytest.raises(Exception, match="no field 'nonsense'"):
        operation.edit(nonsense=1)


@pytest.mark.parametrize("cls", [ops.DropColumnOp, ops.DropConstraintOp, ops.DropIndexOp, ops.DropTableOp])
def test_a_drop_of_which_only_the_name_is_known_cannot_be_reversed(cls: type[MigrateOperation]) -> None:
    given = {"DropTableOp": ("users",), "DropIndexOp": ("ix",)}.get(cls.__name__, ("users", "x"))
    with pytest.raises(IrreversibleOperation, match="Cannot undo"):
        cls(*given).reverse()


def test_a_change_of_an_unknown_type_cannot_be_reversed() -> None:
    with pytest.raises(IrreversibleOperation, match="existing_type"):
        ops.AlterColumnOp("users", "name", modify_type=sa.Text()).reverse()
