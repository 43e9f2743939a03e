"""Scratch databases: empty ones of the kind of a given database, removed afterwards.

with scratch_database(engine.url) as scratch:
    scratch.connect()
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec

from sqlalchemy import URL, Engine, NullPool, StaticPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

from .util.exc import CommandError

PREFIX = "mig_scratch_"
"""What the name of a scratch database begins with; the process id and the time follow."""

_SYNCHRONOUS = {
    "postgresql": (("psycopg", "psycopg"), ("psycopg2", "psycopg2"), ("pg8000", "pg8000")),
    "mysql": (("pymysql", "pymysql"), ("mysqldb", "MySQLdb")),
    "mariadb": (("pymysql", "pymysql"), ("mysqldb", "MySQLdb")),
}
_DROP = {"postgresql": "DROP DATABASE IF EXISTS {} WITH (FORCE)", "mysql": "DROP DATABASE IF EXISTS {}"}


@contextmanager
def scratch_database(url: URL) -> Iterator[Engine]:
    """Give an engine of an empty database: SQLite in memory, or a new database on the server of ``url``.

    Raises CommandError if there is none for that kind of database, or the server refuses to create one.
    """
    backend = url.get_backend_name()
    if backend == "sqlite":
        engine = create_engine("sqlite://", poolclass=StaticPool)
        try:
            yield engine
        finally:
            engine.dispose()
        return
    if backend not in ("postgresql", "mysql", "mariadb"):
        raise CommandError(f"no scratch databases are made on {backend}")
    name = f"{PREFIX}{os.getpid()}_{time.time_ns()}"
    server = create_engine(_synchronous(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    _execute(server, f"CREATE DATABASE {name}")
    engine = create_engine(_synchronous(url).set(database=name), poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()
        with suppress(CommandError):
            _execute(server, _DROP["postgresql" if backend == "postgresql" else "mysql"].format(name))
        server.dispose()


def _synchronous(url: URL) -> URL:
    """Return the URL with a driver that needs no event loop; raises CommandError if none is installed."""
    if not url.get_dialect().is_async:
        return url
    backend = url.get_backend_name()
    for driver, module in _SYNCHRONOUS[backend]:
        if find_spec(module) is not None:
            return url.set(drivername=f"{backend}+{driver}", query={})
    raise CommandError(f"a scratch database needs a driver without asyncio, such as {_SYNCHRONOUS[backend][0][0]}")


def _execute(server: Engine, statement: str) -> None:
    try:
        with server.connect() as connection:
            connection.exec_driver_sql(statement)
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise CommandError(f"the server refuses a scratch database: {' '.join(str(cause).split())[:150]}") from error
