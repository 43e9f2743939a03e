"""What the new tables in the making have in common: columns come, go and change places, by names that must be there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column

from ...operations.batch import Batch, reordered
from ..columnchange import ColumnChange
from .hooks import RecreatesTables


class TableEdit(ABC):
    """A new table in the making: it answers to the names by which operations ask the database for changes.

    A subclass keeps the columns in its own way: as objects, or as text. ``changed`` tells whether there is anything to
    carry out. Raises BatchError for what the table does not have, and for what it has already.
    """

    def __init__(self, impl: RecreatesTables, batch: Batch) -> None:
        self.impl, self.batch = impl, batch
        self.dialect = impl.checking_dialect
        self.changed = False

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of the columns in their order."""

    @abstractmethod
    def arrange(self, names: Sequence[str]) -> None:
        """Put the columns into that order."""

    @abstractmethod
    def append(self, column: Column[Any]) -> None:
        """Add a column at the end."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Drop a column, and what is about it alone."""

    @abstractmethod
    def redefine(self, name: str, change: ColumnChange) -> None:
        """Give a column another type, nullability, default or comment."""

    @abstractmethod
    def take_options(self) -> None:
        """Apply what ``batch_alter_table`` itself was given for the new table."""

    def conclude(self) -> None:  # noqa: B027 - where nothing waits there is nothing to say
        """Do what waits for the end of the batch; most need nothing."""

    def find(self, name: str) -> str | None:
        """Return the name that the table itself has for a column; None where there is no such column."""
        return name if name in self.names() else None

    def existing(self, name: str) -> str:
        """Return the same for a column that must be there."""
        found = self.find(name)
        if found is None:
            raise self.batch.refuse_column(name, self.names())
        return found

    def reorder(self) -> None:
        """Put columns into the order of ``partial_reordering``."""
        groups = self.batch.options.partial_reordering
        if groups:
            self.arrange(reordered(self.batch, self.names(), groups))
            self.changed = True

    def add_column(
        self,
        table_name: str,
        column: Column[Any],
        *,
        insert_before: str | None = None,
        insert_after: str | None = None,
        if_not_exists: bool | None = None,
        **kw: Any,
    ) -> None:
        """Add a column at the end, or beside another."""
        if self.find(column.name) is None:
            self.append(column)
            self._place(column.name, insert_before, insert_after)
        elif not if_not_exists:
            raise self.batch.refuse(f"it has a column {column.name!r} already")

    def drop_column(self, table_name: str, column: Column[Any], *, if_exists: bool | None = None, **kw: Any) -> None:
        """Drop a column, and with it what is about it; what it shares with others must go first."""
        if not if_exists or self.find(str(column.name)) is not None:
            self.remove(self.existing(str(column.name)))
            self.changed = True

    def alter_column(self, table_name: str, column_name: str, **given: Any) -> None:
        """Change what is given of a column."""
        self.change_column(ColumnChange.of(table_name, column_name, **given))

    def change_column(self, change: ColumnChange) -> None:
        """Change a column, and its place."""
        name = self.existing(change.column_name)
        self.redefine(name, change)
        self._place(name, *change.beside)

    def _place(self, name: str, before: str | None, after: str | None) -> None:
        self.changed = True
        beside = before if before is not None else after
        if beside is None:
            return
        beside = self.existing(beside)
        order = [each for each in self.names() if each != name]
        order.insert(order.index(beside) + (before is None), name)
        self.arrange(order)
