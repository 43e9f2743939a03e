"""Both orders of two sides, computed on the schema without a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..operations.ops import AlterColumnOp
from ..operations.schema_state import SchemaState
from .sides import Located, Side
from .states import Failure, copied, difference, names_lost, run
from .verdict import Place


@dataclass(frozen=True, slots=True)
class Skipped:
    """What a comparison of orders leaves out: operations by their `id`; ``gone`` is that of `states.run`."""

    ids: frozenset[int]
    gone: frozenset[str]


@dataclass(frozen=True, slots=True)
class Computed:
    """What differs between the orders ("" if nothing), the first conflicting operations, and what is not known."""

    reason: str
    pair: tuple[Place, Place] | None
    unknown: tuple[Place, ...]
    notes: tuple[str, ...]
    after: SchemaState


def compute(base: SchemaState, one: Side, other: Side) -> Computed:
    """Compare both orders from the state that both sides begin at."""
    gone = names_lost(part for side in (one, other) for each in side.operations for part in each.parts)
    failures = [failed for side in (one, other) for failed in run(copied(base), side.operations, gone=gone)]
    skipped = Skipped(frozenset(id(each.located) for each in failures), gone)
    unknown = [_unknown(each) for each in failures]
    if base.dialect.name in ("mysql", "mariadb"):
        unknown += _restated(one, other)
    reason, notes, after = _compare(base, one.operations, other.operations, skipped)
    pair = _first_pair(base, one, other, skipped) if reason else None
    return Computed(reason, pair, tuple(unknown), notes, after)


def _unknown(failure: Failure) -> Place:
    place = failure.located.place
    return Place(place.revision, place.path, place.line, f"{place.text} ({failure.reason})")


def _restated(one: Side, other: Side) -> Iterator[Place]:
    """Yield changes of a column that both sides change: MODIFY states the whole column, as the file describes it."""
    columns = [
        {
            (*(part.table_key or (None, "")), part.column_name): each.place
            for each in side.operations
            for part in each.parts
            if isinstance(part, AlterColumnOp)
        }
        for side in (one, other)
    ]
    for key in columns[0].keys() & columns[1].keys():
        for place in (columns[0][key], columns[1][key]):
            yield Place(place.revision, place.path, place.line, f"{place.text} (MODIFY states the whole column)")


def _compare(
    base: SchemaState, one: tuple[Located, ...], other: tuple[Located, ...], skipped: Skipped
) -> tuple[str, tuple[str, ...], SchemaState]:
    """Return what differs between the orders, notes, and the state after the first order."""
    first, second = copied(base), copied(base)
    failed = [*run(first, one, skipped.ids, skipped.gone), *run(first, other, skipped.ids, skipped.gone)]
    failed_second = [*run(second, other, skipped.ids, skipped.gone), *run(second, one, skipped.ids, skipped.gone)]
    for failures, order in ((failed, (one, other)), (failed_second, (other, one))):
        if failures:
            last = failures[0].located.place.revision
            before = order[0][-1].place.revision if order[0] else "base"
            return f"{last} fails after {before}: {failures[0].reason}", (), first
    return *difference(first, second), first


def _first_pair(base: SchemaState, one: Side, other: Side, skipped: Skipped) -> tuple[Place, Place] | None:
    """Return the first operation of one side that conflicts, and the first of the other that it conflicts with."""
    mine, theirs = one.operations, other.operations
    for count in range(1, len(mine) + 1):
        if not _compare(base, mine[:count], theirs, skipped)[0]:
            continue
        for number in range(1, len(theirs) + 1):
            if _compare(base, mine[:count], theirs[:number], skipped)[0]:
                return mine[count - 1].place, theirs[number - 1].place
    return None
