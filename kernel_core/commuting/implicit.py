"""What PostgreSQL makes beside tables: the sequences of SERIAL and identity columns, and enum types of columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlalchemy import Identity, MetaData, Table

from ..ddl.postgresql.generated_names import object_name
from ..operations.operation import MigrateOperation
from ..operations.ops import AddColumnOp, AlterColumnOp, CreateTableOp, DropColumnOp
from ..operations.schema_state import Place, SchemaState, TableState
from ..schema import metadata_of
from ..schema.description import enum_of
from ..util.sqla_compat import AnyColumn, copy_column
from .names import Name, NameIndex


def complete_state(state: SchemaState, known: MetaData | SchemaState | None = None) -> SchemaState:
    """Return a state with the enum types, sequences and schemas of ``known``, and with what its tables imply."""
    if isinstance(known, SchemaState):
        state.enums |= {place: list(values) for place, values in known.enums.items()}
        state.sequences |= known.sequences
        state.schemas[:] = known.schemas
    if state.dialect.name == "postgresql":
        names = NameIndex(state)
        for table in metadata_of(state).tables.values():
            _add_sequences(state, (table.schema, str(table.name)), _numbered(table), names)
        for each in state.tables.values():
            for place, values, _ in enums_of(each.columns.values(), state):
                state.enums.setdefault(place, values)
    return state


def add_implicit(state: SchemaState, operation: MigrateOperation, names: NameIndex) -> None:
    """Add to a state what the database makes by itself for an operation that was applied to it."""
    if state.dialect.name != "postgresql" or operation.table_key is None:
        return
    place = (operation.table_key[0], str(operation.table_key[1]))
    match operation:
        case CreateTableOp() if place in state.tables:
            few = replace(state, tables={place: state.tables[place]}, sequences={})
            table = next(iter(metadata_of(few).tables.values()))
            _add_sequences(state, place, _numbered(table), names)
            _add_enums(state, state.tables[place].columns.values())
        case AddColumnOp() if place in state.tables:
            table = Table(place[1], MetaData(), copy_column(operation.column), schema=place[0])
            _add_sequences(state, place, _numbered(table), names)
            _add_enums(state, [operation.column])
        case AlterColumnOp() if place in state.tables:
            _alter(state, state.tables[place], operation, names)
        case DropColumnOp() if place in state.tables:
            table_state = state.tables[place]
            kept = {name: each for name, each in table_state.sequences.items() if name in table_state.columns}
            table_state.sequences = kept


def enums_of(columns: Iterable[AnyColumn], state: SchemaState) -> Iterator[tuple[Place, list[str], bool]]:
    """Yield the enum types of columns: schema and name, values, and whether the column creates the type."""
    for column in columns:
        found = enum_of(column.type, state.dialect)
        if found is not None and found.native_enum and found.name:
            yield (found.schema, str(found.name)), list(found.enums), bool(getattr(found, "create_type", True))


def _numbered(table: Table) -> list[str]:
    """Return the columns of a table that PostgreSQL numbers by a sequence of the table."""
    serial = table.autoincrement_column
    is_serial = serial is not None and serial.server_default is None and serial.default is None
    return [each.name for each in table.columns if each.identity is not None or (is_serial and each is serial)]


def _add_sequences(state: SchemaState, place: Place, columns: Iterable[str], names: NameIndex) -> None:
    table = state.tables[place]
    for column in columns:
        if column not in table.sequences:
            table.sequences = {**table.sequences, column: _free_name(table, column, names)}
            names.update(state, [place])


def _free_name(table: TableState, column: str, names: NameIndex) -> str:
    """Return the name of a new sequence: ``users_id_seq``, or with a number where a relation has it."""
    number = 0
    while True:
        name = object_name(table.name, column, f"seq{number or ''}")
        if not names.objects.get(Name("relation", table.schema or "public", name)):
            return name
        number += 1


def _add_enums(state: SchemaState, columns: Iterable[AnyColumn]) -> None:
    for place, values, creates in enums_of(columns, state):
        known = state.enums.setdefault(place, values) if creates else state.enums.get(place, values)
        state.set_enum(place, lambda _, known=known: list(known))  # type: ignore[misc]


def _alter(state: SchemaState, table: TableState, operation: AlterColumnOp, names: NameIndex) -> None:
    """Follow the sequence of an altered column: it is kept by a rename, and belongs to an identity."""
    if operation.modify_server_default is None and isinstance(operation.existing_server_default, Identity):
        table.sequences = {name: each for name, each in table.sequences.items() if name != operation.column_name}
    after = operation.modify_name or operation.column_name
    if operation.column_name in table.sequences:
        table.sequences = {
            (after if name == operation.column_name else name): each for name, each in table.sequences.items()
        }
    if isinstance(operation.modify_server_default, Identity):
        _add_sequences(state, (table.schema, table.name), [after], names)
