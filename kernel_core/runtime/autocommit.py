"""Connections in AUTOCOMMIT: each statement commits by itself, so that nothing can be rolled back."""

from __future__ import annotations

from sqlalchemy import Connection

NO_ROLLBACK = (
    "cannot be rolled back: the connection is in AUTOCOMMIT, so a revision that fails keeps what it did before"
)
"""Said of a run before its first statement."""


def autocommits(connection: Connection) -> bool:
    """Return whether the driver commits each statement by itself.

    It does because of ``isolation_level="AUTOCOMMIT"``, or because it was set on the driver's own connection. Always
    False on SQLite, where revisions begin their transaction by a statement, which works in both modes.
    """
    if connection.dialect.name == "sqlite":
        return False
    driver = connection.connection.dbapi_connection
    of_mysql = getattr(driver, "get_autocommit", None)
    return bool(of_mysql()) if callable(of_mysql) else getattr(driver, "autocommit", None) is True


def is_outside_transactions(connection: Connection) -> bool:
    """Return whether the next statement commits by itself: in AUTOCOMMIT, where no statement has sent BEGIN.

    psycopg and psycopg2 know of a BEGIN that was sent: their status is 0 when no transaction is open.
    """
    info = getattr(connection.connection.dbapi_connection, "info", None)
    return int(getattr(info, "transaction_status", 0)) == 0 and autocommits(connection)
