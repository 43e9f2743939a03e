"""The names of a schema that no two objects can have, also those of objects of different kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Identity
from sqlalchemy.types import SchemaType

from ..operations.kinds.exclude_constraint import CreateExcludeConstraintOp
from ..operations.named_columns import Addition
from ..operations.operation import MigrateOperation
from ..operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateEnumTypeOp,
    CreateIndexOp,
    CreateSequenceOp,
    CreateTableOp,
    DropIndexOp,
    RenameTableOp,
)
from ..operations.schema_state import Place, SchemaState, TableState
from ..util.truncation import truncated_name
from .keys import has_index

_DEFAULT = {"sqlite": "main", "postgresql": "public"}
"""The schema that a table has without naming one."""

_IN_RELATIONS = ("unique", "primary", "exclude")
"""The kinds of constraints of which PostgreSQL makes an index of the same name."""

_SHOWN = {"foreignkey": "foreign key", "unique": "unique constraint", "primary": "primary key", "check": "check"}
_SHOWN |= {"exclude": "exclude constraint", "enum": "enum type"}


class Name(NamedTuple):
    """A name as the database compares it, and the ``space`` of the objects among which it is unique."""

    space: str
    schema: str | None
    name: str


class NameIndex:
    """The names of a state that must be unique, each with the objects that have it, as words.

    SQLite has one set of names for tables and indexes, whose case does not count. PostgreSQL has one for tables,
    indexes, sequences and the constraints with an index, and one for enum types and tables, because a table has a row
    type; names of arrays (``_mood``) give way. MySQL has one for the indexes of each table, and one for foreign keys;
    MariaDB has one for tables and sequences.
    https://www.postgresql.org/docs/current/catalog-pg-class.html, catalog-pg-type.html
    """

    def __init__(self, state: SchemaState) -> None:
        self.entries: dict[Place | None, list[tuple[Name, str]]] = {}
        self.objects: dict[Name, list[str]] = {}
        self.update(state, (None, *state.tables))

    def copied(self) -> NameIndex:
        """Return a copy that can be updated without changing this one."""
        copied = NameIndex.__new__(NameIndex)
        copied.entries = dict(self.entries)
        copied.objects = {name: list(objects) for name, objects in self.objects.items()}
        return copied

    def update(self, state: SchemaState, places: Iterable[Place | None]) -> str:
        """Read the names of some tables again, and for None those outside of tables.

        Returns a sentence where two objects have a name of which there were fewer before, else "".
        """
        before: dict[Name, list[str]] = {}
        added: list[tuple[Name, str]] = []
        for place in dict.fromkeys(places):
            for name, words in self.entries.pop(place, ()):
                before.setdefault(name, list(self.objects[name]))
                self.objects[name].remove(words)
            self.entries[place] = [_name(*each, state) for each in _at(state, place)]
            added += self.entries[place]
        found = ""
        for name, words in added:
            objects = self.objects.setdefault(name, [])
            known = before.setdefault(name, list(objects))
            objects.append(words)
            if len(objects) > max(1, len(known)) and not found:
                found = f"{objects[0]} exists already"
        return found


def places_of(state: SchemaState, operation: MigrateOperation) -> tuple[Place | None, ...]:
    """Return the tables whose names an operation may change, and None for what is outside of tables."""
    if operation.table_keys and not isinstance(operation, DropIndexOp):
        given = [(schema, str(name)) for schema, name in operation.table_keys]
        if isinstance(operation, RenameTableOp):
            given.append((operation.schema, operation.new_table_name))
        return (None, *given)
    is_outside = isinstance(operation, CreateEnumTypeOp | CreateSequenceOp)
    return (None,) if is_outside else (None, *state.tables)


def changes_names(operation: MigrateOperation) -> bool:
    """Return whether an operation may give or free the name of an object that is not a column."""
    match operation:
        case AddColumnOp():
            column = operation.column
            items = column.foreign_keys or column.constraints or column.index or column.unique or column.primary_key
            return bool(items) or column.identity is not None or isinstance(column.type, SchemaType)
        case AlterColumnOp():
            return isinstance(operation.modify_server_default, Identity) or operation.modify_name is not None
    return True


def is_skipped(names: NameIndex, state: SchemaState, operation: MigrateOperation) -> bool:
    """Return whether an operation does nothing, because IF NOT EXISTS finds its name at another object."""
    if not getattr(operation, "if_not_exists", None) or state.dialect.name not in ("postgresql", "sqlite"):
        return False
    match operation:
        case CreateIndexOp(index_name=str() as given):
            kinds = ("index",) if state.dialect.name == "sqlite" else ("",)
        case CreateTableOp(table_name=given) if state.dialect.name == "postgresql":
            kinds = ("",)
        case _:
            return False
    name = truncated_name(str(given), state.dialect)
    folded = name if state.dialect.name == "postgresql" else name.lower()
    schema = operation.table_key[0] if operation.table_key else None
    objects = names.objects.get(Name("relation", schema or _DEFAULT[state.dialect.name], folded), ())
    return any(each.startswith(kinds) for each in objects)


def taken_column(state: SchemaState, operation: MigrateOperation) -> str:
    """Return a sentence where a column has the name of a new one in another case, and case does not count."""
    match operation:
        case AddColumnOp() if not operation.if_not_exists:
            name = str(operation.column.name)
        case AlterColumnOp(modify_name=str() as name) if name.lower() != operation.column_name.lower():
            pass
        case _:
            return ""
    table = state.tables.get(operation.table_key or (None, ""))
    if table is None or state.dialect.name not in ("sqlite", "mysql", "mariadb"):
        return ""
    found = next((each for each in table.columns if each.lower() == name.lower() and each != name), None)
    return "" if found is None else f"column {operation.shown_table}.{found} exists already, and case does not count"


def kind_of(item: Addition) -> str:
    """Return the kind of a constraint: ``unique``, ``primary``, ``foreignkey``, ``check`` or ``exclude``."""
    return item.constraint_type or ("exclude" if isinstance(item, CreateExcludeConstraintOp) else "")


Entry = tuple[str, str | None, str, str]
"""Space, schema, kind and name of an object."""


def _name(space: str, schema: str | None, kind: str, given: str, state: SchemaState) -> tuple[Name, str]:
    dialect = state.dialect.name
    name = truncated_name(given, state.dialect)
    is_exact = dialect == "postgresql" or (space == "relation" and dialect != "sqlite")
    key = Name(space, schema or _DEFAULT.get(dialect), name if is_exact else name.lower())
    return key, f"{_SHOWN.get(kind, kind)} {given}"


def _at(state: SchemaState, place: Place | None) -> Iterator[Entry]:
    """Yield the objects of a table, or for None those outside of tables."""
    dialect = state.dialect.name
    if place is None:
        for schema, name in state.sequences:
            yield "relation", schema, "sequence", name
            if dialect == "postgresql":
                yield "type", schema, "sequence", name
        yield from (("type", schema, "enum", name) for schema, name in state.enums if dialect == "postgresql")
        return
    table = state.tables.get(place)
    if table is not None and dialect == "postgresql":
        yield from _of_postgresql(table, state)
    elif table is not None and dialect == "sqlite":
        yield "relation", table.schema, "table", table.name
        yield from (("relation", table.schema, "index", name) for name in _indexes(table, state))
    elif table is not None and dialect in ("mysql", "mariadb"):
        yield from _of_mysql(table, state)


def _of_postgresql(table: TableState, state: SchemaState) -> Iterator[Entry]:
    for space in ("relation", "type"):
        yield space, table.schema, "table", table.name
        yield from ((space, table.schema, "sequence", name) for name in table.sequences.values())
    yield from (("relation", table.schema, "index", name) for name in _indexes(table, state))
    for kind, name in _constraints(table):
        yield "relation" if kind in _IN_RELATIONS else f"constraint {table.name}", table.schema, kind, name


def _of_mysql(table: TableState, state: SchemaState) -> Iterator[Entry]:
    of_table = f"key {table.name}"
    yield "relation", table.schema, "table", table.name
    yield from ((of_table, table.schema, "index", name) for name in _indexes(table, state))
    checks = f"check {table.name}" if getattr(state.dialect, "is_mariadb", False) else "check"
    for kind, name in _constraints(table):
        if kind != "primary":
            yield {"foreignkey": "foreignkey", "check": checks}.get(kind, of_table), table.schema, kind, name
    for each in table.constraints:
        if each.constraint_type == "foreignkey" and each.constraint_name and not has_index(table, each):
            yield of_table, table.schema, "index", str(each.constraint_name)


def _indexes(table: TableState, state: SchemaState) -> Iterator[str]:
    for each in table.indexes:
        yield from (str(each.index_name),) if each.index_name else state.names(each)


def _constraints(table: TableState) -> Iterator[tuple[str, str]]:
    for each in table.constraints:
        name = each.constraint_name or getattr(each, "generated_name", None)
        if name:
            yield kind_of(each), str(name)
