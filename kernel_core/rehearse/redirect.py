"""Connect to the clone instead of the database: ``env.py``, version files and engines of the project.

Inside the block of a `Redirect`, each new connection of this context (its thread, and tasks that copy its context) to a
database goes to the clone of that database, which is made when it is first needed. An idle connection of a pool is
replaced by one to the clone. Other threads are not affected. Afterwards the pools connect to the databases again.

`do_connect` and the events of pools are those of SQLAlchemy:
https://docs.sqlalchemy.org/en/20/core/events.html#sqlalchemy.events.DialectEvents.do_connect
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import Pool

from ..util.exc import CommandError
from ..util.missing_files import file_of, without_new_files
from .clone.base import Clone, CloneOptions
from .clone.make import clone_of
from .clone.source import Source, source_of

_active: ContextVar[Redirect | None] = ContextVar("active_redirect", default=None)


class Redirect:
    """The clones of one rehearsal, by the database that each is a copy of.

    ``on_clone`` receives each clone and the dialect of a connection to it, before the connection is used.
    """

    def __init__(self, options: CloneOptions, on_clone: Callable[[Clone, Dialect], object]) -> None:
        self._options, self._on_clone = options, on_clone
        self._clones: dict[tuple[object, ...], Clone] = {}
        self._own: dict[int, tuple[Any, Clone]] = {}
        self._records: list[Any] = []
        self._stack = ExitStack()

    @property
    def clones(self) -> tuple[Clone, ...]:
        """The clones that were made."""
        return tuple(self._clones.values())

    @contextmanager
    def active(self) -> Iterator[None]:
        """Redirect connections inside the block."""
        token = _active.set(self)
        listeners: list[tuple[Any, str, Any]] = [
            (Engine, "do_connect", _connect),
            (Pool, "connect", _refuse_own_creator),
            (Pool, "checkout", _refuse_live),
        ]
        for target, name, function in listeners:
            event.listen(target, name, function)
        try:
            yield
        finally:
            for target, name, function in listeners:
                event.remove(target, name, function)
            _active.reset(token)

    @contextmanager
    def closing(self) -> Iterator[Redirect]:
        """Disconnect all pools from the clones and remove the clones at the end of the block."""
        with self._stack:
            try:
                yield self
            finally:
                for record in self._records:
                    record.invalidate()
                self._own.clear()

    def clone_for(self, source: Source, live: Any = None) -> Clone:
        """Return the clone of a database, which is created now if there is none.

        ``live`` is a driver's connection to it; it is needed for a database in memory.
        """
        if source.identity not in self._clones:
            with paused():
                self._clones[source.identity] = self._stack.enter_context(clone_of(source, live, self._options))
        clone = self._clones[source.identity]
        self._on_clone(clone, clone.after.dialect)
        return clone

    def connection_for(self, live: Connection | Engine) -> Connection:
        """Return an open connection to the clone of the database behind a connection or an engine.

        It is closed with the clones.
        """
        with paused():
            if not isinstance(live, Connection):
                self._stack.enter_context(without_new_files())
            connected = live if isinstance(live, Connection) else self._stack.enter_context(live.connect())
        driver = connected.connection.driver_connection if live.dialect.name == "sqlite" else None
        if live.dialect.is_async:
            driver = None
        clone = self.clone_for(source_of(connected), driver)
        with paused():
            connection = self._stack.enter_context(clone.after.connect())
            if driver is not None and driver.execute("PRAGMA foreign_keys").fetchone()[0]:
                connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[union-attr]
        self._own[id(connection.connection.dbapi_connection)] = (connection.connection.dbapi_connection, clone)
        return connection

    def connect(self, source: Source, record: Any) -> Any:
        """Return a driver's connection to the clone of ``source``; None where the connection is harmless."""
        if source.is_private_memory or self._is_clone(source):
            return None
        clone = self.clone_for(source)
        args, options = source.arguments(clone.database)
        with paused():
            connection = source.dialect.connect(*args, **options)
            _refuse_unexpected(source, connection, clone)
        self._on_clone(clone, source.dialect)
        self._own[id(connection)] = (connection, clone)
        self._records.append(record)
        return connection

    def knows(self, connection: Any) -> bool:
        """Return whether a driver's connection was redirected, or can reach no database but its own memory."""
        return id(connection) in self._own

    def clone_behind(self, connection: Connection) -> Clone | None:
        """Return the clone to which a connection leads; None where it leads to no clone."""
        found = self._own.get(id(connection.connection.dbapi_connection))
        if found is not None:
            return found[1]
        source = source_of(connection)
        return next((each for each in self.clones if self._is_clone(source) and _same(each, source)), None)

    def _is_clone(self, source: Source) -> bool:
        return any(_same(each, source) for each in self.clones)


