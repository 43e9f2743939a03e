"""The whole catalog of a database in a constant number of queries, as plain values: one file per database."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.engine import Connection, Inspector

from .catalog import Catalog, EnumInfo, Info, Key, TableInfo
from .inspected.catalog import read_by_inspector
from .mariadb.catalog import read_mariadb
from .postgresql.catalog import read_postgresql
from .sqlite.catalog import read_sqlite

__all__ = ["Catalog", "EnumInfo", "Info", "Key", "TableInfo", "read_by_inspector", "read_catalog"]

Wanted = Callable[[Key], bool]
"""Whether a table is to be read, by its place; asked before anything of it is read, where that can be."""


def read_catalog(
    connection: Connection, inspector: Callable[[], Inspector], schemas: Sequence[str | None], wanted: Wanted
) -> Catalog:
    """Return what some schemas hold; None is the default one.

    SQLite is asked 3 queries, PostgreSQL 4, MariaDB 3. Other databases are read by SQLAlchemy's Inspector.
    """
    name, version = connection.dialect.name, connection.dialect.server_version_info or ()
    if name == "sqlite" and version >= (3, 26):
        return read_sqlite(connection, schemas, wanted)
    if name == "postgresql" and version >= (12,):
        return read_postgresql(connection, schemas, wanted)
    if getattr(connection.dialect, "is_mariadb", False) and version >= (10, 5, 10):
        return read_mariadb(connection, schemas, wanted)
    return read_by_inspector(inspector(), schemas, wanted)
