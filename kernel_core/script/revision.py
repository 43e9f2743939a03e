"""`RevisionMap`: the graph of all revisions of an environment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from ..util.exc import (
    BrokenScript,
    CommandError,
    CycleDetected,
    DependencyCycleDetected,
    DependencyLoopDetected,
    LoopDetected,
    LostRevision,
    MultipleHeads,
    RangeNotAncestorError,
    ResolutionError,
    RevisionError,
)
from .dependency_graphs import DependencyGraphs, declared_labels
from .graph import Graph
from .names import Names
from .node import Revision
from .ranges import branch_of, from_base, from_revisions
from .resolver import Range, Resolver, parse, parse_target
from .rev_ids import split_targets

__all__ = [
    "CycleDetected",
    "DependencyCycleDetected",
    "DependencyLoopDetected",
    "LoopDetected",
    "MultipleHeads",
    "RangeNotAncestorError",
    "ResolutionError",
    "Revision",
    "RevisionError",
    "RevisionMap",
]

Named = TypeVar("Named", str, "Revision")


class RevisionMap:
    """All revisions, as a graph.

        revisions = RevisionMap([Revision("a", None), Revision("b", "a")])
        revisions.heads                       # ("b",)
        revisions.resolve("head-1")           # ("a",)

    ``revisions`` may be a function, which is called when they are first needed. ``broken`` are the files that could not
    be read, for errors. A revision whose parent does not exist, or whose id is used twice, is listed in `missing` or
    `duplicates`, and only a plan that needs it is refused. Raises CycleDetected or a subclass; with ``tolerant`` one
    edge of the cycle is removed instead, and its revisions are in `cyclic`, so that one such file does not hide all
    others.
    """

    broken: tuple[BrokenScript, ...]
    duplicates: Mapping[str, tuple[Revision, ...]]
    missing: Mapping[str, tuple[str, ...]]
    cyclic: Mapping[str, CycleDetected]
    ids: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    heads: tuple[str, ...]
    effective_heads: tuple[str, ...]
    bases: tuple[str, ...]
    lineage: Graph
    whole: Graph
    _revisions: tuple[Revision, ...]
    _names: Names
    _node: Mapping[str, int]
    _labels_at: Mapping[int, frozenset[str]]

    def __init__(
        self,
        revisions: Iterable[Revision] | Callable[[], Iterable[Revision]],
        broken: Sequence[BrokenScript] = (),
        tolerant: bool = False,
    ) -> None:
        self.broken, self._tolerant = tuple(broken), tolerant
        self._generator: Callable[[], Iterable[Revision]] | None = None
        if callable(revisions):
            self._generator = revisions
        else:
            self._build(revisions)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Build the graph when the first of its attributes is needed."""
            generator = vars(self).get("_generator")
            if generator is None or name not in RevisionMap.__annotations__:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            self._build(generator())
            self._generator = None
            return getattr(self, name)

    def _build(self, revisions: Iterable[Revision]) -> None:
        first: dict[str, Revision] = {}
        again: dict[str, tuple[Revision, ...]] = {}
        for revision in revisions:
            if first.setdefault(revision.revision, revision) is not revision:
                again[revision.revision] = (*again.get(revision.revision, ()), revision)
        ids = tuple(sorted(first))
        every = tuple(first[name] for name in ids)
        labels = declared_labels(every)
        names = Names(ids, labels, self.broken, partial(_replacing, every))
        kin = DependencyGraphs(every, names, self._tolerant)
        self.duplicates, self.ids, self.labels, self._revisions, self._names = again, ids, labels, every, names
        self._node = names.node_of
        self.missing, self.cyclic = kin.missing, kin.cyclic
        self.lineage, self.whole, self._labels_at = kin.lineage, kin.whole, kin.labels_at
        for node, revision in enumerate(self._revisions):
            revision._map, revision._node = self, node  # noqa: SLF001 - they are one thing in two classes
        self.heads = _childless(self.ids, self.lineage)
        self.effective_heads = self.heads if self.whole is self.lineage else _childless(self.ids, self.whole)
        self.bases = tuple(
            name
            for name, above, node in zip(self.ids, self.lineage.parents, self._node.values(), strict=True)
            if not above and self.is_base_node(node)
        )

    def add_revision(self, revision: Revision, _replace: bool = False) -> None:
        """Add one revision; this rebuilds the graph, so pass many at once to the constructor.

            revisions.add_revision(Revision("c", "b"))

        If its id is taken it is in `duplicates`; with ``_replace`` it replaces the other one.
        """
        others = [each for each in self._revisions if not (_replace and each.revision == revision.revision)]
        twice = [each for several in self.duplicates.values() for each in several]
        vars(self).pop("_newest_first", None)
        self._build([*others, *twice, revision])

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def known_ids(self) -> AbstractSet[str]:
        """All ids, as a set."""
        return self._node.keys()

    def __contains__(self, name: object) -> bool:
        return name in self._node

    def __iter__(self) -> Iterator[Revision]:
        """Iterate over all revisions, newest first."""
        return self.iterate_revisions("heads", "base")

    # ---- names ----------------------------------------------------------------------------------------------------

    def resolve(
        self, text: str | Sequence[str] | None, current: Collection[str] | None = None, *, exact: bool = True
    ) -> tuple[str, ...]:
        """Return the ids that one or several targets resolve to; () for base.

            revisions.resolve("shop@head", current={"ae10"})

        ``current`` are the current ids of the database; without it, targets that count from there are refused. Without
        ``exact`` steps that lead too far end at the last revision. Raises ResolutionError or MultipleHeads.
        """
        found: dict[str, None] = {}
        for part in split_targets(text):
            resolver = Resolver(self, None if current is None else self.current_nodes(current), part, exact)
            found.update(dict.fromkeys(sorted(map(self.name_of, resolver.target(parse_target(part))))))
        return tuple(found)

    def resolve_range(
        self, text: str, current: Collection[str] | None = None, *, exact: bool = True
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the lower and the upper ids of ``a:b``; a single target is both ends.

        Without ``exact`` steps that lead too far end at the last revision.
        """
        tree = parse(text)
        resolver = Resolver(self, None if current is None else self.current_nodes(current), text, exact)
        if isinstance(tree, Range):
            lower, upper = resolver.range(tree)
        else:
            lower = upper = resolver.target(tree)
        return tuple(sorted(map(self.name_of, lower))), tuple(sorted(map(self.name_of, upper)))

    def get_revision(self, name: str | None) -> Revision | None:
        """Return the one revision of that name, None for base.

        Raises ResolutionError, MultipleHeads for a name of several revisions, RevisionError for one that is not a str.
        """
        known = self.known(name) if isinstance(name, str) else None
        if known is not None:
            return known
        found = self.get_revisions(name)
        if len(found) > 1:
            names = [revision.revision for revision in found]
            self.require(sorted(self.nodes(names)))
            raise MultipleHeads(names, str(name), "heads" if set(names) <= set(self.heads) else "revisions")
        return found[0] if found else None

    def known(self, name: str) -> Revision | None:
        """Return the revision of a full id; None for any other name."""
        node = self._node.get(name)
        return None if node is None else self._revisions[node]

    def get_revisions(self, names: str | Sequence[str] | None) -> tuple[Revision, ...]:
        """Return the revisions that the names resolve to, in the order of the names."""
        return tuple(self._revisions[self._node[name]] for name in self.resolve(names))

    def get_current_head(self, branch_label: str | None = None) -> str | None:
        """Return the id of the one head, or of the one head of a branch; None for an empty history.

        Raises MultipleHeads, and ResolutionError for an unknown label.
        """
        heads = self.filter_for_lineage(self.heads, branch_label)
        if len(heads) > 1:
            self.require(sorted(self.nodes(heads)))
            raise MultipleHeads(heads, f"{branch_label}@head" if branch_label else "head")
        return heads[0] if heads else None

    def filter_for_lineage(
        self, targets: Iterable[Named], check_against: str | None, include_dependencies: bool = False
    ) -> tuple[Named, ...]:
        """Return those of the ids or revisions that descend from ``check_against`` or are among its ancestors.

            revisions.filter_for_lineage(revisions.heads, "shop")

        ``check_against`` is a label or an id; None is every branch. With ``include_dependencies`` its dependencies, and
        revisions that depend on it, count too.
        """
        if check_against is None:
            return tuple(targets)
        graph = self.whole if include_dependencies else self.lineage
        node = self.find(check_against.partition("@")[0])
        members = graph.up({node}) | graph.down({node})
        return tuple(each for each in targets if self.find(each if isinstance(each, str) else each.revision) in members)

    def iterate_revisions(
        self,
        upper: str | Sequence[str] | None,
        lower: str | Sequence[str] | None,
        implicit_base: bool = False,
        inclusive: bool = False,
        assert_relative_length: bool = True,
        select_for_downgrade: bool = False,
    ) -> Iterator[Revision]:
        """Yield the revisions from ``upper`` (with it) down to ``lower`` (with it if ``inclusive``), newest first.

        From base these are all that ``upper`` needs, with dependencies; from ``branch@base`` all that the ends of that
        branch need. From a revision these are only its descendants; with ``implicit_base`` everything that ``lower``
        does not imply, with dependencies. ``select_for_downgrade`` selects what a downgrade would undo: also what
        depends on ``lower`` if that is undone itself. Without ``assert_relative_length`` steps that lead too far end at
        the last revision. Raises RangeNotAncestorError if ``upper`` does not descend from ``lower``.
        """
        exact = assert_relative_length
        ends, starts = self.nodes(self.resolve(upper, exact=exact)), self.nodes(self.resolve(lower, exact=exact))
        if not starts and ends == self.nodes(self.heads) and branch_of(self, lower) is None:
            return map(self._revisions.__getitem__, self._newest_first)
        if not starts:
            reached = from_base(self, branch_of(self, lower), ends, downward=select_for_downgrade)
        elif implicit_base:
            reached = self.whole.up(ends) - self.whole.up(starts)
        else:
            reached = from_revisions(self, starts, ends, downward=select_for_downgrade, inclusive=inclusive)
        reached = reached | starts if inclusive else reached - starts
        return (self._revisions[node] for node in reversed(self.whole.order(reached)))

    @cached_property
    def _newest_first(self) -> tuple[int, ...]:
        return tuple(reversed(self.whole.order(range(len(self.ids)))))

    # ---- sets of ids --------------------------------------------------------------------------------------------

    def ancestors(self, ids: Iterable[str]) -> frozenset[str]:
        """Return the ids and all that they imply: what is applied in a database that is at them."""
        return frozenset(map(self.name_of, self.whole.up(self.nodes(ids))))

    def descendants(self, ids: Iterable[str]) -> frozenset[str]:
        """Return the ids and all that descend from them or depend on them."""
        return frozenset(map(self.name_of, self.whole.down(self.nodes(ids))))

    def topmost(self, ids: Iterable[str]) -> frozenset[str]:
        """Return the ids that no other one of them implies: the rows of a version table."""
        return frozenset(map(self.name_of, self.whole.topmost(self.nodes(ids))))

    def current_nodes(self, current: Iterable[str]) -> frozenset[int]:
        """Return the nodes of the current revisions of a database.

        Raises LostRevision if it is at a revision without a file.
        """
        lost = self.lost(current)
        if lost is not None:
            raise lost
        return self.nodes(current)

    def lost(self, current: Iterable[str]) -> LostRevision | None:
        """Return the error about current revisions of a database that have no file, None if all have one."""
        names = frozenset(current)
        gone = [name for name in names if name not in self._node]
        if not gone:
            return None
        replaced = next(filter(None, (_replacing(self._revisions, name) for name in gone)), "")
        return LostRevision(gone, sorted(names.difference(gone)), self.broken, replaced_by=replaced)

    def problem(self, name: str) -> CommandError | None:
        """Return why a revision cannot be run: what is wrong with its place, or a syntax error."""
        return self.misplacement(name) or self._revisions[self._node[name]].prepare()

    def misplacement(self, name: str) -> CommandError | None:
        """Return what is wrong with the place of a revision: a cycle, a missing parent, an id used twice."""
        if name in self.cyclic:
            return self.cyclic[name]
        if name in self.missing:
            lost = self.missing[name]
            text = f"Revision {name} needs {', '.join(lost)}, which no file here defines.{self._names.hint(lost[0])}"
            return ResolutionError(text, lost[0], self._names.nearest(lost[0]))
        if name in self.duplicates:
            revision = self._revisions[self._node[name]]
            files = [getattr(each, "path", name) for each in (revision, *self.duplicates[name])]
            return RevisionError(f"Revision {name} is in {len(files)} files: {', '.join(files)}. Keep one of them.")
        return None

    # ---- nodes (for resolver and steps) -------------------------------------------------------------------------

    def nodes(self, ids: Iterable[str]) -> frozenset[int]:
        """Return the nodes of full ids."""
        return frozenset(self._node[name] for name in ids)

    def name_of(self, node: int) -> str:
        """Return the id of a node."""
        return self.ids[node]

    def node_of(self, name: str) -> int:
        """Return the node of a full id."""
        return self._node[name]

    def at(self, node: int) -> Revision:
        """Return the revision of a node."""
        return self._revisions[node]

    def labels_at(self, node: int) -> frozenset[str]:
        """Return the labels of the branches that a node is on."""
        return self._labels_at.get(node, frozenset())

    def is_base_node(self, node: int) -> bool:
        """Return whether the revision has no parent, not even a missing one."""
        return not self.lineage.parents[node] and self._revisions[node].down_revision is None

    def require(self, nodes: Collection[int]) -> None:
        """Raise the first problem of the nodes, in their order."""
        are_placed = not (self.cyclic or self.missing or self.duplicates)
        for node in nodes:
            problem = self._revisions[node].prepare() if are_placed else self.problem(self.ids[node])
            if problem is not None:
                raise problem

    def require_readable(self) -> None:
        """Raise BrokenScript if a version file could not be read: then the heads are not certain."""
        for error in self.broken[:1]:
            others = f" ({len(self.broken)} files cannot be read.)" if len(self.broken) > 1 else ""
            reason = f"{error.reason}{others} The heads are not certain until it can be read."
            raise BrokenScript(error.path, error.line, reason) from error

    def find(self, name: str, within: Collection[int] | None = None) -> int:
        """Return the node of an id, a label, or the beginning of an id; see `Names.find`."""
        return self._names.find(name, within)

    def nearest(self, name: str) -> tuple[str, ...]:
        """Return the ids and labels most similar to ``name``, at most three, best first."""
        return self._names.nearest(name)


def _childless(ids: Sequence[str], graph: Graph) -> tuple[str, ...]:
    return tuple(name for name, below in zip(ids, graph.children, strict=True) if not below)


def _replacing(revisions: Iterable[Revision], name: str) -> str:
    """Return the squashed revision that replaces ``name``, "" without one."""
    return next((each.revision for each in revisions if name in each.replaces), "")
