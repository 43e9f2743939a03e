"""Rows that a statement tries to write and leaves out, or replaces: NOT NULL and CHECK refuse them all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...operations.operation import MigrateOperation
from ...operations.ops import AlterColumnOp, CreateCheckConstraintOp
from ..findings import Blocker
from .checks import RowQueries
from .find import message, rows_refused_by_table

VALUES = "mig_rehearsed_values"
"""The table of the rows that a statement tries to write, where it may leave some of them out."""

_REASON = "the statement leaves rows out, or replaces them, that it has tried to write"


def rows_tried(
    queries: RowQueries,
    operation: MigrateOperation,
    table: str,
    shown: str,
    error: Exception,
    revision: str,
    *,
    may_be_updated: bool = False,
) -> Iterator[Blocker]:
    """Yield the rows that one constraint refuses: those in the table, or those that were tried if there are more.

    ``may_be_updated``: the table may have updated rows too, which are not among those in `VALUES`.
    """
    found = list(rows_refused_by_table(queries, operation, shown, error, revision))
    values = of_values(operation)
    tried = [each for one in values for each in rows_refused_by_table(queries, one, shown, error, revision)]
    if not tried or [each.rows for each in tried] == [each.rows for each in found]:
        yield from found
    elif found and may_be_updated:
        for each in found:
            yield Blocker(each.kind, revision, shown, table, message(error), error=message(error))
    else:
        for each in tried:
            yield replace(each, table=table, query="", no_query=_REASON)


def of_values(operation: MigrateOperation) -> list[MigrateOperation]:
    """Return the operation that would add a constraint or a type to `VALUES`; [] for one that is checked later."""
    if isinstance(operation, AlterColumnOp):
        if operation.modify_type is not None:
            return [AlterColumnOp(VALUES, operation.column_name, modify_type=operation.modify_type, **operation.kw)]
        return [AlterColumnOp(VALUES, operation.column_name, modify_nullable=False)]
    if isinstance(operation, CreateCheckConstraintOp):
        return [CreateCheckConstraintOp(None, VALUES, operation.condition)]
    return []
