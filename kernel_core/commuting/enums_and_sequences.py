"""Enum types, sequences and schemas that an operation cannot create, change, drop or use in a state."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy.schema import Column

from ..operations.kinds.enum_type import SetEnumValuesOp
from ..operations.kinds.schema import CreateSchemaOp, DropSchemaOp
from ..operations.operation import MigrateOperation, shown_name
from ..operations.ops import (
    AddColumnOp,
    AddEnumValueOp,
    AlterColumnOp,
    CreateEnumTypeOp,
    CreateSequenceOp,
    CreateTableOp,
    DropEnumTypeOp,
    DropSequenceOp,
    RenameEnumValueOp,
)
from ..operations.schema_state import Place, SchemaState
from .implicit import enums_of


def refused(state: SchemaState, operation: MigrateOperation) -> str:
    """Return a sentence where an enum type, a sequence or a schema is missing or in the way, else ""."""
    match operation:
        case CreateEnumTypeOp() if (operation.schema, operation.name) in state.enums:
            return f"enum type {operation.shown_name} exists already"
        case DropEnumTypeOp() | AddEnumValueOp() | RenameEnumValueOp() | SetEnumValuesOp():
            return _refused_change(state, operation)
        case CreateSequenceOp() if (
            not operation.if_not_exists and (operation.schema, operation.name) in state.sequences
        ):
            return f"sequence {shown_name(operation.schema, operation.name)} exists already"
        case DropSequenceOp() if not operation.if_exists and (operation.schema, operation.name) not in state.sequences:
            return f"sequence {shown_name(operation.schema, operation.name)} does not exist"
        case CreateSchemaOp() if not operation.if_not_exists and operation.name in state.schemas:
            return f"schema {operation.name} exists already"
        case DropSchemaOp() if not operation.cascade:
            groups = (state.tables, state.enums, state.sequences)
            inside = [place[1] for group in groups for place in group if place[0] == operation.name]
            return f"{inside[0]} is in the schema {operation.name}" if inside else ""
    return _missing_type(state, operation)


def _refused_change(
    state: SchemaState, operation: DropEnumTypeOp | AddEnumValueOp | RenameEnumValueOp | SetEnumValuesOp
) -> str:
    place: Place = (operation.schema, operation.name)
    values = state.enums.get(place)
    if values is None:
        return f"enum type {operation.shown_name} does not exist"
    match operation:
        case DropEnumTypeOp():
            user = next(_users(state, place), "")
            return f"column {user} uses the enum type {operation.shown_name}" if user else ""
        case AddEnumValueOp():
            new, needed = operation.value, operation.before if operation.before is not None else operation.after
        case RenameEnumValueOp():
            new, needed = operation.new_value, operation.value
        case _:
            given = {(use.get("schema"), use["table"], use["column"]) for use in operation.columns}
            others = list(_users(state, place, given))
            return f"column {others[0]} uses the enum type {operation.shown_name} too" if others else ""
    if new in values:
        return f"enum type {operation.shown_name} has the value '{new}' already"
    if needed is not None and needed not in values:
        return f"enum type {operation.shown_name} has no value '{needed}'"
    return ""


def _users(state: SchemaState, place: Place, without: Collection[tuple[str | None, str, str]] = ()) -> Iterator[str]:
    """Yield the columns that use an enum type, as ``table.column``."""
    for table in state.tables.values():
        for column in table.columns.values():
            used = {found for found, _, _ in enums_of([column], state)}
            if place in used and (table.schema, table.name, column.name) not in without:
                yield f"{table.name}.{column.name}"


def _missing_type(state: SchemaState, operation: MigrateOperation) -> str:
    """Return a sentence where an operation uses an enum type that does not exist, and does not create it."""
    if state.dialect.name != "postgresql" or operation.table_key is None:
        return ""
    match operation:
        case CreateTableOp():
            columns = [each for each in operation.columns if isinstance(each, Column)]
        case AddColumnOp():
            columns = [operation.column]
        case AlterColumnOp() if operation.modify_type is not None:
            columns = [Column(operation.column_name, operation.modify_type)]
        case _:
            return ""
    for place, _, creates in enums_of(columns, state):
        if place not in state.enums and (isinstance(operation, AlterColumnOp) or not creates):
            return f"enum type {shown_name(*place)} does not exist"
    return ""
