"""Replace the async driver of a URL by a synchronous driver of the same database."""

from __future__ import annotations

import importlib.util
from typing import Any

from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import NoSuchModuleError

from .exc import CommandError
from .packages import pip_install
from .secrets import mask_url

_SYNC_DRIVERS = {
    "sqlite": (("pysqlite", "sqlite3"),),
    "postgresql": (("psycopg", "psycopg"), ("psycopg2", "psycopg2"), ("pg8000", "pg8000")),
    "mysql": (("pymysql", "pymysql"), ("mysqldb", "MySQLdb")),
    "mariadb": (("pymysql", "pymysql"), ("mysqldb", "MySQLdb")),
    "oracle": (("oracledb", "oracledb"),),
    "mssql": (("pyodbc", "pyodbc"),),
}
"""For each database the synchronous drivers, best first, each with its module."""

_RENAMED = {"asyncpg": {"ssl": "sslmode", "timeout": "connect_timeout"}}
"""Arguments in the query of a URL that have another name in a synchronous driver."""

_ONLY_ASYNC = frozenset(
    {
        "async_creator_fn",
        "async_fallback",
        "command_timeout",
        "max_cacheable_statement_size",
        "max_cached_statement_lifetime",
        "prepared_statement_cache_size",
        "prepared_statement_name_func",
        "server_settings",
        "statement_cache_size",
    }
)
"""Arguments in the query of a URL that only async drivers accept."""


def url_of_async_engine(target: object) -> URL | None:
    """Return the URL of an AsyncEngine, None for any other object; greenlet is not imported.

    Raises CommandError for a SQLite database in memory, which no other engine can read.
    """
    engine = getattr(target, "sync_engine", None) if type(target).__name__ == "AsyncEngine" else None
    if not isinstance(engine, Engine):
        return None
    url = engine.url
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise CommandError(
            "This AsyncEngine has its SQLite database in memory, which no other connection can read. "
            "Use a file: sqlite+aiosqlite:///dev.db"
        )
    return url


def with_sync_driver(url: URL) -> URL:
    """Return a URL of the same database with a synchronous driver; the URL itself where its driver is not async.

    Raises CommandError where no such driver is installed.
    """
    try:
        if not getattr(url.get_dialect(), "is_async", False):
            return url
    except (NoSuchModuleError, ImportError):
        return url  # reported when the engine is created
    backend = url.get_backend_name()
    for driver, module in _SYNC_DRIVERS.get(backend, ()):
        if importlib.util.find_spec(module) is not None:
            return url.set(drivername=f"{backend}+{driver}", query=_query(url, driver))
    drivers = _SYNC_DRIVERS.get(backend)
    remedy = f"Type: {pip_install(drivers[0][1])}" if drivers else "Name a driver that is not async before ://."
    raise CommandError(
        f"{mask_url(url)}: {url.get_driver_name()} is an async driver, and one that is not is needed here, "
        f"which is not installed for {backend}. {remedy}"
    )


def _query(url: URL, driver: str) -> dict[str, Any]:
    renamed = _RENAMED.get(url.get_driver_name(), {}) if driver.startswith("psycopg") else {}
    return {renamed.get(name, name): value for name, value in url.query.items() if name not in _ONLY_ASYNC}
