"""Which operations the rows of a table can block: one method for each kind of operation.

Two classes implement them. A rehearsal (`checks`) finds the rows that have stopped an operation. A plan
(`mig_ipython.running.data_checks`) counts them before the run, in tables as earlier steps will leave them. The
conditions of these rows are the same for both: they are in `conditions` and `type_changes`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from ...operations.operation import MigrateOperation
from ...operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateCheckConstraintOp,
    CreateExcludeConstraintOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateUniqueConstraintOp,
    SetEnumValuesOp,
    SetTableOptionsOp,
)
from .conditions import is_checked_later

_Found = TypeVar("_Found")


BLOCKED: Mapping[type[MigrateOperation], str] = {
    AddColumnOp: "added_column",
    AlterColumnOp: "altered_column",
    CreateUniqueConstraintOp: "unique",
    CreateIndexOp: "unique",
    CreatePrimaryKeyOp: "primary_key",
    CreateForeignKeyOp: "foreign_key",
    CreateCheckConstraintOp: "check",
    CreateExcludeConstraintOp: "exclusion",
    SetEnumValuesOp: "enum_values",
    SetTableOptionsOp: "table_options",
}
"""The operations that rows can block, each with the method of `RowChecks` that finds these rows."""


def takes_any_rows(operation: MigrateOperation) -> bool:
    """Return whether an operation of such a kind compares no rows: an index that is not unique, or NOT VALID."""
    if isinstance(operation, CreateIndexOp):
        return not operation.unique
    return isinstance(operation, CreateForeignKeyOp | CreateCheckConstraintOp) and is_checked_later(operation)


class RowChecks(ABC, Generic[_Found]):
    """Finds the rows that an operation cannot take, in the tables as they are before it."""

    def of(self, operation: MigrateOperation) -> Iterator[_Found] | None:
        """Return what is found for an operation; None for one that no row can block."""
        if takes_any_rows(operation):
            return iter(())
        name = next((name for kind, name in BLOCKED.items() if isinstance(operation, kind)), None)
        found: Iterator[_Found] | None = None if name is None else getattr(self, name)(operation)
        return found

    @abstractmethod
    def added_column(self, operation: AddColumnOp) -> Iterator[_Found]:
        """Find the rows of a table that gets a column for which they have no value, or no different ones."""

    @abstractmethod
    def altered_column(self, operation: AlterColumnOp) -> Iterator[_Found]:
        """Find NULLs that a column may no longer have, and values that do not fit its new type."""

    @abstractmethod
    def unique(self, operation: CreateUniqueConstraintOp | CreateIndexOp) -> Iterator[_Found]:
        """Find the rows whose values another row has too."""

    @abstractmethod
    def primary_key(self, operation: CreatePrimaryKeyOp) -> Iterator[_Found]:
        """Find the rows whose values another row has too, and those that have none."""

    @abstractmethod
    def foreign_key(self, operation: CreateForeignKeyOp) -> Iterator[_Found]:
        """Find the rows that refer to a missing row."""

    @abstractmethod
    def check(self, operation: CreateCheckConstraintOp) -> Iterator[_Found]:
        """Find the rows for which the condition is false."""

    @abstractmethod
    def exclusion(self, operation: CreateExcludeConstraintOp) -> Iterator[_Found]:
        """Find the rows that exclude each other."""

    @abstractmethod
    def enum_values(self, operation: SetEnumValuesOp) -> Iterator[_Found]:
        """Find the rows with a value that the type loses."""

    @abstractmethod
    def table_options(self, operation: SetTableOptionsOp) -> Iterator[_Found]:
        """Find texts that the new character set of a table of MariaDB lacks, or that its collation makes equal."""
