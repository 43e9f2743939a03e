"""Find likely renames among the operations of a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from ...operations.containers import OpContainer
from ...operations.kinds.column import AddColumnOp, DropColumnOp
from ...operations.kinds.constraint import CreateForeignKeyOp, DropConstraintOp
from ...operations.kinds.table import CreateTableOp, DropTableOp
from ...operations.operation import MigrateOperation
from ...operations.renames import RenameCandidate
from ...util.sql import grammar_of
from ..compare import ComparedTables
from ..context import AutogenContext
from .column_renames import column_score, renamed_column
from .sampled_values import weighed_by_values
from .table_renames import renamed_table, table_score

D = TypeVar("D")
A = TypeVar("A")

THRESHOLD = 0.7
"""The lowest score of a candidate."""

MARGIN = 0.08
"""How much better a pair must be than every other pair that shares a member with it."""

_NONE: ComparedTables = MappingProxyType({})


def candidates(
    context: AutogenContext, upgrade_ops: OpContainer, *, tables: ComparedTables = _NONE, read_rows: bool = True
) -> tuple[RenameCandidate, ...]:
    """Return the likely renames, the best first; nothing is changed.

    ``tables`` are those that differ, with the order of their columns. With ``read_rows`` and a connection,
    some rows of the old columns are read, with at most one query per table, to check whether the new column could
    store them.
    """
    leaves = list(upgrade_ops.leaves())
    found = [*_columns(context, leaves, tables, read_rows), *_tables(context, leaves)]
    return tuple(sorted(found, key=lambda candidate: -candidate.score))


def _columns(
    context: AutogenContext, leaves: list[MigrateOperation], tables: ComparedTables, read_rows: bool
) -> Iterable[RenameCandidate]:
    drops = [each for each in leaves if isinstance(each, DropColumnOp)]
    adds = [each for each in leaves if isinstance(each, AddColumnOp)]
    if not drops or not adds:
        return
    old_keys = _targets(each.reverse() for each in leaves if _drops_key(each))
    new_keys = _targets(leaves)
    scored: dict[tuple[DropColumnOp, AddColumnOp], tuple[float, tuple[str, ...]]] = {}
    for drop in drops:
        for add in (each for each in adds if each.table_key == drop.table_key):
            one = old_keys.get((drop.table_key, drop.column_name), "")
            two = new_keys.get((add.table_key, str(add.column.name)), "")
            score, reasons = column_score(context, drop, add, tables, (one, two))
            if score >= THRESHOLD:
                scored[drop, add] = score, reasons
    if read_rows and context.connection is not None:
        scored = weighed_by_values(context, scored)
    grammar = grammar_of(context.dialect)
    for drop, add in clear_pairs({pair: score for pair, (score, _) in scored.items()}):
        score, reasons = scored[drop, add]
        if score >= THRESHOLD:
            yield RenameCandidate(drop, add, score, reasons, (renamed_column(context, drop, add),), grammar)


def _drops_key(operation: MigrateOperation) -> bool:
    return isinstance(operation, DropConstraintOp) and operation.constraint_type == "foreignkey"


def _targets(operations: Iterable[MigrateOperation]) -> dict[tuple[tuple[str | None, str] | None, str], str]:
    """Return (table, column) -> ``users.id`` of the foreign keys over one column."""
    return {
        (each.table_key, each.local_cols[0]): f"{each.referent_table}.{each.remote_cols[0]}"
        for each in operations
        if isinstance(each, CreateForeignKeyOp) and len(each.local_cols) == 1
    }


def _tables(context: AutogenContext, leaves: list[MigrateOperation]) -> Iterable[RenameCandidate]:
    drops = [each for each in leaves if isinstance(each, DropTableOp)]
    adds = [each for each in leaves if isinstance(each, CreateTableOp)]
    scored: dict[tuple[DropTableOp, CreateTableOp], tuple[float, tuple[str, ...]]] = {}
    for drop in drops:
        for add in (each for each in adds if each.schema == drop.schema):
            score, reasons = table_score(drop, add)
            if score >= THRESHOLD:
                scored[drop, add] = score, reasons
    grammar = grammar_of(context.dialect)
    for drop, add in clear_pairs({pair: score for pair, (score, _) in scored.items()}):
        score, reasons = scored[drop, add]
        yield RenameCandidate(drop, add, score, reasons, tuple(renamed_table(context, drop, add)), grammar)


def clear_pairs(scores: Mapping[tuple[D, A], float]) -> list[tuple[D, A]]:
    """Return the pairs that are clearly the best for both of their members, the best first.

    A pair that is taken may make another one clear. Where two are about equally good, neither is returned: a missed
    rename costs a click, a wrong one costs data.

    >>> clear_pairs({("a", "x"): 0.9, ("a", "y"): 0.88, ("b", "z"): 0.8})
    [('b', 'z')]
    """
    left, taken = dict(scores), []
    while left:
        best = max(left, key=lambda pair: left[pair])
        rivals = [pair for pair in left if pair != best and _overlap(pair, best) and left[best] - left[pair] < MARGIN]
        if not rivals:
            taken.append(best)
        decided = [best, *rivals]
        left = {pair: score for pair, score in left.items() if not any(_overlap(pair, other) for other in decided)}
    return taken


def _overlap(one: tuple[D, A], two: tuple[D, A]) -> bool:
    return one[0] == two[0] or one[1] == two[1]
