"""The tables and columns of a plan's step, as earlier steps of the plan leave them, and counts of their rows."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import sqlalchemy as sa

from kernel_core.operations.operation import MigrateOperation
from kernel_core.operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    BulkInsertOp,
    CreateTableOp,
    DropColumnOp,
    DropTableOp,
    ExecuteSQLOp,
    RenameTableOp,
)

COUNT_LIMIT = 1_000_000
"""Rows are counted up to this number; more are shown as "more than"."""

SECONDS = 5
"""A count that takes longer is cancelled."""

Key: TypeAlias = tuple[str | None, str]
"""Schema and name of a table."""

_CHANGES_NO_ROWS = re.compile(
    r"\s*(SELECT|SET|COMMENT|GRANT|REVOKE|ANALYZE|VACUUM|REINDEX|REFRESH|PRAGMA|CREATE\s+(?!(TEMP\w*\s+)?TABLE)"
    r"|(DROP|ALTER)\s+(?!TABLE|DATABASE|SCHEMA|OWNED))\b",
    re.IGNORECASE,
)


def changes_no_rows(sql: str) -> bool:
    """Return whether an SQL statement is certain not to change the rows of a table."""
    return _CHANGES_NO_ROWS.match(sql) is not None


class NotCounted(Exception):
    """The rows of the table are not known before the plan runs."""


class TableStates:
    """The tables before a step of the plan: names and columns as earlier steps leave them."""

    def __init__(self, live: sa.Connection) -> None:
        self.live = live
        self._inspector = sa.inspect(live)
        self._origin: dict[Key, Key | None] = {}
        self._columns: dict[Key, dict[str, str | sa.Column[Any] | None]] = {}
        self._changed: set[Key] = set()
        self._all_changed = False
        self._known: dict[Key, sa.TableClause | None] = {}
        self._deadline = 0.0

    @property
    def dialect(self) -> str:
        """The name of the database's dialect."""
        return self.live.dialect.name.replace("mariadb", "mysql")

    def table(self, key: Key) -> sa.TableClause | None:
        """Return a table under its present name in the database, None for one that is empty; raises NotCounted."""
        if self._all_changed or key in self._changed:
            raise NotCounted
        origin = self._origin.get(key, key)
        if origin is None:
            return None
        if origin not in self._known:
            self._known[origin] = self._reflected(origin)
        return self._known[origin]

    def column(self, key: Key, name: str) -> sa.ColumnElement[Any] | None:
        """Return a column of a table that is not empty, None for one that holds only NULL; raises NotCounted."""
        table = self.table(key)
        found = self._columns.get(key, {}).get(name, name)
        if isinstance(found, sa.Column):
            if found.server_default is not None or found.primary_key:
                raise NotCounted
            return None
        if table is None or found is None or found not in table.c:
            raise NotCounted
        return table.c[found]

    def keeps_names(self, key: Key) -> bool:
        """Return whether no earlier step has added, dropped or renamed a column of the table."""
        return not self._columns.get(key)

    def change_all(self) -> None:
        """Record that custom code ran, after which the rows of no table are known."""
        self._all_changed = True

    def is_late(self) -> bool:
        """Return whether the current count has taken too long."""
        return time.monotonic() > self._deadline

    def restart_clock(self) -> None:
        """Start the time limit of the next counts, in a new transaction."""
        self._deadline = time.monotonic() + SECONDS
        if self.live.in_transaction():
            self.live.rollback()
        if self.dialect == "postgresql":
            self.live.exec_driver_sql(f"SET LOCAL statement_timeout = '{SECONDS}s'")

    def apply(self, operation: MigrateOperation) -> None:
        """Record the effect of an operation on names, columns and rows."""
        key = operation.table_key
        if isinstance(operation, ExecuteSQLOp):
            self._apply_sql(operation.text)
        elif isinstance(operation, BulkInsertOp) or key is None:
            table = getattr(operation, "table", None)
            if table is not None:
                self._changed.add((table.schema, table.name))
        elif isinstance(operation, CreateTableOp | DropTableOp):
            self._origin[key] = None
            self._columns.pop(key, None)
            self._changed.discard(key)
        elif isinstance(operation, RenameTableOp):
            self._rename(key, (key[0], operation.new_table_name))
        elif isinstance(operation, AddColumnOp):
            self._columns.setdefault(key, {})[operation.column.name] = operation.column
        elif isinstance(operation, DropColumnOp):
            self._columns.setdefault(key, {})[operation.column_name] = None
        elif isinstance(operation, AlterColumnOp) and operation.modify_name is not None:
            columns = self._columns.setdefault(key, {})
            columns[operation.modify_name] = columns.get(operation.column_name, operation.column_name)
            columns[operation.column_name] = None

    def _rename(self, before: Key, after: Key) -> None:
        self._origin[after] = self._origin.get(before, before)
        self._origin[before] = None
        if before in self._columns:
            self._columns[after] = self._columns.pop(before)
        if before in self._changed:
            self._changed.discard(before)
            self._changed.add(after)

    def _apply_sql(self, sql: str) -> None:
        """Record that a statement may change the rows of the tables that it names, or of all where it names none."""
        if changes_no_rows(sql):
            return
        words = {word.lower() for word in re.findall(r"\w+", sql)}
        names = {*self._origin, *((None, name) for name in self._inspector.get_table_names())}
        for schema in {schema for schema, _ in self._origin if schema} | (words & set(self._schemas())):
            names |= {(schema, name) for name in self._inspector.get_table_names(schema=schema)}
        named = {key for key in names if key[1].lower() in words}
        self._changed |= named
        self._all_changed = self._all_changed or not named

    def _schemas(self) -> list[str]:
        return self._inspector.get_schema_names() if self.dialect != "sqlite" else []

    def _reflected(self, key: Key) -> sa.TableClause | None:
        schema, name = key
        if not self._inspector.has_table(name, schema=schema):
            return None
        columns = self._inspector.get_columns(name, schema=schema)
        return sa.table(name, *(sa.column(each["name"], each["type"]) for each in columns), schema=schema)

    def count(self, table: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> int:
        """Return how many rows meet the conditions, at most one over the limit."""
        rows = sa.select(sa.literal(1).label("one")).select_from(table).where(*conditions).limit(COUNT_LIMIT + 1)
        return int(self.live.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one())

    def is_strict(self) -> bool:
        """Return whether the database refuses a value that does not fit, rather than cutting it."""
        return self.dialect != "mysql" or "STRICT" in str(self.live.exec_driver_sql("SELECT @@sql_mode").scalar())


@contextmanager
def table_states(live: sa.Connection) -> Iterator[TableStates]:
    """Yield the table states of a database; counts are cancelled after `SECONDS`, settings are restored afterwards."""
    states, before = TableStates(live), None
    raw: Any = live.connection.driver_connection
    interruptible = live.dialect.name == "sqlite" and hasattr(raw, "set_progress_handler")
    if interruptible:
        raw.set_progress_handler(states.is_late, 10_000)
    elif getattr(live.dialect, "is_mariadb", False):
        before = live.exec_driver_sql("SELECT @@max_statement_time").scalar()
        live.exec_driver_sql(f"SET max_statement_time = {SECONDS}")
    try:
        yield states
    finally:
        if interruptible:
            with suppress(sqlite3.ProgrammingError):  # closed, after an interrupt
                raw.set_progress_handler(None, 0)
        if not live.invalidated:
            if before is not None:
                live.exec_driver_sql(f"SET max_statement_time = {before}")
            live.rollback()
