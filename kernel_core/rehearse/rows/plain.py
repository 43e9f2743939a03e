"""What is the same on each database: counts, and reading copy and clone by one query."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ...util.sql import in_backticks, in_quotes
from ..clone.base import Clone
from .shapes import Column, Pair, Shape, shapes_of


@dataclass(frozen=True, slots=True)
class Both:
    """The SQL names of one table before and after.

    If ``added`` is given, ``before`` has only rows that may differ, and so many rows of the table after are new.
    """

    before: str
    after: str
    added: int | None = None


def driver_text(connection: Connection, sql: str) -> str:
    """Return SQL without parameters as the driver takes it, which may read a percent sign as a parameter."""
    return sql.replace("%", "%%") if connection.dialect.paramstyle in ("format", "pyformat") else sql


class PlainSide(ABC):
    """Counts rows by plain SQL."""

    connection: Connection

    @abstractmethod
    def place(self, shape: Shape, *, before: bool) -> str:
        """Return the SQL name of a table."""

    def one(self, sql: str, *, before: bool) -> tuple[Any, ...]:
        """Return the one row of a query of the copy, or of the clone."""
        return tuple(self.connection.exec_driver_sql(driver_text(self.connection, sql)).one())

    def has_whole_keys(self, pair: Pair, names: Both) -> bool:
        """Return whether no row lacks a part of its primary key, which only SQLite allows."""
        return True

    def quoted(self, name: str) -> str:
        """Return a name in quotes."""
        return in_backticks(name) if self.connection.dialect.name in ("mysql", "mariadb") else in_quotes(name)

    def count(self, shape: Shape, *, before: bool) -> int:
        """Return the number of rows."""
        sql = f"SELECT count(*) FROM {self.place(shape, before=before)}"
        return int(self.one(sql, before=before)[0])

    def filled(self, shape: Shape, columns: list[Column], *, before: bool) -> dict[str, int]:
        """Return for each column how many rows have a value."""
        if not columns:
            return {}
        counts = ", ".join(f"count({self.quoted(column.name)})" for column in columns)
        sql = f"SELECT {counts} FROM {self.place(shape, before=before)}"
        row = self.one(sql, before=before)
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

    def release(self) -> None:
        """Release the locks of the table that was read."""
        self.connection.commit()

    @contextmanager
    def both(self, pair: Pair) -> Iterator[Both | None]:
        """Yield the SQL names of the table before and after."""
        yield Both(self.place(pair.before, before=True), self.place(pair.after, before=False))
