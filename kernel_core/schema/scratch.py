"""Scratch databases on the server of a database: dropped at the end, or after a kill by the next run."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import URL, Connection, Engine, NullPool, StaticPool, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from ..util.async_drivers import with_sync_driver
from ..util.exc import CommandError
from ..util.process_names import maker_of, process_name
from ..util.secrets import redact
from ..util.sqla_compat import executed_at_end

PREFIX = "mig_scratch"
ABANDONED_AFTER = 86_400
"""Seconds after which a scratch database of another machine is dropped, if nobody is connected to it."""

_count = itertools.count()


@contextmanager
def scratch_database(server: URL | Engine | str) -> Iterator[Connection]:
    """Yield a connection to an empty database on the server of a URL; the database is dropped at the end.

    On SQLite it is in memory. On PostgreSQL, MariaDB and MySQL its name has the process and the time:
    ``mig_scratch_HOST_PID_TIME_NUMBER``; those that killed runs left are dropped first. Raises CommandError where the
    user may not create databases, or for another database.
    """
    url = with_sync_driver(server.url if isinstance(server, Engine) else make_url(server))
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
        name = process_name(PREFIX, str(next(_count)))
        try:
            admin.execute(text(f"CREATE DATABASE {name}"))
        except DBAPIError as error:
            raise CommandError(
                f"No scratch database can be created on this server: {redact(str(error.orig)).strip()}. "
                "Grant the right to create databases, or pass a connection to an empty database."
            ) from error
        with (
            executed_at_end(admin, f"DROP DATABASE IF EXISTS {name}"),
            _closed(create_engine(url.set(database=name), poolclass=NullPool)) as connection,
        ):
            yield connection


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
    maker = maker_of(name, PREFIX)
    if maker is None:
        return False
    return maker.has_ended if maker.on_this_host else time.time() - maker.made_at > ABANDONED_AFTER


def kind_of(connection: Connection) -> str:
    """Return the kind of a scratch database in words."""
    name = connection.dialect.name
    return "SQLite in memory" if name == "sqlite" else f"a scratch {name} database"


@contextmanager
def without_log() -> Iterator[None]:
    """Keep the log of runs on scratch databases out of the log of the command."""
    loggers = [logging.getLogger(f"{package}.runtime.migration") for package in ("alembic", "kernel_core")]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
