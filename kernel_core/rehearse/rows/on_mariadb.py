"""Compare on MariaDB: copy and clone are databases of one server, and one query reads both."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from ..clone.base import Clone
from .kept import Kept
from .plain import JoinedSide
from .shapes import Column, Shape


@contextmanager
def mariadb_side(
    clone: Clone, without: Collection[str], _written: Collection[str], _kept: Kept
) -> Iterator[MariaDBSide]:
    """Yield what compares the two databases of a clone."""
    with clone.after.connect() as connection:
        yield MariaDBSide(connection, clone, without)


class MariaDBSide(JoinedSide):
    """Compares text by its characters: upper and lower case are different, whatever the collation is."""

    def place(self, shape: Shape, *, before: bool) -> str:
        database = self.clone.before.url.database if before else self.clone.database
        return f"{self.quoted(str(database))}.{self.quoted(shape.name)}"

    def differs(self, old: Column, new: Column) -> str:
        return f"NOT ({self._value('b', old, new)} <=> {self._value('a', new, old)})"

    def equals(self, old: Column, new: Column) -> str:
        exact = f"{self._value('a', new, old)} = {self._value('b', old, new)}"
        if old.is_text != new.is_text:
            return exact
        by_index = f"a.{self.quoted(new.name)} = b.{self.quoted(old.name)}"
        return f"{by_index} AND {exact}" if old.is_text else by_index

    def grouped(self, row: str, column: Column, other: Column) -> tuple[str, ...]:
        return (self._value(row, column, other),)

    def _value(self, row: str, column: Column, other: Column) -> str:
        name = f"{row}.{self.quoted(column.name)}"
        if column.is_text or other.is_text:
            return f"CAST(CONVERT({name} USING utf8mb4) AS BINARY)"  # a collation may ignore blanks at the end
        return name
