"""The differences of all tables, to which the plugins add theirs."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.schema import Table

from ...operations.containers import grouped
from ...operations.operation import MigrateOperation
from ..databases.catalog import TableInfo
from .changes import Changes, ordered


@dataclass(frozen=True, slots=True)
class ComparedTable:
    """A table that both sides have: as it was read, as the metadata defines it, and the changes to it."""

    info: TableInfo
    model: Table
    changes: Changes


@dataclass(slots=True)
class Differences:
    """The operations, by where they run.

    ``created`` and ``dropped`` are whole tables, ``tables`` those that both sides have with their changes, ``further``
    what third-party comparisons of single tables add; ``before`` runs before all of these, ``after`` after them.
    """

    tables: list[ComparedTable]
    created: list[MigrateOperation]
    dropped: list[MigrateOperation]
    further: list[MigrateOperation] = field(default_factory=list)
    before: list[MigrateOperation] = field(default_factory=list)
    after: list[MigrateOperation] = field(default_factory=list)

    def in_order(self) -> list[MigrateOperation]:
        """Return all operations in their order, the changes to one table together."""
        changes = ordered([pair.changes for pair in self.tables])
        return grouped([*self.before, *self.created, *changes, *self.dropped, *self.further, *self.after])
