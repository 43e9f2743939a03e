"""The order of a move and copy: new names in place, all other changes on a new table whose rows are moved once."""

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
    """One move and copy; a subclass knows how its database is read, and how the new table takes the old one's place.

    ``new`` is the table in the making. It is read again after each new name.
    """

    new: TableEdit

    def __init__(self, impl: RecreatesTables, batch: Batch) -> None:
        self.impl, self.batch = impl, batch

    @abstractmethod
    def read_renamed(self, before: str, after: str) -> None:
        """Set ``new`` to the table as it is after a column got another name."""

    @abstractmethod
    def carry_out(self) -> None:
        """Put the new table in the old one's place."""

    def run(self) -> None:
        """Make every change: names of columns and comments in place, all others by moving the rows once."""
        self.new.take_options()
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

    def refuse_unknown(self) -> None:
        """Refuse a table whose definition nobody has told, in a script."""
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
        """Let the database rename the column wherever it is used, then go on from there."""
        assert change.name is not None, "only a new name is given in place"
        if self.new.changed and self.impl.as_sql and self.batch.options.copy_from is not None:
            raise self.batch.refuse("offline, new names come before all other changes of a batch")
        if self.new.changed:
            self.carry_out()
        before, after = change.column_name, change.name
        self.impl.alter_column(self.batch.table_name, before, name=after, schema=self.batch.schema)
        self.read_renamed(before, after)
        if not change.only_renames:
            self.new.change_column(replace(change, column_name=after, name=None))
