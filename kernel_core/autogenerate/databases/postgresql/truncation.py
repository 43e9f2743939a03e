"""Names that PostgreSQL truncated to 63 bytes: what was read gets the names of the metadata again.

The server truncates a long name in every statement, so that a statement with the long name finds the same object.
https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, TypeVar

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Constraint, Index, Table
from sqlalchemy.types import ARRAY, Enum

from ....util.sqla_compat import AnyType, final_name
from ....util.truncation import truncated_name
from ..catalog import Catalog, ConstraintInfo, IndexInfo, Key, TableInfo

_SHORTEST = 60
"""The bytes of the shortest truncated name: 63, less the rest of a character of 4 bytes."""

Names = dict[str, str]
"""The names of the metadata by the truncated ones."""


def restore_truncated_names(catalog: Catalog, tables: Iterable[Table], dialect: Dialect) -> None:
    """Rename tables, columns, constraints, indexes and types that differ from the metadata by truncation alone."""
    models: dict[Key, Table] = {(table.schema, str(table.name)): table for table in tables}
    columns: dict[Key, Names] = {}
    moved = _moved(models, catalog, dialect)
    for old, info in list(catalog.tables.items()):
        info.key = moved.get(old, old)
        model = models.get(info.key, models.get((info.key[0] or catalog.default_schema, info.key[1])))
        if model is not None and _may_be_truncated(info):
            columns[old] = _restore_parts(info, model, dialect)
    if moved:
        catalog.tables = {info.key: info for info in catalog.tables.values()}
    if moved or columns:
        _restore_referred(catalog, moved, columns)
    _restore_types(catalog, models.values(), dialect)


def _moved(models: Iterable[Key], catalog: Catalog, dialect: Dialect) -> dict[Key, Key]:
    """Return the keys of tables in the metadata by those in the database, where they differ."""
    found: dict[Key, Key] = {}
    for key in models:
        stored = None if key[0] is None else truncated_name(key[0], dialect), truncated_name(key[1], dialect)
        if stored != key and stored in catalog.tables and stored not in models:
            found[stored] = key
    return found


def _may_be_truncated(info: TableInfo) -> bool:
    constraints = (*info.uniques, *info.foreign_keys, *info.checks, *info.excludes, info.primary_key)
    named = (*[each.name or "" for each in constraints], *[each.name for each in info.indexes])
    return any(_is_long(name) for name in [name for name in (*info.columns, *named) if len(name) * 4 >= _SHORTEST])


def _is_long(name: str) -> bool:
    return len(name) * 4 >= _SHORTEST and len(name.encode("utf-8", "replace")) >= _SHORTEST


def _truncated(wanted: Iterable[str], dialect: Dialect) -> Names:
    """Return the names that the server truncates; one whose truncated form is another name of the metadata stays."""
    wanted = list(wanted)
    found = {truncated_name(name, dialect): name for name in wanted}
    return {stored: name for stored, name in found.items() if stored != name and stored not in wanted}


def _restore_parts(info: TableInfo, model: Table, dialect: Dialect) -> Names:
    """Rename the parts of a table; return its columns' names."""
    columns = _truncated((str(column.name) for column in model.columns), dialect)
    own = (each for column in model.columns for each in column.constraints)
    parts: list[Constraint | Index] = [*model.constraints, *model.indexes, *own]
    others = _truncated((str(name) for each in parts if (name := final_name(each, dialect)) is not None), dialect)
    for item in info.columns.values():
        item.name = columns.get(item.name, item.name)
    info.columns = {item.name: item for item in info.columns.values()}

    info.primary_key = _with_names(info.primary_key, columns, others)
    info.uniques = [_with_names(part, columns, others) for part in info.uniques]
    info.indexes = [_with_names(part, columns, others) for part in info.indexes]
    info.foreign_keys = [_with_names(part, columns, others) for part in info.foreign_keys]
    info.checks = [_with_names(part, columns, others) for part in info.checks]
    info.excludes = [_with_names(part, columns, others) for part in info.excludes]
    return columns


Part = TypeVar("Part", bound=ConstraintInfo | IndexInfo)


def _with_names(part: Part, columns: Names, names: Names) -> Part:
    """Return a constraint or index with the names of the metadata; the columns of another table stay."""
    own = (each.name for each in fields(part) if not each.name.startswith("referred_"))
    changed = {name: _renamed(getattr(part, name), columns) for name in own}
    return replace(part, **{**changed, "name": names.get(str(part.name), part.name)})


def _renamed(value: Any, known: Names) -> Any:
    """Return a value in which each known name is replaced, also inside of lists and dictionaries."""
    if isinstance(value, str):
        return known.get(value, value)
    if isinstance(value, dict):
        return {_renamed(key, known): _renamed(item, known) for key, item in value.items()}
    return [_renamed(item, known) for item in value] if isinstance(value, list) else value


def _restore_referred(catalog: Catalog, moved: dict[Key, Key], columns: dict[Key, Names]) -> None:
    for info in catalog.tables.values():
        for item in info.foreign_keys:
            old = item.referred_schema, item.referred_table
            item.referred_schema, item.referred_table = moved.get(old, old)
            item.referred_columns = _renamed(item.referred_columns, columns.get(old, {}))


def _restore_types(catalog: Catalog, tables: Iterable[Table], dialect: Dialect) -> None:
    """Rename enum types and their schemas; a type is one object for all columns that have it."""
    if not any(_is_long(part) for place in catalog.enums for part in place if part is not None):
        return
    types = [_item_type(column.type) for table in tables for column in table.columns]
    parts = {getattr(type_, attribute, None) for type_ in types for attribute in ("name", "schema")}
    known = _truncated((str(part) for part in parts if part is not None), dialect)
    for info in catalog.tables.values():
        for item in info.columns.values():
            type_ = _item_type(item.type)
            if isinstance(type_, Enum):
                type_.name, type_.schema = _renamed(type_.name, known), _renamed(type_.schema, known)
    for place in [place for place in catalog.enums if known.keys() & set(place)]:
        catalog.enums[_renamed_key(place, known)] = catalog.enums.pop(place)
    catalog.enums_by_path = {
        known.get(name, name): _renamed_key(place, known) for name, place in catalog.enums_by_path.items()
    }


def _renamed_key(place: Key, known: Names) -> Key:
    schema, name = place
    return None if schema is None else known.get(schema, schema), known.get(name, name)


def _item_type(type_: AnyType) -> Any:
    while isinstance(type_, ARRAY):
        type_ = type_.item_type
    return type_
