"""The schema at each place of a history; the states of two places share the tables that no revision between changes."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import MetaData
from sqlalchemy.engine import Dialect

from ..operations.containers import BatchOps
from ..operations.operation import MigrateOperation
from ..operations.schema_state import Place, SchemaState, TableState
from ..recording import Recording, operations_of
from ..schema import Incomplete, state_of
from ..script import ScriptDirectory
from ..util.exc import UnknownEffect
from .candidate import Heads
from .confirmed import Effect
from .follow import follow
from .scratch_states import ScratchStates

MOST_PLACES = 4000
"""How many combinations of heads are tried; a history with more is tried along its revisions only."""


@dataclass(frozen=True, slots=True)
class PlaceState:
    """A place in the history: its heads, its schema, the tables that differ from the place before it.

    ``applied`` has a bit for each revision that is applied there, by its node.
    """

    heads: Heads
    applied: int
    state: SchemaState
    before: PlaceState | None = None
    touched: frozenset[Place] = frozenset()
    incomplete: tuple[Incomplete, ...] = ()


class _Shared(dict[Place, TableState]):
    """The tables of the place before, each copied when it is first used."""

    def __init__(self, tables: Mapping[Place, TableState]) -> None:
        super().__init__(tables)
        self.copied: set[Place] = set()

    def _own(self, place: Place) -> None:
        if place in self.copied or place not in self:
            return
        self.copied.add(place)
        table = copy.copy(super().__getitem__(place))
        table.columns, table.options = dict(table.columns), dict(table.options)
        table.constraints, table.indexes = list(table.constraints), list(table.indexes)
        super().__setitem__(place, table)

    def __setitem__(self, place: Place, table: TableState) -> None:
        self.copied.add(place)  # it is new: the operation that sets it may still change it
        super().__setitem__(place, table)

    def get(self, place: Place, default: TableState | None = None) -> TableState | None:  # type: ignore[override]
        self._own(place)
        return super().get(place, default)

    def __getitem__(self, place: Place) -> TableState:
        self._own(place)
        return super().__getitem__(place)

    def values(self) -> Iterable[TableState]:  # type: ignore[override]
        for place in self:
            self._own(place)
        return super().values()

    def items(self) -> Iterable[tuple[Place, TableState]]:  # type: ignore[override]
        for place in self:
            self._own(place)
        return super().items()


@dataclass(slots=True)
class History:
    """All places of a history; ``is_partial`` says that there are more combinations of heads than were tried.

    ``scratch`` runs revisions that cannot be followed; ``start`` has the naming convention of the models.
    """

    scripts: ScriptDirectory
    dialect: Dialect
    may_run: bool = True
    confirmed: Mapping[str, Effect] = field(default_factory=dict)
    scratch: ScratchStates | None = None
    start: MetaData | None = None
    is_partial: bool = False
    _recordings: dict[int, Recording] = field(default_factory=dict)
    _unknown: set[int] = field(default_factory=set)

    def places(self) -> Iterator[PlaceState]:
        """Yield base, then every set of heads that upgrades can lead to, each after one that it follows.

        Of the ways to a place, one whose last revision can be followed comes first: nothing needs to run for it.
        """
        parents = self.scripts.map.whole.parents
        needs = [sum(1 << parent for parent in above) for above in parents]
        base = PlaceState((), 0, state_of(self.start, self.dialect))
        seen = {base.applied}
        waiting = [(base, [node for node, need in enumerate(needs) if not need])]
        most = max(MOST_PLACES, 2 * len(parents))
        yield base
        while waiting and not self.is_partial:
            following: list[tuple[PlaceState, list[int]]] = []
            steps = [(place, ready, node) for place, ready in waiting for node in ready]
            for place, ready, node in sorted(steps, key=lambda step: step[2] in self._unknown):
                applied = place.applied | 1 << node
                if applied in seen:
                    continue
                if len(seen) > most:
                    self.is_partial = True
                    break
                seen.add(applied)
                after = self._after(place, node)
                children = self.scripts.map.whole.children[node]
                free = [child for child in children if needs[child] & applied == needs[child]]
                following.append((after, [*(each for each in ready if each != node), *free]))
                yield after
            waiting = following
        if self.is_partial:
            yield from self._along(seen, base)

    def at(self, heads: Iterable[str]) -> PlaceState:
        """Return the place of some heads, with all that they need."""
        revisions = self.scripts.map
        base = PlaceState((), 0, state_of(self.start, self.dialect))
        return self._from(base, revisions.whole.up(revisions.nodes(heads)))

    def _along(self, seen: set[int], base: PlaceState) -> Iterator[PlaceState]:
        """Yield the places of each revision alone, with what it needs, and those in the order of ``upgrade heads``."""
        graph, place = self.scripts.map.whole, base
        order = graph.order(range(len(graph.parents)))
        for node in order:
            place = self._after(place, node)
            if place.applied not in seen:
                seen.add(place.applied)
                yield place
        alone: dict[int, PlaceState] = {base.applied: base}
        for node in order:
            needed = graph.up({node}) - {node}
            before = alone.get(sum(1 << each for each in needed)) or self._from(base, needed)
            found = self._after(before, node)
            alone[found.applied] = found
            if found.applied not in seen:
                seen.add(found.applied)
                yield found

    def _from(self, place: PlaceState, nodes: set[int]) -> PlaceState:
        for node in self.scripts.map.whole.order(nodes):
            place = self._after(place, node)
        return place

    def _after(self, before: PlaceState, node: int) -> PlaceState:
        """Return the place that one more revision leads to."""
        revision = self.scripts.map.name_of(node)
        tables = _Shared(before.state.tables)
        state = copy.copy(before.state)
        state.tables, state.enums = tables, dict(before.state.enums)
        state.sequences, state.schemas = dict(before.state.sequences), list(before.state.schemas)
        removed = set(self.scripts.map.whole.parents[node])
        heads = tuple(sorted({*before.heads, revision} - {self.scripts.map.name_of(each) for each in removed}))
        applied = before.applied | 1 << node
        incomplete = before.incomplete + tuple(
            self._apply(node, revision, state, is_incomplete=bool(before.incomplete))
        )
        if len(incomplete) > len(before.incomplete) and self.scratch is not None:
            self._unknown.add(node)
            ran = self._ran(before, (heads, applied), revision)
            if ran is not None:
                state, incomplete = ran, ()
        touched = set(state.tables.keys() ^ before.state.tables.keys())
        used = tables.copied if state.tables is tables else set(state.tables)
        used |= {place for place in state.tables if _is_other(before.state.tables, state.tables, place)}
        touched |= {place for place in used if _differs(before.state.tables, state.tables, place)}
        return PlaceState(heads, applied, state, before, frozenset(touched), incomplete)

    def _ran(self, before: PlaceState, place: tuple[Heads, int], revision: str) -> SchemaState | None:
        """Return the state after a revision that cannot be followed was run; None without a scratch database."""
        if self.scratch is None:
            return None
        is_known = not before.incomplete
        return self.scratch.after((before.heads, before.applied), place, revision, before.state, is_known=is_known)

    def _apply(self, node: int, revision: str, state: SchemaState, *, is_incomplete: bool) -> Iterator[Incomplete]:
        recording = self._recordings.get(node)
        if recording is None:
            script = self.scripts.get_revision(revision)
            assert script is not None, "a node has a file"
            known = None if is_incomplete else state
            recording = operations_of(script, self.dialect, may_run=self.may_run, state=known, is_part=True)
            if not recording.inspects:
                self._recordings[node] = recording
        for each in recording.unread:
            yield Incomplete(revision, each.line, f"code: {each.text}")
        for line, operation in with_lines(recording):
            try:
                follow(operation, state, self.confirmed)
            except UnknownEffect as error:
                yield Incomplete(revision, line, str(error))


def with_lines(recording: Recording) -> Iterator[tuple[int, MigrateOperation]]:
    """Yield each operation with its line; a batch has that of its first operation."""
    position = 0
    for operation in recording.with_batches().ops:
        yield recording.lines[position] if position < len(recording.lines) else 0, operation
        position += len(operation.ops) if isinstance(operation, BatchOps) else 1


def _is_other(before: dict[Place, TableState], after: dict[Place, TableState], place: Place) -> bool:
    return dict.get(before, place) is not dict.get(after, place)


def _differs(before: dict[Place, TableState], after: dict[Place, TableState], place: Place) -> bool:
    """Return whether a table was changed; its columns and constraints are never changed in place, only replaced."""
    old, new = dict.get(before, place), dict.get(after, place)
    if old is None or new is None:
        return old is not new
    return _parts(old) != _parts(new)


def _parts(table: TableState) -> tuple[object, ...]:
    items = (*table.columns.values(), *table.constraints, *table.indexes)
    return (table.name, table.comment, str(table.options), list(table.columns), [id(each) for each in items])
