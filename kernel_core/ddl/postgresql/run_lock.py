"""The run lock on PostgreSQL: an advisory lock, which ends with its session.

It is tried, never waited for inside the server: a statement that waits for a lock holds a snapshot, and CREATE INDEX
CONCURRENTLY of the holder would wait for that snapshot, which is a deadlock.
(https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from sqlalchemy import Row, Table, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from ..run_lock import second_connection
from .backend import known_process, last_row, takes_many_statements

_CLASS = int.from_bytes(b"mig_")
"""First half of the key, so that it differs from advisory locks of applications."""

_NUMBER = "hashtext(coalesce(:schema, current_schema(), '') || '.' || :name)"
_KEY = f"{_CLASS}, {_NUMBER}"
_TRY = f"SELECT {{function}}({_KEY}) AS held, pg_backend_pid() AS pid"
_RELEASE = f"SELECT pg_advisory_unlock({_KEY})"
_SETTING = "client_connection_check_interval"
# A server notices that its client was killed only when it next reads from it, which is after a long statement. With
# this setting (PostgreSQL 14) it looks in between, ends the statement, and releases the lock.
_TRY_AND_SET = f"""
WITH lock AS MATERIALIZED (SELECT pg_try_advisory_lock({_KEY}) AS held, current_setting('{_SETTING}') AS before)
SELECT held, pg_backend_pid() AS pid, before, CASE WHEN held THEN set_config('{_SETTING}', '1s', false) END FROM lock
"""
# Two statements in one round trip. The second one reads what was committed before the lock was acquired, which one
# statement would not: it reads what was committed before it began.
_TRY_AND_LOOK = f"""
SELECT pg_try_advisory_lock({_CLASS}, {{number}});
WITH lock AS MATERIALIZED (
    SELECT count(*) > 0 AS held, current_setting('{_SETTING}') AS before FROM pg_locks
    WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted AND objsubid = 2 AND classid = {_CLASS}
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND objid::bigint = {{number}}::bigint & 4294967295
)
SELECT held, pg_backend_pid() AS pid, before, current_setting('transaction_isolation') = 'read committed' AS is_fresh,
       (SELECT string_agg(c.relname, ' ') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname IN ({{names}}) AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND {{place}}) AS found,
       CASE WHEN held THEN set_config('{_SETTING}', '1s', false) END
FROM lock
"""
_VISIBLE = "pg_table_is_visible(c.oid) AND n.nspname <> 'pg_catalog'"
_PLAIN = re.compile(r"\w+", re.ASCII)
_RELEASE_AND_RESET = f"SELECT pg_advisory_unlock({_KEY}), set_config('{_SETTING}', :before, false)"
_HOLDER = f"""
SELECT l.pid, a.usename, a.application_name, coalesce(a.client_hostname, host(a.client_addr)) AS host,
       to_char(a.backend_start, 'HH24:MI:SS') AS since
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid = {_CLASS}
  AND l.objid::bigint = {_NUMBER}::bigint & 4294967295
