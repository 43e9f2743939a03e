"""Find what looks like a rename among the operations of a comparison."""

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
from ..compare import ColumnOrders
from ..context import AutogenContext
from .column_renames import column_score, renamed_column
from .sampled_values import weigh
from .table_renames import renamed_table, table_score

D = TypeVar("D")
A = TypeVar("A")

THRESHOLD = 0.7
"""From this score on a pair is a candidate."""

MARGIN = 0.08
"""By how much a pair must be better than every other pair with one of its two."""

_NONE: ColumnOrders = MappingProxyType({})


def candidates(
    context: AutogenContext, upgrade_ops: OpContainer, *, orders: ColumnOrders = _NONE, look_at_values: bool = True
) -> tuple[RenameCandidate, ...]:
    """Return what looks like a rename, the surest first; nothing is changed.

    ``orders`` say where the columns stand. With ``look_at_values`` and a connection, some rows of the old columns are
    read, at most one statement a table, to see whether the new column could hold them.
    """
    leaves = list(upgrade_ops.leaves())
    found = [*_columns(context, leaves, orders, look_at_values), *_tables(context, leaves)]
    return tuple(sorted(found, key=lambda candidate: -candidate.score))


def _columns(
    context: AutogenContext, leaves: list[MigrateOperation], orders: ColumnOrders, look_at_values: bool
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
            score, reasons = column_score(context, drop, add, orders, (one, two))
            if score >= THRESHOLD:
                scored[drop, add] = score, reasons
    if look_at_values and context.connection is not None:
        scored = weigh(context, scored)
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
    """Return the pairs of which each is by far the best for both of its members, the best first.

    A pair that was taken may make another one clear. Where two are about as good, neither is returned: a rename that
    is missed costs a click, a wrong one costs the data.

    >>> clear_pairs({("a", "x"): 0.9, ("a", "y"): 0.88, ("b", "z"): 0.8})
    [('b', 'z')]
    """
    left, taken = dict(scores), []
    while left:
        best = max(left, key=lambda pair: left[pair])
        rivals = [pair for pair in left if pair != best and _meet(pair, best) and left[best] - left[pair] < MARGIN]
        if not rivals:
            taken.append(best)
        decided = [best, *rivals]
        left = {pair: score for pair, score in left.items() if not any(_meet(pair, other) for other in decided)}
    return taken


def _meet(one: tuple[D, A], two: tuple[D, A]) -> bool:
    return one[0] == two[0] or one[1] == two[1]
