"""How far a table of a history is from that of the database: an estimate, without a query.

Counts what differs in columns, keys, constraints and indexes by their names and parts. Expressions, values of defaults
and options are not compared here; the nearest places are then compared by autogenerate.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from sqlalchemy.schema import Column

from ..autogenerate.compare.reflect import Database
from ..autogenerate.databases import Key, TableInfo
from ..autogenerate.databases.catalog import ColumnInfo
from ..operations.named_columns import columns_of_item
from ..operations.schema_state import SchemaState, TableState
from ..util.sqla_compat import AnyColumn


class Distances:
    """The distances from the tables of one database; each table of the history is measured once."""

    def __init__(self, database: Database) -> None:
        self._database, self._context = database, database.context
        self._types: dict[tuple[int, int], bool] = {}
        self._kept: list[object] = []
        self._items = {key: frozenset(self._items_of_database(info)) for key, info in database.infos.items()}
        self._twins: dict[frozenset[str], list[Key]] = {}
        for key, info in database.infos.items():
            self._twins.setdefault(frozenset(info.columns), []).append(key)
        self.of_nothing = sum(1 + len(info.columns) for info in database.infos.values())
        """The distance from an empty schema: each table, and each of its columns."""
        self.tables = len(database.infos)
        """The number of tables of the database."""

    def of_place(self, key: Key, state: SchemaState) -> int:
        """Return the distance of a table of a state, also where the state or the database has none of that name."""
        table = dict.get(state.tables, key)
        info = self._database.infos.get(self.key(key))
        if table is not None and info is None:
            return self._of_missing(table, state)
        if table is None or info is None:
            return 0 if info is None else 1 + len(info.columns)
        return self._columns(table, info) + self._constraints(table, info)

    def lacks_names(self, key: Key, state: SchemaState) -> bool:
        """Return whether a table, or a column of it, is on one side only: then the schemas differ for certain."""
        table, info = dict.get(state.tables, key), self._database.infos.get(self.key(key))
        if table is None or info is None:
            return table is not None or info is not None
        return table.columns.keys() != info.columns.keys()

    def _of_missing(self, table: TableState, state: SchemaState) -> int:
        """Return the distance of a table that the database lacks, or has under another name that is in no revision."""
        for twin in self._twins.get(frozenset(table.columns), ()):
            if twin not in state.tables:
                return 1  # the other one counts already; several tables may have the same columns
        return 1 + len(table.columns)

    def key(self, place: tuple[str | None, str]) -> Key:
        """Return the name of a table as the database has it: the default schema is None."""
        schema, name = place
        return (None if schema == self._database.default_schema else schema, str(name))

    def _columns(self, table: TableState, info: TableInfo) -> int:
        total = len(table.columns.keys() ^ info.columns.keys())
        for name, column in table.columns.items():
            found = info.columns.get(name)
            if found is not None:
                total += self._column(column, found)
        return total

    def _column(self, column: AnyColumn, info: ColumnInfo) -> int:
        has_default = info.default is not None and not info.owns_sequence
        is_generated = bool(info.computed) or bool(info.identity)
        wants_generated = column.computed is not None or column.identity is not None
        wants_default = column.server_default is not None and not wants_generated
        comment = (column.comment or None) != (info.comment or None) and self._context.dialect.supports_comments
        return (
            int(self._type_differs(column, info))
            + int(bool(column.nullable) != bool(info.nullable) and not info.primary_key)
            + int(wants_default != has_default)
            + int(wants_generated != is_generated)
            + int(bool(comment))
        )

    def _type_differs(self, column: AnyColumn, info: ColumnInfo) -> bool:
        key = (id(column.type), id(info))
        if key not in self._types:
            self._kept.append(column.type)  # so that its id stays its own
            impl = self._context.impl
            made: Any = Column(info.name, info.type)
            self._types[key] = bool(impl is not None and impl.compare_type(made, column))
        return self._types[key]

    def _constraints(self, table: TableState, info: TableInfo) -> int:
        mine, theirs = frozenset(self._items_of_state(table)), self._items[info.key]
        return len(mine ^ theirs)

    def _items_of_state(self, table: TableState) -> Iterable[Hashable]:
        for each in table.constraints:
            names = tuple(str(name) for name in columns_of_item(each))
            if each.constraint_type == "primary":
                yield "primary key", names
            elif each.constraint_type == "unique":
                yield "unique", frozenset(names)
            elif each.constraint_type == "foreignkey":
                referred = self.key((each.referent_schema, each.referent_table))
                yield "foreign key", names, referred, tuple(each.remote_cols), _action(each.ondelete)
        for each in table.indexes:
            parts = [part.name if isinstance(part, Column) else part for part in each.parts]
            plain = tuple(part if isinstance(part, str) else None for part in parts)
            yield self._index(str(each.index_name), plain, unique=bool(each.unique))

    def _items_of_database(self, info: TableInfo) -> Iterable[Hashable]:
        if info.key_columns:
            yield "primary key", tuple(info.key_columns)
        for unique in info.uniques:
            yield "unique", frozenset(unique.column_names)
        keys = [tuple(each.constrained_columns) for each in info.foreign_keys]
        for each in info.foreign_keys:
            referred = self.key((each.referred_schema, each.referred_table))
            action = _action((each.options or {}).get("ondelete"))
            yield "foreign key", tuple(each.constrained_columns), referred, tuple(each.referred_columns), action
        for index in info.indexes:
            columns = tuple(index.column_names)
            is_of_key = self._context.rules.creates_foreign_key_indexes and columns in keys
            if not is_of_key and index.duplicates_constraint is None:
                yield self._index(str(index.name), columns, unique=bool(index.unique))
        for name in info.unreadable:
            yield "index", name

    def _index(self, name: str, columns: tuple[str | None, ...], *, unique: bool) -> Hashable:
        """Return an index; a unique one over columns is the same as a unique constraint where both are one object."""
        if unique and None not in columns and self._context.rules.stores_uniques_as_indexes:
            return "unique", frozenset(columns)
        return "index", name


def _action(text: str | None) -> str:
    action = str(text or "").upper()
    return "" if action in ("NO ACTION", "RESTRICT") else action
