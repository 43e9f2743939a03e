"""What a comparison of all tables has found so far, in parts that comparisons beyond the built-in ones add to."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.schema import Table

from ...operations.containers import grouped
from ...operations.operation import MigrateOperation
from ..databases.catalog import TableInfo
from .changes import Changes, ordered


@dataclass(frozen=True, slots=True)
class ComparedTable:
    """A table that both sides have: as the database describes it, as the models do, and what is to be done to it."""

    info: TableInfo
    model: Table
    changes: Changes


@dataclass(slots=True)
class Differences:
    """The operations: what new tables need, the new tables, the changes, the tables that go, more, and the last."""

    tables: list[ComparedTable]
    created: list[MigrateOperation]
    dropped: list[MigrateOperation]
    further: list[MigrateOperation] = field(default_factory=list)
    before: list[MigrateOperation] = field(default_factory=list)
    after: list[MigrateOperation] = field(default_factory=list)

    def in_order(self) -> list[MigrateOperation]:
        """Return all of them, the changes to one table together."""
        changes = ordered([pair.changes for pair in self.tables])
        return grouped([*self.before, *self.created, *changes, *self.dropped, *self.further, *self.after])
