"""Compare on SQLite: the copy is attached to the clone, and one query reads both."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from ..clone.base import Clone
from .kept import Kept
from .plain import JoinedSide
from .shapes import Column, Shape


@contextmanager
def sqlite_side(clone: Clone, without: Collection[str], _written: Collection[str], _kept: Kept) -> Iterator[SQLiteSide]:
    """Give what compares the two files of a clone."""
    with clone.after.connect() as connection:
        connection.exec_driver_sql("ATTACH DATABASE ? AS mig_before", (str(clone.before.url.database),))
        yield SQLiteSide(connection, clone, without)


class SQLiteSide(JoinedSide):
    """Compares values as they are stored, bytewise."""

    def place(self, shape: Shape, *, before: bool) -> str:
        return f"{'mig_before' if before else 'main'}.{self.quoted(shape.name)}"

    def differs(self, old: Column, new: Column) -> str:
        return f"b.{self.quoted(old.name)} IS NOT a.{self.quoted(new.name)} COLLATE BINARY"

    def equals(self, old: Column, new: Column) -> str:
        return f"a.{self.quoted(new.name)} = b.{self.quoted(old.name)}"

    def grouped(self, column: Column, other: Column) -> str:
        return f"@.{self.quoted(column.name)} COLLATE BINARY"
