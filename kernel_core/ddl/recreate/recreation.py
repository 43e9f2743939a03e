"""Move and copy on any database: create the new table, copy the rows, swap the tables, re-create what depends on it."""

from __future__ import annotations

import zlib
from dataclasses import replace

from sqlalchemy import Column, MetaData, Table, select
from sqlalchemy.exc import NoSuchTableError

from ...operations.batch import Batch, with_new_name
from ...util.sqla_compat import AnyColumn, changed_column, copy_column
from .definition import Clause, TableDefinition
from .hooks import RecreatesTables
from .move_and_copy import MoveAndCopy
from .reflected_edit import ReflectedTableEdit


class Recreation(MoveAndCopy):
    """A move and copy that reflects the old table.

    With transactional DDL all is one transaction. Elsewhere the old table is dropped only once the new one has every
    row; a statement after that (a foreign key) can fail, and then that key is missing, but no rows.
    """

    impl: RecreatesTables
    new: ReflectedTableEdit

    def __init__(self, impl: RecreatesTables, batch: Batch) -> None:
        super().__init__(impl, batch)
        self.overrides = [copy_column(each) for each in batch.options.reflect_args if isinstance(each, Column)]
        self.further = [each for each in batch.options.reflect_args if not isinstance(each, Column)]
        self.new = self._read()

    def _read(self) -> ReflectedTableEdit:
        """Return an edit of the database's table, or of ``copy_from``."""
        impl, batch, copy_from = self.impl, self.batch, self.batch.options.copy_from
        self.refuse_unknown()
        if copy_from is not None:
            return ReflectedTableEdit(impl, batch, copy_from, replace(self._definition(), columns={}, clauses=None))
        overrides = [copy_column(column) for column in self.overrides]
        table = self._reflected(overrides)
        definition = self._definition()
        columns = dict(definition.columns)
        misread = {column.name for column in table.columns} ^ columns.keys() if columns else set()
        if misread:
            raise batch.refuse(f"SQLAlchemy misreads a name of its columns ({min(misread)!r}). Rename that first")
        for column in overrides:
            columns.pop(column.name, None)
        new = ReflectedTableEdit(impl, batch, table, replace(definition, columns=columns))
        new.apply_overrides(overrides)
        return new

    def _reflected(self, overrides: list[AnyColumn]) -> Table:
        batch, options = self.batch, dict(self.batch.options.reflect_kwargs)
        self.refuse_include_columns()
        metadata = MetaData(naming_convention=dict(batch.options.naming_convention) or None)
        options |= {"schema": batch.schema, "autoload_with": self.impl.connection, "resolve_fks": False}
        try:
            return Table(batch.table_name, metadata, *overrides, *self.further, **options)
        except NoSuchTableError:
            raise batch.refuse("it does not exist in this database. Check its name") from None

    def _definition(self) -> TableDefinition:
        impl, batch = self.impl, self.batch
        if impl.as_sql or impl.connection is None:
            return impl.offline_definition()
        definition = impl.table_definition(impl.connection, batch.table_name, batch.schema)
        if definition.lost:
            raise batch.refuse(
                f"a new table would not have {', '.join(definition.lost)}. Drop that first and create it again, "
                "or leave out recreate='always'"
            )
        return definition

    def read_renamed(self, before: str, after: str) -> None:
        batch = self.batch
        self.overrides = [changed_column(each, name=after) if each.name == before else each for each in self.overrides]
        if batch.options.copy_from is None:
            self.new = self._read()
        else:
            renamed = with_new_name(batch, self.new.table, before, after)
            self.new = ReflectedTableEdit(self.impl, batch, renamed, self.new.definition)

    def carry_out(self) -> None:
        impl, old, schema = self.impl, self.batch.table_name, self.batch.schema
        definition, table = self.new.definition, self.new.as_table(_new_name(old, impl.dialect.max_identifier_length))
        for sql in definition.before:
            impl.execute_sql(sql)
        impl.prep_table_for_batch(self.batch, self.new.table)
        impl.execute_sql(self.new.sql(table.name))
        copied = {name: self.new.sources[name] for name in self.new.columns if name in self.new.sources}
        impl.copy_rows(table, list(copied), impl.script_text(select(*copied.values())))
        impl.swap_tables(old, table.name, schema)
        for clause in self.new.clauses:
            if not definition.is_inline(clause):
                self._add(clause)
        self._comment()
        for sql in definition.after:
            impl.execute_sql(sql)
        self.new.changed = False

    def _add(self, clause: Clause) -> None:
        quote = self.impl.checking_dialect.identifier_preparer
        table = quote.format_table(self.new.as_table(self.batch.table_name))
        self.impl.execute_sql(clause.sql if clause.kind == "INDEX" else f"ALTER TABLE {table} ADD {clause.sql}")
        for sql in clause.then:
            self.impl.execute_sql(sql)

    def _comment(self) -> None:
        """Set the comments again on databases where CREATE TABLE does not include them."""
        dialect, table = self.impl.dialect, self.new.as_table(self.batch.table_name)
        if not dialect.supports_comments or dialect.inline_comments:
            return
        if table.comment:
            self.impl.create_table_comment(table)
        for column in table.columns:
            if column.comment:
                self.impl.create_column_comment(column)


def _new_name(old: str, limit: int) -> str:
    """Return a name for the new table while the old one exists: within the limit, however long the old name is."""
    name = f"_mig_new_{old}"
    return (
        name
        if len(name.encode("utf-8", "replace")) <= limit
        else f"_mig_new_{zlib.crc32(old.encode('utf-8', 'replace')):08x}"
    )
