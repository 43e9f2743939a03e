"""The run lock on MySQL and MariaDB: GET_LOCK(), which ends with its connection and not with a transaction.

(https://mariadb.com/kb/en/get_lock/, https://dev.mysql.com/doc/refman/8.4/en/locking-functions.html)
"""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import String, Table, bindparam, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from ..driver import driver_cursor
from .orphan import is_orphan

# Such a lock is the server's, not a database's, and its name has at most 64 characters.
_NAME = "CONCAT('mig:', SHA1(CONCAT(COALESCE(:schema, DATABASE(), ''), '.', :name)))"
_HOLDER = f"SELECT id, user, host FROM information_schema.processlist WHERE id = IS_USED_LOCK({_NAME})"
_CLIENTS = f"""SELECT h.id AS id, h.host AS client, o.host AS own FROM information_schema.processlist h
JOIN information_schema.processlist o ON o.id = CONNECTION_ID() WHERE h.id = IS_USED_LOCK({_NAME})"""


class NamedLock:
    """A lock of the connection of the run."""

    before_reading = True

    def __init__(self, connection: Connection, table: Table, schema: str | None, *, borrowed: bool) -> None:
        self._connection, self._borrowed = connection, borrowed
        self._values = {"schema": schema, "name": table.name}
        self._held = False
        self._orphan: int | None = None

    def found(self) -> None:
        """Return None: tables are not read."""

    def acquire(self) -> bool:
        self._held = self._value(f"SELECT GET_LOCK({_NAME}, 0)") == 1
        if not self._held and not self._borrowed:
            self._end_orphan()
        return self._held

    def _end_orphan(self) -> None:
        """End the holder's session, if its process was killed and this is the second time in a row that it shows."""
        before, self._orphan = self._orphan, None
        with suppress(DBAPIError):
            row = self._connection.execute(text(_CLIENTS), self._values).first()
            if row is not None and is_orphan(row.client, row.own):
                self._orphan = row.id
                if before == row.id:
                    self._connection.exec_driver_sql(f"KILL CONNECTION {int(row.id)}")
        self._end()

    def release(self) -> None:
        held, self._held = self._held, False
        if held and not self._connection.closed and not self._connection.invalidated:
            with suppress(DBAPIError):
                self._value(f"SELECT RELEASE_LOCK({_NAME})")

    def is_held(self) -> bool:
        return self._value(f"SELECT IS_USED_LOCK({_NAME})") is not None

    def holder(self) -> str:
        row = self._connection.execute(text(_HOLDER), self._values).first()
        self._end()
        if row is None:  # without the PROCESS privilege only the own processes are listed
            number = self._value(f"SELECT IS_USED_LOCK({_NAME})")
            return f"connection {number}" if number is not None else ""
        host = row.host.partition(":")[0]
        return f"connection {row.id} (user {row.user} from {host})"

    def _value(self, sql: str) -> object:
        """Return the value of a query; outside of a transaction by the driver, which saves the ROLLBACK after it.

        Such a query reads no table, so it begins no transaction on the server.
        """
        connection = self._connection
        if not connection.in_transaction() and not connection.closed and not connection.invalidated:
            values = [bindparam(name, value, String) for name, value in self._values.items()]
            compiled = text(sql).bindparams(*values).compile(connection, compile_kwargs={"literal_binds": True})
            with suppress(Exception), driver_cursor(connection) as cursor:
                cursor.execute(str(compiled).replace("%%", "%"))
                return cursor.fetchall()[0][0]
        # Also after an error of the driver, which SQLAlchemy then raises as its own.
        value: object = connection.execute(text(sql), self._values).scalar()
        self._end()
        return value

    def _end(self) -> None:
        """End the transaction that the statement began, unless it is the caller's."""
        if not self._borrowed:
            self._connection.rollback()
