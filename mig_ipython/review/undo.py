"""Undo and redo of the changes of a review."""

from __future__ import annotations

from kernel_core.util.exc import CommandError

from .row import Row

LIMIT = 500
"""Number of changes that can be undone."""

Rows = tuple[Row, ...]


class UndoHistory:
    """The current rows, with the rows before each change and after each undone change."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._past: list[tuple[Rows, str]] = []
        self._future: list[tuple[Rows, str]] = []
        self._last_key = max((row.key for row in rows), default=0)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone change to redo."""
        return bool(self._future)

    def next_key(self) -> int:
        """Return a key that no row has had so far."""
        self._last_key += 1
        return self._last_key

    def add(self, rows: Rows, message: str) -> None:
        """Make ``rows`` current. A change that left all rows equal is not recorded."""
        if rows == self.rows:
            return
        self._past.append((self.rows, message))
        del self._past[:-LIMIT]
        self._future.clear()
        self.rows = rows

    def undo(self) -> str:
        """Undo one change and return its message. Raises CommandError if there is none."""
        if not self._past:
            raise CommandError("There is nothing to undo.")
        rows, message = self._past.pop()
        self._future.append((self.rows, message))
        self.rows = rows
        return message

    def redo(self) -> str:
        """Redo one undone change and return its message. Raises CommandError if there is none."""
        if not self._future:
            raise CommandError("There is nothing to redo.")
        rows, message = self._future.pop()
        self._past.append((self.rows, message))
        self.rows = rows
        return message
