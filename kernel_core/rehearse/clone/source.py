"""The database that is cloned: how to connect to it, and to other databases of its server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.engine import URL, Dialect

from ...util.async_drivers import with_sync_driver
from ...util.exc import CommandError
from ...util.missing_files import file_of

_DATABASE_KEYS = ("dbname", "database", "db")


@dataclass(frozen=True)
class Source:
    """A database as a driver is asked to connect to it: the dialect, and the arguments of its ``connect``."""

    dialect: Dialect
    args: tuple[Any, ...]
    options: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The kind of database: ``sqlite``, ``postgresql``, ``mariadb`` or the dialect's name."""
        return "mariadb" if self.dialect.name == "mysql" else self.dialect.name

    @property
    def database(self) -> str:
        """The name of the database, or the path of a SQLite file; "" where the arguments do not name it."""
        if self.kind == "sqlite":
            return str(self.args[0]) if self.args else str(self.options.get("database") or "")
        key = self._database_key
        return str(self.options.get(key) or "") if key else ""

    @property
    def identity(self) -> tuple[object, ...]:
        """A value that is equal for connections to one database, with whatever driver and user."""
        if self.kind == "sqlite":
            return self.kind, file_of(self.database)
        host = self.options.get("host") or self.options.get("unix_socket")
        host = {"127.0.0.1": "localhost", "::1": "localhost", None: "localhost"}.get(host, host)
        default = {"postgresql": 5432, "mariadb": 3306}.get(self.kind)
        return self.kind, host, int(self.options.get("port") or default or 0), self.database

    @property
    def is_private_memory(self) -> bool:
        """Whether this is a SQLite database in memory: a new connection to it finds nothing."""
        return self.kind == "sqlite" and file_of(self.database) == ""

    @property
    def _database_key(self) -> str:
        return next((key for key in _DATABASE_KEYS if self.options.get(key)), "")

    def arguments(self, database: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of ``connect`` for another database of the same server, or another SQLite file."""
        if self.kind == "sqlite":
            options = {key: value for key, value in self.options.items() if key not in ("uri", "database")}
            return (database, *self.args[1:]), options
        key = self._database_key
        if not key:
            raise CommandError(
                "The database cannot be rehearsed: its name is not among the driver's arguments, as with a service "
                "file. Write it into the URL: postgresql://user@host/database."
            )
        return self.args, {**self.options, key: database}

    def engine(self, database: str, **options: Any) -> Engine:
        """Return an engine without a pool for a database of the same server, with the same rights.

        Where the driver is an async one, a driver without asyncio is used; raises CommandError if none is installed.
        """
        if self.dialect.is_async:
            return create_engine(self._sync_url(database), poolclass=NullPool, **options)
        args, given = self.arguments(database)
        url = URL.create(f"{self.dialect.name}+{self.dialect.driver}", database=database)
        dialect = self.dialect
        return create_engine(url, creator=lambda: dialect.connect(*args, **given), poolclass=NullPool, **options)

    def _sync_url(self, database: str) -> URL:
        known = {"host": "host", "port": "port", "user": "username", "password": "password"}
        parts = {part: self.options[key] for key, part in known.items() if self.options.get(key)}
        name = f"{self.dialect.name}+{self.dialect.driver}"
        return with_sync_driver(URL.create(name, database=database, **parts))


def source_of(engine_or_connection: Engine | Connection) -> Source:
    """Return the source behind an engine, from its URL."""
    engine = engine_or_connection.engine
    args, options = engine.dialect.create_connect_args(engine.url)
    return Source(engine.dialect, tuple(args), dict(options))
