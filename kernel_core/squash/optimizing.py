"""Fewer operations with the same result: what is created and changed, or dropped, in one range.

Two operations become one, or none, only if every operation between them is known and is about something else. What
existing rows would notice is kept: a change of the type, or of a default that fills an added column, is merged only for
tables that the range creates, which have no rows there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.schema import Column

from ..operations.add_constraint import AddConstraintOp
from ..operations.named_columns import columns_of_item
from ..operations.operation import MigrateOperation
from ..operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateIndexOp,
    CreateTableOp,
    DropColumnOp,
    DropConstraintOp,
    DropIndexOp,
    DropTableOp,
    RenameTableOp,
)
from ..schema.description import enum_of
from ..util.sqla_compat import AnyType, changed_column, is_type_bound
from .pairs import Replacement, referred, replaced, touches
from .parts import Item

_DIALECT = DefaultDialect()
_KNOWN = (
    AddColumnOp,
    AddConstraintOp,
    AlterColumnOp,
    CreateIndexOp,
    CreateTableOp,
    DropColumnOp,
    DropConstraintOp,
    DropIndexOp,
    DropTableOp,
    RenameTableOp,
)
_ON_TABLE = (AddColumnOp, AddConstraintOp, AlterColumnOp, CreateIndexOp, DropColumnOp, DropConstraintOp, DropIndexOp)
"""Operations that a drop of their table makes superfluous; a foreign key may be in the way of another drop."""


def optimized(items: Sequence[Item]) -> list[Item]:
    """Return operations with the same result, the fewest that the rules find."""
    return replaced(items, _replacement, _KNOWN)


def _replacement(item: Item, later: Item, between: Iterable[MigrateOperation]) -> Replacement | None:
    """Return what replaces two operations; None if both stay."""
    one, other = item.operation, later.operation
    if _leaves_type(one, other):
        return None
    joined = _joined(item, later, between)
    if joined is not None:
        return (joined[0] if joined else None), None
    return (None, later) if _dropped_with(one, other, between) else None


def _joined(item: Item, later: Item, between: Iterable[MigrateOperation]) -> list[Item] | None:
    """Return the operations that replace both; None if both stay."""
    one, other = item.operation, later.operation
    if one.followed_by or other.followed_by:
        return None
    if isinstance(one, CreateTableOp):
        return _joined_to_table(item, one, other, between)
    if isinstance(one, AddColumnOp | AlterColumnOp):
        return _joined_to_column(item, one, other, between)
    return _joined_to_others(item, one, other, between)


def _joined_to_table(
    item: Item, one: CreateTableOp, other: MigrateOperation, between: Iterable[MigrateOperation]
) -> list[Item] | None:
    match other:
        case AddColumnOp() if _free(one, other, between):
            return _changed(item, _with_column(one, other))
        case DropColumnOp() if _free(one, other, between):
            return _changed(item, _without_column(one, other.column_name))
        case AlterColumnOp() if _free(one, other, between):
            return _changed(item, _with_altered(one, other))
        case DropTableOp() if one.table_key == other.table_key and not one.if_not_exists:
            return None if _mention(between, one) else []
    return None


def _joined_to_column(
    item: Item, one: AddColumnOp | AlterColumnOp, other: MigrateOperation, between: Iterable[MigrateOperation]
) -> list[Item] | None:
    if not _free(one, other, between):
        return None
    match one, other:
        case AddColumnOp(), DropColumnOp() if _column(one) == other.column_name:
            return None if one.if_not_exists else []
        case AddColumnOp(), AlterColumnOp() if _column(one) == other.column_name:
            return _changed(item, _renamed(one, other))
        case AlterColumnOp(), AlterColumnOp():
            return _changed(item, _merged(one, other))
    return None


def _joined_to_others(
    item: Item, one: MigrateOperation, other: MigrateOperation, between: Iterable[MigrateOperation]
) -> list[Item] | None:
    match one, other:
        case CreateIndexOp(), DropIndexOp() if one.index_name == other.index_name and one.table_key == other.table_key:
            return None if one.if_not_exists or _mention(between, one) else []
        case AddConstraintOp(), DropConstraintOp() if _is_same_constraint(one, other):
            return None if _mention(between, one) else []
        case RenameTableOp(), RenameTableOp() if one.schema == other.schema and other.table_name == one.new_table_name:
            keys = ((one.schema, name) for name in (one.new_table_name, one.table_name, other.new_table_name))
            if any(touches(each, key) for key in keys for each in between):
                return None
            return _changed(item, one.changed(new_table_name=other.new_table_name))
    return None


def _changed(item: Item, operation: MigrateOperation | None) -> list[Item] | None:
    return None if operation is None else [replace(item, operation=operation)]


def _dropped_with(one: MigrateOperation, other: MigrateOperation, between: Iterable[MigrateOperation]) -> bool:
    """Return whether a table is dropped after ``one`` changes it, and nothing else happens between."""
    return (
        isinstance(other, DropTableOp)
        and isinstance(one, _ON_TABLE)
        and one.table_key == other.table_key
        and not one.followed_by
        and not (isinstance(one, DropConstraintOp) and one.constraint_type in (None, "foreignkey"))
        and all(_is_only_of(each, other) or not touches(each, other.table_key) for each in between)
    )


def _is_only_of(operation: MigrateOperation, drop: DropTableOp) -> bool:
    return operation.table_key == drop.table_key and not isinstance(operation, RenameTableOp)


def _free(one: MigrateOperation, other: MigrateOperation, between: Iterable[MigrateOperation]) -> bool:
    """Return whether ``other`` can move up to ``one``: no operation between them concerns its column."""
    if one.table_key != other.table_key:
        return False
    names = {_column(other)}
    if isinstance(other, AlterColumnOp) and other.modify_name:
        names.add(other.modify_name)
    needed = referred(other)
    for each in between:
        if any(touches(each, key) and isinstance(each, CreateTableOp | RenameTableOp) for key in needed):
            return False
        if not touches(each, other.table_key):
            continue
        if isinstance(each, RenameTableOp | DropTableOp | CreateTableOp) or each.table_key != other.table_key:
            return False
        if isinstance(each, AddColumnOp) and isinstance(other, AddColumnOp):
            return False  # the order of the columns
        if isinstance(each, DropIndexOp | DropConstraintOp) or names & _columns(each):
            return False
    return True


def _leaves_type(one: MigrateOperation, other: MigrateOperation) -> bool:
    """Return whether both operations together create an enum type on PostgreSQL that one for both would not.

    It is created with the table, and stays when the table or its column is dropped or has another type.
    """
    if any(map(_is_enum, _types(other, None))):
        return True
    if isinstance(other, DropTableOp):
        return any(map(_is_enum, _types(one, None)))
    if isinstance(other, DropColumnOp) or (isinstance(other, AlterColumnOp) and other.modify_type is not None):
        return any(map(_is_enum, _types(one, other.column_name)))
    return False


def _types(operation: MigrateOperation, name: str | None) -> list[AnyType]:
    """Return the types that an operation gives to columns, or to that of one ``name``."""
    if isinstance(operation, AlterColumnOp):
        return [operation.modify_type] if operation.modify_type is not None else []
    listed = operation.columns if isinstance(operation, CreateTableOp) else [getattr(operation, "column", None)]
    return [each.type for each in listed if isinstance(each, Column) and name in (None, each.name)]


def _is_enum(type_: AnyType) -> bool:
    found = enum_of(type_, _DIALECT)
    return found is not None and found.native_enum and bool(found.name)


def _column(operation: MigrateOperation) -> str:
    column = getattr(operation, "column", None)
    return str(column.name if column is not None else getattr(operation, "column_name", ""))


def _columns(operation: MigrateOperation) -> set[str]:
    """Return the columns that an operation names; an expression may name any of them, so it counts as all."""
    listed = columns_of_item(operation) if isinstance(operation, AddConstraintOp | CreateIndexOp) else []
    if not all(isinstance(each, str) for each in listed) or getattr(operation, "condition", None) is not None:
        return _Everything()
    if any(key.endswith(("_where", "_include")) for key in getattr(operation, "kw", {})):
        return _Everything()
    return {*map(str, listed), _column(operation), str(getattr(operation, "modify_name", "") or "")} - {""}


class _Everything(set[str]):
    """The set of all columns: it has elements in common with every other set."""

    def __rand__(self, other: object) -> set[str]:
        return {"every column"}


def _mention(between: Iterable[MigrateOperation], one: MigrateOperation) -> bool:
    return any(touches(each, one.table_key) for each in between)


def _is_same_constraint(one: AddConstraintOp, other: DropConstraintOp) -> bool:
    return (
        one.constraint_name is not None
        and one.constraint_name == other.constraint_name
        and one.table_key == other.table_key
    )


def _with_column(table: CreateTableOp, added: AddColumnOp) -> CreateTableOp | None:
    if added.kw or added.if_not_exists or table.if_not_exists or table.stored_sql is not None:
        return None
    last = max((place for place, each in enumerate(table.columns) if isinstance(each, Column)), default=-1)
    items = list(table.columns)
    items.insert(last + 1, added.column)
    return table.changed(columns=items)


def _without_column(table: CreateTableOp, name: str) -> CreateTableOp | None:
    if table.if_not_exists or table.stored_sql is not None or _is_constrained(table, name):
        return None
    items = [each for each in table.columns if not (isinstance(each, Column) and each.name == name)]
    return table.changed(columns=items) if len(items) == len(table.columns) - 1 else None


def _with_altered(table: CreateTableOp, altered: AlterColumnOp) -> CreateTableOp | None:
    place = next(
        (at for at, each in enumerate(table.columns) if isinstance(each, Column) and each.name == altered.column_name),
        None,
    )
    if place is None or table.if_not_exists or table.stored_sql is not None or altered.kw:
        return None
    column = table.columns[place]
    assert isinstance(column, Column), "it was found as a column"
    is_renamed = altered.modify_name not in (None, altered.column_name)
    is_bound = any(is_type_bound(each) for each in column.constraints) or column.primary_key or column.computed
    if (is_renamed and _is_constrained(table, altered.column_name)) or (is_bound and altered.modify_type is not None):
        return None
    if column.identity is not None or column.primary_key or column.computed is not None:
        return None
    items = list(table.columns)
    items[place] = changed_column(column, **_changes(altered))
    return table.changed(columns=items)


def _is_constrained(table: CreateTableOp, name: str) -> bool:
    """Return whether a column is part of a key, a constraint or an index; an SQL text may name any column."""
    column = next(each for each in [*table.columns, Column(name)] if isinstance(each, Column) and each.name == name)
    own = column.foreign_keys or column.primary_key or column.index or column.unique or column.constraints
    others = [each for each in table.columns if not isinstance(each, Column)]
    computed = any(isinstance(each, Column) and each.computed is not None for each in table.columns)
    return bool(own) or bool(others) or computed


def _changes(altered: AlterColumnOp) -> dict[str, object]:
    changes: dict[str, object] = {}
    if altered.modify_type is not None:
        changes["type"] = altered.modify_type
    if altered.modify_nullable is not None:
        changes["nullable"] = altered.modify_nullable
    if altered.modify_server_default is not False:
        changes["server_default"] = altered.modify_server_default
    if altered.modify_comment is not False:
        changes["comment"] = altered.modify_comment
    if altered.modify_name is not None:
        changes["name"] = altered.modify_name
    return changes


def _renamed(added: AddColumnOp, altered: AlterColumnOp) -> AddColumnOp | None:
    """Return an addition with the new name or comment; None for a change that also affects existing rows."""
    changes = _changes(altered)
    column = added.column
    if set(changes) - {"name", "comment"} or altered.kw or added.if_not_exists or not changes:
        return None
    if column.foreign_keys or column.index or column.unique or column.constraints or column.computed is not None:
        return None
    return added.changed(column=changed_column(column, **changes))


def _merged(one: AlterColumnOp, other: AlterColumnOp) -> AlterColumnOp | None:
    """Return one change of a column for two, if they do not both change its type."""
    name = one.modify_name or one.column_name
    if other.column_name != name or one.kw or other.kw:
        return None
    if one.modify_type is not None or other.modify_type is not None:
        return None
    if one.modify_nullable is False and other.modify_nullable is True:
        return None  # the rows are checked between
    later = _changes(other)
    attributes = {"type": "modify_type", "nullable": "modify_nullable", "server_default": "modify_server_default"}
    attributes |= {"comment": "modify_comment", "name": "modify_name"}
    return one.changed(**{attributes[each]: value for each, value in later.items()})
