"""What a statement waits for on PostgreSQL, read from pg_locks and pg_stat_activity, and the limit of the wait.

(https://www.postgresql.org/docs/current/view-pg-locks.html)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Row, event, text
from sqlalchemy.engine import Connection

from ...util.exc import CommandError
from ..driver import driver_cursor
from ..lock_wait import Holder, LockWait
from ..run_lock import SecondConnection
from .backend import known_process

# A waiter for a row's transaction holds a lock on the row, which names its table.
_WAIT = """
SELECT l.locktype, l.relation::regclass::text AS relation,
       (SELECT min(t.relation::regclass::text) FROM pg_locks t
        WHERE t.pid = l.pid AND t.locktype = 'tuple' AND t.granted) AS row_of,
       b.pid, a.usename, a.application_name, a.backend_type, coalesce(a.client_hostname, host(a.client_addr)) AS host,
       a.state, to_char(CASE a.state WHEN 'active' THEN a.query_start ELSE a.state_change END, 'HH24:MI:SS') AS since,
       a.query
FROM pg_locks l
CROSS JOIN LATERAL (SELECT DISTINCT unnest(pg_blocking_pids(l.pid)) AS pid) b
LEFT JOIN pg_stat_activity a ON a.pid = b.pid
WHERE l.pid = :pid AND NOT l.granted ORDER BY b.pid
"""
_IS_KNOWN = "SELECT count(*) FROM pg_stat_activity WHERE pid = :pid"
_LOCKS = {
    "virtualxid": "a transaction that must end first",
    "transactionid": "a row",
    "advisory": "an advisory lock",
}


class BlockingProcesses:
    """Reads which processes block the one of the run."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._second = connection, SecondConnection(connection)

    def read(self) -> LockWait | None:
        second = self._second.opened()
        values = {"pid": known_process(self._connection)}
        rows = second.execute(text(_WAIT), values).all()
        if rows:
            return LockWait(_lock(rows[0]), tuple(map(_holder, rows)))
        if not second.execute(text(_IS_KNOWN), values).scalar():
            raise CommandError("the server does not list the connection, which was closed, or goes through a pooler")
        return None

    def close(self) -> None:
        self._second.close()


def _lock(row: Row[tuple[object, ...]]) -> str:
    if row.locktype in ("tuple", "transactionid"):
        table = row.relation or row.row_of
        return f"a row of {table}" if table else "a row"
    return str(row.relation or _LOCKS.get(row.locktype, f"a {row.locktype}"))


def _holder(row: Row[tuple[object, ...]]) -> Holder:
    if row.pid == 0:
        return Holder("a prepared transaction (see pg_prepared_xacts)")
    background = row.backend_type if row.backend_type not in (None, "client backend") else ""
    state = "running" if row.state == "active" else row.state or ""
    return Holder(
        "process",
        int(row.pid),
        row.usename or "",
        row.application_name or background,
        row.host or "",
        f"{state} since {row.since}" if state and row.since else state,
        row.query or "",
    )


@contextmanager
def limited_waits(connection: Connection, seconds: float) -> Iterator[None]:
    """Limit how long each statement in the block waits for a lock.

    In a transaction the limit ends with it (SET LOCAL), so that a pooler cannot pass it on to another client. In
    AUTOCOMMIT it is set for the session and restored after the block.
    """
    limit = f"{round(seconds * 1000) or 1}ms"
    before: list[str] = []

    def begin(live: Connection) -> None:
        with driver_cursor(live) as cursor:
            if not _commits_alone(live):
                cursor.execute(f"SET LOCAL lock_timeout = '{limit}'")
            elif not before:
                cursor.execute("SELECT current_setting('lock_timeout'), pg_backend_pid()")
                setting, process = cursor.fetchall()[0]
                if known_process(live) in (None, process):  # else a pooler would give the session to others
                    before.append(str(setting))
                    cursor.execute(f"SET lock_timeout = '{limit}'")

    if connection.in_transaction():
        begin(connection)
    event.listen(connection, "begin", begin)
    try:
        yield
    finally:
        event.remove(connection, "begin", begin)
        if before and not connection.closed and not connection.invalidated:
            with suppress(Exception), driver_cursor(connection) as cursor:
                cursor.execute(f"SET lock_timeout = '{before[0]}'")
                connection.connection.commit()


def _commits_alone(connection: Connection) -> bool:
    return getattr(connection.connection.dbapi_connection, "autocommit", None) is True
