"""The server process of a connection."""

from __future__ import annotations

from sqlalchemy.engine import Connection


def known_process(connection: Connection) -> int | None:
    """Return the process id of the server that the driver was given at the login, None where it does not keep it.

    Behind a pooler it is not the one that runs the statements.
    """
    raw = connection.connection.driver_connection
    known = getattr(getattr(raw, "info", None), "backend_pid", None)  # psycopg, psycopg2
    if known is None:
        known = getattr(raw, "get_server_pid", lambda: None)()  # asyncpg
    return None if known is None else int(known)
