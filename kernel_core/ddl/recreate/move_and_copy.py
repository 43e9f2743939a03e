"""The steps of move and copy: columns are renamed in place, all other changes are made by one copy of the table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

from ...operations.batch import Batch
from ...util.exc import UnsupportedOperation
from ..columnchange import ColumnChange
from .hooks import RecreatesTables
from .table_edit import TableEdit

_COMMENTS = ("create_table_comment", "change_table_comment", "drop_table_comment")


class MoveAndCopy(ABC):
    """One move and copy. A subclass reads the old table's definition, and replaces the old table by the new one.

    ``new`` is the edited definition. It is read again after each column that is renamed.
    """

    new: TableEdit

    def __init__(self, impl: RecreatesTables, batch: Batch) -> None:
        self.impl, self.batch = impl, batch

    @abstractmethod
    def read_renamed(self, before: str, after: str) -> None:
        """Set ``new`` to the table's definition after a column was renamed."""

    @abstractmethod
    def carry_out(self) -> None:
        """Create the new table, copy the rows, and replace the old table."""

    def run(self) -> None:
        """Make every change: rename columns and set comments in place, all others by copying the rows once."""
        self.new.apply_options()
        comments = []
        for change in self.batch.changes:
            if change.method in _COMMENTS:
                comments.append(change)
            elif change.method == "alter_column" and change.kw.get("name") is not None:
                self._rename_in_place(ColumnChange.of(*change.args, **change.kw))
            else:
                change.replay(self.new)
        self.new.reorder()
        self.new.conclude()
        if self.new.changed or self.batch.options.recreate == "always":
            self.carry_out()
        for change in comments:
            change.replay(self.impl)

    def refuse_include_columns(self) -> None:
        """Refuse the one option of reflection that would drop the other columns."""
        if "include_columns" in self.batch.options.reflect_kwargs:
            raise self.batch.refuse("include_columns in reflect_kwargs would lose the others. Use drop_column")

    def refuse_unknown(self) -> None:
        """Refuse a script in which the table's definition is not known."""
        if self.batch.options.copy_from is not None or not self.impl.as_sql:
            return
        reason = ""
        try:
            if self.impl.catalog() is not None:
                return
        except UnsupportedOperation as error:
            reason = f" ({error})"
        raise UnsupportedOperation(
            f"Table {self.batch.table_name!r} must be rebuilt, and offline its definition cannot be read{reason}. "
            "Pass copy_from= with a Table, or run it on a live database."
        )

    def _rename_in_place(self, change: ColumnChange) -> None:
        """Rename a column by a separate statement.

        The database then also renames it in indexes, constraints, triggers and views, which a copy could not.
        """
        assert change.name is not None, "the caller has a new name"
        if self.new.changed and self.impl.as_sql and self.batch.options.copy_from is not None:
            raise self.batch.refuse("offline, columns are renamed before all other changes of a batch")
        if self.new.changed:
            self.carry_out()
        before, after = change.column_name, change.name
        self.impl.alter_column(self.batch.table_name, before, name=after, schema=self.batch.schema)
        self.read_renamed(before, after)
        if not change.only_renames:
            self.new.change_column(replace(change, column_name=after, name=None))
