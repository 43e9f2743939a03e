"""Verify that the database itself was not written to during a rehearsal, where the database shows it."""

from __future__ import annotations

import os
import sqlite3
from typing import Any

from ..util.missing_files import file_of
from .clone.source import Source


class Untouched:
    """Watches a SQLite file: its data version, which a commit of any other connection changes.

    https://sqlite.org/pragma.html#pragma_data_version
    """

    def __init__(self, source: Source) -> None:
        self._connection: Any = None
        self._path = file_of(source.database) if source.kind == "sqlite" else ""
        self._existed = os.path.exists(self._path)
        if self._path and self._existed:
            is_async = source.dialect.is_async
            connected = (
                sqlite3.connect(self._path) if is_async else source.dialect.connect(*source.args, **source.options)
            )
            self._connection = connected
            self._version = self._data_version()

    def _data_version(self) -> int:
        cursor = self._connection.cursor()
        version = int(cursor.execute("PRAGMA data_version").fetchone()[0])
        cursor.close()
        return version

    def holds(self) -> bool | None:
        """Return whether nothing was written; None where that cannot be known."""
        if self._path and not self._existed:
            return not os.path.exists(self._path)
        return None if self._connection is None else self._data_version() == self._version

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
