"""Statements that a constraint of SQLite refuses: they run again on a copy of the table without it.

A foreign key is deferred instead, so that ``PRAGMA foreign_key_check`` finds the rows. All of it is undone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ....operations.operation import MigrateOperation
from ....operations.ops import AlterColumnOp, CreateCheckConstraintOp
from ....util.sqla_compat import executed_at_end
from ...findings import Blocker, BlockerKind
from ..checks import Check, RowQueries
from ..find import message, rows_refused_by_table
from ..ran import Ran
from ..strict_tables import unfit_for_strict
from ..tried_rows import rows_tried
from ..written_tables import Write, write_of
from .copies import put_copy
from .dangling import dangling_references, new_dangling

_KINDS: Mapping[str, BlockerKind] = {
    "UNIQUE constraint failed": "duplicate",
    "NOT NULL constraint failed": "null",
    "CHECK constraint failed": "check",
    "FOREIGN KEY constraint failed": "orphan",
    "cannot store ": "misfit",
}
_SAVEPOINT = "mig_rehearsed_rows"
_ERRORS = (SQLAlchemyError, sqlite3.Error, NotImplementedError, LookupError)
"""What keeps rows from being counted."""


def rows_on_sqlite(connection: Connection, error: Exception, ran: Ran, shown: str, revision: str) -> list[Blocker]:
    """Return the rows because of which constraints refuse a statement; [] where ``error`` is not of a constraint.

    The blocker has the message of the database alone where no row can be counted.
    """
    text = message(error)
    kind = next((kind for words, kind in _KINDS.items() if text.startswith(words)), None)
    if kind is None or not ran.texts:
        return []
    write, found = write_of(ran.texts[-1], connection.dialect), list[Blocker]()
    if kind == "orphan":
        with suppress(*_ERRORS), _undone(connection):
            found = _dangling(connection, error, ran, shown, revision)
    if write is not None and write.schema not in (None, "main"):
        write = None
    if not found and write is not None:  # a key with RESTRICT may have refused it before another constraint does
        with suppress(*_ERRORS):
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
            operations, leaves_out = put_copy(connection, write, failed)
            try:
                ran.again()
            except sqlite3.IntegrityError as second:
                text = str(second).lower()
                if text in failed:
                    raise
                failed.add(text)
            else:
                return list(_counted(connection, operations, error, write, shown, revision, leaves_out=leaves_out))


class _OfCopy(RowQueries):
    """Queries for the rows of a copy of a table; of a STRICT one no CHECK compares a value of another type."""

    def __init__(self, connection: Connection, operations: Iterable[MigrateOperation]) -> None:
        super().__init__(connection)
        typed = (each for each in operations if isinstance(each, AlterColumnOp) and each.modify_type is not None)
        self._types = {each.column_name: str(each.modify_type) for each in typed}

    def check(self, operation: CreateCheckConstraintOp) -> Iterator[Check]:
        for check in super().check(operation):
            (table,) = check.rows.get_final_froms()
            assert isinstance(table, sa.TableClause), "no column is added"
            names = [name for name in check.columns if name in self._types]
            unfit = (
                unfit_for_strict(self.connection, table, table.c[name], self._types[name], is_copy=True)
                for name in names
            )
            yield replace(check, rows=check.rows.where(*(sa.not_(each) for each in unfit if each is not None)))


def _counted(
    connection: Connection,
    operations: Sequence[MigrateOperation],
    error: Exception,
    write: Write,
    shown: str,
    revision: str,
    *,
    leaves_out: bool,
) -> Iterator[Blocker]:
    """Yield the rows that constraints refuse; SQLite checks the keys of a row after NOT NULL, its types and CHECK."""
    queries, is_update = _OfCopy(connection, operations), write.upsert == "UPDATE"
    for each in operations:
        if leaves_out:
            yield from rows_tried(queries, each, write.table, shown, error, revision, may_be_updated=is_update)
        else:
            yield from rows_refused_by_table(queries, each, shown, error, revision)


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
