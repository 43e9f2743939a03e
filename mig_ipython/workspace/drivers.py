"""The packages of drivers and dialects, and messages for what ``%mig_connect`` cannot use."""

from __future__ import annotations

import difflib
import importlib.util

import sqlalchemy as sa
from sqlalchemy.engine import URL

from kernel_core.util.packages import pip_install

_USUAL = {
    "postgresql": ("psycopg", "psycopg"),
    "mysql": ("pymysql", "pymysql"),
    "mariadb": ("pymysql", "pymysql"),
}
"""For a URL without a driver: the driver of our extras and its module."""

_INSTEAD = {"psycopg2": "postgresql+psycopg", "MySQLdb": "mysql+pymysql", "cx_Oracle": "oracle+oracledb"}
"""The name before ``://`` of another driver for the same database."""

_DIALECTS = {
    "awsathena": "'PyAthena[SQLAlchemy]'",
    "bigquery": "sqlalchemy-bigquery",
    "clickhouse": "clickhouse-sqlalchemy",
    "clickhousedb": "clickhouse-connect",
    "cockroachdb": "sqlalchemy-cockroachdb",
    "crate": "sqlalchemy-cratedb",
    "databricks": "databricks-sqlalchemy",
    "db2": "ibm-db-sa",
    "druid": "'pydruid[sqlalchemy]'",
    "duckdb": "duckdb-engine",
    "exa": "sqlalchemy-exasol",
    "firebird": "sqlalchemy-firebird",
    "hana": "sqlalchemy-hana",
    "hive": "'PyHive[hive]'",
    "ibm_db_sa": "ibm-db-sa",
    "monetdb": "sqlalchemy-monetdb",
    "presto": "'PyHive[presto]'",
    "redshift": "sqlalchemy-redshift",
    "snowflake": "snowflake-sqlalchemy",
    "spanner": "sqlalchemy-spanner",
    "sqlite+libsql": "sqlalchemy-libsql",
    "teradatasql": "teradatasqlalchemy",
    "trino": "'trino[sqlalchemy]'",
}
"""The package of a dialect that SQLAlchemy does not include."""

_KNOWN = ("sqlite", "postgresql", "mysql", "mariadb", "mssql", "oracle", "postgresql+psycopg", "mysql+pymysql")


def with_usual_driver(url: URL) -> URL:
    """Return the URL with the driver of our extras, if it has none and that driver is installed or no other one is."""
    if url.drivername not in _USUAL:
        return url
    driver, module = _USUAL[url.drivername]
    try:
        default = url.get_dialect().import_dbapi()
    except ImportError:
        default = None
    if default is None or importlib.util.find_spec(module) is not None:
        return url.set(drivername=f"{url.drivername}+{driver}")
    return url


def missing_driver(module: str) -> str:
    """Return the message, with its remedy, for a driver that cannot be imported."""
    name = module.partition(".")[0]
    other = f", or name another driver: {_INSTEAD[name]}://" if name in _INSTEAD else ""
    return f"the driver {module!r} is not installed. Type: {pip_install(name)}{other}"


def missing_dialect(drivername: str) -> str:
    """Return the message, with its remedy, for a name before ``://`` that SQLAlchemy does not know."""
    package = _DIALECTS.get(drivername) or _DIALECTS.get(drivername.partition("+")[0])
    if package:
        return f"the dialect {drivername!r} is not installed. Type: pip install {package}"
    near = difflib.get_close_matches(drivername, (*_KNOWN, *_DIALECTS), 1)
    return (
        f"no dialect is called {drivername!r}{f'; the nearest is {near[0]}' if near else ''}. "
        "SQLAlchemy includes sqlite, postgresql, mysql, mariadb, mssql and oracle; others are separate packages."
    )


def not_a_database(target: object) -> str:
    """Return the message, with its remedy, for an object that is neither a URL nor an engine."""
    kind = type(target)
    name = f"{kind.__module__.partition('.')[0].removeprefix('builtins')}.{kind.__name__}".removeprefix(".")
    if isinstance(target, sa.Connection):
        return "This is a SQLAlchemy Connection. Connect to its engine: %mig_connect {connection.engine}"
    if callable(getattr(target, "get_bind", None)):
        return f"This is a SQLAlchemy {kind.__name__}. Connect to its engine: %mig_connect {{session.get_bind()}}"
    if callable(getattr(target, "cursor", None)) and callable(getattr(target, "commit", None)):
        return (
            f"This is a driver's connection ({name}); an engine is needed. "
            f"Type: %mig_connect {_url_of(target)}, or make one with sqlalchemy.create_engine()."
        )
    return (
        f"An object of the type {name} is not a database. "
        "%mig_connect takes a URL such as sqlite:///dev.db, an engine, or $NAME for an environment variable."
    )


def _url_of(connection: object) -> str:
    """Return the URL of a driver's connection, or its general form."""
    module = type(connection).__module__.partition(".")[0].lower()
    if module == "sqlite3":
        return f"sqlite:///{_file_of(connection)}"
    backend = next((name for part, name in _BACKENDS.items() if part in module), "dialect")
    return f"{backend}://user@host/database"


_BACKENDS = {
    "psycopg": "postgresql",
    "pg8000": "postgresql",
    "asyncpg": "postgresql",
    "mysql": "mysql",
    "maria": "mariadb",
}


def _file_of(connection: object) -> str:
    import os
    import sqlite3

    try:
        rows = connection.execute("PRAGMA database_list").fetchall()  # type: ignore[attr-defined]
    except sqlite3.Error:
        return "dev.db"  # a closed connection names no file
    path = next((str(row[2]) for row in rows if row[1] == "main"), "")
    return os.path.relpath(path) if path.startswith(os.getcwd()) else path
