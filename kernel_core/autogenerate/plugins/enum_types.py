"""Compare enum types (PostgreSQL): which are new, which are dropped, and whose values were changed.

A type is dropped only if the compared tables used it and no table uses it any more: other types may belong to another
application. A type with ``create_type=False`` is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy.schema import Column
from sqlalchemy.types import ARRAY, Enum

from ...operations.kinds.column import AddColumnOp, AlterColumnOp
from ...operations.kinds.enum_type import AddEnumValueOp, CreateEnumTypeOp, EnumUse, RenameEnumValueOp, SetEnumValuesOp
from ...operations.kinds.table import CreateTableOp
from ...operations.operation import MigrateOperation
from ...runtime.plugins import Plugin
from ...util.sql import Grammar, grammar_of, string_value, tokens
from ...util.sqla_compat import AnyColumn, AnyType, is_of_postgresql
from ..compare.differences import Differences
from ..compare.reflect import Database
from ..context import AutogenContext
from ..databases import dialects_where
from ..databases.catalog import ColumnInfo, Key
from ..renames.similarity import similarity


def setup(plugin: Plugin) -> None:
    """Compare where the database has enum types."""
    for dialect_name in dialects_where(lambda rules: rules.has_enum_types):
        plugin.add_autogenerate_comparator(compare_enum_types, "tables", "enum_types", qualifier=dialect_name)


@dataclass(slots=True)
class _Type:
    """An enum type: its values in the database and in the metadata, None if it is not there; its uses."""

    key: Key
    before: list[str] | None = None
    after: list[str] | None = None
    uses: list[EnumUse] = field(default_factory=list)


def compare_enum_types(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Find the changes of enum types: they are created before the tables that use them, and dropped after these."""
    types = _types(context, database)
    created = {key for key, each in types.items() if each.after is not None}
    _use_created_types(differences, created, database)
    for each in types.values():
        schema, name = each.key
        if each.before is None and each.after is not None:
            differences.before.append(CreateEnumTypeOp(name, each.after, schema=schema))
        elif each.after is None and each.before is not None and each.uses:
            differences.after.append(CreateEnumTypeOp(name, each.before, schema=schema).reverse())
        elif each.before is not None and each.after is not None:
            differences.before += values_changed(each.key, each.before, each.after, each.uses)


def _types(context: AutogenContext, database: Database) -> dict[Key, _Type]:
    """Return the types that the metadata uses, and those that the database uses in the compared tables."""
    types: dict[Key, _Type] = {}
    for table in context.sorted_tables:
        for column in table.columns:
            enum = _enum_of(column.type, context)
            if enum is not None:
                key = _key(enum, database)
                types.setdefault(key, _Type(key)).after = list(enum.enums)
    left_alone = {
        _key(enum, database)
        for table in context.sorted_tables
        for column in table.columns
        if (enum := _enum_of(column.type, context, made_only=False)) is not None
    } - types.keys()
    for info in database.infos.values():
        for item in info.columns.values():
            named = _item_enum(item.type)
            place = _key(named, database) if named is not None and named.name else None
            if place is not None and place not in left_alone:
                types.setdefault(place, _Type(place)).uses.append(_use(info.key, item))
    grammar = grammar_of(context.dialect)
    for key, each in types.items():
        there = database.catalog.enums.get(key)
        each.before = None if there is None else list(there.labels)
        for use in each.uses:
            default = use.get("default")
            if default is not None and each.after is not None and not _allows(each.after, default, grammar):
                use["default"] = None
    return dict(sorted(types.items(), key=lambda item: (item[0][0] or "", item[0][1])))


def _allows(labels: list[str], default: str, grammar: Grammar) -> bool:
    """Return whether a server default, ``'a'::mood`` or ``'{a,b}'::mood[]``, is valid; any that is not a string is."""
    found = tokens(default, grammar)
    value = string_value(found[0].text, grammar) if found and found[0].kind == "text" else None
    if value is None:
        return True
    if value.startswith("{") and default.endswith("[]"):
        return all(part.strip('"') in labels for part in value[1:-1].split(",") if part)
    return value in labels


def _use(table: Key, item: ColumnInfo) -> EnumUse:
    use: EnumUse = {"table": table[1], "column": str(item.name)}
    if table[0] is not None:
        use["schema"] = table[0]
    if isinstance(item.type, ARRAY):
        use["array"] = True
    if item.default is not None:
        use["default"] = str(item.default)
    return use


