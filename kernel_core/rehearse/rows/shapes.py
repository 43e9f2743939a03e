"""The tables of both databases, and which table and column of one is which of the other."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from .renames import Renames

_COLUMNS = """
SELECT c.oid, n.nspname, c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), t.typcategory::text,
  coalesce(i.place, -1), t.typnamespace = 'pg_catalog'::regnamespace, pg_relation_filenode(c.oid),
  c.relhassubclass, c.relkind = 'm'
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN LATERAL (
  SELECT array_position(x.indkey::int[], a.attnum::int) AS place FROM pg_index x
  WHERE x.indrelid = c.oid AND x.indisprimary AND a.attnum = ANY (x.indkey::int[])) i ON true
WHERE c.relkind IN ('r', 'm') AND c.relispopulated
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
ORDER BY 1, 4
"""

_MARIADB_COLUMNS = """
SELECT c.table_name, c.column_name, c.column_type, c.data_type, c.character_set_name
FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
WHERE t.table_schema = database() AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
ORDER BY c.table_name, c.ordinal_position
"""
_MARIADB_KEYS = """
SELECT table_name, column_name FROM information_schema.statistics
WHERE table_schema = database() AND index_name = 'PRIMARY' ORDER BY table_name, seq_in_index
"""

_EXACT = re.compile(r"(smallint|integer|bigint|boolean|date|uuid|bytea|oid)$|timestamp|time |numeric\(")
"""Types of PostgreSQL whose equal values are written in the same way."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what tells it apart from others, and its type as the database writes it."""

    name: str
    identity: object
    type_: str
    is_number: bool = False
    is_text: bool = False
    has_equality: bool = True
    """Whether values that are equal are also written in the same way."""
    is_built_in: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """A table: its name, what tells it apart from others, its columns, and the columns that tell its rows apart.

    On PostgreSQL ``file`` is the number of the file that has the rows, ``has_heirs`` is True where other tables may
    inherit from it, and ``is_view`` for a materialized view.
    """

    schema: str | None
    name: str
    identity: object
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    file: int | None = None
    has_heirs: bool = False
    is_view: bool = False

    @property
    def shown(self) -> str:
        """The name, with the schema where it is not the default one."""
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class Pair:
    """One table before and after: ``columns`` are the pairs of columns that both have."""

    before: Shape
    after: Shape
    columns: tuple[tuple[Column, Column], ...]

    @property
    def key(self) -> tuple[tuple[Column, Column], ...]:
        """The pairs of columns that tell rows apart: the primary key before, if all of its columns are still there."""
        found = tuple(pair for pair in self.columns if pair[0].name in self.before.key)
        return found if len(found) == len(self.before.key) else ()

    @property
    def has_same_key(self) -> bool:
        """Whether there is a primary key, which is of the same columns before and after."""
        return bool(self.key) and {new.name for _, new in self.key} == set(self.after.key)


def shapes_of(connection: Connection, without: Collection[str]) -> list[Shape]:
    """Return the tables of a database on a server, except for those of ``without``: version tables and journals."""
    if connection.dialect.name == "postgresql":
        found = _of_postgresql(connection)
    else:
        found = _of_mariadb(connection)
    return [shape for shape in found if shape.name not in without]


def paired(shapes: tuple[list[Shape], list[Shape]], renames: Renames) -> tuple[list[Pair], list[Shape], list[Shape]]:
    """Return the tables that both have, those that were removed, and those that are new."""
    before, after = shapes
    left = {shape.identity: shape for shape in before}
    by_name = {(shape.schema, shape.name): shape for shape in before}
    pairs, new = list[Pair](), list[Shape]()
    for shape in after:
        first = renames.tables.get((shape.schema, shape.name), (shape.schema, shape.name))
        old = left.get(shape.identity) if isinstance(shape.identity, int) else None
        old = old or (left.get(by_name[first].identity) if first in by_name else None)
        if old is None:
            new.append(shape)
            continue
        del left[old.identity]
        pairs.append(Pair(old, shape, tuple(_columns(old, shape, renames))))
    for shape in list(new):  # a copy that was given the name of the table that it replaces
        old = by_name.get((shape.schema, shape.name))
        if old is not None and left.pop(old.identity, None) is not None:
            new.remove(shape)
            pairs.append(Pair(old, shape, tuple(_columns(old, shape, renames))))
    # a materialized view that was created or dropped is a change of the schema
    return pairs, [each for each in left.values() if not each.is_view], [each for each in new if not each.is_view]


def _columns(old: Shape, new: Shape, renames: Renames) -> list[tuple[Column, Column]]:
    same_table = isinstance(new.identity, int) and old.identity == new.identity
    if same_table:
        by_number = {column.identity: column for column in old.columns}
        kept = {each.identity for each in new.columns}
        again = {column.name: column for column in old.columns if column.identity not in kept}
        both = [(by_number.get(each.identity) or again.get(each.name), each) for each in new.columns]
        return [(before, after) for before, after in both if before is not None]
    names = renames.columns.get((new.schema, new.name), {})
    by_name = {column.name: column for column in old.columns}
    taken = set(names.values())
    found = []
    for column in new.columns:
        first = names.get(column.name, column.name if column.name not in taken else "")
        if first in by_name:
            found.append((by_name[first], column))
    return found


def _of_postgresql(connection: Connection) -> list[Shape]:
    tables: dict[int, Shape] = {}
    keys: dict[int, list[tuple[int, str]]] = {}
    columns: dict[int, list[Column]] = {}
    rows = connection.exec_driver_sql(_COLUMNS)
    for oid, schema, name, number, column, type_, category, place, built_in, file, has_heirs, is_view in rows:
        if oid not in tables:
            tables[oid] = Shape(None if schema == "public" else schema, name, oid, (), (), file, has_heirs, is_view)
        is_exact = built_in and _EXACT.match(type_) is not None  # another type may have its name by now
        columns.setdefault(oid, []).append(
            Column(column, number, type_, category == "N", category == "S", is_exact, built_in)
        )
        if place >= 0:
            keys.setdefault(oid, []).append((place, column))
    return [
        replace(shape, columns=tuple(columns[oid]), key=tuple(each for _, each in sorted(keys.get(oid, []))))
        for oid, shape in tables.items()
    ]


def _of_mariadb(connection: Connection) -> list[Shape]:
    keys: dict[str, list[str]] = {}
    for table, column in connection.exec_driver_sql(_MARIADB_KEYS):
        keys.setdefault(table, []).append(column)
    tables: dict[str, list[Column]] = {}
    for table, name, type_, kind, characters in connection.exec_driver_sql(_MARIADB_COLUMNS):
        is_number = kind.endswith("int") or kind in ("decimal", "float", "double")
        tables.setdefault(table, []).append(Column(name, name, type_, is_number, characters is not None))
    return [Shape(None, name, name, tuple(columns), tuple(keys.get(name, ()))) for name, columns in tables.items()]
