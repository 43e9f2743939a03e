"""Ask the driver itself, behind SQLAlchemy's back: whether a transaction is open, and what a pragma says."""

from __future__ import annotations

import traceback
from typing import Any

from sqlalchemy.engine import Connection


def in_transaction(connection: Connection) -> bool:
    """Tell whether the driver itself is inside a transaction, whatever SQLAlchemy believes."""
    return bool(getattr(connection.connection.driver_connection, "in_transaction", False))


def end_transaction(connection: Connection) -> None:
    """Roll back what the driver still holds open after a COMMIT that failed; SQLAlchemy takes it for ended."""
    if not connection.closed and not connection.invalidated and in_transaction(connection):
        connection.connection.rollback()


def free_cursors(error: BaseException) -> None:
    """Let go of the cursor of a statement that an interrupt has stopped.

    SQLite keeps its locks while a statement is open, even after its connection was closed, and the traceback of
    the interrupt, which IPython keeps, holds the cursor.
    """
    traceback.clear_frames(error.__traceback__)


def pragma(connection: Connection, name: str) -> Any:
    """Read a pragma by the driver's cursor, so that no transaction begins."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(f"PRAGMA {name}")
        row = cursor.fetchone()
        return row[0] if row else None
    finally:
        cursor.close()


def set_pragma(connection: Connection, name: str, value: str) -> None:
    """Set a pragma by the driver's cursor, so that no transaction begins."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(f"PRAGMA {name}={value}")
    finally:
        cursor.close()