def _same(clone: Clone, source: Source) -> bool:
    if clone.kind == "sqlite":
        return file_of(clone.database) == file_of(source.database)
    return clone.database == source.database


@contextmanager
def paused() -> Iterator[None]:
    """Connect to the databases themselves inside the block: to make a clone, or to read one."""
    token = _active.set(None)
    try:
        yield
    finally:
        _active.reset(token)


def _connect(dialect: Dialect, record: Any, cargs: Any, cparams: Any) -> Any:
    redirect = _active.get()
    return None if redirect is None else redirect.connect(Source(dialect, tuple(cargs), dict(cparams)), record)


def _refuse_own_creator(connection: Any, record: Any) -> None:
    """Refuse a connection that was made by an engine's own ``creator``, which no event can change."""
    redirect = _active.get()
    if redirect is None or redirect.knows(connection) or _is_harmless(connection, redirect):
        return
    raise CommandError(
        "An engine with a custom function that connects (creator=...) cannot be led to a clone, so nothing was "
        "run. Let env.py use config.attributes['connection'], or an engine made from a URL."
    )


def _refuse_live(connection: Any, record: Any, proxy: Any) -> None:
    """Let a pool replace an idle connection to the database itself by one to the clone."""
    redirect = _active.get()
    if redirect is None or redirect.knows(connection) or _is_harmless(connection, redirect):
        return
    if isinstance(connection, sqlite3.Connection) and not _file(connection):
        raise CommandError(
            "env.py uses a database in memory that an engine of the project holds, which only that engine can reach. "
            "Nothing was run. Let env.py use config.attributes['connection']."
        )
    raise DisconnectionError("It is connected to the database itself, and a rehearsal is going on.")


def _is_harmless(connection: Any, redirect: Redirect) -> bool:
    """Return whether a connection is to a clone by its own URL, or to a new database in memory."""
    driver = connection
    if isinstance(driver, sqlite3.Connection):
        path = _file(driver)
        inside = {os.path.realpath(each.database) for each in redirect.clones if each.kind == "sqlite"}
        return (
            os.path.realpath(path) in inside if path else not driver.execute("SELECT 1 FROM sqlite_master").fetchall()
        )
    info = getattr(driver, "info", None)
    return str(getattr(info, "dbname", "")) in {each.database for each in redirect.clones}


def _file(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA database_list").fetchone()[2] or "")


def _refuse_unexpected(source: Source, connection: Any, clone: Clone) -> None:
    """Raise CommandError where the driver has connected to another database than the clone."""
    queries = {"postgresql": "SELECT current_database()", "mariadb": "SELECT database()"}
    if clone.kind not in queries:
        return
    cursor = connection.cursor()
    cursor.execute(queries[clone.kind])
    found = str(cursor.fetchone()[0])
    cursor.close()
    source.dialect.do_rollback(connection)
    if found != clone.database:
        connection.close()
        raise CommandError(
            f"The driver has connected to {found} instead of the clone, so nothing was run. "
            "Write the database's name into the URL, not into a service file or connect_args."
        )
