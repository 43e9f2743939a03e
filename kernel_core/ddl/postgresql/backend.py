"""The server process of a connection, and what its driver can send to it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from ..driver import driver_cursor


def known_process(connection: Connection) -> int | None:
    """Return the process id of the server that the driver was given at the login, None where it does not keep it.

    Behind a pooler it is not the one that runs the statements.
    """
    raw = connection.connection.driver_connection
    known = getattr(getattr(raw, "info", None), "backend_pid", None)  # psycopg, psycopg2
    if known is None:
        known = getattr(raw, "get_server_pid", lambda: None)()  # asyncpg
    return None if known is None else int(known)


def takes_many_statements(connection: Connection) -> bool:
    """Return whether a text of several statements can be run, in which a backslash is a plain character."""
    raw: Any = connection.connection.driver_connection
    if connection.dialect.is_async:
        return False  # nextset() of SQLAlchemy's cursor for the async psycopg fails: it awaits a bool
    if connection.dialect.driver == "psycopg":
        # A prepared statement is only one; by default only a text that was run several times is prepared.
        strings = raw.pgconn.parameter_status(b"standard_conforming_strings")
        return strings == b"on" and raw.prepare_threshold != 0 and not raw.pgconn.pipeline_status
    if connection.dialect.driver == "psycopg2":
        return bool(raw.get_parameter_status("standard_conforming_strings") == "on")
    return False


def last_row(connection: Connection, statements: str) -> Any:
    """Run a text of several statements by the driver, in one round trip, and return the first row of the last one.

    Only where `takes_many_statements`. SQLAlchemy would return the rows of the first.
    """
    with driver_cursor(connection) as cursor:
        cursor.execute(statements)
        # The cursor of psycopg2 has the last result already.
        while connection.dialect.driver == "psycopg" and cursor.nextset():
            pass
        return cursor.fetchone()
