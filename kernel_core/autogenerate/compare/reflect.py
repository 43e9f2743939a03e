"""Read the database in bulk, one question per kind and schema; make SQLAlchemy objects only of what is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.schema import (
    Column,
    Computed,
    ForeignKeyConstraint,
    Identity,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.sql.elements import TextClause, conv
from sqlalchemy.types import NULLTYPE, Integer

from ...ddl.overriding import is_overridden
from ...util.sqla_compat import literal_text
from ..catalogue import Info, Key, TableInfo, read_catalogue
from ..context import AutogenContext
from . import dialects
from .asked_defaults import Question
from .cut_names import restore_names
from .sameness import Sameness
from .values import index_parts


class Database:
    """The tables of the scanned schemas that no hook leaves out."""

    def __init__(self, context: AutogenContext, schemas: Iterable[str | None]) -> None:
        assert context.connection is not None, "autogenerate has a connection"
        self.context = context
        self.catalogue = read_catalogue(context.connection, lambda: context.inspector, list(schemas), self._is_wanted)
        self.default_schema = self.catalogue.default_schema
        self._know_by_path()
        restore_names(context, self.catalogue)
        self.infos = dict(sorted(self.catalogue.tables.items(), key=lambda item: (item[0][0] or "", item[0][1])))
        self.sameness = Sameness(context)
        self.same_defaults: frozenset[Question] = frozenset()
        self._metadata = MetaData()
        if context.filters_names:
            for info in self.infos.values():
                self._leave_out(info)
        dialects.correct(context, self.infos)
        self._let_others_adjust()
        self._let_others_correct()

    def _is_wanted(self, key: Key) -> bool:
        schema, name = key
        is_version_table = key == version_table(self.context)
        return not is_version_table and self.context.run_name_filters(name, "table", {"schema_name": schema})

    def _know_by_path(self) -> None:
        """Let a table that the search path sees be the one that the models call without its schema.

        It is there but once: where no model names its schema, it is theirs. The table of revisions is left out.
        """
        tables = self.catalogue.tables
        models = {(table.schema, str(table.name)) for table in self.context.tables} | {version_table(self.context)}
        by_path = {key for key in self.catalogue.visible if key not in models and (None, key[1]) in models}
        for key in by_path:
            info = tables.pop(key)
            info.key = (None, key[1])
            if info.key != version_table(self.context):
                tables[info.key] = info
        for info in tables.values() if by_path else ():
            for item in info.foreign_keys:
                if (item["referred_schema"], item["referred_table"]) in by_path:
                    item["referred_schema"] = None

    def _leave_out(self, info: TableInfo) -> None:
        """Take out what ``include_name`` does not want."""
        run, parents = self.context.run_name_filters, info.parents
        info.columns = {name: item for name, item in info.columns.items() if run(name, "column", parents)}
        info.uniques = [item for item in info.uniques if run(item["name"], "unique_constraint", parents)]
        info.indexes = [item for item in info.indexes if run(item["name"], "index", parents)]

    def _let_others_adjust(self) -> None:
        """Let a third party's dialect say which of its options count of what was read."""
        impl = self.context.impl
        if not is_overridden(impl, "adjust_reflected_dialect_options"):
            return
        for info in self.infos.values():
            kinds = {"index": info.indexes, "unique_constraint": info.uniques, "check_constraint": info.checks}
            for kind, items in kinds.items():
                for item in items:
                    item["dialect_options"] = impl.adjust_reflected_dialect_options(item, kind)

    def _let_others_correct(self) -> None:
        """Let a third party's dialect, and who listens to SQLAlchemy's ``column_reflect``, correct what was read."""
        by_dialect = is_overridden(self.context.impl, "autogen_column_reflect")
        if not by_dialect and not Table("heard", MetaData()).dispatch.column_reflect:
            return
        inspector = self.context.inspector
        for (schema, name), info in self.infos.items():
            table = Table(name, MetaData(), schema=schema)
            for item in info.columns.values():
                if by_dialect:
                    self.context.impl.autogen_column_reflect(inspector, table, item)
                table.dispatch.column_reflect(inspector, table, item)

    def table(self, key: Key) -> Table:
        """Return a reflected table as a Table, with what its foreign keys refer to."""
        name = f"{key[0]}.{key[1]}" if key[0] else key[1]
        if name in self._metadata.tables:
            return self._metadata.tables[name]
        info = self.infos.get(key)
        comment = None if info is None else info.comment
        table = Table(key[1], self._metadata, schema=key[0], comment=comment)
        if info is None:
            return table
        for item in info.columns.values():
            table.append_column(column_of(item, item["name"] in info.primary_key.get("constrained_columns", ())))
        if info.primary_key.get("constrained_columns"):
            table.append_constraint(self._primary_key(info))
        for unique in info.uniques:
            table.append_constraint(unique_constraint_of(unique))
        for foreign_key in info.foreign_keys:
            self._append_foreign_key(table, foreign_key)
        for index in info.indexes:
            index_object(index, table)
        return table

    def column(self, key: Key, name: str) -> Column[Any]:
        """Return a reflected column, in its Table."""
        return self.table(key).c[name]

    @staticmethod
    def _primary_key(info: TableInfo) -> PrimaryKeyConstraint:
        columns = [name for name in info.primary_key["constrained_columns"] if name in info.columns]
        return PrimaryKeyConstraint(*columns, name=final(info.primary_key.get("name")))

    def _append_foreign_key(self, table: Table, info: Info) -> None:
        schema, name, columns = info["referred_schema"], info["referred_table"], info["referred_columns"]
        if not set(info["constrained_columns"]) <= set(table.c.keys()):
            return
        target = self.table((schema, name))
        for column in columns:
            if column not in target.c and target is not table:
                target.append_column(Column(column, NULLTYPE))
        prefix = f"{schema}.{name}" if schema else name
        table.append_constraint(
            ForeignKeyConstraint(
                info["constrained_columns"],
                [f"{prefix}.{column}" for column in columns],
                name=final(info["name"]),
                link_to_name=True,
                **foreign_key_options(info),
            )
        )


