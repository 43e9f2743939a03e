"""Scratch databases: created on the server of a database, and dropped afterwards, also after a kill by the next run."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import URL, Connection, Engine, NullPool, StaticPool, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from ..util.exc import CommandError
from ..util.secrets import redact

PREFIX = "mig_scratch"
ABANDONED_AFTER = 86_400
"""Seconds after which a scratch database of another machine is dropped, if nobody is connected to it."""

_count = itertools.count()
_SYNCHRONOUS = {"asyncpg": "psycopg", "aiomysql": "pymysql", "asyncmy": "pymysql", "psycopg_async": "psycopg"}
"""The driver in place of one for asyncio: what runs on a scratch database does not need the loop of the program."""


@contextmanager
def scratch_database(server: URL | Engine | str) -> Iterator[Connection]:
    """Give a connection to an empty database on the server of a URL; the database is dropped at the end.

    On SQLite it is in memory. On PostgreSQL, MariaDB and MySQL its name has the process and the time:
    ``mig_scratch_HOST_PID_TIME_NUMBER``; those that killed runs left are dropped first. Raises CommandError where the
    user may not create databases, or for another database.
    """
    url = _synchronous(server.url if isinstance(server, Engine) else make_url(server))
    name = url.get_backend_name()
    if name == "sqlite":
        engine = create_engine("sqlite://", poolclass=StaticPool)
        with _closed(engine) as connection:
            yield connection
    elif name in ("postgresql", "mysql", "mariadb"):
        with _on_server(url) as connection:
            yield connection
    else:
        raise CommandError(
            f"Revisions are run on a scratch database of SQLite, PostgreSQL, MariaDB or MySQL, not of {name}. "
            "Pass a connection to an empty database."
        )


def _synchronous(url: URL) -> URL:
    driver = _SYNCHRONOUS.get(url.drivername.partition("+")[2])
    if driver is None:
        return url
    return url.set(drivername=f"{url.get_backend_name()}+{driver}")


@contextmanager
def _closed(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _on_server(url: URL) -> Iterator[Connection]:
    try:
        server = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise CommandError(f"A scratch database needs a driver: {redact(str(error))}") from error
    with _closed(server) as admin:
        drop_abandoned(admin)
        name = f"{PREFIX}_{_host()}_{os.getpid()}_{int(time.time())}_{next(_count)}"
        try:
            admin.execute(text(f"CREATE DATABASE {name}"))
        except DBAPIError as error:
            raise CommandError(
                f"No scratch database can be created on this server: {redact(str(error.orig)).strip()}. "
                "Grant the right to create databases, or pass a connection to an empty database."
            ) from error
        try:
            with _closed(create_engine(url.set(database=name), poolclass=NullPool)) as connection:
                yield connection
        finally:
            admin.execute(text(f"DROP DATABASE IF EXISTS {name}"))


def drop_abandoned(admin: Connection) -> tuple[str, ...]:
    """Drop the scratch databases that killed processes left, and return their names.

    One to which somebody is connected stays, and so does one of a process that lives on this machine; one of another
    machine is dropped after a day. ``admin`` commits by itself.
    """
    if admin.dialect.name == "postgresql":
        listed = (
            "SELECT datname, (SELECT count(*) FROM pg_stat_activity a WHERE a.datname = d.datname) FROM pg_database d"
        )
    else:
        listed = (
            "SELECT schema_name, (SELECT count(*) FROM information_schema.processlist p WHERE p.db = schema_name) "
            "FROM information_schema.schemata"
        )
    dropped = []
    for name, users in admin.execute(text(listed)).all():
        if not users and _is_abandoned(str(name)):
            with suppress(DBAPIError):  # another user's, or another run has dropped it
                admin.execute(text(f"DROP DATABASE IF EXISTS {name}"))
                dropped.append(str(name))
    return tuple(dropped)


def _is_abandoned(name: str) -> bool:
    found = re.fullmatch(rf"{PREFIX}_([0-9a-f]{{8}})_(\d+)_(\d+)_\d+", name)
    if found is None:
        return False
    if found[1] != _host():
        return time.time() - int(found[3]) > ABANDONED_AFTER
    return not _lives(int(found[2]))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
