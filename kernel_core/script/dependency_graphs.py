"""The graphs of parents and of dependencies, and the branch labels of each revision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ..util.exc import (
    CycleDetected,
    DependencyCycleDetected,
    DependencyLoopDetected,
    LoopDetected,
    ResolutionError,
)
from .graph import Graph, find_cycle
from .names import Names
from .rev_ids import as_tuple


class HasParents(Protocol):
    """The parts of a revision that define the graphs."""

    revision: str
    down_revision: str | tuple[str, ...] | None
    dependencies: str | tuple[str, ...] | None
    own_labels: frozenset[str]

    @property
    def down_revisions(self) -> tuple[str, ...]: ...


class DependencyGraphs:
    """The graph of the parents (``lineage``), that of parents and dependencies (``whole``), and the labels.

    The two graphs are the same object if there are no dependencies. ``missing`` are, by id, the names of parents and
    dependencies that do not exist. Raises CycleDetected or a subclass; with ``tolerant`` one edge of each cycle is
    removed, and its revisions are in ``cyclic``.
    """

    def __init__(self, revisions: Sequence[HasParents], names: Names, tolerant: bool) -> None:
        self._revisions, self._names, self._tolerant = revisions, names, tolerant
        self.missing: Mapping[str, tuple[str, ...]] = {}
        self.cyclic: dict[str, CycleDetected] = {}
        self.lineage, self.whole = self._graphs()
        self.labels_at: Mapping[int, frozenset[str]] = self._spread_labels()

    def _graphs(self) -> tuple[Graph, Graph]:
        """Return the graph of the parents, and that of parents and dependencies."""
        parents: list[tuple[int, ...]] = []
        both: list[tuple[int, ...]] = []
        missing: dict[str, tuple[str, ...]] = {}
        node_of = self._names.node_of
        for revision in self._revisions:
            down = revision.down_revision
            if revision.dependencies is None and (down is None or down in node_of):
                if down is None:
                    above: tuple[int, ...] = ()
                else:
                    above = (node_of[down],)
                parents.append(above)
                both.append(above)
                continue
            lost = [name for name in revision.down_revisions if name not in node_of]
            needed = [self._dependency(name, lost) for name in as_tuple(revision.dependencies)]
            above = tuple(dict.fromkeys(node_of[name] for name in revision.down_revisions if name in node_of))
            parents.append(above)
            both.append(tuple(dict.fromkeys((*above, *(node for node in needed if node is not None)))))
            if lost:
                missing[revision.revision] = tuple(lost)
        self.missing = missing
        lineage = Graph(parents)
        if not lineage.is_acyclic:
            self._open_cycles(parents, both, LoopDetected, CycleDetected)
            lineage = Graph(parents)
        if parents == both:
            return lineage, lineage
        whole = Graph(both)
        if not whole.is_acyclic:
            self._open_cycles(both, parents, DependencyLoopDetected, DependencyCycleDetected)
            lineage, whole = Graph(parents), Graph(both)
        return lineage, whole

    def _dependency(self, name: str, lost: list[str]) -> int | None:
        try:
            return self._names.find(name)
        except ResolutionError:
            lost.append(name)
            return None

    def _open_cycles(
        self,
        parents: list[tuple[int, ...]],
        others: list[tuple[int, ...]],
        loop: type[CycleDetected],
        cycle: type[CycleDetected],
    ) -> None:
        """Raise for a cycle among ``parents``; if tolerant, remove the edge that closes it, and record the cycle."""
        while nodes := find_cycle(parents):
            error = (loop if len(nodes) == 1 else cycle)([self._names.ids[node] for node in nodes])
            if not self._tolerant:
                raise error
            self.cyclic.update((self._names.ids[node], error) for node in nodes)
            for edges in (parents, others):
                edges[nodes[-1]] = tuple(node for node in edges[nodes[-1]] if node != nodes[0])

    def _spread_labels(self) -> dict[int, frozenset[str]]:
        """Return the labels by node: those of its ancestors, and of its descendants up to the branch point."""
        labels: dict[int, frozenset[str]] = {}
        for label, names in self._names.labels.items():
            for start in map(self._names.node_of.__getitem__, names):
                for node in self.lineage.line(start):
                    labels[node] = labels.get(node, frozenset()) | {label}
        return labels


def declared_labels(revisions: Iterable[HasParents]) -> dict[str, tuple[str, ...]]:
    """Return by label the ids of the revisions that declare it."""
    labels: dict[str, tuple[str, ...]] = {}
    for revision in revisions:
        if revision.own_labels:
            for label in sorted(revision.own_labels):
                labels[label] = (*labels.get(label, ()), revision.revision)
    return labels
