"""Version rows that are written once for several revisions of a transaction, at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .journal.contents import AppliedContents
from .journal.table import Content
from .version_table import VersionTable


@dataclass(frozen=True, slots=True)
class Mark:
    """What was reached and written at a savepoint."""

    written: frozenset[str]
    reached: frozenset[str]
    contents: Mapping[str, Content | None]


class RowWrites:
    """The heads that the revisions of a transaction have reached, and the writing of their rows.

        rows = RowWrites(version_table, contents, heads)
        rows.reach(heads)       # after each revision
        rows.write()            # before a commit, or before code that may read them

    What is noted of the content of the files is written with them. Safe only where nothing reads the version table in
    between.
    """

    def __init__(self, table: VersionTable, contents: AppliedContents | None, heads: frozenset[str]) -> None:
        self._table, self._contents = table, contents
        self._written = self._reached = heads

    def reach(self, heads: frozenset[str]) -> None:
        """Take note of the heads; `write` writes their rows."""
        self._reached = heads

    def write(self) -> None:
        """Write the rows of the heads reached so far. Raises VersionTableChanged if a row is not as it was."""
        if self._written != self._reached:
            self._table.write(self._written, self._reached)
            self._written = self._reached
        if self._contents is not None:
            self._contents.write()

    def mark(self) -> Mark:
        """Return the state at a savepoint, for `return_to`."""
        owed = dict(self._contents.owed) if self._contents is not None else {}
        return Mark(self._written, self._reached, owed)

    def return_to(self, mark: Mark) -> None:
        """Continue from a savepoint, after a rollback to it."""
        self._written, self._reached = mark.written, mark.reached
        if self._contents is not None:
            self._contents.return_to(mark.contents)

    def restart(self, heads: frozenset[str]) -> None:
        """Continue from the heads that are in the database, after a rollback."""
        self._written = self._reached = heads
        if self._contents is not None:
            self._contents.end()
