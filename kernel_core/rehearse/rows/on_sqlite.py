"""Compare on SQLite: the copy is attached to the clone, and one query reads both.

The affinity of a column decides which of its values can be equal and yet stored differently.
https://sqlite.org/datatype3.html#type_affinity
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from ..clone.base import Clone
from .kept import Kept
from .plain import Both, JoinedSide
from .shapes import Column, Pair, Shape
from .sqlite_pages import same_tables

_COLUMNS = """
SELECT m.name, x.name, x.type, x.pk FROM {schema}.sqlite_master m, pragma_table_xinfo(m.name, '{schema}') x
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND x.hidden <> 1 ORDER BY m.name, x.cid
"""
_COPY = "mig_before"
_AFFINITIES = (
    ("INTEGER", ("INT",)),
    ("TEXT", ("CHAR", "CLOB", "TEXT")),
    ("BLOB", ("BLOB", "ANY")),  # ANY is NUMERIC outside of STRICT tables, and as a BLOB it is compared more exactly
    ("REAL", ("REAL", "FLOA", "DOUB")),
)
_SMALLEST = -(2**63)
"""The one integer that a column of numeric affinity can also hold as an equal floating point number."""


@contextmanager
def sqlite_side(clone: Clone, without: Collection[str], _written: Collection[str], _kept: Kept) -> Iterator[SQLiteSide]:
    """Yield what compares the two files of a clone."""
    with clone.after.connect() as connection:
        connection.exec_driver_sql(f"ATTACH DATABASE ? AS {_COPY}", (str(clone.before.url.database),))
        yield SQLiteSide(connection, clone, without)


class SQLiteSide(JoinedSide):
    """Compares values as they are stored, bytewise; those of columns with other affinities as numbers or as text."""

    def __init__(self, connection: Connection, clone: Clone, without: Collection[str]) -> None:
        super().__init__(connection, clone, without)
        self._same = same_tables(connection, _COPY, str(clone.before.url.database), str(clone.after.url.database))

    def shapes(self) -> tuple[list[Shape], list[Shape]]:
        return _shapes(self.connection, _COPY, self._without), _shapes(self.connection, "main", self._without)

    def place(self, shape: Shape, *, before: bool) -> str:
        return f"{_COPY if before else 'main'}.{self.quoted(shape.name)}"

    @contextmanager
    def both(self, pair: Pair) -> Iterator[Both | None]:
        if pair.before.name == pair.after.name and pair.after.name in self._same:
            yield None
        else:
            with super().both(pair) as names:
                yield names

    def differs(self, old: Column, new: Column) -> str:
        was, now = f"b.{self.quoted(old.name)}", f"a.{self.quoted(new.name)}"
        differs = f"{was} IS NOT {now} COLLATE BINARY"
        other_type = f"typeof({was}) <> typeof({now})"
        if old.type_ != new.type_:
            return differs if _are_numbers(old, new) else f"({_differ_as_text(was, now)})"
        if old.type_ == "BLOB":
            return f"({differs} OR {other_type})"  # 1 equals 1.0
        if old.type_ in ("TEXT", "REAL"):
            return f"({differs})"
        return f"({differs} OR ({now} = {_SMALLEST} AND {other_type}))"

    def equals(self, old: Column, new: Column) -> str:
        was, now = f"b.{self.quoted(old.name)}", f"a.{self.quoted(new.name)}"
        if old.type_ != new.type_ and not _are_numbers(old, new):
            as_new = {"TEXT": f"CAST({was} AS TEXT)", "BLOB": f"+{was}"}.get(new.type_, was)  # so that an index is used
            return f"{now} = {as_new} AND NOT ({_differ_as_text(was, now)})"
        return f"{now} = {was} AND {now} = {was} COLLATE BINARY"

    def grouped(self, row: str, column: Column, other: Column) -> tuple[str, ...]:
        value = f"{row}.{self.quoted(column.name)}"
        if column.type_ == other.type_ and column.type_ not in ("TEXT", "REAL"):
            return f"{value} COLLATE BINARY", f"typeof({value}) = 'real'"
        if column.type_ == other.type_ or _are_numbers(column, other):
            return (f"{value} COLLATE BINARY",)
        return (f"CAST({value} AS TEXT) COLLATE BINARY",)

    def has_whole_keys(self, pair: Pair, names: Both) -> bool:
        old = " OR ".join(f"{self.quoted(column.name)} IS NULL" for column, _ in pair.key)
        new = " OR ".join(f"{self.quoted(column.name)} IS NULL" for _, column in pair.key)
        found = f"SELECT 1 FROM {names.before} WHERE {old} UNION ALL SELECT 1 FROM {names.after} WHERE {new} LIMIT 1"
        return self.connection.exec_driver_sql(found).first() is None


def _are_numbers(one: Column, other: Column) -> bool:
    return one.is_number and other.is_number


def _differ_as_text(was: str, now: str) -> str:
    """Return the condition that two values are not the same number and not the same text: 07 is not 7."""
    numbers = f"typeof({was}) IN ('integer', 'real') AND typeof({now}) IN ('integer', 'real')"
    as_text = f"CAST({was} AS TEXT) IS NOT CAST({now} AS TEXT) COLLATE BINARY"
    return f"CASE WHEN {numbers} THEN {was} IS NOT {now} ELSE {as_text} END"


def _shapes(connection: Connection, schema: str, without: Collection[str]) -> list[Shape]:
    tables: dict[str, list[tuple[Column, int]]] = {}
    for table, name, declared, place in connection.exec_driver_sql(_COLUMNS.format(schema=schema)):
        affinity = _affinity(str(declared).upper())
        column = Column(name, name, affinity, affinity in ("INTEGER", "REAL", "NUMERIC"), affinity == "TEXT")
        tables.setdefault(table, []).append((column, place))
    return [
        Shape(
            None,
            name,
            name,
            tuple(column for column, _ in columns),
            tuple(column.name for column, place in sorted(columns, key=lambda each: each[1]) if place),
        )
        for name, columns in tables.items()
        if name not in without
    ]


def _affinity(declared: str) -> str:
    """Return the affinity of a declared type."""
    if not declared:
        return "BLOB"
    return next((name for name, parts in _AFFINITIES if any(part in declared for part in parts)), "NUMERIC")
