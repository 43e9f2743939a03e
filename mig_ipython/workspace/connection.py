"""A named connection of the session: an engine that was created here or borrowed from the notebook."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool, StaticPool

from kernel_core.util.async_drivers import url_of_async_engine, with_sync_driver
from kernel_core.util.exc import CommandError
from kernel_core.util.folders import shown_path
from kernel_core.util.missing_files import is_missing_file, without_new_files
from kernel_core.util.secrets import mask_url, redact, remember

from ..errors import database_message
from ..views.html import Html, page, tag
from ..views.view import View
from .dialects import is_supported, limits
from .drivers import missing_dialect, missing_driver, not_a_database, with_usual_driver

_SQLITE_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, eq=False, repr=False)
class Connection(View):
    """A database with its engine.

    ``url`` has its password masked. A ``borrowed`` engine belongs to the notebook and is never disposed. ``folder`` is
    the working folder at the time of the connection.
    """

    name: str
    engine: Engine
    url: str
    borrowed: bool = False
    warning: str = ""
    folder: str = field(default_factory=os.getcwd)
    seen_heads: list[str] = field(default_factory=list)
    """The current revisions of the database when they were last read."""

    @property
    def absolute_url(self) -> URL:
        """The URL of the engine; the path of a SQLite file is absolute, relative to `folder`."""
        return with_absolute_path(self.engine.url, self.folder)

    @property
    def is_missing_file(self) -> bool:
        """Whether the database is a SQLite file that does not exist yet."""
        return is_missing_file(self.absolute_url)

    @property
    def dialect(self) -> str:
        """The kind of database: ``sqlite``, ``postgresql``..."""
        return self.engine.dialect.name

    @property
    def target(self) -> str:
        """The database in a few words, masked: ``sqlite dev.db``, ``postgresql ada@db.example/flights``."""
        url = self.engine.url
        if self.dialect == "sqlite":
            return f"sqlite {_shown_path(self.absolute_url.database)}"
        if not url.host and not is_supported(self.engine.dialect):
            return redact(f"{self.dialect} {_shown_path(url.database)}")
        user = f"{url.username}@" if url.username else ""
        port = f":{url.port}" if url.port else ""
        return redact(f"{self.dialect} {user}{url.host or 'local'}{port}/{url.database or ''}")

    def open(self) -> sa.Connection:
        """Return a live database connection; a pooled one that the server has closed meanwhile is replaced.

        Our engines have ``pool_pre_ping``; the connection of a borrowed engine is checked here, once. Raises
        CommandError with the name of the database where it cannot be reached.
        """
        try:
            connection = self.engine.connect()
            if self.borrowed and self.dialect != "sqlite" and not _is_alive(connection):
                connection.close()
                connection = self.engine.connect()
        except DBAPIError as error:
            raise CommandError(f"Cannot connect to {self.url}: {database_message(error)}") from error
        return connection

    def close(self) -> None:
        """Dispose the engine, unless it is borrowed."""
        if not self.borrowed:
            self.engine.dispose()

    def text(self) -> str:
        line = f"Connected to {self.target} as {self.name!r}" + (" (engine of the notebook)" if self.borrowed else "")
        return f"{line}\n! {self.warning}" if self.warning else line

    def html(self) -> Html:
        kind = " (engine of the notebook)" if self.borrowed else ""
        warning = tag("p", self.warning, class_="mig-warn") if self.warning else ""
        return page(tag("p", "Connected to ", tag("b", self.target), " as ", tag("code", self.name), kind), warning)


class MaskedURL(URL):
    """The URL of an engine that was created here: as text it hides the password, ``?password=`` and ``PWD=``."""

    def render_as_string(self, hide_password: bool = True) -> str:
        text = super().render_as_string(hide_password=hide_password)
        return mask_url(self) if hide_password else text


def connect(target: object, name: str | None = None, open_names: Iterable[str] = ()) -> Connection:
    """Return a connection to an Engine, a SQLAlchemy URL or a URL as text, after a test query.

    ``open_names`` are the open connections, which are named in the message about a text without ``://``.

    The database of an async URL or an AsyncEngine is connected by a synchronous driver (see `async_drivers`).
    A SQLite file that does not exist yet is not created before something is written. Raises CommandError where the URL,
    the driver, the file or the server cannot be used.
    """
    if isinstance(target, Engine):
        masked = mask_url(target.url)
        return Connection(name or _default_name(target.url), target, masked, borrowed=True, warning=limits(target))
    url = with_sync_driver(url_of_async_engine(target) or _parsed(target, open_names))
    masked = mask_url(url)
    engine = _engine(url)
    try:
        _try(engine, masked)
        warning = limits(engine)
    except BaseException:
        engine.dispose()
        raise
    return Connection(name or _default_name(url), engine, mask_url(engine.url), warning=warning)


def holds_password(target: object) -> bool:
    """Return whether a value is a URL with a password in it."""
    if not isinstance(target, str) or "://" not in target:
        return False
    masked = mask_url(target)
    return "***" in masked and masked != target


def _parsed(target: object, open_names: Iterable[str]) -> URL:
    if isinstance(target, URL):
        return target
    if not isinstance(target, str):
        raise CommandError(not_a_database(target))
    text = str(target)
    masked = mask_url(text)
    if "://" not in text:
        known = ", ".join(open_names)
        raise CommandError(
            f"{masked!r} is neither a URL nor the name of an engine in this notebook"
            f"{f', nor of an open connection ({known})' if known else ''}. "
            "Write it like sqlite:///dev.db or postgresql://user@host/database, or $NAME for an environment variable."
        )
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise CommandError(
            f"{masked} is not a database URL. Write it like dialect://user:password@host/database."
        ) from error
    remember(url.password)
    return url


def _engine(url: URL) -> Engine:
    """Return an engine for the URL: SQLite paths made absolute, no file kept open between commands."""
    masked = mask_url(url)
    options: dict[str, Any] = {"pool_pre_ping": True}
    if url.get_backend_name() == "sqlite" and not (url.database or "").startswith("file:"):
        if url.database in (None, "", ":memory:"):
            options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        else:
            url = url.set(database=os.path.abspath(url.database or ""))
            options = {"poolclass": NullPool}
    url = with_usual_driver(url)
    try:
        engine = sa.create_engine(url, **options)
        engine.url = tuple.__new__(MaskedURL, engine.url)
        return engine
    except NoSuchModuleError as error:
        raise CommandError(f"{masked}: {missing_dialect(url.drivername)}") from error
    except ImportError as error:
        raise CommandError(f"{masked}: {missing_driver(error.name or url.get_driver_name())}") from error
    except (ArgumentError, ValueError, TypeError) as error:
        if url.get_backend_name() == "sqlite" and url.host:
            raise CommandError(
                f"{masked} names a server, which SQLite has not. A file has three slashes: sqlite:///{url.host}"
            ) from error
        raise CommandError(f"{masked} cannot be used: {redact(str(error)).splitlines()[0]}") from error


def _try(engine: Engine, masked: str) -> None:
    """Open and close a connection; a SQLite file is checked first, so that another kind of file stays unchanged."""
    path = sqlite_path(engine)
    if path is not None and not _is_sqlite_file(path):
        return
    try:
        with without_new_files(), engine.connect() as connection:
            connection.exec_driver_sql(_shortest_query(engine))
    except SQLAlchemyError as error:
        raise CommandError(f"Cannot connect to {masked}: {database_message(error)}") from error


def _is_alive(connection: sa.Connection) -> bool:
    """Return whether the server has kept this connection; SQLAlchemy empties the pool where it has not."""
    try:
        connection.exec_driver_sql(_shortest_query(connection.engine))
        connection.rollback()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        return False
    return True


def _shortest_query(engine: Engine) -> str:
    return "SELECT 1 FROM dual" if engine.dialect.name == "oracle" else "SELECT 1"


def with_absolute_path(url: URL, folder: str) -> URL:
    """Return a URL with the path of a SQLite file made absolute, relative to ``folder``; any other URL as it is."""
    path = url.database
    if url.get_backend_name() != "sqlite" or path in (None, "", ":memory:") or str(path).startswith("file:"):
        return url
    return url.set(database=os.path.abspath(os.path.join(folder, str(path))))


def sqlite_path(engine: Engine) -> str | None:
    """Return the file of a SQLite engine; None for a database in memory, a ``file:`` URI, or another dialect."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or database in (None, "", ":memory:") or str(database).startswith("file:"):
        return None
    return str(database)


def _is_sqlite_file(path: str) -> bool:
    """Return whether the file exists; raises CommandError where it cannot be created or is not a SQLite database."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise CommandError(
            f"{_shown_path(path)}: the folder {folder} does not exist. Make it first, or choose another path."
        )
    if os.path.isdir(path):
        raise CommandError(f"{_shown_path(path)} is a folder, not a database. Name a file in it.")
    if not os.path.exists(path):
        return False
    with open(path, "rb") as stream:
        start = stream.read(len(_SQLITE_MAGIC))
    if start and start != _SQLITE_MAGIC:
        raise CommandError(
            f"{_shown_path(path)} is a file, but not a SQLite database. It was not changed; choose another path."
        )
    return True


def _shown_path(path: str | None) -> str:
    """Return the path of a SQLite database relative to the working folder."""
    return "in memory" if path in (None, "", ":memory:") else shown_path(path or "")


def _default_name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        base = os.path.basename(url.database or "").partition(".")[0]
        return re.sub(r"\W+", "_", base).strip("_") or "memory"
    return re.sub(r"\W+", "_", url.database or url.host or url.get_backend_name())
