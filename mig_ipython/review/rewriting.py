"""Replace one row by the rows of a rewrite: a statement before or after it, and the operation as it is needed then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from kernel_core.operations.operation import MigrateOperation
from kernel_core.rehearse import Blocker
from kernel_core.rehearse.rewrites import Rewrite
from kernel_core.util.exc import CommandError

from .row import Row


@dataclass(frozen=True, slots=True)
class Offer:
    """A rewrite of the row ``number``: ``p.rewrite(number, name, sql)``."""

    number: int
    rewrite: Rewrite

    @property
    def name(self) -> str:
        """What selects the rewrite: ``backfill``."""
        return self.rewrite.name

    @property
    def call(self) -> str:
        """The call that chooses it, after the proposal's name."""
        given = f", sql={self.rewrite.default or '...'!r}" if self.rewrite.needs else ""
        return f".rewrite({self.number}, {self.name!r}{given})"

    def sentence(self) -> str:
        """Return what it does, and the call."""
        return f"Row {self.number}: {self.rewrite.sentence}: {self.call}"

    def __repr__(self) -> str:
        return self.sentence()


def chosen(offers: Sequence[Offer], number: int, name: str) -> Rewrite:
    """Return the rewrite of that name. Raises CommandError if it is not offered."""
    found = next((each.rewrite for each in offers if each.name == name), None)
    if found is None:
        known = ", ".join(each.name for each in offers)
        raise CommandError(f"Row {number} has no rewrite {name!r}. {f'Known: {known}.' if known else 'It has none.'}")
    return found


class Rewritable(Protocol):
    """What `remedies` needs of a review."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows."""

    def rewrites(self, number: int) -> tuple[Offer, ...]:
        """Return the rewrites of a row."""


def remedies(review: Rewritable, blockers: Sequence[Blocker]) -> tuple[Offer, ...]:
    """Return the rewrites that may remove blockers of a rehearsal."""
    kinds: dict[str, set[str]] = {}
    for each in blockers:
        for sentence in each.operation.split("; "):
            kinds.setdefault(sentence, set()).add(each.kind)
    numbers = [row.number for row in review.rows if row.accepted and row.sentence in kinds]
    offers = [offer for number in numbers for offer in review.rewrites(number)]
    return tuple(
        each for each in offers if not kinds[review.rows[each.number - 1].sentence].isdisjoint(each.rewrite.removes)
    )


def rewritten(
    rows: Sequence[Row],
    row: Row,
    name: str,
    operations: Sequence[MigrateOperation],
    new_row: Callable[[MigrateOperation], Row],
    changed: Callable[[MigrateOperation], Row],
) -> list[Row]:
    """Return the rows with the ``operations`` of a rewrite in place of ``row``; the one of its kind keeps its key.

    All of them are accepted and rejected together, and keep their order.
    """
    bundle = row.bundle or row.key
    main = next(each for each in operations if type(each) is type(row.operation))
    made = [
        replace(changed(each), bundle=bundle, rewritten_by=(*row.rewritten_by, name))
        if each is main
        else replace(new_row(each), bundle=bundle, accepted=row.accepted)
        for each in operations
    ]
    place = next(at for at, other in enumerate(rows) if other.key == row.key)
    return [*rows[:place], *made, *rows[place + 1 :]]


def without_rewrite(rows: Sequence[Row], row: Row) -> list[Row]:
    """Return the rows without those that rewrites of ``row`` have added."""
    return [other for other in rows if not row.bundle or other.bundle != row.bundle or other.key == row.key]


def broken_order(before: Sequence[Row], after: Sequence[Row]) -> tuple[int, ...]:
    """Return the numbers of the rows of a rewrite that are in another order than before; () if none are."""
    for bundle in dict.fromkeys(row.bundle for row in before if row.bundle):
        keys = [[row.key for row in rows if row.bundle == bundle] for rows in (before, after)]
        if keys[0] != keys[1]:
            return tuple(row.number for row in before if row.bundle == bundle)
    return ()
