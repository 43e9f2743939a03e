"""Statements that a constraint of SQLite refuses: they run again on a copy of the table without constraints.

A foreign key is deferred instead, so that ``PRAGMA foreign_key_check`` finds the rows. All of it is undone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ...operations.operation import MigrateOperation
from ...operations.ops import AlterColumnOp, CreateCheckConstraintOp, CreateIndexOp
from ...util.sql import in_quotes
from ...util.sqla_compat import executed_at_end
from ..findings import Blocker, BlockerKind
from .checks import RowQueries
from .dangling import dangling_references, new_dangling
from .find import message, rows_refused
from .reader import Reader
from .violated import Ran

_KINDS: Mapping[str, BlockerKind] = {
    "UNIQUE constraint failed": "duplicate",
    "NOT NULL constraint failed": "null",
    "CHECK constraint failed": "check",
    "FOREIGN KEY constraint failed": "orphan",
}
_SAVEPOINT, _ORIGINAL = "mig_rehearsed_rows", "mig_rehearsed_original"


def rows_on_sqlite(connection: Connection, error: Exception, ran: Ran, shown: str, revision: str) -> list[Blocker]:
    """Return the rows because of which constraints refuse a statement; [] where ``error`` is not of a constraint.

    The blocker has the message of the database alone where no row can be counted: the table has triggers, say.
    """
    text = message(error)
    kind = next((kind for words, kind in _KINDS.items() if text.startswith(words)), None)
    if kind is None or not ran.texts:
        return []
    table, found = _table(ran.texts[-1], connection), list[Blocker]()
    try:
        with _undone(connection):
            if kind == "orphan":
                found = _dangling(connection, error, ran, shown, revision)
            elif table:
                operations = _without_constraints(connection, table, text)
                ran.again()
                found = list(rows_refused(RowQueries(connection), operations, shown, error, revision))
    except (SQLAlchemyError, sqlite3.Error, NotImplementedError, LookupError):
        found = []
    return found or [Blocker(kind, revision, shown, table, text, error=text)]


@contextmanager
def _undone(connection: Connection) -> Iterator[None]:
    """Undo what the block does."""
    connection.exec_driver_sql(f"SAVEPOINT {_SAVEPOINT}")
    with executed_at_end(connection, f"RELEASE {_SAVEPOINT}"), executed_at_end(connection, f"ROLLBACK TO {_SAVEPOINT}"):
        yield


def _dangling(connection: Connection, error: Exception, ran: Ran, shown: str, revision: str) -> list[Blocker]:
    before, deferred = dangling_references(connection), _pragma(connection, "defer_foreign_keys")
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    with executed_at_end(connection, f"PRAGMA defer_foreign_keys = {deferred}"):
        ran.again()
        found = new_dangling(connection, before, error, revision, shown)
    return [each for each in found if each.kind != "error"]


def _table(sql: str, connection: Connection) -> str:
    """Return the table that an INSERT or UPDATE writes to; "" for any other statement."""
    reader = Reader(sql, connection.dialect)
    try:
        if not (reader.takes("INSERT") or reader.takes("UPDATE") or reader.takes("REPLACE")):
            return ""
        if reader.takes("OR"):
            reader.name()
        reader.takes("INTO")
        schema, table = reader.qualified()
        return table if schema in (None, "main") else ""
    except (IndexError, ValueError):
        return ""


def _without_constraints(connection: Connection, table: str, text: str) -> list[MigrateOperation]:
    """Put a copy without constraints in place of a table, and return the operations that would add them.

    Raises LookupError for a table with triggers or computed columns. ``text`` is the message of the database.
    """
    quoted = in_quotes(table)
    columns = connection.exec_driver_sql(f"PRAGMA table_xinfo({quoted})").all()
    triggers = sa.text("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(:table)")
    if not columns or any(row[6] for row in columns) or connection.execute(triggers, {"table": table}).first():
        raise LookupError(table)
    operations = [*_keys(connection, table), *_conditions(connection, table)]
    operations += [AlterColumnOp(table, row[1], modify_nullable=False) for row in columns if row[3]]
    key = [row[1] for row in columns if row[5]]
    is_alias = len(key) == 1 and next(row[2] for row in columns if row[5]).upper() == "INTEGER"
    keeps_key = is_alias and text != f"UNIQUE constraint failed: {table}.{key[0]}"
    if is_alias and not keeps_key:
        operations.append(CreateIndexOp("index", table, key, unique=True))
    defined = ", ".join(_definition(row, keeps_key=keeps_key) for row in columns)
    before = _pragma(connection, "legacy_alter_table")
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")  # triggers and views keep the name
    with executed_at_end(connection, f"PRAGMA legacy_alter_table = {before}"):
        connection.exec_driver_sql(f"ALTER TABLE {quoted} RENAME TO {_ORIGINAL}")
    connection.exec_driver_sql(f"CREATE TABLE {quoted} ({defined})")
    connection.exec_driver_sql(f"INSERT INTO {quoted} SELECT * FROM {_ORIGINAL}")
    return operations


def _definition(row: Any, *, keeps_key: bool) -> str:
    default = f" DEFAULT ({row[4]})" if row[4] is not None else ""
    return f"{in_quotes(row[1])} {row[2]}{' PRIMARY KEY' if keeps_key and row[5] else ''}{default}"


def _keys(connection: Connection, table: str) -> Iterator[CreateIndexOp]:
    """Yield the unique keys of a table on columns, with the collations by which they compare."""
    for _, name, is_unique, _, is_partial in connection.exec_driver_sql(f"PRAGMA index_list({in_quotes(table)})").all():
        parts = [row for row in connection.exec_driver_sql(f"PRAGMA index_xinfo({in_quotes(name)})").all() if row[5]]
        if is_unique and not is_partial and all(row[2] is not None for row in parts):
            yield CreateIndexOp("index", table, [_part(row[2], row[4]) for row in parts], unique=True)


def _part(name: str, collation: str) -> str | sa.TextClause:
    return name if collation == "BINARY" else sa.text(f"{in_quotes(name)} COLLATE {collation}".replace(":", r"\:"))


def _conditions(connection: Connection, table: str) -> Iterator[CreateCheckConstraintOp]:
    for each in sa.inspect(connection).get_check_constraints(table):
        yield CreateCheckConstraintOp(None, table, each["sqltext"])


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)
