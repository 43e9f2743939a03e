"""Read the database in bulk, one question per kind and schema; make SQLAlchemy objects only of what is asked for."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine.reflection import ObjectKind
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

from ...ddl.impl import DefaultImpl
from ..context import AutogenContext
from . import dialects
from .values import Key, index_parts

Info = Mapping[str, Any]

_BIND = re.compile(r"(?<![:\w\\]):(?=\w)")


@dataclass(slots=True)
class TableInfo:
    """A table as the Inspector describes it; ``unreadable`` names indexes that exist but cannot be described."""

    key: Key
    columns: dict[str, dict[str, Any]]
    primary_key: Info = field(default_factory=dict)
    foreign_keys: list[dict[str, Any]] = field(default_factory=list)
    uniques: list[Info] = field(default_factory=list)
    indexes: list[Info] = field(default_factory=list)
    unreadable: frozenset[str] = frozenset()

    @property
    def parents(self) -> dict[str, str | None]:
        """What ``include_name`` is told about the place of a name."""
        return {"schema_name": self.key[0], "table_name": self.key[1]}


class Database:
    """The tables of the scanned schemas that no hook leaves out."""

    def __init__(self, context: AutogenContext, schemas: Iterable[str | None]) -> None:
        self.context = context
        self.default_schema = context.inspector.default_schema_name
        self.infos: dict[Key, TableInfo] = {}
        self._metadata = MetaData()
        for schema in schemas:
            self._read_schema(schema)
        dialects.correct(context, self.infos)
        if is_overridden(context.impl, "autogen_column_reflect"):
            self._hear_dialect()

    def _read_schema(self, schema: str | None) -> None:
        inspector = self.context.inspector
        everything = inspector.get_table_names(schema=schema)
        wanted = [name for name in everything if self._is_wanted(schema, name)]
        if not wanted:
            return
        question: dict[str, Any] = {"schema": schema, "kind": ObjectKind.TABLE}
        if len(wanted) < len(everything):
            question["filter_names"] = wanted
        columns = inspector.get_multi_columns(**question)
        keys = inspector.get_multi_pk_constraint(**question)
        foreign_keys = inspector.get_multi_foreign_keys(**question)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
            indexes = inspector.get_multi_indexes(**question)
            uniques = self._uniques(question)
        for name in sorted(wanted):
            found = (schema, name)
            key: Key = (schema, str(name))
            info = TableInfo(key, self._columns(key, columns.get(found, [])))
            info.primary_key = keys.get(found) or {}
            info.foreign_keys = [dict(item) for item in foreign_keys.get(found, [])]
            info.uniques = self._named(info, "unique_constraint", uniques.get(found, []))
            info.indexes = self._named(info, "index", indexes.get(found, []))
            self.infos[key] = info

    def _is_wanted(self, schema: str | None, name: str) -> bool:
        is_version_table = (schema, name) == version_table(self.context)
        return not is_version_table and self.context.run_name_filters(name, "table", {"schema_name": schema})

    def _uniques(self, question: Mapping[str, Any]) -> Mapping[Any, Any]:
        """A dialect without unique constraints of its own has them all among the indexes."""
        try:
            return self.context.inspector.get_multi_unique_constraints(**question)
        except NotImplementedError:
            return {}

    def _columns(self, key: Key, found: Iterable[Info]) -> dict[str, dict[str, Any]]:
        parents = {"schema_name": key[0], "table_name": key[1]}
        return {
            str(info["name"]): dict(info)
            for info in found
            if self.context.run_name_filters(info["name"], "column", parents)
        }

    def _named(self, table: TableInfo, kind: Any, found: Iterable[Info]) -> list[Info]:
        return [info for info in found if self.context.run_name_filters(info["name"], kind, table.parents)]

    def table(self, key: Key) -> Table:
        """Return a reflected table as a Table, with what its foreign keys refer to."""
        name = f"{key[0]}.{key[1]}" if key[0] else key[1]
        if name in self._metadata.tables:
            return self._metadata.tables[name]
        info = self.infos.get(key)
        table = Table(key[1], self._metadata, schema=key[0])
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

    def _hear_dialect(self) -> None:
        """Let a third party's dialect correct what was reflected."""
        for (schema, name), info in self.infos.items():
            table = Table(name, MetaData(), schema=schema)
            for item in info.columns.values():
                self.context.impl.autogen_column_reflect(self.context.inspector, table, item)

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


def is_overridden(impl: Any, method: str) -> bool:
    """Tell whether a dialect does something of its own in one of `DefaultImpl`'s methods."""
    own = getattr(type(impl), method, None)
    return own is not None and own is not getattr(DefaultImpl, method)


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


def literal_text(sql: str) -> TextClause:
    """Return SQL in which no colon starts a parameter."""
    return text(_BIND.sub(r"\\:", sql))


def unique_constraint_of(info: Info) -> UniqueConstraint:
    """Return a unique constraint as the Inspector describes it."""
    return UniqueConstraint(*info["column_names"], name=final(info["name"]), **stated(info.get("dialect_options")))


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
