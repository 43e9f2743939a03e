"""Pragmas and transactions on the driver's connection, of which SQLAlchemy is not aware."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import suppress

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError


def in_transaction(connection: Connection) -> bool:
    """Return whether the driver is inside a transaction; SQLAlchemy's own state may differ."""
    return bool(getattr(connection.connection.driver_connection, "in_transaction", False))


def is_usable(connection: Connection) -> bool:
    """Return whether the connection is open; an interrupt inside SQLAlchemy invalidates it."""
    return not connection.closed and not connection.invalidated


def end_transaction(connection: Connection) -> None:
    """Roll back a transaction that a failed COMMIT has left open, though SQLAlchemy has ended it."""
    if is_usable(connection) and in_transaction(connection):
        connection.connection.rollback()


def main_file(driver: sqlite3.Connection) -> str:
    """Return the path of the main database, "" for one in memory."""
    cursor = driver.cursor()
    try:
        cursor.execute("PRAGMA database_list")
        return next((str(path or "") for _, name, path in cursor.fetchall() if name == "main"), "")
    finally:
        cursor.close()


def commit(connection: Connection) -> None:
    """Commit on the driver's connection, after a failed COMMIT that has ended SQLAlchemy's own transaction.

    Raises the error that SQLAlchemy would raise.
    """
    try:
        connection.connection.commit()
    except sqlite3.Error as error:
        raise DBAPIError.instance("COMMIT", None, error, sqlite3.Error, dialect=connection.dialect) from error


def close_cursors(connection: Connection) -> None:
    """Close the cursors of a connection after an error or an interrupt.

    SQLite keeps its lock on the file while a result is open, even after its connection was closed. A variable of the
    notebook, a generator, or the traceback of the error can refer to it.
    """
    if not is_usable(connection):
        return
    driver = connection.connection.driver_connection
    for each in gc.get_referrers(driver):  # each cursor refers to its connection
        if isinstance(each, sqlite3.Cursor):
            with suppress(sqlite3.Error, AttributeError):  # never opened, or of another thread
                if each.connection is driver:
                    each.close()


def pragma(connection: Connection, name: str) -> object:
    """Return the value of a pragma, read by the driver's cursor so that no transaction begins."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(f"PRAGMA {name}")
        row = cursor.fetchone()
        return row[0] if row else None
    finally:
        cursor.close()


def set_pragma(connection: Connection, name: str, value: str) -> None:
    """Set a pragma, by the driver's cursor so that no transaction begins."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(f"PRAGMA {name}={value}")
    finally:
        cursor.close()
