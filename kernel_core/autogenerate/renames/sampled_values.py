"""Check by a sample of rows whether the new column could store the values of the old one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ...operations.kinds.column import AddColumnOp, DropColumnOp
from ...util.sqla_compat import AnyColumn, AnyType
from ..context import AutogenContext

ROWS = 200
"""How many rows of a table are read."""
TABLES = 5
"""How many tables are read."""

Pair = tuple[DropColumnOp, AddColumnOp]
Scored = dict[Pair, tuple[float, tuple[str, ...]]]


def weighed_by_values(context: AutogenContext, scored: Scored) -> Scored:
    """Return the pairs with their scores adjusted by sampled values; a table that cannot be read is skipped."""
    by_table: dict[tuple[str | None, str] | None, list[Pair]] = {}
    for pair in scored:
        by_table.setdefault(pair[0].table_key, []).append(pair)
    result = dict(scored)
    for pairs in list(by_table.values())[:TABLES]:
        names = sorted({drop.column_name for drop, _ in pairs})
        sample = _sample(context, pairs[0][0], names)
        for pair in pairs if sample is not None else ():
            score, reasons = scored[pair]
            change, reason = _judgement([row[pair[0].column_name] for row in sample or ()], pair[1].column)
            result[pair] = (max(0.0, min(score + change, 0.99)), (*reasons, reason) if reason else reasons)
    return result


def _sample(context: AutogenContext, drop: DropColumnOp, names: Sequence[str]) -> list[Mapping[str, object]] | None:
    """Return some rows, read inside a savepoint, so that an error does not abort the transaction."""
    connection = context.connection
    assert connection is not None, "values are read only where there is a connection"
    table = sa.table(drop.table_name, *(sa.column(name) for name in names), schema=drop.schema)
    try:
        with connection.begin_nested() if connection.in_transaction() else connection.begin():
            return [dict(row) for row in connection.execute(sa.select(table).limit(ROWS)).mappings()]
    except SQLAlchemyError:
        return None


def _judgement(values: list[object], column: AnyColumn) -> tuple[float, str]:
    """Return what the values add to a score, and the reason."""
    known = [value for value in values if value is not None]
    if not known:
        return 0.0, ""
    wrong = sum(not _fits(value, column.type) for value in known)
    missing = 0 if column.nullable else len(values) - len(known)
    if wrong or missing:
        return -0.2, f"{wrong + missing} of {len(values)} values would not fit"
    all_fit = f"all {len(known)} sampled values fit"
    return 0.05, all_fit if len(known) > 1 else "the one sampled value fits"


def _fits(value: object, type_: AnyType) -> bool:
    if isinstance(type_, sa.Enum) and isinstance(value, str):
        return value in type_.enums
    length = getattr(type_, "length", None)
    if isinstance(value, (str, bytes)) and isinstance(length, int):
        return len(value) <= length
    if isinstance(type_, sa.Boolean) and isinstance(value, int):
        return value in (0, 1)
    return True
