"""Statements that a constraint of SQLite refuses: they run again on a copy of the table without it.

A foreign key is deferred instead, so that ``PRAGMA foreign_key_check`` finds the rows. All of it is undone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ...operations.operation import MigrateOperation
from ...util.sqla_compat import executed_at_end
from ..findings import Blocker, BlockerKind
from .checks import RowQueries
from .dangling import dangling_references, new_dangling
from .find import message, rows_refused
from .sqlite_copies import Write, put_copy, write_of
from .tried_rows import rows_tried
from .violated import Ran

_KINDS: Mapping[str, BlockerKind] = {
    "UNIQUE constraint failed": "duplicate",
    "NOT NULL constraint failed": "null",
    "CHECK constraint failed": "check",
    "FOREIGN KEY constraint failed": "orphan",
}
_SAVEPOINT = "mig_rehearsed_rows"


def rows_on_sqlite(connection: Connection, error: Exception, ran: Ran, shown: str, revision: str) -> list[Blocker]:
    """Return the rows because of which constraints refuse a statement; [] where ``error`` is not of a constraint.

    The blocker has the message of the database alone where no row can be counted.
    """
    text = message(error)
    kind = next((kind for words, kind in _KINDS.items() if text.startswith(words)), None)
    if kind is None or not ran.texts:
        return []
    write, found = write_of(ran.texts[-1], connection.dialect), list[Blocker]()
    with suppress(SQLAlchemyError, sqlite3.Error, NotImplementedError, LookupError):
        if kind == "orphan":
            with _undone(connection):
                found = _dangling(connection, error, ran, shown, revision)
        elif write is not None:
            found = _on_copies(connection, error, ran, write, shown, revision)
    table = "" if write is None else write.table
    return found or [Blocker(kind, revision, shown, table, text, error=text)]


def _on_copies(
    connection: Connection, error: Exception, ran: Ran, write: Write, shown: str, revision: str
) -> list[Blocker]:
    """Run a statement again on a copy of its table, and on another one for each unique key that fails there."""
    failed = {message(error).lower()}
    while True:
        with _undone(connection):
            operations = put_copy(connection, write, failed)
            try:
                ran.again()
            except sqlite3.IntegrityError as second:
                text = str(second).lower()
                if text in failed:
                    raise
                failed.add(text)
            else:
                queries = RowQueries(connection)
                return [
                    each for one in operations for each in _of_constraint(queries, one, error, write, shown, revision)
                ]


def _of_constraint(
    queries: RowQueries, operation: MigrateOperation, error: Exception, write: Write, shown: str, revision: str
) -> Iterator[Blocker]:
    """Yield the rows that one constraint refuses; SQLite checks the keys of a row after NOT NULL and CHECK."""
    if write.may_leave_out:
        is_update = write.upsert == "UPDATE"
        yield from rows_tried(queries, operation, write.table, shown, error, revision, may_be_updated=is_update)
    else:
        yield from rows_refused(queries, [operation], shown, error, revision)


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


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)
