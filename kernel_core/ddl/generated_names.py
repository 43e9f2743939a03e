"""Names that a database gives to constraints that are created without one, so that a downgrade can drop them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence

from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import conv

from ..operations.add_constraint import AddConstraintOp
from ..operations.operation import MigrateOperation

Place = tuple[str | None, str]
"""Schema and name of a table."""


class GeneratedNames:
    """Finds the name of every unnamed constraint among operations, in the order in which they run.

    A subclass knows the rules of one database. Names that are taken are read once, when the first unnamed constraint
    is seen; what the operations create and drop is followed from there. Without a connection, and where ``reads`` says
    that the rules depend on the catalog, no name is known.
    """

    reads = True

    def __init__(self, connection: Connection | None) -> None:
        self._connection: Connection | None = connection
        self._read = False

    def assign(self, operations: Iterable[MigrateOperation]) -> None:
        """Set ``generated_name`` of each constraint that has no name; None where no rule tells it."""
        several = list(operations)
        asked = [each for each in several if self.matters(each)]
        if not asked:
            return
        if not self._read and self._connection is not None and not self._connection.closed:
            self.read(self._connection, asked)
            self._read = True
        if self.reads and not self._read:
            return
        state = self.copied()
        for operation in several:
            name = state.follow(operation)
            if isinstance(operation, AddConstraintOp):
                operation.generated_name = conv(name) if name and operation.constraint_name is None else None

    def matters(self, operation: MigrateOperation) -> bool:
        """Return whether something must be found for an operation: a name, where it has none."""
        return isinstance(operation, AddConstraintOp) and operation.constraint_name is None

    def copied(self) -> GeneratedNames:
        """Return a copy that can follow operations while this one stays as it is."""
        connection, self._connection = self._connection, None
        try:
            copied = copy.deepcopy(self)
        finally:
            self._connection = connection
        return copied

    def read(self, connection: Connection, asked: Sequence[MigrateOperation]) -> None:
        """Read the names that are taken where these operations create something."""

    def follow(self, operation: MigrateOperation) -> str | None:
        """Note what an operation does; return the name that an unnamed constraint gets, None where it is not known."""
        return None
