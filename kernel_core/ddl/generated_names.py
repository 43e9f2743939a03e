"""Names that a database gives to constraints that are created without one, so that a downgrade can drop them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import conv

from ..operations.add_constraint import AddConstraintOp
from ..operations.operation import MigrateOperation

Place = tuple[str | None, str]
"""Schema and name of a table."""
Undo = Callable[[Any], Sequence[MigrateOperation]]
"""Returns the operations that undo an operation, which is its argument."""


@dataclass(frozen=True, slots=True)
class Created:
    """What the database creates implicitly with an operation.

    ``name`` is that of an unnamed constraint, None where it is not known; ``undo`` what undoes the operation where its
    ``reverse()`` would leave something behind.
    """

    name: str | None = None
    undo: Undo | None = None


NOTHING = Created()


class GeneratedNames:
    """Predicts the name of every unnamed constraint among operations, in the order in which they run.

    A subclass knows the rules of one database. The existing names are read once, for the first unnamed constraint;
    from there the operations' effect on them is tracked. ``reads`` is whether the rules depend on the catalog: then no
    name is known without a connection.
    """

    reads = True

    def __init__(self, connection: Connection | None) -> None:
        self._connection: Connection | None = connection
        self._read = False

    def named(self, operations: Iterable[MigrateOperation]) -> dict[int, MigrateOperation]:
        """Return the operations that change, by the ``id()`` of the given ones.

        An unnamed constraint has a ``generated_name``; what ``reverse()`` would not undo completely has ``undone_by``.
        The operations carry both from here to the rendering of ``downgrade()``.
        """
        several = list(operations)
        changed: dict[int, MigrateOperation] = {}
        for operation, created in zip(several, self.created_by(several), strict=False):
            values: dict[str, object] = {}
            if isinstance(operation, AddConstraintOp):
                is_unnamed = not operation.constraint_name
                values["generated_name"] = conv(created.name) if created.name and is_unnamed else None
            if created.undo is not None:
                values["undone_by"] = created.undo
            if any(getattr(operation, name) != value for name, value in values.items()):
                changed[id(operation)] = operation.changed(**values)
        return changed

    def created_by(self, operations: Sequence[MigrateOperation]) -> list[Created]:
        """Return what the database creates with each operation; an empty list where nothing is to be known."""
        relevant = [each for each in operations if self.is_relevant(each)]
        if relevant and not self._read and self._connection is not None and not self._connection.closed:
            self.read(self._connection, relevant)
            self._read = True
        if not relevant or (self.reads and not self._read):
            return []
        state = self.copied()
        return [state.track(operation) for operation in operations]

    def is_relevant(self, operation: MigrateOperation) -> bool:
        """Return whether the database may create something implicitly with an operation."""
        return isinstance(operation, AddConstraintOp) and not operation.constraint_name

    def copied(self) -> GeneratedNames:
        """Return a copy that tracks operations, while this one keeps the names that were read."""
        return copy.deepcopy(self, {id(self._connection): None, **{id(each): each for each in self.shared()}})

    def shared(self) -> tuple[object, ...]:
        """Return what a copy has in common with this one."""
        return ()

    def read(self, connection: Connection, relevant: Sequence[MigrateOperation]) -> None:
        """Read the existing names of the tables and schemas in which these operations create something."""

    def track(self, operation: MigrateOperation) -> Created:
        """Apply an operation to the names; return what the database creates with it."""
        return NOTHING
