"""The run lock on SQLite: a locked file next to the database file.

SQLite's own lock ends with each transaction, and a run may have several. A database in memory has no file; only threads
of one process can share it.
"""

from __future__ import annotations

import re
import threading
import zlib

from sqlalchemy import Table
from sqlalchemy.engine import Connection

from ...util.file_lock import FileLock
from ..run_lock import RunLock


def run_lock(connection: Connection, table: Table, schema: str | None) -> RunLock:
    """Return the lock of a version table: of its database's file, or of the connection for a database in memory."""
    driver = connection.connection.dbapi_connection
    assert driver is not None, "a connection in use"
    cursor = driver.cursor()
    try:  # past SQLAlchemy, which would begin a transaction
        cursor.execute("PRAGMA database_list")
        paths = {name.casefold(): path for _, name, path in cursor.fetchall()}
    finally:
        cursor.close()
    path = paths.get((schema or "main").casefold()) or ""
    if not path:
        return MemoryLock(id(driver), table.name)
    plain = re.fullmatch(r"\w{1,100}", table.name, re.ASCII)
    name = table.name if plain else f"{zlib.crc32(table.name.encode()):08x}"
    return DatabaseFileLock(f"{path}-{name}.lock")


class DatabaseFileLock:
    """A `FileLock`; none where the folder cannot be written to: SQLite cannot write to the database there either."""

    before_reading = False

    def __init__(self, path: str) -> None:
        self._lock = FileLock(path)
        self._held = False

    def found(self) -> None:
        """Return None: tables are not read."""

    def acquire(self) -> bool:
        try:
            self._held = self._lock.acquire()
        except OSError:
            return True
        return self._held

    def release(self) -> None:
        if self._held:
            self._held = False
            self._lock.release()

    def is_held(self) -> bool:
        try:
            return self._lock.is_held_by_another()
        except OSError:
            return False

    def holder(self) -> str:
        return self._lock.holder()


class MemoryLock:
    """A lock among the threads that share one connection to a database in memory; reentrant for a thread."""

    before_reading = False

    _holders: dict[tuple[int, str], tuple[int, int]] = {}  # noqa: RUF012 - key: (thread, depth), of the whole process
    _guard = threading.Lock()

    def __init__(self, database: int, table_name: str) -> None:
        self._key = database, table_name
        self._held = False

    def found(self) -> None:
        """Return None: tables are not read."""

    def acquire(self) -> bool:
        thread = threading.get_ident()
        with self._guard:
            holder, depth = self._holders.get(self._key, (thread, 0))
            if holder == thread:
                self._holders[self._key] = thread, depth + 1
                self._held = True
            return self._held

    def release(self) -> None:
        if not self._held:
            return
        self._held = False
        with self._guard:
            thread, depth = self._holders.pop(self._key)
            if depth > 1:
                self._holders[self._key] = thread, depth - 1

    def is_held(self) -> bool:
        thread = threading.get_ident()
        return self._holders.get(self._key, (thread, 0))[0] != thread

    def holder(self) -> str:
        return "another thread of this process"
