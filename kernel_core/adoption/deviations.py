"""Say in a sentence how a database deviates from a revision, from the operation that would remove the deviation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..operations.kinds.column import AddColumnOp, AlterColumnOp, DropColumnOp
from ..operations.kinds.table import CreateTableOp, DropTableOp
from ..operations.operation import MigrateOperation


def deviations(operations: Iterable[MigrateOperation]) -> Iterator[str]:
    """Yield a sentence for each difference; a table that one side lacks is one, with its keys and indexes."""
    found = tuple(operations)
    whole = {(each.schema, str(each.table_name)) for each in found if isinstance(each, (CreateTableOp, DropTableOp))}
    for each in found:
        place = (getattr(each, "schema", None), str(getattr(each, "table_name", "")))
        if place not in whole or isinstance(each, (CreateTableOp, DropTableOp)):
            yield deviation(each)


def distance(operations: Iterable[MigrateOperation]) -> int:
    """Return how far two schemas are apart: a table that one side lacks counts as often as it has columns, and once."""
    found = tuple(operations)
    whole = {(each.schema, str(each.table_name)) for each in found if isinstance(each, (CreateTableOp, DropTableOp))}
    total = 0
    for each in found:
        if isinstance(each, (CreateTableOp, DropTableOp)):
            total += 1 + len(each.to_table().columns)
        else:
            total += (getattr(each, "schema", None), str(getattr(each, "table_name", ""))) not in whole
    return total


def deviation(operation: MigrateOperation) -> str:
    """Return the deviation: what the database lacks, what it has besides, or what is another one.

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
