"""`Revision`: one revision, a node of the graph of all revisions."""

from __future__ import annotations

from typing import Protocol

from ..util.exc import CommandError, DependencyLoopDetected, LoopDetected, RevisionError
from .graph import Graph
from .names import FORBIDDEN
from .rev_ids import RevIds, as_tuple, compact_ids


class Relatives(Protocol):
    """The graph that a revision is in: the `RevisionMap`, as far as a revision reads it."""

    @property
    def lineage(self) -> Graph:
        """The graph of the parents."""

    @property
    def whole(self) -> Graph:
        """The graph of the parents and the dependencies."""

    def name_of(self, node: int) -> str:
        """Return the id of a node."""

    def labels_at(self, node: int) -> frozenset[str]:
        """Return the labels of the branches that a node is on."""


class Revision:
    """One revision: its id, its parents, what it depends on, and the labels that it gives its branch.

    ``down_revision`` and ``dependencies`` are None, a string, or a tuple. Properties that depend on other revisions
    (`nextrev`, `is_head`, `branch_labels`, ...) are those of the map that the revision is in.
    """

    __slots__ = ("_map", "_node", "dependencies", "down_revision", "own_labels", "revision")

    def __init__(
        self, revision: str, down_revision: RevIds, dependencies: RevIds = None, branch_labels: RevIds = None
    ) -> None:
        self.revision = revision
        self.down_revision: str | tuple[str, ...] | None = compact_ids(down_revision)
        self.dependencies: str | tuple[str, ...] | None = compact_ids(dependencies)
        self.own_labels: frozenset[str] = frozenset(as_tuple(branch_labels))
        self._map: Relatives | None = None
        self._node = -1
        self.verify_rev_id(revision)
        if revision in as_tuple(down_revision):
            raise LoopDetected([revision])
        if revision in as_tuple(dependencies):
            raise DependencyLoopDetected([revision])

    @classmethod
    def verify_rev_id(cls, revision: str) -> None:
        """Raise RevisionError if ``revision`` contains a character that is not allowed in an id."""
        bad = sorted(set(revision) & set(FORBIDDEN))
        if bad:
            raise RevisionError(
                f"Revision {revision!r} contains {' '.join(bad)}, which is not allowed in an id. Rename it."
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.revision!r}, {self.down_revision!r})"

    @property
    def doc(self) -> str:
        """The message of the revision; empty unless it comes from a file."""
        return ""

    @property
    def down_revisions(self) -> tuple[str, ...]:
        """The ids of the parents, always as a tuple."""
        return as_tuple(self.down_revision)

    @property
    def all_parents(self) -> tuple[str, ...]:
        """The ids that must be applied before this one: the parents, then the dependencies (labels resolved)."""
        if self._map is None:
            return (*self.down_revisions, *as_tuple(self.dependencies))
        return tuple(self._map.name_of(node) for node in self._map.whole.parents[self._node])

    @property
    def nextrev(self) -> frozenset[str]:
        """The ids of the revisions that name this one as their parent."""
        if self._map is None:
            return frozenset()
        return frozenset(self._map.name_of(node) for node in self._map.lineage.children[self._node])

    @property
    def branch_labels(self) -> frozenset[str]:
        """The labels of the branches that this revision is on."""
        return self.own_labels if self._map is None else self._map.labels_at(self._node)

    @property
    def is_head(self) -> bool:
        """Whether no revision names this one as its parent."""
        return not self.nextrev

    @property
    def is_needed(self) -> bool:
        """Whether another revision has this one as parent or dependency; then it has no row in the version table."""
        return self._map is not None and bool(self._map.whole.children[self._node])

    @property
    def is_base(self) -> bool:
        """Whether it has no parent."""
        return not self.down_revisions

    @property
    def is_branch_point(self) -> bool:
        """Whether several revisions name this one as their parent."""
        return len(self.nextrev) > 1

    @property
    def is_merge_point(self) -> bool:
        """Whether it has several parents."""
        return len(self.down_revisions) > 1

    @property
    def replaces(self) -> tuple[str, ...]:
        """The revisions in place of which a squashed one is; () unless the revision comes from a file."""
        return ()

    def line_of(self, name: str) -> int | None:
        """Return the line on which an identifier is assigned; None unless the revision comes from a file."""
        return None

    def problem(self) -> CommandError | None:
        """Return why this revision cannot be run, None if it can."""
        return None

    def prepare(self) -> CommandError | None:
        """Return the `problem`, and keep the compiled file for the run that follows."""
        return self.problem()
