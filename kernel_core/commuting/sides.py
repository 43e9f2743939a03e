"""The two sides of two heads: what only one of them implies, as operations with their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.engine import Dialect

from ..operations.batch import BatchOptions
from ..operations.containers import BatchOps
from ..operations.operation import MigrateOperation
from ..recording import Recording, operations_of
from ..script import Script, ScriptDirectory
from .verdict import Place


@dataclass(frozen=True, slots=True)
class Located:
    """An operation and its place."""

    operation: MigrateOperation
    place: Place

    @property
    def parts(self) -> tuple[MigrateOperation, ...]:
        """The operation; for a batch that is kept whole, those in it."""
        found = tuple(self.operation.ops) if isinstance(self.operation, BatchOps) else (self.operation,)
        return tuple(each for part in found for each in (part, *part.followed_by))


@dataclass(frozen=True, slots=True)
class Side:
    """The revisions that one head implies and the other does not, in the order in which they run."""

    head: str
    revisions: tuple[str, ...]
    operations: tuple[Located, ...]
    unread: tuple[Place, ...]

    @property
    def is_empty(self) -> bool:
        """Whether its revisions do nothing, as merges do."""
        return not self.operations and not self.unread


def sides_of(
    scripts: ScriptDirectory, one: str, other: str, dialect: Dialect, *, may_run: bool
) -> tuple[tuple[str, ...], Side, Side]:
    """Return the newest revisions that both heads imply, and the two sides."""
    above = scripts.map.ancestors({one}), scripts.map.ancestors({other})
    common = tuple(sorted(scripts.map.topmost(above[0] & above[1])))
    mine = _side(scripts, one, above[0] - above[1], dialect, may_run=may_run)
    return common, mine, _side(scripts, other, above[1] - above[0], dialect, may_run=may_run)


def _side(scripts: ScriptDirectory, head: str, ids: frozenset[str], dialect: Dialect, *, may_run: bool) -> Side:
    revisions = scripts.map
    ordered = tuple(revisions.name_of(node) for node in revisions.whole.order(revisions.nodes(ids)))
    operations: list[Located] = []
    unread: list[Place] = []
    for name in ordered:
        script = scripts.get_revision(name)
        assert script is not None, "an id of the map has a file"
        recording = operations_of(script, dialect, may_run=may_run, is_part=True)
        unread += [Place(name, script.path, each.line, each.text or "code") for each in recording.unread]
        operations += located(script, recording)
    return Side(head, ordered, tuple(operations), tuple(unread))


def located(script: Script, recording: Recording) -> Iterator[Located]:
    """Yield the operations of a recording with their places; those of a batch without options one by one."""
    position = 0
    for operation in recording.with_batches().ops:
        inside = operation.ops if isinstance(operation, BatchOps) else [operation]
        is_whole = isinstance(operation, BatchOps) and operation.options != BatchOptions()
        for number, each in enumerate([operation] if is_whole else inside):
            line = recording.lines[position + number] if position + number < len(recording.lines) else 0
            yield Located(each, Place(script.revision, script.path, line, each.sentence()))
        position += len(inside)
