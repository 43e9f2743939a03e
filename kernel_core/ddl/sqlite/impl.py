"""SQLite: the changes that it makes in place, its transactions and its scripts; `rebuild` makes the others."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Table, inspect, table
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Constraint
from sqlalchemy.sql.compiler import DDLCompiler

from ...operations.batch import Batch
from ...operations.ddl_formatting import alter_table, format_column_name, inline_foreign_keys
from ...operations.direct_ddl import AddColumnOptions
from ...operations.kinds.column import AddColumn, ColumnName
from ...operations.watching import watcher
from ...util.exc import CommandError, UnsupportedOperation
from ...util.sqla_compat import AnyColumn, is_type_bound
from ..cancelling import Cancelling
from ..columnchange import ColumnChange
from ..impl import DefaultImpl
from ..run_lock import RunLock
from ..type_comparison import synonyms_of
from .foreign_key_check import dangling, describe
from .generated_names import SqliteNames, name_of
from .lock_wait import commit_while_locked, limited_waits, while_locked
from .pragma import close_cursors, end_transaction, in_transaction, is_usable, pragma, set_pragma
from .rebuild import Rebuild, needs_rebuild, never_addable
from .run_lock import run_lock
from .script import AROUND_REBUILD, without_foreign_keys


class ScratchDatabase(Protocol):
    """A database on which each statement of an offline script is run, so that later ones find the changed tables."""

    def note(self, text: str) -> None:
        """Run or remember a statement that was printed."""

    def connection(self) -> Connection:
        """Return a connection to the tables after the statements so far; raises UnsupportedOperation."""


class SQLiteImpl(DefaultImpl):
    """SQLite's DDL and its differences."""

    __dialect__ = "sqlite"
    transactional_ddl = True
    marks_transactions = True
    has_journal = True
    needs_batch = True
    keeps_lengths = False
    type_synonyms = synonyms_of("sqlite")
    scratch: ScratchDatabase | None = None
    """Offline, a database with the tables as the script so far has changed them; None where no database is known."""
    _held: list[str] | None = None
    """Offline, the statements of the open transaction, printed with its COMMIT; None outside of a transaction."""
    _rebuilds = False
    """Offline, whether the open transaction or an earlier one rebuilds a table."""
    _is_first_rebuild = True
    """Offline, whether no printed transaction has rebuilt a table."""

    def catalog(self) -> Connection | None:
        """Return the connection from which definitions are read: offline that of the scratch database.

        Raises UnsupportedOperation where a statement of the script cannot be run on the scratch database.
        """
        if not self.as_sql:
            return self.connection
        return self.scratch.connection() if self.scratch is not None else None

    def static_output(self, text: str) -> None:
        """Print a statement of the offline script, and run it on the scratch database."""
        if self._held is None:
            super().static_output(text)
        else:
            self._held.append(text)
        if self.scratch is not None:
            self.scratch.note(text)

    def emit_begin(self) -> None:
        """Hold back the transaction: whether foreign keys are switched off before BEGIN is known at its end."""
        self.print_held()
        self._held = []
        super().emit_begin()

    def emit_commit(self) -> None:
        """Print the transaction; without foreign keys if it, or an earlier one, rebuilds a table.

        Later ones too, because the session may have had foreign keys off before the script switched them on.
        """
        super().emit_commit()
        if self._held is not None and self._rebuilds:
            self._held = without_foreign_keys(self._held, is_first=self._is_first_rebuild)
            self._is_first_rebuild = False
        self.print_held()

    def print_held(self) -> None:
        """Print the statements that are held back."""
        held, self._held = self._held or (), None
        for text in held:
            super().static_output(text)

    @contextmanager
    def print_without_foreign_keys(self) -> Iterator[None]:
        """Have the statements of the block, or their whole transaction, printed without foreign keys."""
        if self._held is not None:
            self._rebuilds = True
            yield
            return
        before, after = AROUND_REBUILD
        super().static_output(before)
        yield
        super().static_output(after)

    def run_lock(
        self, connection: Connection, table: Table, *, borrowed: bool, looks_for: tuple[str, ...] = ()
    ) -> RunLock | None:
        """Return the lock of the database file; None in a transaction of the caller, which locks the file itself."""
        return None if borrowed else run_lock(connection, table, self.translated(table.schema))

    @contextmanager
    def cancelling(self, connection: Connection) -> Iterator[Cancelling | None]:
        """Let SQLite call Python now and then, which is when Python handles signals. Replaces a progress handler.

        With aiosqlite it runs in another thread, while the main thread waits in its event loop.
        """
        raw: Any = connection.connection.driver_connection
        if connection.dialect.driver == "aiosqlite":
            yield Cancelling(partial(_interrupt_async, raw))
            return
        if not isinstance(raw, sqlite3.Connection):
            yield None
            return
        raw.set_progress_handler(lambda: 0, 50_000)
        try:
            yield Cancelling(raw.interrupt)
        finally:
            with suppress(sqlite3.ProgrammingError):  # closed
                raw.set_progress_handler(None, 0)

    def close_results(self, connection: Connection) -> None:
        close_cursors(connection)

    def limited_lock_waits(self, connection: Connection, seconds: float) -> AbstractContextManager[None]:
        return limited_waits(connection, seconds)

    folds_column_names = True
    folds_table_names = True
    creates_schemas = False

    def rename_table(self, old_table_name: str, new_table_name: str, schema: str | None = None) -> None:
        """Rename a table; in two steps where only the case of the name changes, which SQLite refuses."""
        if old_table_name != new_table_name and old_table_name.casefold() == new_table_name.casefold():
            between = f"{new_table_name}_renamed"
            super().rename_table(old_table_name, between, schema)
            old_table_name = between
        super().rename_table(old_table_name, new_table_name, schema)

    @contextmanager
    def begin_revision(self, connection: Connection) -> Iterator[None]:
        """Run the block in one immediate transaction, with foreign keys off and a check of all references at its end.

        Dropping the old table of a rebuild would delete the rows that refer to it, and inside a transaction SQLite
        cannot switch foreign keys off. New dangling references roll back with CommandError.
        (https://sqlite.org/lang_altertable.html, section 7)
        """
        enforced = not in_transaction(connection) and pragma(connection, "foreign_keys") == 1
        if enforced:
            set_pragma(connection, "foreign_keys", "OFF")
        try:
            with connection.begin() as transaction:
                if not in_transaction(connection):
                    while_locked(connection, partial(connection.exec_driver_sql, "BEGIN IMMEDIATE"), self.on_lock_wait)
                before = dangling(connection) if enforced else Counter()
                yield
                if enforced:
                    _refuse_dangling(connection, dangling(connection) - before)
                commit_while_locked(connection, transaction, self.on_lock_wait)
        except BaseException:
            end_transaction(connection)
            raise
        finally:
            if enforced and is_usable(connection):
                set_pragma(connection, "foreign_keys", "ON")

    def can_group(self, connection: Connection) -> bool:
        """Return whether revisions may share a transaction: where foreign keys need no check after each of them."""
        return bool(pragma(connection, "foreign_keys") != 1)

    def add_column(
        self,
        table_name: str,
        column: AnyColumn,
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        inline_primary_key: bool | None = None,
        **kw: object,
    ) -> Iterable[Constraint] | None:
        """Add a column, with its single-column foreign keys inside the statement.

        SQLite adds any column but a primary key to a table without rows; to other tables those of `addable`.
        https://sqlite.org/lang_altertable.html, section 5
        """
        if if_not_exists and self.has_column(table_name, column.name, schema):
            return list(inline_foreign_keys(column))
        is_key = inline_primary_key and column.primary_key
        reason = "it is a primary key" if is_key else never_addable(column)
        if reason is not None and (is_key or not self._is_empty(table_name, schema)):
            raise UnsupportedOperation(
                f"SQLite cannot add column {column.name!r} to {table_name!r} in place: {reason}. "
                f'Use a batch: with op.batch_alter_table("{table_name}") as batch_op: ...'
            )
        self.execute(
            AddColumn(table_name, column, schema=schema, inline_references=True, inline_primary_key=inline_primary_key)
        )
        return inline_foreign_keys(column)

    def plain_addition(self, table_name: str, column: AnyColumn, options: AddColumnOptions) -> AddColumn | None:
        if options.if_not_exists or never_addable(column) is not None:
            return None
        return super().plain_addition(table_name, column, options._replace(inline_references=True))

    def _is_empty(self, table_name: str, schema: str | None) -> bool:
        """Return whether a table is known to have no rows."""
        if self.as_sql or not isinstance(self.connection, Connection):  # a mock connection
            return False
        place = self.dialect.identifier_preparer.format_table(table(table_name, schema=schema))
        try:
            return self.connection.exec_driver_sql(f"SELECT 1 FROM {place} LIMIT 1").first() is None
        except DBAPIError:  # no such table: the statement reports it
            return False

    def drop_column(
        self,
        table_name: str,
        column: AnyColumn,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        **kw: object,
    ) -> None:
        """Drop a column; ``if_exists`` queries the catalog, because SQLite has no IF EXISTS here."""
        if not if_exists or self.has_column(table_name, column.name, schema):
            super().drop_column(table_name, column, schema=schema)

    def has_column(self, table_name: str, column_name: str, schema: str | None) -> bool:
        """Return whether a column exists; raises UnsupportedOperation offline, without a catalog."""
        catalog = self.catalog()
        if catalog is None:
            raise UnsupportedOperation(
                f"SQLite has no IF [NOT] EXISTS for columns, so a script cannot test for {table_name}.{column_name}. "
                "Leave out if_exists and if_not_exists, or run it online."
            )
        found = inspect(catalog).get_columns(table_name, schema=schema)
        return any(column["name"] == column_name for column in found)

    def change_column(self, change: ColumnChange) -> None:
        """Rename a column; SQLite can alter nothing else of a column in place, and has no comments."""
        if change.redefines:
            raise UnsupportedOperation(
                f"SQLite cannot alter column {change.column_name!r} of {change.table_name!r} in place. "
                f'Use a batch: with op.batch_alter_table("{change.table_name}") as batch_op: ...'
            )
        super().change_column(change)

    def create_table_comment(self, table: Table) -> None:
        """Do nothing: SQLite has no comments."""

    def drop_table_comment(self, table: Table) -> None:
        """Do nothing: SQLite has no comments."""

    def create_column_comment(self, column: AnyColumn) -> None:
        """Do nothing: SQLite has no comments."""

    def add_constraint(self, const: Constraint, **kw: object) -> None:
        """Refuse: adding a constraint to an existing table needs a batch. The CHECK of a type is left out."""
        if not is_type_bound(const):
            raise self._needs_batch(const, "add")

    def drop_constraint(self, const: Constraint, **kw: object) -> None:
        """Refuse: dropping a constraint of an existing table needs a batch. The CHECK of a type is left out."""
        if not is_type_bound(const):
            raise self._needs_batch(const, "drop")

    def _needs_batch(self, constraint: Constraint, verb: str) -> UnsupportedOperation:
        table = constraint.table.name
        if constraint.__visit_name__ == "exclude_constraint":
            return UnsupportedOperation(
                f"SQLite has no exclude constraints ({constraint.name} of {table}). Leave it out."
            )
        return UnsupportedOperation(
            f"SQLite cannot {verb} a constraint ({constraint.name or 'unnamed'}) of the existing table {table!r}. "
            f'Use a batch: with op.batch_alter_table("{table}") as batch_op: ...'
        )

    def generated_names(self, connection: Connection | None) -> SqliteNames:
        return SqliteNames(connection)

    def constraint_name(self, constraint: Constraint) -> str | None:
        """Return the name by which a batch can drop a reflected constraint: a generated one where it is unnamed."""
        return name_of(constraint)

    def requires_recreate_in_batch(self, batch_op: Batch) -> bool:
        """Return whether a batch needs a new table."""
        return needs_rebuild(self, batch_op)

    @contextmanager
    def batch_transaction(self) -> Iterator[None]:
        """Commit a batch on a connection that is in no transaction; roll back what a failed one began there."""
        connection = self.connection
        if self.as_sql or connection is None or connection.in_transaction():
            yield
            return
        try:
            yield
        except BaseException:
            if connection.in_transaction() and not connection.invalidated:
                connection.rollback()
            raise
        if connection.in_transaction():
            connection.commit()

    def rebuild(self, batch: Batch) -> None:
        """Create a new table with the changes, copy the rows, and replace the old table by it."""
        Rebuild(self, batch).run()


def _refuse_dangling(connection: Connection, wrong: Counter[tuple[str, str]]) -> None:
    if not wrong:
        return
    error = CommandError(f"Foreign keys would be broken: {describe(wrong)}. Correct that first; nothing was changed.")
    watching = watcher.get()
    if watching is not None:
        watching.refused(connection, error)
    raise error


@compiles(ColumnName, "sqlite")
def _column_name(element: ColumnName, compiler: DDLCompiler, **kw: object) -> str:
    before, after = (format_column_name(compiler, name) for name in (element.column_name, element.newname))
    return f"{alter_table(compiler, element.table_name, element.schema)} RENAME COLUMN {before} TO {after}"


def _interrupt_async(raw: Any) -> None:
    """Interrupt the statement of an aiosqlite connection: its coroutine does so before it waits for anything."""
    interrupting = raw.interrupt()
    with suppress(StopIteration):
        interrupting.send(None)
    interrupting.close()
