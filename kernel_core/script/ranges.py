"""Which nodes are between two ends of a range; see `RevisionMap.iterate_revisions`."""

from __future__ import annotations

from collections.abc import Sequence

from ..util.exc import RangeNotAncestorError
from .walk import Branch, Family, InBranch, Resolver, parse_target
from .written import split


def branch_of(family: Family, lower: str | Sequence[str] | None) -> Branch | None:
    """Return the branch in ``branch@base``; None for any other base."""
    for part in split(lower):
        tree = parse_target(part)
        if isinstance(tree, InBranch):
            return Resolver(family, None, part).branch(tree.branch)
    return None


def from_base(family: Family, branch: Branch | None, ends: frozenset[int], *, downward: bool) -> set[int]:
    """Return all that ``ends`` need, or those of them that are on ``branch``.

    ``downward`` asks for what a downgrade to the base of the branch would undo.
    """
    if branch is None:
        return family.whole.up(ends)
    if not downward:
        return family.whole.up(ends & branch.members)
    roots = {node for node in branch.members if family.is_base_node(node)}
    return family.whole.down(roots, family.whole.up(ends))


def from_revisions(
    family: Family, starts: frozenset[int], ends: frozenset[int], *, downward: bool, inclusive: bool
) -> set[int]:
    """Return the descendants of ``starts`` that ``ends`` descend from; ``downward`` also what depends on them.

    Raises RangeNotAncestorError where no end descends from a start.
    """
    line = family.lineage.up(ends)
    needed = family.whole.up(ends) if downward or len(starts) > 1 else line
    for start in sorted(starts - (needed if starts & needed else line)):
        raise RangeNotAncestorError(family.name_of(start), _named(family, ends))
    if not downward:
        return family.lineage.down(starts, line)
    roots = starts if inclusive else family.lineage.down(starts, needed) - starts
    if not roots:
        raise RangeNotAncestorError(_named(family, starts), _named(family, ends))
    return family.whole.down(roots, needed)


def _named(family: Family, nodes: frozenset[int]) -> str:
    return ", ".join(sorted(map(family.name_of, nodes))) or "base"