def version_table(context: AutogenContext) -> Key:
    """Return schema and name of the table in which the engine keeps its revisions."""
    return context.opts.get("version_table_schema"), context.opts.get("version_table") or "alembic_version"


def final(name: Any) -> conv | None:
    """Mark a name that comes from the database: no naming convention applies to it again."""
    return None if name is None else conv(name)


def column_of(info: Info, is_key: bool = False) -> Column[Any]:
    """Return a column as the Inspector describes it."""
    generated: list[Any] = []
    default: TextClause | None = None
    if info.get("computed"):
        generated.append(Computed(**info["computed"]))
    elif info.get("identity"):
        generated.append(Identity(**info["identity"]))
    elif info.get("default") is not None:
        default = literal_text(info["default"])
    options: dict[str, Any] = {"comment": info.get("comment")}
    autoincrement = info.get("autoincrement")
    if autoincrement is True or (autoincrement is False and is_key and isinstance(info["type"], Integer)):
        options["autoincrement"] = autoincrement
    return Column(info["name"], info["type"], *generated, nullable=info["nullable"], server_default=default, **options)


def unique_constraint_of(info: Info) -> UniqueConstraint:
    """Return a unique constraint as the Inspector describes it."""
    timing = {word: info[word] for word in ("deferrable", "initially") if info.get(word)}
    options = stated(info.get("dialect_options"))
    return UniqueConstraint(*info["column_names"], name=final(info["name"]), **timing, **options)


def index_object(info: Info, table: Table) -> Index:
    """Return an index as the Inspector describes it, on ``table``."""
    parts: list[Any] = []
    for part in index_parts(info):
        is_column = not part.is_expression and not part.sorting and part.name in table.c
        parts.append(table.c[part.name] if is_column else literal_text(part.text))
    options: dict[str, Any] = {
        name: literal_text(value) if name.endswith("_where") and isinstance(value, str) else value
        for name, value in stated(info.get("dialect_options")).items()
    }
    return Index(final(info["name"]), *parts, unique=bool(info["unique"]), _table=table, **options)


def foreign_key_options(info: Info) -> dict[str, Any]:
    """Return what a reflected foreign key states besides its columns."""
    known = ("onupdate", "ondelete", "deferrable", "initially", "match")
    return {name: value for name, value in (info.get("options") or {}).items() if name in known and value is not None}


def stated(options: Info | None) -> dict[str, Any]:
    """Return the dialect's options that say something; not that an index is invalid, which no DDL can ask for."""
    return {
        name: value
        for name, value in (options or {}).items()
        if value not in (None, False, [], ()) and not name.endswith("_invalid")
    }
