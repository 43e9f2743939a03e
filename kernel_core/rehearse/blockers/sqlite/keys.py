"""Foreign keys of SQLite that a statement has to meet, as operations that would add them.

Those are the keys that are checked at once, and that all rows meet until now: SQLite counts the dangling references, so
that a new one may take the place of one that was there before (https://sqlite.org/foreignkeys.html).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ....operations.ops import CreateForeignKeyOp
from ....util.sql import in_quotes, tokens

_REFUSING = frozenset({"NO ACTION", "RESTRICT"})
_TABLES = """
SELECT name, sql FROM sqlite_master WHERE type = 'table' UNION ALL
SELECT name, sql FROM sqlite_temp_master WHERE type = 'table' ORDER BY name
"""


def keys_of(connection: Connection, table: str, sql: str) -> Iterator[CreateForeignKeyOp]:
    """Yield the foreign keys of a table, whose definition is ``sql``."""
    if _are_checked_at_once(connection):
        yield from (_operation(connection, table, parts) for parts in _keys(connection, table, sql))


def keys_referring_to(connection: Connection, table: str, changes: Collection[str]) -> Iterator[CreateForeignKeyOp]:
    """Yield the foreign keys of other tables that refuse ``changes`` of a table: "update", "delete"."""
    if not changes or not _are_checked_at_once(connection):
        return
    for other, sql in connection.execute(sa.text(_TABLES)).all():
        if other.lower() != table.lower() and "REFERENCES" in str(sql).upper():
            for parts in _keys(connection, other, sql):
                actions = {"update": parts[0].on_update, "delete": parts[0].on_delete}
                if parts[0].table.lower() == table.lower() and {actions[each] for each in changes} <= _REFUSING:
                    yield _operation(connection, other, parts)


def _are_checked_at_once(connection: Connection) -> bool:
    run = connection.exec_driver_sql
    return bool(run("PRAGMA foreign_keys").scalar()) and not run("PRAGMA defer_foreign_keys").scalar()


def _keys(connection: Connection, table: str, sql: str) -> Iterator[list[Any]]:
    """Yield the rows of ``PRAGMA foreign_key_list`` for each key that all rows of a table meet at once."""
    run, name, words = connection.exec_driver_sql, in_quotes(table), tokens(sql, "sqlite")
    listed = run(f"PRAGMA foreign_key_list({name})").all()
    is_deferred = any((one.keyword, two.keyword) == ("INITIALLY", "DEFERRED") for one, two in pairwise(words))
    if not listed or is_deferred:
        return
    dangling = {row[3] for row in run(f"PRAGMA foreign_key_check({name})")}
    for number in sorted({row.id for row in listed} - dangling):
        yield sorted((row for row in listed if row.id == number), key=lambda row: int(row.seq))


def _operation(connection: Connection, table: str, parts: list[Any]) -> CreateForeignKeyOp:
    """Return the operation that would add a key; a copy of the table that it refers to may lack its primary key."""
    columns = connection.exec_driver_sql(f"PRAGMA table_info({in_quotes(parts[0].table)})").all()
    names = {row.name.lower(): row.name for row in columns}
    key = [row.name for row in sorted(columns, key=lambda row: int(row.pk)) if row.pk]
    remote = [names.get(row.to.lower(), row.to) for row in parts if row.to is not None]
    return CreateForeignKeyOp(None, table, parts[0].table, [row[3] for row in parts], remote or key)
