"""Queries and statements of the rehearsal itself, inside of a transaction that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ...runtime.autocommit import is_outside_transactions
from ...util.sqla_compat import executed_at_end


def on_driver(connection: Connection, sql: str) -> None:
    """Execute a statement of the rehearsal itself by the driver: neither events nor the journal of the run see it."""
    driver = connection.connection.dbapi_connection
    assert driver is not None, "the connection is open"
    cursor = driver.cursor()
    try:
        cursor.execute(sql)
    finally:
        cursor.close()


def needs_savepoint(connection: Connection) -> bool:
    """Return whether a statement that fails would end the transaction: on PostgreSQL, not in an autocommit block."""
    return connection.dialect.name == "postgresql" and not is_outside_transactions(connection)


class undone_if_failed:  # noqa: N801 - used like a function
    """A savepoint around a query, where a failed one would end the transaction: not in an autocommit block."""

    def __init__(self, connection: Connection) -> None:
        self._savepoint: Any = None
        if needs_savepoint(connection):
            self._savepoint = connection.begin_nested()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, *_: object) -> None:
        if self._savepoint is not None and self._savepoint.is_active:
            self._savepoint.rollback() if kind is not None and kind is not StopIteration else self._savepoint.commit()


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    """Undo what the block does, by a savepoint; in AUTOCOMMIT by a transaction of the driver around it."""
    with open_transaction(connection):
        savepoint = connection.begin_nested()
        try:
            yield
        except BaseException:
            with suppress(SQLAlchemyError):
                savepoint.rollback()
            raise
        savepoint.rollback()


@contextmanager
def without_event_triggers(connection: Connection) -> Iterator[None]:
    """Fire no event trigger of PostgreSQL for the rehearsal's own objects, where the role may set that.

    https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SESSION-REPLICATION-ROLE
    """
    before = ""
    with suppress(DBAPIError), undone_if_failed(connection):
        role = connection.exec_driver_sql("SELECT current_setting('session_replication_role')").scalar_one()
        connection.exec_driver_sql("SET session_replication_role = replica")
        before = str(role)
    with executed_at_end(connection, f"SET session_replication_role = {before}") if before else nullcontext():
        yield


@contextmanager
def open_transaction(connection: Connection) -> Iterator[None]:
    """Run the block in a transaction of the driver that is undone, where the connection is in AUTOCOMMIT."""
    if not is_outside_transactions(connection):
        yield
        return
    driver = connection.connection.dbapi_connection
    assert driver is not None, "the connection is open"
    cursor = driver.cursor()
    cursor.execute("BEGIN")
    try:
        yield
    except BaseException:
        with suppress(Exception):  # the connection may be lost
            cursor.execute("ROLLBACK")
        raise
    cursor.execute("ROLLBACK")
