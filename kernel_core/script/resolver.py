"""The grammar of targets and ranges, its syntax tree, and the resolver of that tree.

::

    range  := [target] ":" [target]
    target := [branch "@"] (point [steps] | steps)
    point  := "head" | "heads" | "base" | "current" | name
    steps  := ("+" | "-") digits
    name   := an id, the beginning of one, or a branch label

    ae10  head  heads  base  current  +2  -1  ae10+2  head-1  shop@head  shop@-1  shop@ae10  -3:current  ae10:
"""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NoReturn, Protocol, TypeAlias

from ..util.exc import MultipleHeads, ResolutionError
from .graph import Graph


@dataclass(frozen=True, slots=True)
class Head:
    """``head``: the one revision without children."""


@dataclass(frozen=True, slots=True)
class Heads:
    """``heads``: all revisions without children."""


@dataclass(frozen=True, slots=True)
class Base:
    """``base``: before the first revision."""


@dataclass(frozen=True, slots=True)
class Current:
    """``current``: the current revision of the database."""


@dataclass(frozen=True, slots=True)
class Name:
    """An id, the beginning of one, or a branch label."""

    text: str


Point: TypeAlias = Head | Heads | Base | Current | Name


@dataclass(frozen=True, slots=True)
class Relative:
    """A number of steps up (+) or down (-) from a point, or from the current revision."""

    origin: Point | None
    steps: int


@dataclass(frozen=True, slots=True)
class InBranch:
    """A point in one branch, which is named by a label or by any id on it."""

    branch: str
    point: Point | Relative


Target: TypeAlias = Point | Relative | InBranch


@dataclass(frozen=True, slots=True)
class Range:
    """Two targets separated by a colon; an end that is left out is None."""

    lower: Target | None
    upper: Target | None


_SYMBOLS: dict[str, Point] = {"head": Head(), "heads": Heads(), "base": Base(), "current": Current()}
_TARGET = re.compile(r"(?:(?P<branch>[^@:+\-\s]+)@)?(?P<point>[^@:+\-\s]*)(?P<steps>[+-][0-9]{1,9})?")


def parse(text: str) -> Target | Range:
    """Return the syntax tree of a target or a range.

        parse("shop@ae10+2")      # InBranch("shop", Relative(Name("ae10"), 2))
        parse("-3:current")       # Range(Relative(None, -3), Current())

    Raises ResolutionError for any other text.
    """
    text = text.strip()
    if ":" not in text:
        return parse_target(text)
    lower, _, upper = text.partition(":")
    return Range(parse_target(lower) if lower.strip() else None, parse_target(upper) if upper.strip() else None)


def parse_target(text: str) -> Target:
    """Return the syntax tree of a target; raises ResolutionError for any other text."""
    found = _TARGET.fullmatch(text.strip())
    if found is None or not (found["point"] or found["steps"]):
        raise ResolutionError(
            f'"{text}" is not a revision. Write an id, head, heads, base, current, +1, -1, or branch@head.', text
        )
    point = (_SYMBOLS.get(found["point"]) or Name(found["point"])) if found["point"] else None
    target: Point | Relative = Relative(point, int(found["steps"])) if found["steps"] else _present(point)
    return InBranch(found["branch"], target) if found["branch"] else target


def counts_from_database(text: str) -> bool:
    """Return whether a target or a range depends on the current revision, as ``current``, ``+1``, ``branch@-1`` do.

    A range may count from its other end instead: ``-2:head``, ``ae10:+2``, ``-2:`` and ``:+2`` do not depend on it.
    """
    tree = parse(text)
    if isinstance(tree, Range):
        origin = _origin(tree)
        ends = (tree.lower, tree.upper) if origin is None else (origin,)
        return any(end is not None and _counts_from_database(end) for end in ends)
    return _counts_from_database(tree)


def _counts_from_database(tree: Target) -> bool:
    point = tree.point if isinstance(tree, InBranch) else tree
    return isinstance(point, Current) or (isinstance(point, Relative) and isinstance(point.origin, Current | None))


