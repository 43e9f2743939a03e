"""Which revision gets another parent so that one head comes after another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..util.exc import CommandError
from .revision import RevisionMap


@dataclass(frozen=True, slots=True)
class Move:
    """A change of one parent: of ``revision`` from ``before`` (None for base) to ``onto``.

    ``side`` are the revisions that come after ``onto`` then, in their order.
    """

    revision: str
    before: str | None
    onto: str
    side: tuple[str, ...]


def move_of(revisions: RevisionMap, head: str, onto: str) -> Move:
    """Return the change that puts all that only ``head`` has after ``onto``.

    Raises CommandError unless that is one line of revisions, without branch labels, that nothing else builds on.
    """
    side = revisions.ancestors({head}) - revisions.ancestors({onto})
    line = _line(revisions, head, side)
    root = revisions.get_revision(line[0])
    assert root is not None, "an id of the map has a revision"
    for name in line:
        each = revisions.get_revision(name)
        assert each is not None, "as above"
        problem = revisions.problem(name)
        if problem is not None:
            raise problem
        if each.own_labels:
            raise _refused(head, f"{name} begins the branch {', '.join(sorted(each.own_labels))}, which would move")
    outside = sorted(revisions.descendants(line) - set(line))
    if outside:
        raise _refused(head, f"{', '.join(outside)} builds on it")
    return Move(root.revision, next(iter(root.down_revisions), None), onto, line)


def _line(revisions: RevisionMap, head: str, side: Collection[str]) -> tuple[str, ...]:
    """Return the revisions of a side in their order; raises CommandError if it is not a single line."""
    if not side:
        raise CommandError(f"{head} is in the other head's history already; nothing was written.")
    ordered: list[str] = []
    name: str | None = head
    while name is not None and name in side:
        ordered.append(name)
        revision = revisions.get_revision(name)
        assert revision is not None, "an id of the map has a revision"
        if len(revision.down_revisions) > 1:
            raise _refused(head, f"{name} is a merge")
        name = next(iter(revision.down_revisions), None)
    rest = sorted(set(side).difference(ordered))
    if rest:
        raise _refused(head, f"it depends on {rest[0]}, which only it has")
    return tuple(reversed(ordered))


def _refused(head: str, reason: str) -> CommandError:
    return CommandError(f"{head} cannot be put after another head: {reason}. Nothing was written. Merge them instead.")
