"""Names by which a batch can drop constraints that SQLite keeps without one."""

from __future__ import annotations

from ...operations.add_constraint import AddConstraintOp
from ...operations.operation import MigrateOperation
from ..generated import GeneratedNames
from .unnamed import name_of


class SqliteNames(GeneratedNames):
    """The name of a constraint is made of what it states, and needs nothing else to be known."""

    reads = False

    def follow(self, operation: MigrateOperation) -> str | None:
        return name_of(operation.to_constraint()) if isinstance(operation, AddConstraintOp) else None
