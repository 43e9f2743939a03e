"""What is the same on each database: counts, and reading copy and clone by one query."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from ..clone.base import Clone
from .shapes import Column, Pair, Shape, shapes_of


class PlainSide(ABC):
    """Counts rows by plain SQL."""

    connection: Connection

    @abstractmethod
    def place(self, shape: Shape, *, before: bool) -> str:
        """Return the SQL name of a table."""

    def reader(self, *, before: bool) -> Connection:
        """Return the connection that reads the copy, or the clone."""
        return self.connection

    def quoted(self, name: str) -> str:
        """Return a name in quotes."""
        return self.connection.dialect.identifier_preparer.quote_identifier(name)

    def count(self, shape: Shape, *, before: bool) -> int:
        """Return the number of rows."""
        sql = f"SELECT count(*) FROM {self.place(shape, before=before)}"
        return int(self.reader(before=before).exec_driver_sql(sql.replace("%", "%%")).scalar_one())

    def filled(self, shape: Shape, columns: list[Column], *, before: bool) -> dict[str, int]:
        """Return for each column how many rows have a value."""
        if not columns:
            return {}
        counts = ", ".join(f"count({self.quoted(column.name)})" for column in columns)
        sql = f"SELECT {counts} FROM {self.place(shape, before=before)}"
        row = self.reader(before=before).exec_driver_sql(sql.replace("%", "%%")).one()
        return {column.name: int(number) for column, number in zip(columns, row, strict=True)}


class JoinedSide(PlainSide):
    """The databases where one query reads copy and clone."""

    def __init__(self, connection: Connection, clone: Clone, without: Collection[str]) -> None:
        self.connection, self.clone, self._without = connection, clone, without

    def shapes(self) -> tuple[list[Shape], list[Shape]]:
        """Return the tables before and after."""
        with self.clone.before.connect() as before:
            old = shapes_of(before, self._without)
        return old, shapes_of(self.connection, self._without)

    @contextmanager
    def both(self, pair: Pair) -> Iterator[tuple[str, str]]:
        """Give the SQL names of the table before and after."""
        yield self.place(pair.before, before=True), self.place(pair.after, before=False)
