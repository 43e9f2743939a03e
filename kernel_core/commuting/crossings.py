"""Operations of two sides about one column, enum value or key, of which a schema does not show what the order does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from sqlalchemy import Boolean, Date, DateTime, Enum, Integer, LargeBinary, Numeric, String, Text, Time, Uuid

from ..operations.add_constraint import AddConstraintOp
from ..operations.containers import BatchOps
from ..operations.kinds.enum_type import SetEnumValuesOp
from ..operations.named_columns import columns_of_item, names_of_item
from ..operations.operation import MigrateOperation
from ..operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateUniqueConstraintOp,
    DropConstraintOp,
    DropEnumTypeOp,
    DropIndexOp,
    DropSequenceOp,
    RenameEnumValueOp,
)
from ..operations.schema_state import SchemaState
from ..util.exc import CommandError, NotAsJson
from .keys import referred_columns, uniques_of
from .sides import Located, Side
from .verdict import Place

Pairing = Callable[[MigrateOperation, MigrateOperation, SchemaState], str]
"""Returns what makes the order of two operations matter, as far as that is not known; else ""."""


def crossings(base: SchemaState, one: Side, other: Side) -> Iterator[Place]:
    """Yield the operations whose effect may depend on an operation of the other side; both are yielded."""
    for side, opposite in ((one, other), (other, one)):
        for mine in side.operations:
            for theirs in opposite.operations:
                reason = _reason(mine, theirs, base)
                if reason:
                    yield from (_with(mine, reason), _with(theirs, reason))
        yield from _second_keys(base, side, opposite)
        yield from _stated_tables(base, side, opposite)


def _reason(mine: Located, theirs: Located, base: SchemaState) -> str:
    for part in mine.parts:
        for opposite in theirs.parts:
            for pairing in _PAIRINGS:
                reason = pairing(part, opposite, base)
                if reason:
                    return reason
    return ""


def _with(located: Located, reason: str) -> Place:
    place = located.place
    return Place(place.revision, place.path, place.line, f"{place.text} ({reason})")


def _restated(mine: MigrateOperation, theirs: MigrateOperation, base: SchemaState) -> str:
    """MODIFY of MySQL states the whole column, as the file describes it."""
    if not isinstance(mine, AlterColumnOp) or not isinstance(theirs, AlterColumnOp) or not _is_mysql(base):
        return ""
    same = mine.table_key == theirs.table_key and mine.column_name == theirs.column_name
    return "MODIFY states the whole column" if same else ""


def _retyped(mine: MigrateOperation, theirs: MigrateOperation, base: SchemaState) -> str:
    """A new type changes the SQL that names the column, or does not fit to it."""
    if not isinstance(mine, AlterColumnOp) or mine.modify_type is None or base.dialect.name == "sqlite":
        return ""
    name = mine.column_name
    reason, is_alike = f"the type of column {name} changes", _is_alike(base, mine)
    if (mine.table_key, name) in referred_columns(theirs):
        return "" if is_alike else reason
    if theirs.table_key != mine.table_key:
        return ""
    match theirs:
        case AlterColumnOp():
            changes_default = theirs.column_name == name and theirs.modify_server_default is not False
            return reason if changes_default else ""
        case AddConstraintOp() if theirs.constraint_type == "foreignkey":
            return reason if name in columns_of_item(theirs) and not is_alike else ""
        case AddConstraintOp() | CreateIndexOp() if not is_alike:
            plain = name in columns_of_item(theirs) and isinstance(mine.modify_type, _ORDERED)
            is_key = plain and not (_is_mysql(base) and isinstance(mine.modify_type, Text | LargeBinary))
            return reason if not is_key and names_of_item(theirs, name, base.dialect) else ""
        case AddColumnOp():
            return reason if theirs.column.computed is not None and _mentions(theirs, name) else ""
    return ""


def _is_alike(base: SchemaState, altered: AlterColumnOp) -> bool:
    """Return whether PostgreSQL has the same operators for the new type: both are numbers, or VARCHARs."""
    table = base.tables.get(altered.table_key or (None, ""))
    if base.dialect.name != "postgresql" or table is None or altered.column_name not in table.columns:
        return False
    types = (table.columns[altered.column_name].type, altered.modify_type)
    return all(isinstance(each, Integer | Numeric) for each in types) or all(
        isinstance(each, String) and not isinstance(each, Text | Enum) for each in types
    )


_ORDERED = (Integer, Numeric, String, Date, DateTime, Time, Boolean, Uuid, LargeBinary)
"""Types of which every database can have an index."""


def _mentioned(mine: MigrateOperation, theirs: MigrateOperation, base: SchemaState) -> str:
    """A default or a condition names an enum value or a sequence that the other side renames or drops."""
    match mine:
        case RenameEnumValueOp():
            names = [mine.value]
        case SetEnumValuesOp():
            names = [each for each in base.enums.get((mine.schema, mine.name), ()) if each not in mine.labels]
        case DropSequenceOp():
            names = [mine.name]
        case _:
            return ""
    if isinstance(theirs, RenameEnumValueOp | SetEnumValuesOp | DropEnumTypeOp | DropSequenceOp):
        return ""
    found = next((name for name in names if _mentions(theirs, name)), None)
    return "" if found is None else f"{found!r} is renamed or dropped"


def _mentions(operation: MigrateOperation, name: str) -> bool:
    """Return whether a text of an operation names something, as a word."""
    try:
        text = json.dumps(operation.to_json(), ensure_ascii=False)
    except (CommandError, NotAsJson):
        return True
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _second_keys(base: SchemaState, side: Side, opposite: Side) -> Iterator[Place]:
    """Yield drops of one of several unique constraints over the columns to which the other side adds a foreign key.

    PostgreSQL keeps the one that existed first when the foreign key was added.
    """
    if base.dialect.name != "postgresql":
        return
    added = [part for each in side.operations for part in each.parts if isinstance(part, _KEYS)]
    referred = {each for located in opposite.operations for part in located.parts for each in referred_columns(part)}
    for each in side.operations:
        if isinstance(each.operation, DropConstraintOp | DropIndexOp):
            for place, column in sorted(referred, key=str):
                table = base.tables.get(place)
                if table is not None and place == each.operation.table_key:
                    own = [item for item in added if item.table_key == place and columns_of_item(item) == [column]]
                    if uniques_of(table, [column]) and len(own) + len(uniques_of(table, [column])) > 1:
                        yield _with(each, f"a foreign key to {place[1]} ({column}) needs one of its unique constraints")


def _stated_tables(base: SchemaState, side: Side, opposite: Side) -> Iterator[Place]:
    """Yield batches that rebuild a table as their options state it, without what the other side does to it."""
    keys = {part.table_key for each in opposite.operations for part in each.parts}
    for each in side.operations:
        batch = each.operation
        if isinstance(batch, BatchOps) and (batch.schema, batch.table_name) in keys:
            options = batch.options
            is_stated = options.copy_from is not None or bool(options.reflect_args)
            if is_stated and options.may_rebuild(base.dialect.name):
                yield _with(each, "the batch states how the table is")


_KEYS = (CreateUniqueConstraintOp, CreatePrimaryKeyOp, CreateIndexOp)


def _is_mysql(base: SchemaState) -> bool:
    return base.dialect.name in ("mysql", "mariadb")


def _numbered(mine: MigrateOperation, theirs: MigrateOperation, base: SchemaState) -> str:
    """MySQL wants a key of a column with AUTO_INCREMENT."""
    is_drop = isinstance(mine, DropConstraintOp) and mine.constraint_type == "primary"
    numbers = isinstance(theirs, AlterColumnOp) and bool(theirs.kw.get("autoincrement"))
    return "AUTO_INCREMENT needs a key" if is_drop and numbers and mine.table_key == theirs.table_key else ""


_PAIRINGS: tuple[Pairing, ...] = (_restated, _retyped, _mentioned, _numbered)
