"""Dangling references, rows that refer to missing rows: ``PRAGMA foreign_key_check``.

https://sqlite.org/pragma.html#pragma_foreign_key_check
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from .identifiers import quote

NO_KEY = ""
"""In place of the parent table where its columns are not a key, so that SQLite cannot check the references."""


def dangling(connection: Connection, schema: str | None = None) -> Counter[tuple[str, str]]:
    """Return the number of dangling references by (table, parent table), of all tables."""
    place = f"{quote(schema)}." if schema else ""
    try:
        rows = connection.exec_driver_sql(f"PRAGMA {place}foreign_key_check").all()
    except OperationalError as error:
        if not _is_mismatch(error):
            raise
    else:
        return Counter((row[0], row[2]) for row in rows)
    tables = connection.exec_driver_sql(f"SELECT name FROM {place}sqlite_master WHERE type = 'table'").scalars().all()
    return sum((dangling_of(connection, table, schema) for table in tables), Counter())


def dangling_of(connection: Connection, table: str, schema: str | None = None) -> Counter[tuple[str, str]]:
    """Return the number of dangling references of one table; (table, `NO_KEY`) where SQLite cannot check it."""
    place = f"{quote(schema)}." if schema else ""
    try:
        rows = connection.exec_driver_sql(f"PRAGMA {place}foreign_key_check({quote(table)})").all()
    except OperationalError as error:
        if not _is_mismatch(error):
            raise
        return Counter({(table, NO_KEY): 1})
    return Counter((row[0], row[2]) for row in rows)


def describe(dangling: Counter[tuple[str, str]]) -> str:
    """Return a description: ``2 rows of pet refer to rows that person lacks``."""
    return "; ".join(
        f"{table} refers to columns that are not a key"
        if parent == NO_KEY
        else f"{count} rows of {table} refer to rows that {parent} lacks"
        for (table, parent), count in sorted(dangling.items())
    )


def _is_mismatch(error: OperationalError) -> bool:
    return "foreign key mismatch" in str(error.orig)
