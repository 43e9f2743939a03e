"""The current heads of a database as sets: the heads after a step, and the rows of the version table to change.

The version table holds the *effective* heads: a revision that another applied one needs, by ``down_revision`` or by
``depends_on``, has no row. A plan (`script.steps`) contains for each step the rows to remove and to add.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple, Protocol

from ..util.exc import CommandError


class HeadsChange(Protocol):
    """The part of a step that changes the heads."""

    @property
    def removed(self) -> tuple[str, ...]:
        """The heads to remove."""

    @property
    def added(self) -> tuple[str, ...]:
        """The heads to add."""


class RowChanges(NamedTuple):
    """How the rows of the version table change; ``updates`` are pairs (from, to)."""

    inserts: tuple[str, ...] = ()
    updates: tuple[tuple[str, str], ...] = ()
    deletes: tuple[str, ...] = ()


def after(heads: frozenset[str], step: HeadsChange) -> frozenset[str]:
    """Return the heads once ``step`` is done.

    Raises CommandError if the step does not fit the heads: one to remove is missing, or one to add is present.
    """
    gone = step.removed
    if len(gone) == len(heads) == 1 and gone[0] in heads:  # as in most histories
        return frozenset(step.added)
    removed, added = frozenset(gone), frozenset(step.added)
    if removed <= heads and not added & (heads - removed):
        return (heads - removed) | added
    raise CommandError(
        f"A step from {as_text(removed)} to {as_text(added)} does not fit: the database is at {as_text(heads)}. "
        "Make a new plan."
    )


def row_changes(before: Iterable[str], after: Iterable[str]) -> RowChanges:
    """Return the smallest set of row changes that leads from one set of heads to another.

    >>> row_changes({"a"}, {"b", "c"})
    RowChanges(inserts=('c',), updates=(('a', 'b'),), deletes=())
    """
    before, after = frozenset(before), frozenset(after)
    replaced = replaced_head(before, after)
    if replaced is not None:
        return RowChanges((), (replaced,))
    gone, new = sorted(before - after), sorted(after - before)
    paired = min(len(gone), len(new))
    return RowChanges(tuple(new[paired:]), tuple(zip(gone, new, strict=False)), tuple(gone[paired:]))


def replaced_head(before: AbstractSet[str], after: AbstractSet[str]) -> tuple[str, str] | None:
    """Return the one head before and the one after, where they differ, as in most histories; else None."""
    if len(before) == len(after) == 1 and before != after:
        (from_,), (to,) = before, after
        return from_, to
    return None


def as_text(heads: Iterable[str]) -> str:
    """Return heads as text: ``ab12, cd34``, or ``base`` for none."""
    return ", ".join(sorted(heads)) or "base"
