"""Where a database stands, as pure functions of sets: ``heads' = after(heads, step)``, then the rows to change.

The version table holds the *effective* heads: a revision that another applied one is built on, by ``down_revision`` or
by ``depends_on``, has no row of its own. A plan (`script.steps`) knows for each step which rows go and which come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ..util.exc import CommandError


class Move(Protocol):
    """What is asked of a step: the rows that go and the rows that come."""

    @property
    def removed(self) -> tuple[str, ...]:
        """The rows that go."""

    @property
    def added(self) -> tuple[str, ...]:
        """The rows that come."""


@dataclass(frozen=True, slots=True)
class RowChanges:
    """How the rows of the version table change; ``updates`` are pairs (from, to)."""

    inserts: tuple[str, ...] = ()
    updates: tuple[tuple[str, str], ...] = ()
    deletes: tuple[str, ...] = ()


def after(heads: frozenset[str], step: Move) -> frozenset[str]:
    """Return the heads once ``step`` is done.

    Raises CommandError where the step does not fit the heads: what it takes away is not there, what it gives is.
    """
    removed, added = frozenset(step.removed), frozenset(step.added)
    if removed <= heads and not added & (heads - removed):
        return (heads - removed) | added
    raise CommandError(
        f"A step from {as_text(removed)} to {as_text(added)} does not fit: the database is at {as_text(heads)}. "
        "Ask for the plan again."
    )


def row_changes(before: Iterable[str], after: Iterable[str]) -> RowChanges:
    """Return the fewest changes of rows that lead from one set of heads to another.

    >>> row_changes({"a"}, {"b", "c"})
    RowChanges(inserts=('c',), updates=(('a', 'b'),), deletes=())
    """
    gone, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    paired = min(len(gone), len(new))
    return RowChanges(tuple(new[paired:]), tuple(zip(gone, new, strict=False)), tuple(gone[paired:]))


def as_text(heads: Iterable[str]) -> str:
    """Return heads as a person reads them: ``ab12, cd34``, or ``base`` for none."""
    return ", ".join(sorted(heads)) or "base"