def _origin(tree: Range) -> Target | None:
    """Return the end of a range from which the steps of its other end count; None where neither end does so.

    Steps down from an end that is left out count from the heads, steps up from base.
    """
    lower, upper = _free_steps(tree.lower), _free_steps(tree.upper)
    if lower is not None and upper is None:
        return tree.upper or (Heads() if lower < 0 else None)
    if upper is not None and lower is None:
        return tree.lower or (Base() if upper > 0 else None)
    return None


def _present(point: Point | None) -> Point:
    assert point is not None
    return point


class RevisionGraph(Protocol):
    """The part of a `RevisionMap` that the resolver uses; revisions are integers."""

    @property
    def lineage(self) -> Graph: ...
    @property
    def whole(self) -> Graph: ...
    def find(self, name: str, within: Collection[int] | None = None) -> int: ...
    def name_of(self, node: int) -> str: ...
    def require(self, nodes: Collection[int]) -> None: ...
    def is_base_node(self, node: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch: the node that names it, and every ancestor and descendant of that node."""

    name: str
    node: int
    members: AbstractSet[int]


@dataclass(frozen=True, slots=True)
class Resolver:
    """Finds the nodes that a syntax tree refers to.

    ``current`` are the current nodes of the database, None without one. ``text`` is what was parsed, for errors.
    Without ``exact`` steps that lead too far end at the last revision.
    """

    graph: RevisionGraph
    current: frozenset[int] | None
    text: str
    exact: bool = True

    def target(self, tree: Target) -> frozenset[int]:
        """Return the nodes of a target, empty for base.

        Raises ResolutionError (unknown, ambiguous, too many steps) or MultipleHeads.
        """
        if isinstance(tree, InBranch):
            branch = self.branch(tree.branch)
            return self._place(tree.point, branch)
        return self._place(tree, None)

    def branch(self, name: str) -> Branch:
        """Return the branch of a label or id."""
        node = self.graph.find(name)
        lineage = self.graph.lineage
        return Branch(name, node, lineage.up({node}) | lineage.down({node}))

    def range(self, tree: Range) -> tuple[frozenset[int], frozenset[int]]:
        """Return the lower and the upper nodes of a range; ``a:`` ends at the heads, ``:b`` begins at base.

        Steps without an origin count from the other end, ``-2:`` from the heads, ``:+2`` from base; where both ends are
        steps, from the current revision. From several revisions, each of them is counted down.
        """
        origin = _origin(tree)
        if origin is not None:
            nodes, up, down = self.target(origin), _free_steps(tree.upper), _free_steps(tree.lower)
            if up is not None:
                return nodes, self._walk(self._one(nodes), up, None)
            assert down is not None
            return frozenset().union(*(self._walk(node, down, None) for node in nodes or (None,))), nodes
        upper = self.target(Heads() if tree.upper is None else tree.upper)
        return (self.target(tree.lower) if tree.lower is not None else frozenset()), upper

    def _place(self, tree: Point | Relative, branch: Branch | None) -> frozenset[int]:
        match tree:
            case Base():
                return frozenset()
            case Heads():
                return self._heads(branch)
            case Head():
                heads = self._heads(branch)
                if len(heads) > 1:
                    self.graph.require(
                        sorted(heads)
                    )  # one may be a head only because the file of its parent is missing
                    raise MultipleHeads(self._names(heads), self.text)
                return heads
            case Current():
                return frozenset(self._current_in(branch))
            case Name(text):
                return frozenset({self._find(text, branch)})
            case Relative(None | Current(), steps):
                standing = self._current_in(branch)
                if branch is not None and steps < 0:
                    self._refuse_shared(standing, branch)
                return self._walk(self._one(standing), steps, branch)
            case Relative(origin, steps):
                assert origin is not None
                return self._walk(self._one(self._place(origin, branch)), steps, branch)

    def _heads(self, branch: Branch | None) -> frozenset[int]:
        lineage = self.graph.lineage
        nodes = lineage.down({branch.node}) if branch else range(len(lineage.parents))
        return frozenset(node for node in nodes if not lineage.children[node])

    def _find(self, text: str, branch: Branch | None) -> int:
        node = self.graph.find(text, branch.members if branch else None)
        if branch and node not in branch.members:
            stray = self.graph.name_of(node)
            raise ResolutionError(
                f'"{self.text}" is not a revision: {stray} is not on branch {branch.name}.', self.text
            )
        return node

    def _current_in(self, branch: Branch | None) -> AbstractSet[int]:
        """Return the current nodes; in a branch the last of its revisions that are applied."""
        if self.current is None:
            raise ResolutionError(
                f'"{self.text}" counts from a database, and there is none here. Name a revision.',
                self.text,
            )
        if branch is None:
            return self.current
        return self.graph.lineage.topmost(self.graph.whole.up(self.current) & branch.members)

    def _refuse_shared(self, standing: AbstractSet[int], branch: Branch) -> None:
        """Refuse to count down a branch that is not applied, from a revision that is also on an applied branch."""
        current, lineage = self.current or frozenset(), self.graph.lineage
        last = lineage.topmost(self.graph.whole.up(current))
        if standing and not standing & (last | lineage.line(branch.node)):
            where = ", ".join(self._names(current))
            raise ResolutionError(
                f'"{self.text}" has no revision to count from: no revision of branch {branch.name} is applied; the '
                f"database is at {where}. Name the target revision.",
                self.text,
            )

    def _one(self, nodes: AbstractSet[int]) -> int | None:
        if len(nodes) > 1:
            self._ambiguous(nodes, f"it could count from {{}}. Name a branch, as in branch@{_steps_of(self.text)}")
        return next(iter(nodes), None)

    def _walk(self, node: int | None, steps: int, branch: Branch | None) -> frozenset[int]:
        """Return the node a number of steps along the lineage; None is base."""
        for done in range(abs(steps)):
            following = self._above(node, branch) if steps > 0 else self._below(node, branch)
            if following is None and not self.exact:
                break
            if following is None:
                where = "base" if node is None else self.graph.name_of(node)
                raise ResolutionError(
                    f'"{self.text}" goes too far: after {done} of {abs(steps)} steps there is nothing '
                    f"{'above' if steps > 0 else 'below'} {where}.",
                    self.text,
                )
            if len(following) > 1:
                self._ambiguous(following, "the history branches into {}. Name one of them, or its branch")
            node = next(iter(following), None)
        return frozenset() if node is None else frozenset({node})

    def _above(self, node: int | None, branch: Branch | None) -> AbstractSet[int] | None:
        lineage = self.graph.lineage
        if node is None:
            every = branch.members if branch else range(len(lineage.parents))
            return {root for root in every if self.graph.is_base_node(root)} or None
        return {child for child in lineage.children[node] if branch is None or child in branch.members} or None

    def _below(self, node: int | None, branch: Branch | None) -> AbstractSet[int] | None:
        if node is None:
            return None
        self.graph.require((node,))
        parents = self.graph.lineage.parents[node]
        return {parent for parent in parents if branch is None or parent in branch.members}

    def _ambiguous(self, nodes: Collection[int], why: str) -> NoReturn:
        names = self._names(nodes)
        raise ResolutionError(f'"{self.text}" is ambiguous: {why.format(" or ".join(names))}.', self.text, names)

    def _names(self, nodes: Collection[int]) -> list[str]:
        return sorted(self.graph.name_of(node) for node in nodes)


def _free_steps(tree: Target | None) -> int | None:
    return tree.steps if isinstance(tree, Relative) and tree.origin is None else None


def _steps_of(text: str) -> str:
    found = re.search(r"[+-][0-9]+", text)
    return found.group() if found else "head"
