"""Sentences about how a database deviates from a revision, each for an operation that would remove the deviation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ..operations.kinds.column import AddColumnOp, AlterColumnOp, DropColumnOp
from ..operations.kinds.table import CreateTableOp, DropTableOp
from ..operations.operation import MigrateOperation


def deviations(operations: Iterable[MigrateOperation]) -> Iterator[str]:
    """Yield a sentence for each difference; a missing table is a single one, with its keys and indexes."""
    found = tuple(operations)
    whole = {(each.schema, str(each.table_name)) for each in found if isinstance(each, (CreateTableOp, DropTableOp))}
    for each in found:
        place = (getattr(each, "schema", None), str(getattr(each, "table_name", "")))
        if place not in whole or isinstance(each, (CreateTableOp, DropTableOp)):
            yield deviation(each)


def distance(operations: Iterable[MigrateOperation]) -> int:
    """Return how far two schemas are apart: a table that one side lacks counts one more than it has columns.

    Two tables with nearly the same columns, one on each side, count like a renamed table.
    """
    found = tuple(operations)
    missing = [each for each in found if isinstance(each, CreateTableOp)]
    extra = [each for each in found if isinstance(each, DropTableOp)]
    whole = {(each.schema, str(each.table_name)) for each in found if isinstance(each, (CreateTableOp, DropTableOp))}
    total = sum(
        (getattr(each, "schema", None), str(getattr(each, "table_name", ""))) not in whole
        for each in found
        if not isinstance(each, (CreateTableOp, DropTableOp))
    )
    left = [_columns(each) for each in extra]
    for columns in map(_columns, missing):
        twin = next((each for each in left if len(each & columns) >= _ALIKE * len(each | columns)), None)
        if twin is None:
            total += 1 + len(columns)
        else:
            left.remove(twin)
            total += 1 + len(twin ^ columns)
    return total - _renamed_columns(found) + sum(1 + len(columns) for columns in left)


def _renamed_columns(operations: Iterable[MigrateOperation]) -> int:
    """Return how many columns may have been renamed: one is missing in a table that has another one of its type."""
    missing: Counter[tuple[object, ...]] = Counter()
    extra: Counter[tuple[object, ...]] = Counter()
    for each in operations:
        if isinstance(each, AddColumnOp):
            missing[each.schema, each.table_name, str(each.column.type)] += 1
        elif isinstance(each, DropColumnOp):
            extra[each.schema, each.table_name, str(each.to_column().type)] += 1
    return sum((missing & extra).values())


_ALIKE = 0.75
"""The part of their columns that two tables share which may be one that was renamed."""


def _columns(operation: CreateTableOp | DropTableOp) -> frozenset[str]:
    return frozenset(column.name for column in operation.to_table().columns)


def deviation(operation: MigrateOperation) -> str:
    """Return the sentence for the deviation that an operation would remove.

    >>> deviation(DropTableOp("tmp"))
    'table tmp is in the database, not in the revision'
    """
    sentence = operation.sentence()
    verb, _, noun = sentence.partition(" ")
    if isinstance(operation, AlterColumnOp):
        return f"{noun} (database → revision)"
    if isinstance(operation, (AddColumnOp, DropColumnOp)):
        table = f"{operation.schema}.{operation.table_name}" if operation.schema else operation.table_name
        name = operation.column.name if isinstance(operation, AddColumnOp) else operation.column_name
        noun = f"column {table}.{name}"
    if verb in ("Create", "Add"):
        return f"{noun} is missing"
    if verb == "Drop":
        return f"{noun} is in the database, not in the revision"
    return f"differs, and this would remove the difference: {sentence}"
