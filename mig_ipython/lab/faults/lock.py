"""A slow colleague: a second connection that holds SQLite's write lock.

A browser has one thread, so that nothing can release the lock while a cell waits for it: it is held until it
is released by a command. Elsewhere it ends by itself.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from contextlib import closing, suppress

from kernel_core.util.exc import CommandError

HAS_THREADS = sys.platform != "emscripten"


class Holder:
    """A connection that has begun to write and does not end."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._timer: threading.Timer | None = None

    @property
    def is_holding(self) -> bool:
        """Whether the lock is held now."""
        return self._connection is not None

    def hold(self, seconds: float | None = None) -> None:
        """Begin to write; with ``seconds`` end by itself after them, where there are threads.

        Raises CommandError where another connection writes already, or where this SQLite does not lock files.
        """
        self.release()
        connection = sqlite3.connect(self.path, timeout=1, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            connection.close()
            raise CommandError(f"Another connection holds the lock already: {error}.") from error
        if not _locks(self.path):
            connection.close()
            raise CommandError("The SQLite of this browser does not lock files, so this cannot be shown here.")
        self._connection = connection
        if seconds is not None and HAS_THREADS:
            self._timer = threading.Timer(seconds, self.release)
            self._timer.daemon = True
            self._timer.start()

    def release(self) -> None:
        """End, without having written anything."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.rollback()
            connection.close()


def _locks(path: str) -> bool:
    """Return whether a second connection is refused now."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        other.execute("ROLLBACK")
    return False
