"""The tables of the database; objects of SQLAlchemy are created only for those that a comparison needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.schema import Column, ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, Table
from sqlalchemy.types import NULLTYPE

from ...ddl.overrides import is_overridden
from ...runtime.journal.table import journal_name
from ...runtime.version_table import DEFAULT_NAME
from ...util.sqla_compat import AnyColumn
from ..context import AutogenContext
from ..databases import Key, TableInfo
from ..databases.catalog import ConstraintInfo, ForeignKeyInfo, IndexInfo
from .reflected_objects import (
    check_constraint_of,
    column_of,
    final,
    foreign_key_options,
    index_object,
    is_of_create_table,
    stated,
    table_options,
    timing,
    unique_constraint_of,
)
from .unchanged_columns import UnchangedColumns


class Database:
    """The tables of the compared schemas that no hook excludes."""

    def __init__(self, context: AutogenContext, schemas: Iterable[str | None]) -> None:
        assert context.connection is not None, "autogenerate has a connection"
        self.context, self._own = context, own_tables(context)
        self.catalog = context.rules.read_catalog(
            context.connection, lambda: context.inspector, list(schemas), self._is_included
        )
        self.default_schema = self.catalog.default_schema
        self._apply_search_path()
        context.rules.restore_truncated_names(self.catalog, context.tables)
        self.infos = dict(sorted(self.catalog.tables.items(), key=lambda item: (item[0][0] or "", item[0][1])))
        self.unchanged = UnchangedColumns(context)
        self._metadata = MetaData()
        if context.filters_names:
            for info in self.infos.values():
                self._leave_out(info)
        context.rules.correct(self.infos, context.tables)
        self._apply_option_hook()
        self._apply_column_hooks()

    def _is_included(self, key: Key) -> bool:
        schema, name = key
        return key not in self._own and self.context.run_name_filters(name, "table", {"schema_name": schema})

    def _apply_search_path(self) -> None:
        """Use a table that the search path finds for a table of the metadata without a schema.

        If the metadata has the table with its schema as well, that one is used. The version table and its journal
        are excluded.
        """
        tables = self.catalog.tables
        own = self._own
        models = {(table.schema, str(table.name)) for table in self.context.tables} | own
        by_path = {key for key in self.catalog.visible if key not in models and (None, key[1]) in models}
        for key in by_path:
            info = tables.pop(key)
            info.key = (None, key[1])
            if info.key not in own:
                tables[info.key] = info
        for info in tables.values() if by_path else ():
            for item in info.foreign_keys:
                if (item.referred_schema, item.referred_table) in by_path:
                    item.referred_schema = None

    def _leave_out(self, info: TableInfo) -> None:
        """Remove the names that ``include_name`` excludes."""
        run, parents = self.context.run_name_filters, info.parents
        info.columns = {name: item for name, item in info.columns.items() if run(name, "column", parents)}
        info.uniques = [item for item in info.uniques if run(item.name, "unique_constraint", parents)]
        info.indexes = [item for item in info.indexes if run(item.name, "index", parents)]

    def _apply_option_hook(self) -> None:
        """Call ``adjust_reflected_dialect_options`` of a third-party dialect."""
        impl = self.context.impl
        if not is_overridden(impl, "adjust_reflected_dialect_options"):
            return
        for info in self.infos.values():
            by_kind: dict[str, Sequence[IndexInfo | ConstraintInfo]] = {
                "index": info.indexes,
                "unique_constraint": info.uniques,
                "check_constraint": info.checks,
            }
            for kind, items in by_kind.items():
                for item in items:
                    item.dialect_options = impl.adjust_reflected_dialect_options(item.to_row(), kind)

    def _apply_column_hooks(self) -> None:
        """Call ``autogen_column_reflect`` of a third-party dialect, and the listeners of ``column_reflect``."""
        impl = self.context.impl
        correcting = impl if is_overridden(impl, "autogen_column_reflect") else None
        if correcting is None and not Table("heard", MetaData()).dispatch.column_reflect:
            return
        inspector = self.context.inspector
        for (schema, name), info in self.infos.items():
            table = Table(name, MetaData(), schema=schema)
            for item in info.columns.values():
                row = item.to_row()
                if correcting is not None:
                    correcting.autogen_column_reflect(inspector, table, row)
                table.dispatch.column_reflect(inspector, table, row)
                item.update(row)

    def table(self, key: Key) -> Table:
        """Return a reflected table as a Table, with the tables that its foreign keys refer to, and so on."""
        if _full_name(key) not in self._metadata.tables:
            for table, info in self._with_columns(key):
                self._append_constraints(table, info)
                for index in info.indexes:
                    index_object(index, table, self.context.dialect)
        return self._metadata.tables[_full_name(key)]

    def _with_columns(self, key: Key) -> list[tuple[Table, TableInfo]]:
        """Make a table and those that are reached from it by foreign keys; they have only their columns yet.

        A chain of foreign keys can be longer than Python's recursion limit.
        """
        made: list[tuple[Table, TableInfo]] = []
        waiting = [key]
        while waiting:
            schema, name = waiting.pop()
            if _full_name((schema, name)) in self._metadata.tables:
                continue
            info = self.infos.get((schema, name))
            if info is None:
                Table(name, self._metadata, schema=schema)
                continue
            options = table_options(info, self.context.dialect)
            table = Table(name, self._metadata, schema=schema, comment=info.comment, prefixes=info.prefixes, **options)
            for item in info.columns.values():
                table.append_column(column_of(item, item.name in info.primary_key.constrained_columns))
            made.append((table, info))
            keys = [each for each in info.foreign_keys if _has_columns(table, each)]
            waiting += [(each.referred_schema, each.referred_table) for each in reversed(keys)]
        return made

    def _append_constraints(self, table: Table, info: TableInfo) -> None:
        if info.primary_key.constrained_columns:
            table.append_constraint(self._primary_key(info))
        for unique in info.uniques:
            table.append_constraint(unique_constraint_of(unique))
        for foreign_key in info.foreign_keys:
            self._append_foreign_key(table, foreign_key)
        for check in info.checks:
            if is_of_create_table(check):
                table.append_constraint(check_constraint_of(check))
        for exclude in info.excludes:
            table.append_constraint(self.context.rules.exclude_constraint(exclude))

    def column(self, key: Key, name: str) -> AnyColumn:
        """Return a reflected column, in its Table."""
        return self.table(key).c[name]

    @staticmethod
    def _primary_key(info: TableInfo) -> PrimaryKeyConstraint:
        key = info.primary_key
        columns = [name for name in key.constrained_columns if name in info.columns]
        options = stated(key.dialect_options)
        return PrimaryKeyConstraint(*columns, name=final(key.name), **timing(key), **options)

    def _append_foreign_key(self, table: Table, info: ForeignKeyInfo) -> None:
        schema, name, columns = info.referred_schema, info.referred_table, info.referred_columns
        if not _has_columns(table, info):
            return
        target = self.table((schema, name))
        for column in columns:
            if column not in target.c and target is not table:
                target.append_column(Column(column, NULLTYPE))
        prefix = _full_name((schema, name))
        table.append_constraint(
            ForeignKeyConstraint(
                info.constrained_columns,
                [f"{prefix}.{column}" for column in columns],
                name=final(info.name),
                link_to_name=True,
                **foreign_key_options(info),
            )
        )


def _full_name(key: Key) -> str:
    """Return the key of a table in a MetaData."""
    return f"{key[0]}.{key[1]}" if key[0] else key[1]


def _has_columns(table: Table, info: ForeignKeyInfo) -> bool:
    """Return whether a table has the columns of a foreign key: ``include_name`` may have left one out."""
    return set(info.constrained_columns) <= set(table.c.keys())


def own_tables(context: AutogenContext) -> frozenset[Key]:
    """Return schema and name of the version table and of its journal."""
    schema, name = context.opts.get("version_table_schema"), context.opts.get("version_table") or DEFAULT_NAME
    assert context.dialect is not None, "autogenerate has a database"
    return frozenset({(schema, name), (schema, journal_name(name, context.dialect.max_identifier_length))})
