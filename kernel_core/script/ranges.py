"""The nodes between two ends of a range; see `RevisionMap.iterate_revisions`."""

from __future__ import annotations

from collections.abc import Sequence

from ..util.exc import RangeNotAncestorError
from .resolver import Branch, InBranch, Resolver, RevisionGraph, parse_target
from .rev_ids import split_targets


def branch_of(graph: RevisionGraph, lower: str | Sequence[str] | None) -> Branch | None:
    """Return the branch in ``branch@base``; None for any other base."""
    for part in split_targets(lower):
        tree = parse_target(part)
        if isinstance(tree, InBranch):
            return Resolver(graph, None, part).branch(tree.branch)
    return None


def from_base(graph: RevisionGraph, branch: Branch | None, ends: frozenset[int], *, downward: bool) -> set[int]:
    """Return everything that ``ends`` need, or the part of it on ``branch``.

    With ``downward`` it is what a downgrade to the base of the branch undoes.
    """
    if branch is None:
        return graph.whole.up(ends)
    if not downward:
        return graph.whole.up(ends & branch.members)
    roots = {node for node in branch.members if graph.is_base_node(node)}
    return graph.whole.down(roots, graph.whole.up(ends))


def from_revisions(
    graph: RevisionGraph, starts: frozenset[int], ends: frozenset[int], *, downward: bool, inclusive: bool
) -> set[int]:
    """Return the descendants of ``starts`` that ``ends`` descend from; with ``downward`` also what depends on them.

    Raises RangeNotAncestorError if no end descends from a start.
    """
    line = graph.lineage.up(ends)
    needed = graph.whole.up(ends) if downward or len(starts) > 1 else line
    for start in sorted(starts - (needed if starts & needed else line)):
        raise RangeNotAncestorError(graph.name_of(start), _named(graph, ends))
    if not downward:
        return graph.lineage.down(starts, line)
    roots = starts if inclusive else graph.lineage.down(starts, needed) - starts
    if not roots:
        raise RangeNotAncestorError(_named(graph, starts), _named(graph, ends))
    return graph.whole.down(roots, needed)


def _named(graph: RevisionGraph, nodes: frozenset[int]) -> str:
    return ", ".join(sorted(map(graph.name_of, nodes))) or "base"
