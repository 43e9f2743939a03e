"""Rebuild a table of SQLite: create it with the new definition, copy the rows, create its indexes and triggers again.

SQLite alters a table by such a rebuild, because most of ALTER TABLE does not exist; `needs_rebuild` decides. The order
of the steps matters and is that of https://sqlite.org/lang_altertable.html, section 7.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.schema import Computed, Identity

from ...operations.batch import Batch, Change, with_new_name
from ...util.exc import UnsupportedOperation
from ...util.messaging import warn
from ...util.sql import grammar_of, string_literal, tokens
from ...util.sqla_compat import AnyColumn, copy_column, default_argument, default_sql, is_type_bound, should_create
from ..columnchange import ColumnChange
from ..recreate.hooks import RecreatesTables
from ..recreate.move_and_copy import MoveAndCopy
from .definition import StoredTable, compiled_definition, stored_definition
from .foreign_key_check import dangling_of, describe
from .identifiers import in_schema, quote
from .pragma import in_transaction
from .sql_edit import SQLTableEdit


class RebuildsTables(RecreatesTables, Protocol):
    """An implementation that can print statements into a script without foreign keys."""

    def print_without_foreign_keys(self) -> AbstractContextManager[None]:
        """Have the statements of the block, or their whole transaction, printed without foreign keys."""


def needs_rebuild(impl: RebuildsTables, batch: Batch) -> bool:
    """Return whether a change needs a rebuild: all but indexes, renamed columns and most added columns do."""
    options = batch.options
    if options.table_args or options.table_kwargs or options.partial_reordering:
        return True
    return not all(_in_place(impl, change, batch) for change in batch.changes)


def _in_place(impl: RebuildsTables, change: Change, batch: Batch) -> bool:
    if change.method in ("create_index", "drop_index") or change.method.endswith("_comment"):
        return True
    if {"insert_before", "insert_after"} & change.kw.keys():
        return False
    if change.method == "alter_column":
        return not ColumnChange.of(*change.args, **change.kw).redefines
    if change.method == "add_column":
        return addable(change.args[1])
    if change.method == "drop_column" and len(batch.changes) == 1 and _has_definition(impl, batch):
        return stored_definition(impl.catalog(), batch.table_name, batch.schema).is_free(change.args[1].name)
    if change.method in ("add_constraint", "drop_constraint"):
        constraint = change.args[0]
        return is_type_bound(constraint) and not should_create(constraint, impl.dialect)
    return False


def _has_definition(impl: RebuildsTables, batch: Batch) -> bool:
    """Return whether the table's definition can be read, and is not given by ``copy_from``."""
    if not impl.as_sql:
        return True
    try:
        return batch.options.copy_from is None and impl.catalog() is not None
    except UnsupportedOperation:
        return False


def never_addable(column: AnyColumn) -> str | None:
    """Return why ADD COLUMN refuses this column in any table; None where an empty table allows it."""
    default = default_argument(column.server_default)
    if isinstance(default, Computed):
        return "its values are stored" if default.persisted else None
    if not column.nullable and (isinstance(default, Identity) or default_sql(default).upper() in ("", "NULL")):
        return "it is not null and has no default"  # SQLite has no identities
    return None


def addable(column: AnyColumn) -> bool:
    """Return whether ADD COLUMN allows this column in every table.

    https://sqlite.org/lang_altertable.html, section 5
    """
    default = default_argument(column.server_default)
    if column.primary_key or column.unique or never_addable(column) is not None:
        return False
    sql = "" if isinstance(default, Computed) else default_sql(default)
    return not (sql.startswith("(") or sql.upper().startswith("CURRENT_") or ("(" in sql and not sql.startswith("'")))


