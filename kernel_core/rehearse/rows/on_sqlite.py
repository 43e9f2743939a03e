"""Compare on SQLite: the copy is attached to the clone, and one query reads both."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from ..clone.base import Clone
from .kept import Kept
from .plain import Both, JoinedSide
from .shapes import Column, Pair, Shape


@contextmanager
def sqlite_side(clone: Clone, without: Collection[str], _written: Collection[str], _kept: Kept) -> Iterator[SQLiteSide]:
    """Yield what compares the two files of a clone."""
    with clone.after.connect() as connection:
        connection.exec_driver_sql("ATTACH DATABASE ? AS mig_before", (str(clone.before.url.database),))
        yield SQLiteSide(connection, clone, without)


class SQLiteSide(JoinedSide):
    """Compares values as they are stored, bytewise."""

    def place(self, shape: Shape, *, before: bool) -> str:
        return f"{'mig_before' if before else 'main'}.{self.quoted(shape.name)}"

    def differs(self, old: Column, new: Column) -> str:
        was, now = f"b.{self.quoted(old.name)}", f"a.{self.quoted(new.name)}"
        if old.type_ != new.type_:
            return f"{was} IS NOT {now} COLLATE BINARY"
        return f"({was} IS NOT {now} COLLATE BINARY OR typeof({was}) <> typeof({now}))"  # 1 equals 1.0

    def equals(self, old: Column, new: Column) -> str:
        by_index = f"a.{self.quoted(new.name)} = b.{self.quoted(old.name)}"
        return f"{by_index} AND {by_index} COLLATE BINARY" if old.is_text or new.is_text else by_index

    def grouped(self, column: Column, other: Column) -> str:
        return f"@.{self.quoted(column.name)} COLLATE BINARY"

    def has_whole_keys(self, pair: Pair, names: Both) -> bool:
        old = " OR ".join(f"{self.quoted(column.name)} IS NULL" for column, _ in pair.key)
        new = " OR ".join(f"{self.quoted(column.name)} IS NULL" for _, column in pair.key)
        found = f"SELECT 1 FROM {names.before} WHERE {old} UNION ALL SELECT 1 FROM {names.after} WHERE {new} LIMIT 1"
        return self.connection.exec_driver_sql(found).first() is None
