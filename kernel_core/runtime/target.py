"""The database that a context is configured with: by a connection, a URL or the name of a dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Dialect, make_url
from sqlalchemy.engine.mock import MockConnection

from ..util.exc import CommandError
from ..util.secrets import mask_url


def dialect_of(
    connection: Connection | None,
    url: str | URL | None,
    dialect_name: str | None,
    dialect: Dialect | None,
    dialect_opts: Mapping[str, Any] | None,
) -> Dialect:
    """Return the dialect of the first that is given; the secrets of a URL are masked in messages from now on.

    Raises CommandError if none is given, or if ``connection`` is not a Connection.
    """
    if connection is not None:
        _refuse_no_connection(connection)
        mask_url(getattr(connection.engine, "url", ""))
        return connection.dialect
    if url or dialect_name:
        mask_url(url or "")
        return make_url(url or f"{dialect_name}://").get_dialect()(**dict(dialect_opts or {}))
    if dialect is None:
        raise CommandError("No database is named: give configure() a connection, a url or a dialect_name.")
    return dialect


def _refuse_no_connection(given: object) -> None:
    """Raise CommandError for an Engine, a Session or an AsyncConnection, and say how to get a Connection."""
    if not isinstance(given, Connection | MockConnection):
        remedy = "with engine.connect() as connection: ..."
        if type(given).__name__.startswith("Async"):
            remedy = "await connection.run_sync(function_that_calls_configure)"
        raise CommandError(f"connection= must be a SQLAlchemy Connection, not {type(given).__name__}. Use: {remedy}")
