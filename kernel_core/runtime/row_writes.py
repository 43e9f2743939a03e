"""Version rows that are written once for several revisions of a transaction, at its end."""

from __future__ import annotations

from .version_table import VersionTable


class RowWrites:
    """The heads that the revisions of a transaction have reached, and the writing of their rows.

        rows = RowWrites(version_table, heads)
        rows.reach(heads)       # after each revision
        rows.write()            # before a commit, or before code that may read them

    Safe only where nothing reads the version table in between.
    """

    def __init__(self, table: VersionTable, heads: frozenset[str]) -> None:
        self._table = table
        self._written = self.reached = heads

    def reach(self, heads: frozenset[str]) -> None:
        """Take note of the heads; `write` writes their rows."""
        self.reached = heads

    def write(self) -> None:
        """Write the rows of the heads reached so far. Raises VersionTableChanged if a row is not as it was."""
        if self._written != self.reached:
            self._table.write(self._written, self.reached)
            self._written = self.reached

    def restart(self, heads: frozenset[str]) -> None:
        """Continue from the heads that are in the database, after a rollback."""
        self._written = self.reached = heads
