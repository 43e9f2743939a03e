"""Plans: the revisions to run, in order, to bring a database from its current revisions to a target.

Pure functions of the graph and two sets of ids; their time is linear in the revisions and edges concerned. A plan is
refused as a whole, before anything runs, if one of its revisions cannot be run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from ..util.exc import CommandError, RangeNotAncestorError, ResolutionError
from .resolver import Branch, Current, InBranch, Relative, Resolver, Target, parse_target
from .rev_ids import split_targets
from .revision import RevisionMap


class Step(NamedTuple):
    """One revision run in one direction, and how the rows of the version table change.

    It changes the rows from ``heads`` to ``(heads - removed) | added``.
    """

    revision_id: str
    direction: Literal["upgrade", "downgrade"]
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def is_upgrade(self) -> bool:
        """Whether the step is an upgrade."""
        return self.direction == "upgrade"


@dataclass(frozen=True, slots=True)
class StampStep:
    """A change of the version table without running anything: from ``before`` to ``after``."""

    before: frozenset[str]
    after: frozenset[str]
    direction: Literal["stamp"] = "stamp"

    @property
    def removed(self) -> tuple[str, ...]:
        """The rows to remove."""
        return tuple(sorted(self.before - self.after))

    @property
    def added(self) -> tuple[str, ...]:
        """The rows to add."""
        return tuple(sorted(self.after - self.before))


AnyStep: TypeAlias = Step | StampStep


def upgrade_steps(revisions: RevisionMap, current: Collection[str], target: str | Sequence[str]) -> tuple[Step, ...]:
    """Return the steps from ``current`` up to ``target`` and everything that it needs; () if all is applied.

        upgrade_steps(revisions, frozenset({"a"}), "head")

    Raises ResolutionError, MultipleHeads, or the problem of a revision that cannot be run.
    """
    standing = revisions.current_nodes(current)
    for part in split_targets(target):
        _refuse_downward(part)
    wanted = revisions.nodes(revisions.resolve(target, current))
    order = revisions.whole.order(revisions.whole.up(wanted) - revisions.whole.up(standing))
    revisions.require(order)
    heads, ids, parents = set(standing), revisions.ids, revisions.whole.parents
    steps = []
    for node in order:
        gone = [parent for parent in parents[node] if parent in heads]
        heads.difference_update(gone)
        heads.add(node)
        steps.append(Step(ids[node], "upgrade", _names(revisions, gone), (ids[node],)))
    return tuple(steps)


def revisions_up_to(revisions: RevisionMap, target: str | Sequence[str]) -> tuple[str, ...]:
    """Return the ids of ``target`` and of everything that it needs, in the order of `upgrade_steps` from base.

    The files are not compiled. Raises ResolutionError, MultipleHeads, or what is wrong with the place of a revision.
    """
    for part in split_targets(target):
        _refuse_downward(part)
    order = revisions.whole.order(revisions.whole.up(revisions.nodes(revisions.resolve(target, frozenset()))))
    names = tuple(map(revisions.name_of, order))
    for problem in filter(None, map(revisions.misplacement, names)):
        raise problem
    return names


def downgrade_steps(revisions: RevisionMap, current: Collection[str], target: str | Sequence[str]) -> tuple[Step, ...]:
    """Return the steps that undo all descendants of ``target``, and everything that depends on them.

        downgrade_steps(revisions, {"b2", "a2"}, "b@-1")

    Other branches stay. ``branch@base`` and ``branch@id`` undo only what is on that branch above the target. Raises
    RangeNotAncestorError if the target is not applied, ResolutionError, MultipleHeads, or the problem of a revision
    that cannot be run.
    """
    standing = revisions.current_nodes(current)
    applied = revisions.whole.up(standing)
    removed: set[int] = set()
    for part in split_targets(target):
        removed |= _above(revisions, standing, applied, part)
    order = revisions.whole.order(removed)[::-1]
    revisions.require(order)
    return _undo(revisions, applied, order, standing)


def stamp_steps(
    revisions: RevisionMap, current: Collection[str], targets: str | Sequence[str]
) -> tuple[StampStep, ...]:
    """Return the one step that sets the rows of the version table to ``targets``; () if they are already so.

    Rows of other lines of descent stay; ``base`` removes all, ``branch@base`` those of the branch. Raises
    ResolutionError or MultipleHeads.
    """
    standing = revisions.current_nodes(current)
    wanted: set[int] = set()
    touched: set[int] = set()
    for part in split_targets(targets):
        tree = parse_target(part)
        resolver = Resolver(revisions, standing, part)
        nodes = resolver.target(tree)
        wanted |= nodes
        if not nodes and isinstance(tree, InBranch):
            nodes = frozenset({resolver.branch(tree.branch).node})
        touched |= _related(revisions, nodes) if nodes else standing
    after = revisions.whole.topmost(wanted | (standing - touched))
    step = StampStep(frozenset(current), frozenset(map(revisions.name_of, after)))
    return () if step.before == step.after else (step,)


def changes_empty_database(
    find: Callable[[RevisionMap, Collection[str], str | Sequence[str]], Sequence[object]],
    revisions: RevisionMap,
    target: str | Sequence[str],
) -> bool:
    """Return whether ``find`` returns steps from base; False also where it raises CommandError.

    changes_empty_database(upgrade_steps, scripts.map, "head")
    """
    try:
        return bool(find(revisions, frozenset(), target))
    except CommandError:
        return False


def _refuse_downward(part: str) -> None:
    tree = parse_target(part)
    point = tree.point if isinstance(tree, InBranch) else tree
    if isinstance(point, Relative) and point.origin is None and point.steps < 0:
        raise ResolutionError(f'"{part}" counts down from the current revision. Use downgrade for that.', part)


def _above(revisions: RevisionMap, standing: frozenset[int], applied: set[int], part: str) -> set[int]:
    """Return the applied nodes to undo so that ``part`` is the last one."""
    tree = parse_target(part)
    resolver = Resolver(revisions, standing, part)
    stops = resolver.target(tree)
    for stop in stops:
        if stop not in applied:
            where = ", ".join(sorted(map(revisions.name_of, standing))) or "base"
            raise RangeNotAncestorError(revisions.name_of(stop), where)
    branch = _branch(revisions, resolver, tree, stops)
    if branch is None:
        if not stops:
            return applied
        # What only depends on the target stays, as the target does.
        roots = revisions.lineage.down(stops, applied) - revisions.whole.up(stops)
        return revisions.whole.down(roots, applied)
    members = applied & branch.members
    roots = revisions.lineage.down(stops, members) if stops else members
    return revisions.whole.down(roots - revisions.whole.up(stops), applied)


def _branch(revisions: RevisionMap, resolver: Resolver, tree: Target, stops: frozenset[int]) -> Branch | None:
    """Return the branch that a downgrade is limited to: the one named, or the line that was followed to its base."""
    if isinstance(tree, InBranch):
        return resolver.branch(tree.branch)
    if isinstance(tree, Relative) and not stops:
        for node in resolver.target(tree.origin or Current()):
            return resolver.branch(revisions.name_of(node))
    return None


def _undo(
    revisions: RevisionMap, applied: set[int], order: Sequence[int], standing: Collection[int]
) -> tuple[Step, ...]:
    """Return the steps that undo the nodes in their order.

    A parent of which the last child is undone becomes a row, unless it is one of ``standing``: a version table that was
    edited by hand may have rows for a revision and for its ancestor.
    """
    left = {
        node: sum(child in applied for child in revisions.whole.children[node])
        for node in {parent for each in order for parent in (each, *revisions.whole.parents[each])}
    }
    steps = []
    for node in order:
        bared = []
        for parent in revisions.whole.parents[node]:
            left[parent] -= 1
            if not left[parent] and parent not in standing:
                bared.append(parent)
        steps.append(Step(revisions.name_of(node), "downgrade", (revisions.name_of(node),), _names(revisions, bared)))
    return tuple(steps)


def _related(revisions: RevisionMap, nodes: Collection[int]) -> set[int]:
    return revisions.whole.up(nodes) | revisions.whole.down(nodes)


def _names(revisions: RevisionMap, nodes: Collection[int]) -> tuple[str, ...]:
    names = [revisions.ids[node] for node in nodes]
    return tuple(names if len(names) < 2 else sorted(names))