class Rebuild(MoveAndCopy):
    """A move and copy that edits the stored CREATE TABLE."""

    impl: RebuildsTables
    new: SQLTableEdit

    def __init__(self, impl: RebuildsTables, batch: Batch) -> None:
        super().__init__(impl, batch)
        self.copy_from: Table | None = None
        self.stored = self._read()
        self.new = SQLTableEdit(self.stored, impl, batch)
        self.new.apply_overrides(self._overrides())

    def _read(self) -> StoredTable:
        """Return the definition of the database's table, or of ``copy_from``."""
        copy_from = self.batch.options.copy_from
        if copy_from is not None:
            return self._compiled(copy_from)
        self.refuse_unknown()
        return stored_definition(self.impl.catalog(), self.batch.table_name, self.batch.schema)

    def _compiled(self, table: Table) -> StoredTable:
        """Return the definition of ``copy_from``; online with the triggers and views of the database's table."""
        definition = compiled_definition(table, self.impl.checking_dialect)
        if self.impl.as_sql:
            return definition
        stored = stored_definition(self.impl.catalog(), self.batch.table_name, self.batch.schema)
        return replace(definition, triggers=stored.triggers, views=stored.views)

    def _overrides(self) -> list[AnyColumn]:
        """Return the columns of ``reflect_args``, and those that listeners of ``reflect_kwargs`` changed."""
        options = self.batch.options
        given = [each for each in options.reflect_args if isinstance(each, Column)]
        self.refuse_include_columns()
        if not options.reflect_kwargs or options.copy_from is not None or self.impl.catalog() is None:
            return given
        unchanged, changed = (self._reflected(options) for options in ({}, options.reflect_kwargs))
        return given + [
            copy_column(column) for column in changed.columns if repr(column) != repr(unchanged.columns[column.key])
        ]

    def _reflected(self, options: Mapping[str, Any]) -> Table:
        known = {"schema": self.batch.schema, "autoload_with": self.impl.catalog(), "resolve_fks": False}
        return Table(self.batch.table_name, MetaData(), **{**options, **known})

    def read_renamed(self, before: str, after: str) -> None:
        copy_from = self.batch.options.copy_from
        if copy_from is None:
            self.stored = stored_definition(self.impl.catalog(), self.batch.table_name, self.batch.schema)
        else:
            self.copy_from = with_new_name(self.batch, self.copy_from or copy_from, before, after)
            self.stored = self._compiled(self.copy_from)
        self.new = SQLTableEdit(self.stored, self.impl, self.batch)

    def carry_out(self) -> None:
        """Create the new table, copy the rows, replace the old table, create indexes and triggers again."""
        self.new.settle()
        schema, old = self.batch.schema, self.new.text.name
        new = f"_mig_new_{old}"
        before = self._dangling()
        with self._without_foreign_keys():
            self.impl.execute_sql(self.new.text.sql(new).replace("CREATE TABLE ", f"CREATE TABLE {_prefix(schema)}", 1))
            self._copy_rows(old, new)
            # The old table is dropped first and the new one renamed then, never the other way round: SQLite changes
            # references of other tables, views and triggers to follow a table that is renamed (section 7, "caution").
            self.impl.execute_sql(f"DROP TABLE {_prefix(schema)}{quote(old)}")
            with self._rename_of_table_only():
                self.impl.execute_sql(f"ALTER TABLE {_prefix(schema)}{quote(new)} RENAME TO {quote(old)}")
            for sql in (*self.new.indexes.values(), *self.new.triggers.values()):
                self.impl.execute_sql(in_schema(sql, schema))
            self._verify(before)
        self._warn_of_unconverted()
        self.new.changed = False

    def _warn_of_unconverted(self) -> None:
        """Warn of values that are still texts in a numeric column: a CAST would turn them into 0 or truncate them."""
        connection, table = self.impl.connection, f"{_prefix(self.batch.schema)}{quote(self.new.text.name)}"
        for name, kinds in self.new.numeric_conversions.items():
            if self.impl.as_sql or connection is None or not self.new.text.has_column(name):
                continue
            column, wanted = quote(name), ", ".join(map(_text, (*kinds, "null")))
            count = connection.exec_driver_sql(
                f"SELECT count(*) FROM {table} WHERE typeof({column}) NOT IN ({wanted})"
            ).scalar_one()
            if count:
                those = "1 value" if count == 1 else f"{count} values"
                verbs = ("does", "stays as it is") if count == 1 else ("do", "stay as they are")
                warn(
                    f"{those} of {self.new.text.name}.{name} {verbs[0]} not fit its new type and {verbs[1]}. To "
                    "convert them as Alembic does, where a text that is not a number becomes 0: "
                    f"UPDATE {table} SET {column} = CAST({column} AS {self.new.text.column(name).type_text})"
                )
        self.new.numeric_conversions.clear()

    def _copy_rows(self, old: str, new: str) -> None:
        pairs = [
            (quote(target.name), self.new.sources[target.name])
            for target in self.new.text.columns
            if target.name in self.new.sources and not target.is_generated
        ]
        targets, sources = [target for target, _ in pairs], [source for _, source in pairs]
        # Other tables may contain the rowid, so that the rows keep it.
        if not (self.new.text.without_rowid or self.new.text.has_rowid_alias or self.new.text.has_column("rowid")):
            targets, sources = ["rowid", *targets], ["rowid", *sources]
        prefix = _prefix(self.batch.schema)
        rows = f"SELECT {', '.join(sources)} FROM {prefix}{quote(old)}"
        self.impl.execute_sql(f"INSERT INTO {prefix}{quote(new)} ({', '.join(targets)}) {rows}")
        if any("AUTOINCREMENT" in clause.text.upper() for column in self.new.text.columns for clause in column.clauses):
            self._keep_sequence(old, new)

    def _keep_sequence(self, old: str, new: str) -> None:
        """Copy the counter of AUTOINCREMENT, which never uses a number twice, not even that of a deleted row."""
        table, old, new = f"{_prefix(self.batch.schema)}sqlite_sequence", _text(old), _text(new)
        self.impl.execute_sql(f"DELETE FROM {table} WHERE name = {new}")
        self.impl.execute_sql(f"INSERT INTO {table} (name, seq) SELECT {new}, seq FROM {table} WHERE name = {old}")

    @contextmanager
    def _without_foreign_keys(self) -> Iterator[None]:
        """Run the block with foreign keys off: with them, dropping the old table deletes the rows that refer to it.

        Outside a transaction they are switched off and on again around a transaction of this rebuild. Inside one SQLite
        ignores that pragma, so that a table that others refer to is refused there.
        """
        connection = self.impl.connection
        if self.impl.as_sql:
            with self.impl.print_without_foreign_keys():
                yield
            return
        if connection is None or connection.exec_driver_sql("PRAGMA foreign_keys").scalar() != 1:
            yield
            return
        if in_transaction(connection):
            self._refuse_referred()
            yield
            return
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if not connection.invalidated and in_transaction(connection):  # SQLite ends it where the disk is full
                    connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
        finally:
            if not connection.invalidated:
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")

    def _refuse_referred(self) -> None:
        connection = self.impl.connection
        assert connection is not None
        rows = connection.exec_driver_sql(
            f"SELECT name, sql FROM {_prefix(self.batch.schema)}sqlite_master WHERE type = 'table' AND sql IS NOT NULL"
        ).all()
        for name, sql in rows:
            found = tokens(sql, "sqlite")
            for place, token in enumerate(found[:-1]):
                if token.keyword == "REFERENCES" and found[place + 1].name.lower() == self.new.text.name.lower():
                    raise self.batch.refuse(
                        f"table {name!r} refers to it, foreign keys are enforced, and inside a transaction SQLite "
                        "cannot switch that off. Run it through upgrade, or set PRAGMA foreign_keys=OFF "
                        "before the transaction"
                    )

    @contextmanager
    def _rename_of_table_only(self) -> Iterator[None]:
        """Run the block in a mode in which RENAME TO does not parse views and triggers.

        Those name the old table, which does not exist at this moment: otherwise SQLite refuses to rename the new one
        (https://sqlite.org/pragma.html#pragma_legacy_alter_table).
        """
        if self.impl.as_sql:
            self.impl.execute_sql("PRAGMA legacy_alter_table=ON")
            yield
            self.impl.execute_sql("PRAGMA legacy_alter_table=OFF")
            return
        assert self.impl.connection is not None
        before = self.impl.connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar()
        self.impl.connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
        try:
            yield
        finally:
            if not self.impl.connection.invalidated:
                self.impl.connection.exec_driver_sql(f"PRAGMA legacy_alter_table={before or 0}")

    def _dangling(self) -> Counter[tuple[str, str]]:
        """Return how many rows of the table refer to missing rows of each other table."""
        if self.impl.as_sql or self.impl.connection is None:
            return Counter()
        return dangling_of(self.impl.connection, self.new.text.name, self.batch.schema)

    def _verify(self, before: Counter[tuple[str, str]]) -> None:
        """Raise BatchError where the new table has new dangling references, or where a view no longer works."""
        wrong = self._dangling() - before
        if wrong:
            raise self.batch.refuse(f"{describe(wrong)}. Correct that first; nothing was changed")
        for view in self.stored.views if not self.impl.as_sql else ():
            assert self.impl.connection is not None
            try:
                self.impl.connection.exec_driver_sql(
                    f"SELECT 1 FROM {_prefix(self.batch.schema)}{quote(view)} LIMIT 0"
                ).all()
            except Exception as error:
                reason = str(error).splitlines()[0]
                raise self.batch.refuse(
                    f"view {view!r} would no longer work ({reason}). Change that view first"
                ) from error


def _prefix(schema: str | None) -> str:
    return f"{quote(schema)}." if schema else ""


def _text(value: str) -> str:
    return string_literal(value, grammar_of("sqlite"))