"""


class AdvisoryLock:
    """A session lock on the connection of the run; a transaction lock on another one where sessions are shared.

    A connection in the transaction of its caller gets a transaction lock, which the caller's commit releases. Behind a
    pooler such as PgBouncer the statements of one connection may run in several sessions, so there the lock is held by
    an open transaction on a second connection; PgBouncer keeps that in one session.
    """

    before_reading = True

    def __init__(
        self,
        connection: Connection,
        table: Table,
        schema: str | None,
        looks_for: tuple[str, ...] = (),
        *,
        borrowed: bool,
    ) -> None:
        self._connection, self._borrowed = connection, borrowed
        self._looks_for = looks_for if schema == table.schema else ()  # else it is translated
        self._found: frozenset[str] | None = None
        self._values: dict[str, str | None] = {"schema": schema, "name": table.name}
        self._second: Connection | None = None
        self._opened = ExitStack()
        self._session_held = False
        self._before: str | None = None

    def found(self) -> frozenset[str] | None:
        return self._found

    def acquire(self) -> bool:
        self._found = None
        if self._borrowed:
            return bool(self._try(self._connection, "pg_try_advisory_xact_lock").held)
        if self._second is not None:
            return self._acquire_by_transaction(self._second)
        self._session_held, pid = self._acquire_by_session()
        if self._session_held and known_process(self._connection) not in (None, pid):  # a pooler is in between
            self.release()
            self._found = None
            self._second = self._opened.enter_context(second_connection(self._connection))
            return self._acquire_by_transaction(self._second)
        return self._session_held

    def release(self) -> None:
        self._second = None
        with suppress(DBAPIError):
            self._opened.close()
        if self._session_held and not self._connection.closed and not self._connection.invalidated:
            self._session_held = False
            sql = _RELEASE if self._before is None else _RELEASE_AND_RESET
            with suppress(DBAPIError), without_begin(self._connection), self._connection.begin():
                self._connection.execute(text(sql), {**self._values, "before": self._before})

    def is_held(self) -> bool:
        return bool(self.holder())

    def holder(self) -> str:
        connection = self._second if self._second is not None else self._connection
        owns_transaction = not connection.in_transaction()
        row = connection.execute(text(_HOLDER), self._values).first()
        if owns_transaction:
            connection.rollback()
        return "" if row is None else _described(row)

    def _acquire_by_session(self) -> tuple[bool, int]:
        """Try the session lock; return whether it is held, and the process id of the server."""
        row = self._acquire_and_look()
        if row is not None:
            held, pid, before, is_fresh, found = row[:5]
            self._before = before if held else None
            self._found = frozenset((found or "").split()) if is_fresh else None
            return held, pid
        if (self._connection.dialect.server_version_info or (0,)) >= (14,):
            try:
                with without_begin(self._connection), self._connection.begin():
                    row = self._connection.execute(text(_TRY_AND_SET), self._values).one()
            except DBAPIError as error:  # the server's platform may lack the setting
                if error.connection_invalidated:
                    raise
            else:
                self._before = row.before if row.held else None
                return bool(row.held), row.pid
        with without_begin(self._connection), self._connection.begin():
            row = self._try(self._connection, "pg_try_advisory_lock")
        return bool(row.held), row.pid

    def _acquire_and_look(self) -> Any:
        """Try the lock, and look which tables exist; None where the driver cannot send that in one round trip."""
        schema, names = self._values["schema"], (str(self._values["name"]), *self._looks_for)
        is_plain = all(_PLAIN.fullmatch(name) for name in (*names, schema or "public"))
        is_new = (self._connection.dialect.server_version_info or (0,)) >= (14,)
        if not (is_plain and is_new and self._looks_for and takes_many_statements(self._connection)):
            return None
        place = _VISIBLE if schema is None else f"n.nspname = '{schema}'"
        own = "current_schema()" if schema is None else f"'{schema}'"
        number = f"hashtext(coalesce({own}, '') || '.' || '{self._values['name']}')"
        sql = _TRY_AND_LOOK.format(number=number, place=place, names=", ".join(f"'{name}'" for name in names))
        try:
            with without_begin(self._connection):
                return last_row(self._connection, sql)
        except Exception:  # noqa: BLE001 - the driver's; the statement that follows raises SQLAlchemy's
            self._session_held, self._before = True, None  # it may have failed after it had the lock
            self.release()
            return None

    def _try(self, connection: Connection, function: str) -> Row[tuple[bool, int]]:
        return connection.execute(text(_TRY.format(function=function)), self._values).one()

    def _acquire_by_transaction(self, connection: Connection) -> bool:
        if bool(self._try(connection, "pg_try_advisory_xact_lock").held):
            # The transaction is idle, without a snapshot, until the run ends: nothing waits for it but other runs.
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            return True
        connection.rollback()
        return False


@contextmanager
def without_begin(connection: Connection) -> Iterator[None]:
    """Let each statement of the block commit by itself, which saves the round trips of BEGIN and COMMIT.

    Only the driver's setting is changed, and only outside of a transaction: that sends nothing to the server.
    """
    driver: Any = connection.connection.dbapi_connection
    if connection.in_transaction() or not _begin_autocommit(driver):
        yield
        return
    try:
        yield
    except BaseException as error:
        try:
            _end_autocommit(connection, driver)
        except Exception:
            if isinstance(error, Exception):
                raise
            connection.invalidate()  # interrupted while a statement runs: the driver's error would hide the interrupt
        raise
    _end_autocommit(connection, driver)


def _begin_autocommit(driver: Any) -> bool:
    """Switch a driver's connection to autocommit; return False where it is on already, or cannot be switched now."""
    if getattr(driver, "autocommit", None) is not False:
        return False
    try:
        driver.autocommit = True
    except Exception:  # noqa: BLE001 - the driver's; a failed COMMIT may have left its transaction open
        return False
    return True


def _end_autocommit(connection: Connection, driver: Any) -> None:
    if not connection.closed and not connection.invalidated:
        driver.autocommit = False


def _described(row: Row[tuple[int, str, str, str, str]]) -> str:
    parts = [
        f"user {row.usename}" if row.usename else "",
        f"application {row.application_name}" * bool(row.application_name),
    ]
    parts += [f"from {row.host}" if row.host else "", f"connected since {row.since}" if row.since else ""]
    known = ", ".join(filter(None, parts))
    return f"process {row.pid}{f' ({known})' if known else ''}"
