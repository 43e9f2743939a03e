"""What a statement waits for on MariaDB and MySQL, and the limit of the wait.

For locks on rows InnoDB knows the holder. For locks on tables (metadata locks) only MariaDB's plugin METADATA_LOCK_INFO
and the performance schema do, which may be missing; then the sessions are named that may hold it.
(https://mariadb.com/kb/en/metadata-locking/, https://dev.mysql.com/doc/refman/8.4/en/sys-innodb-lock-waits.html)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from ..driver import driver_cursor
from ..lock_wait import Holder, LockWait
from ..run_lock import SecondConnection

_STATE = "SELECT state, info FROM information_schema.processlist WHERE id = :id"
_ROWS = (
    "SELECT locked_table AS locked, blocking_pid AS holder FROM sys.innodb_lock_waits WHERE waiting_pid = :id",
    """SELECT l.lock_table AS locked, b.trx_mysql_thread_id AS holder FROM information_schema.innodb_lock_waits w
    JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_trx_id
    JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_trx_id
    JOIN information_schema.innodb_locks l ON l.lock_id = w.requested_lock_id WHERE r.trx_mysql_thread_id = :id""",
)
_TABLES = (
    """SELECT object_name AS locked, blocking_pid AS holder FROM sys.schema_table_lock_waits
    WHERE waiting_pid = :id AND blocking_pid <> :id""",
    """SELECT m.table_name AS locked, m.thread_id AS holder FROM information_schema.metadata_lock_info m
    JOIN information_schema.processlist p ON p.id = :id WHERE m.thread_id <> :id AND m.table_name <> ''
    AND m.lock_type LIKE 'Table metadata%' AND INSTR(p.info, m.table_name) > 0""",
)
_POSSIBLE = (
    """SELECT '' AS locked, p.id AS holder FROM information_schema.processlist p
    JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id WHERE p.id NOT IN (:id, CONNECTION_ID())""",
    """SELECT '' AS locked, p.id AS holder FROM information_schema.processlist p
    WHERE p.id NOT IN (:id, CONNECTION_ID()) AND p.db = DATABASE() AND p.command <> 'Daemon'""",
)
_SESSION = (
    """SELECT p.user AS user, p.host AS host, p.command AS command, p.time AS time, p.info AS info,
    t.trx_started IS NOT NULL AS in_transaction FROM information_schema.processlist p
    LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id WHERE p.id = :id""",
    """SELECT p.user AS user, p.host AS host, p.command AS command, p.time AS time, p.info AS info, 0 AS in_transaction
    FROM information_schema.processlist p WHERE p.id = :id""",
)
_LIMITS = ("lock_wait_timeout", "innodb_lock_wait_timeout")


class BlockingConnections:
    """Reads which connections block the one of the run."""

    def __init__(self, connection: Connection) -> None:
        self._second = SecondConnection(connection)
        driver: Any = connection.connection.driver_connection
        self._number = int(driver.thread_id())  # mysqlclient does not tell it in another thread during a statement

    def read(self) -> LockWait | None:
        second, number = self._second.opened(), self._number
        rows = self._first(second, _ROWS, number)
        if rows:
            table = str(rows[0].locked or "").replace("`", "").rpartition(".")[2]
            return LockWait(f"a row of {table}", self._holders(second, rows))
        state = second.execute(text(_STATE), {"id": number}).first()
        if state is None or not _is_wait(str(state[0] or "")):
            return None
        rows = self._first(second, _TABLES, number)
        if rows:
            return LockWait(str(rows[0].locked), self._holders(second, rows))
        rows = self._first(second, _POSSIBLE, number)
        return LockWait("a table", self._holders(second, rows), is_certain=False)

    def close(self) -> None:
        self._second.close()

    def _holders(self, second: Connection, rows: Sequence[Row[Any]]) -> tuple[Holder, ...]:
        return tuple(self._holder(second, number) for number in sorted({int(row.holder) for row in rows}))

    def _holder(self, second: Connection, number: int) -> Holder:
        found = self._first(second, _SESSION, number)
        if not found:
            return Holder("connection", number)
        row = found[0]
        is_idle = row.command == "Sleep"
        activity = "idle in transaction" if is_idle and row.in_transaction else "idle" if is_idle else "running"
        host = str(row.host or "").partition(":")[0]
        return Holder(
            "connection", number, str(row.user or ""), "", host, f"{activity} for {row.time} s", row.info or ""
        )

    def _first(self, second: Connection, queries: Sequence[str], number: int) -> Sequence[Row[Any]]:
        """Return the rows of the first query that finds some; this server or this user's privileges may lack others."""
        for query in queries:
            with suppress(DBAPIError):
                rows = second.execute(text(query), {"id": number}).all()
                if rows:
                    return rows
        return ()


def _is_wait(state: str) -> bool:
    """Return whether a state of the process list, ``Waiting for table metadata lock``, is a wait for a lock."""
    lowered = state.lower()
    return lowered.startswith("waiting for") and (" lock" in lowered or "flush" in lowered)


@contextmanager
def limited_waits(connection: Connection, seconds: float) -> Iterator[None]:
    """Limit how long each statement in the block waits for a lock on a table or a row, in whole seconds."""
    least = 0 if getattr(connection.dialect, "is_mariadb", False) else 1
    limit = max(least, math.ceil(seconds))
    with driver_cursor(connection) as cursor:
        cursor.execute(f"SELECT {', '.join(f'@@SESSION.{name}' for name in _LIMITS)}")
        before = cursor.fetchone()
        _set(cursor, (limit, limit))
    try:
        yield
    finally:
        if before is not None and not connection.closed and not connection.invalidated:
            with suppress(Exception), driver_cursor(connection) as cursor:
                _set(cursor, tuple(before))


def _set(cursor: Any, values: tuple[int, ...]) -> None:
    pairs = zip(_LIMITS, values, strict=True)
    cursor.execute(f"SET {', '.join(f'SESSION {name} = {int(value)}' for name, value in pairs)}")
