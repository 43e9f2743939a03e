"""Names that a new object cannot have, because an object of another kind or in another case has it."""

from __future__ import annotations

from collections.abc import Iterator

from ..operations.add_constraint import AddConstraintOp
from ..operations.operation import MigrateOperation
from ..operations.ops import AddColumnOp, AlterColumnOp, CreateIndexOp, CreateTableOp, RenameTableOp
from ..operations.schema_state import SchemaState

_DEFAULT = {"sqlite": "main", "postgresql": "public"}
"""The schema that a table has without naming one."""

_RELATIONS = ("unique", "primary")
"""The kinds of constraints of which PostgreSQL makes an index of the same name."""


def taken(state: SchemaState, operation: MigrateOperation) -> str:
    """Return a sentence where another object has the name of the one that an operation creates, else "".

    Objects of the same kind and name are not meant. SQLite has one set of names for tables and indexes, PostgreSQL one
    for these, sequences and unique constraints; MariaDB has one for all foreign keys.
    """
    if getattr(operation, "if_not_exists", None):
        return ""
    match operation:
        case AddColumnOp():
            return _taken_column(state, operation, str(operation.column.name))
        case AlterColumnOp(modify_name=str() as name) if name.lower() != operation.column_name.lower():
            return _taken_column(state, operation, name)
        case CreateTableOp():
            return _taken(state, operation.schema, operation.table_name, "table")
        case RenameTableOp() if operation.new_table_name.lower() != operation.table_name.lower():
            return _taken(state, operation.schema, operation.new_table_name, "table")
        case CreateIndexOp(index_name=str() as name):
            return _taken(state, operation.schema, name, "index")
        case AddConstraintOp(constraint_name=str() as name):
            return _taken(state, operation.schema, name, operation.constraint_type or "")
    return ""


def _taken_column(state: SchemaState, operation: AddColumnOp | AlterColumnOp, name: str) -> str:
    table = state.tables.get(operation.table_key or (None, ""))
    if table is None or state.dialect.name not in ("sqlite", "mysql", "mariadb"):
        return ""
    found = next((each for each in table.columns if each.lower() == name.lower() and each != name), None)
    return "" if found is None else f"column {operation.shown_table}.{found} exists already, and case does not count"


def _taken(state: SchemaState, schema: str | None, name: str, kind: str) -> str:
    """Return a sentence where another object has a name; one of the same kind, place and case is not meant."""
    dialect = state.dialect.name
    for other, place, given in _named(state, kind):
        is_same = given.lower() == name.lower() if dialect == "sqlite" else given == name
        if not is_same or _full(place, dialect) != _full(schema, dialect):
            continue
        if other != kind or place != schema or given != name or kind == "foreignkey":
            shown = {"foreignkey": "foreign key", "unique": "unique constraint", "primary": "primary key"}
            return f"{shown.get(other, other)} {given} exists already"
    return ""


def _full(schema: str | None, dialect: str) -> str | None:
    return schema or _DEFAULT.get(dialect)


def _named(state: SchemaState, kind: str) -> Iterator[tuple[str, str | None, str]]:
    """Yield kind, schema and name of the objects among which the name of an object of a ``kind`` is unique."""
    dialect = state.dialect.name
    if kind == "foreignkey" and dialect in ("mysql", "mariadb"):
        kinds: tuple[str, ...] = ("foreignkey",)
    elif dialect == "postgresql" and kind in ("table", "index", *_RELATIONS):
        kinds = ("table", "index", "sequence", *_RELATIONS)
    elif dialect == "sqlite" and kind in ("table", "index"):
        kinds = ("table", "index")
    else:
        return
    if "sequence" in kinds:
        yield from (("sequence", schema, name) for schema, name in state.sequences)
    for table in state.tables.values():
        if "table" in kinds:
            yield "table", table.schema, table.name
        if "index" in kinds:
            yield from (("index", table.schema, str(each.index_name)) for each in table.indexes)
        for each in table.constraints:
            name = each.constraint_name or getattr(each, "generated_name", None)
            if name and each.constraint_type in kinds:
                yield each.constraint_type, table.schema, str(name)
