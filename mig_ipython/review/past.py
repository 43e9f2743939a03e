"""What was done, step by step, and the way back."""

from __future__ import annotations

from kernel_core.util.exc import CommandError

from .row import Row

LIMIT = 500
"""How many acts can be undone."""

Rows = tuple[Row, ...]


class Past:
    """The rows as they are, as they were before each act, and as they were before each undo."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._before: list[tuple[Rows, str]] = []
        self._after: list[tuple[Rows, str]] = []
        self._last_key = max((row.key for row in rows), default=0)

    @property
    def can_undo(self) -> bool:
        """Whether an act can be taken back."""
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        """Whether an act that was taken back can be done again."""
        return bool(self._after)

    def next_key(self) -> int:
        """Return a key that no row has had."""
        self._last_key += 1
        return self._last_key

    def add(self, rows: Rows, said: str) -> None:
        """Make ``rows`` the present; an act that changed nothing is not remembered."""
        if rows == self.rows:
            return
        self._before.append((self.rows, said))
        del self._before[:-LIMIT]
        self._after.clear()
        self.rows = rows

    def undo(self) -> str:
        """Go one act back and return what that act had said; raises CommandError at the beginning."""
        if not self._before:
            raise CommandError("There is nothing to undo.")
        rows, said = self._before.pop()
        self._after.append((self.rows, said))
        self.rows = rows
        return said

    def redo(self) -> str:
        """Go one act forward again and return what it had said; raises CommandError at the end."""
        if not self._after:
            raise CommandError("There is nothing to redo.")
        rows, said = self._after.pop()
        self._before.append((self.rows, said))
        self.rows = rows
        return said
