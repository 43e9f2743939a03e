"""Which rows refer to rows that are not there: ``PRAGMA foreign_key_check``.

https://sqlite.org/pragma.html#pragma_foreign_key_check
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from .identifiers import quote

NO_KEY = ""
"""Stands for the table that is referred to where the columns there are no key, so that nothing can be checked."""


def dangling(connection: Connection, schema: str | None = None) -> Counter[tuple[str, str]]:
    """Return how many rows of (table) refer to rows that (parent) lacks, in all tables."""
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
    """Return the same of one table; (table, `NO_KEY`) where SQLite cannot check it."""
    place = f"{quote(schema)}." if schema else ""
    try:
        rows = connection.exec_driver_sql(f"PRAGMA {place}foreign_key_check({quote(table)})").all()
    except OperationalError as error:
        if not _is_mismatch(error):
            raise
        return Counter({(table, NO_KEY): 1})
    return Counter((row[0], row[2]) for row in rows)


def said(wrong: Counter[tuple[str, str]]) -> str:
    """Return it in words."""
    return "; ".join(
        f"{table} refers to columns that are no key"
        if parent == NO_KEY
        else f"{count} rows of {table} refer to rows that {parent} lacks"
        for (table, parent), count in sorted(wrong.items())
    )


def _is_mismatch(error: OperationalError) -> bool:
    return "foreign key mismatch" in str(error.orig)