def _key(enum: Enum, database: Database) -> Key:
    schema, name = enum.schema if enum.schema is not None else getattr(enum.metadata, "schema", None), str(enum.name)
    if schema is None and name in database.catalog.enums_by_path:
        return database.catalog.enums_by_path[name]
    return (None if schema == database.default_schema else schema, name)


def _item_enum(type_: AnyType) -> Enum | None:
    while isinstance(type_, ARRAY):
        type_ = type_.item_type
    return type_ if isinstance(type_, Enum) else None


def _enum_of(type_: AnyType, context: AutogenContext, *, made_only: bool = True) -> Enum | None:
    """Return the native enum type that a type of the metadata is, or is an array of."""
    while isinstance(type_, ARRAY):
        type_ = type_.item_type
    spelled = type_.dialect_impl(context.dialect)
    if isinstance(spelled, ARRAY):
        return _enum_of(spelled, context, made_only=made_only)
    while not isinstance(spelled, Enum) and hasattr(spelled, "impl_instance"):
        spelled = spelled.impl_instance.dialect_impl(context.dialect)
    if not (isinstance(spelled, Enum) and is_of_postgresql(spelled, "ENUM")) or spelled.name is None:
        return None
    return spelled if getattr(spelled, "create_type", True) or not made_only else None


def values_changed(key: Key, before: list[str], after: list[str], uses: list[EnumUse]) -> Iterator[MigrateOperation]:
    """Yield the operations that change one list of values to another.

    Values with similar names at the same position are renamed, new ones are added at their position; where a value is
    dropped or the order changes, the type is re-created.
    """
    schema, name = key
    now = list(before)
    for old, new in _renamed(now, after):
        yield RenameEnumValueOp(name, old, new, schema=schema, columns=uses)
        now[now.index(old)] = new
    if [value for value in after if value in now] != now:
        yield SetEnumValuesOp(name, after, columns=uses, schema=schema, existing=now)
        return
    for place, value in enumerate(after):
        if value in now:
            continue
        previous = after[place - 1] if place else None
        first = now[0] if previous is None and now else None
        behind = None if now and previous == now[-1] else previous
        yield AddEnumValueOp(name, value, before=first, after=behind, schema=schema, existing=list(now), columns=uses)
        now.insert(place, value)


def _renamed(before: list[str], after: list[str]) -> list[tuple[str, str]]:
    """Return the values that have another, similar name at the same position, if the rest of the list is the same."""
    if len(before) != len(after):
        return []
    pairs = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    fresh = all(new not in before and old not in after and similarity(old, new) >= 0.6 for old, new in pairs)
    return pairs if fresh else []


def _use_created_types(differences: Differences, keys: set[Key], database: Database) -> None:
    """Let tables and columns use the types without creating them."""
    changes = [operation for pair in differences.tables for operation in pair.changes.in_order()]
    for operation in (*differences.created, *changes):
        for column in _columns(operation):  # copies that belong to the operation
            column.type = _without_creating(column.type, keys, database)
    for pair in differences.tables:
        pair.changes.altered_columns[:] = [
            _altered_without_creating(each, keys, database) for each in pair.changes.altered_columns
        ]


def _altered_without_creating(operation: MigrateOperation, keys: set[Key], database: Database) -> MigrateOperation:
    if not isinstance(operation, AlterColumnOp) or operation.modify_type is None:
        return operation
    return operation.changed(modify_type=_without_creating(operation.modify_type, keys, database))


def _columns(operation: MigrateOperation) -> Iterable[AnyColumn]:
    if isinstance(operation, CreateTableOp):
        return [item for item in operation.columns if isinstance(item, Column)]
    return [operation.column] if isinstance(operation, AddColumnOp) else []


def _without_creating(type_: AnyType, keys: set[Key], database: Database) -> AnyType:
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - only imported where it is in use

    if type(type_) in (ARRAY, postgresql.ARRAY):
        item = _without_creating(type_.item_type, keys, database)  # type: ignore[attr-defined]
        return type_ if item is type_.item_type else postgresql.ARRAY(item, dimensions=type_.dimensions)  # type: ignore[attr-defined]
    if type(type_) not in (Enum, postgresql.ENUM) or not isinstance(type_, Enum) or _key(type_, database) not in keys:
        return type_
    return postgresql.ENUM(*type_.enums, name=type_.name, schema=_key(type_, database)[0], create_type=False)
