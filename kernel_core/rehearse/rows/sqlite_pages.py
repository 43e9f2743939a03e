"""Find the tables of a clone on SQLite that nothing has written to, by the pages of its file.

The clone begins as a byte for byte copy of a file. A table whose root page is where it was, and whose pages all are as
they were, has the same rows. Which pages a table has is what the virtual table ``dbstat`` shows; some builds of SQLite
lack it, and there all tables are compared row by row. https://sqlite.org/dbstat.html
"""

from __future__ import annotations

from typing import BinaryIO

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_PART = 1000


def same_tables(connection: Connection, copy: str, before: str, after: str) -> frozenset[str]:
    """Return the names of the tables that have the same columns and the same pages in two files.

    ``connection`` is to the file ``after``, and has the file ``before`` attached as the schema ``copy``.
    """
    size = _one(connection, "PRAGMA main.page_size")
    in_files = all(_one(connection, f"PRAGMA {name}.journal_mode") != "wal" for name in ("main", copy))
    if not in_files or size != _one(connection, f"PRAGMA {copy}.page_size"):
        return frozenset()
    candidates = _with_kept_definition(connection, copy)
    try:
        with open(before, "rb") as old, open(after, "rb") as new:
            return frozenset(name for name in candidates if _has_same_pages(connection, name, (old, new), int(size)))
    except DBAPIError:
        return frozenset()


def _one(connection: Connection, sql: str) -> str:
    return str(connection.exec_driver_sql(sql).scalar())


def _with_kept_definition(connection: Connection, copy: str) -> list[str]:
    """Return the tables whose definition is the one before, or that one with further columns at its end."""
    sql = (
        "SELECT a.name, b.sql, a.sql FROM main.sqlite_master a "
        f"JOIN {copy}.sqlite_master b ON b.name = a.name AND b.rootpage = a.rootpage "
        "WHERE a.type = 'table' AND b.type = 'table' AND a.rootpage > 0"
    )
    rows = connection.exec_driver_sql(sql)
    return [name for name, was, now in rows if was == now or (was.endswith(")") and now.startswith(f"{was[:-1]},"))]


def _has_same_pages(connection: Connection, table: str, files: tuple[BinaryIO, BinaryIO], size: int) -> bool:
    """Return whether each page of a table is the same in both files; the first one that differs ends the search."""
    result = connection.exec_driver_sql("SELECT pageno FROM dbstat('main') WHERE name = ?", (table,))
    pages = (number for part in result.scalars().partitions(_PART) for number in part)
    try:
        return all(_page(files[0], number, size) == _page(files[1], number, size) for number in pages)
    finally:
        result.close()


def _page(file: BinaryIO, number: int, size: int) -> bytes:
    file.seek((number - 1) * size)
    return file.read(size)
