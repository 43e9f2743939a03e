"""Both orders of two sides, computed on the schema without a database."""

from __future__ import annotations

from dataclasses import dataclass

from ..operations.schema_state import SchemaState
from .crossings import crossings
from .names import NameIndex
from .sides import Located, Side
from .states import Failure, copied, difference, names_lost, run
from .verdict import Place


@dataclass(frozen=True, slots=True)
class Skipped:
    """What a comparison of orders leaves out: operations by their `id`; ``gone`` is that of `states.run`.

    ``names`` are those of the state that both sides begin at.
    """

    ids: frozenset[int]
    gone: frozenset[str]
    names: NameIndex


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
    names = NameIndex(base)
    sides = (one.operations, other.operations)
    failures = [failed for side in sides for failed in run(copied(base), side, gone=gone, names=names.copied())]
    skipped = Skipped(frozenset(id(each.located) for each in failures), gone, names)
    unknown = [_unknown(each) for each in failures]
    unknown += crossings(base, one, other)
    reason, notes, after = _compare(base, one.operations, other.operations, skipped)
    pair = _first_pair(base, one, other, skipped) if reason else None
    return Computed(reason, pair, tuple(unknown), notes, after)


def _unknown(failure: Failure) -> Place:
    place = failure.located.place
    return Place(place.revision, place.path, place.line, f"{place.text} ({failure.reason})")


def _compare(
    base: SchemaState, one: tuple[Located, ...], other: tuple[Located, ...], skipped: Skipped
) -> tuple[str, tuple[str, ...], SchemaState]:
    """Return what differs between the orders, notes, and the state after the first order."""
    first, second = copied(base), copied(base)
    failed, failed_second = _run(first, (one, other), skipped), _run(second, (other, one), skipped)
    for failures, order in ((failed, (one, other)), (failed_second, (other, one))):
        if failures:
            last = failures[0].located.place.revision
            before = order[0][-1].place.revision if order[0] else "base"
            return f"{last} fails after {before}: {failures[0].reason}", (), first
    return *difference(first, second), first


def _run(state: SchemaState, order: tuple[tuple[Located, ...], ...], skipped: Skipped) -> list[Failure]:
    names = skipped.names.copied()
    return [failed for each in order for failed in run(state, each, skipped.ids, skipped.gone, names)]


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
