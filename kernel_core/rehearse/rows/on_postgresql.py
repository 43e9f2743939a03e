"""Compare on PostgreSQL, where no query reads two databases.

A checksum of each table shows if any of its rows differ; a table that a statement has written to is compared
anyway. Only then the rows of the copy are brought into a
temporary table beside the clone's, by COPY, and compared there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ...util.exc import CommandError
from ..clone.base import Clone
from .plain import PlainSide
from .shapes import Column, Pair, Shape, shapes_of

_TABLE = "mig_before_rows"


@contextmanager
def postgresql_side(clone: Clone, without: Collection[str], written: Collection[str]) -> Iterator[PostgresqlSide]:
    """Give what compares the two databases of a clone."""
    with clone.before.connect() as before, clone.after.connect() as after:
        try:
            yield PostgresqlSide(before, after, without, written)
        finally:
            after.rollback()
            before.rollback()


class PostgresqlSide(PlainSide):
    """Compares values of one type by that type, numbers as numbers, and all others as text."""

    def __init__(
        self, before: Connection, after: Connection, without: Collection[str], written: Collection[str]
    ) -> None:
        self.connection, self._before, self._without, self._written = after, before, without, frozenset(written)

    def reader(self, *, before: bool) -> Connection:
        return self._before if before else self.connection

    def shapes(self) -> tuple[list[Shape], list[Shape]]:
        return shapes_of(self._before, self._without), shapes_of(self.connection, self._without)

    def place(self, shape: Shape, *, before: bool) -> str:
        return f"{self.quoted(shape.schema or 'public')}.{self.quoted(shape.name)}"

    @contextmanager
    def both(self, pair: Pair) -> Iterator[tuple[str, str] | None]:
        if pair.columns and pair.after.shown not in self._written and self._has_same_checksum(pair):
            yield None
            return
        types = ", ".join(f"{self.quoted(old.name)} {_kept_type(old, new)}" for old, new in pair.columns)
        self.connection.exec_driver_sql(f"CREATE TEMP TABLE {_TABLE} ({types})".replace("%", "%%"))
        try:
            self._bring(pair)
            self.connection.exec_driver_sql(f"ANALYZE pg_temp.{_TABLE}")
            yield f"pg_temp.{_TABLE}", self.place(pair.after, before=False)
        finally:
            self.connection.exec_driver_sql(f"DROP TABLE pg_temp.{_TABLE}")

    def differs(self, old: Column, new: Column) -> str:
        return f"b.{self.quoted(old.name)} IS DISTINCT FROM {_as_kept(f'a.{self.quoted(new.name)}', old, new)}"

    def equals(self, old: Column, new: Column) -> str:
        return f"{_as_kept(f'a.{self.quoted(new.name)}', old, new)} = b.{self.quoted(old.name)}"

    def grouped(self, column: Column, other: Column) -> str:
        return _as_kept(f"@.{self.quoted(column.name)}", column, other)

    def _has_same_checksum(self, pair: Pair) -> bool:
        """Return whether both tables have the same rows, by the sum of a hash of each row."""
        as_records = all(old.type_ == new.type_ and old.has_equality for old, new in pair.columns)
        if as_records and (self.connection.dialect.server_version_info or (0,)) >= (14,):
            try:
                return self._checksum(pair, before=True, as_records=True) == self._checksum(
                    pair, before=False, as_records=True
                )
            except DBAPIError:  # a type that has no hash
                self._before.rollback()
                self.connection.rollback()
        return self._checksum(pair, before=True) == self._checksum(pair, before=False)

    def _checksum(self, pair: Pair, *, before: bool, as_records: bool = False) -> tuple[Any, ...]:
        shape = pair.before if before else pair.after
        names = [self.quoted((old if before else new).name) for old, new in pair.columns]
        if as_records:
            row = f"hash_record_extended(ROW({', '.join(names)}), 0)"
        else:
            row = f"hashtextextended(ROW({', '.join(f'{name}::text' for name in names)})::text, 0)"
        found = self.reader(before=before).exec_driver_sql(
            f"SELECT count(*), coalesce(sum({row}), 0) FROM {self.place(shape, before=before)}".replace("%", "%%")
        )
        return tuple(found.one())

    def _bring(self, pair: Pair) -> None:
        """Copy the rows of the copy into the temporary table."""
        columns = ", ".join(_as_kept(self.quoted(old.name), old, new) for old, new in pair.columns)
        query = f"COPY (SELECT {columns} FROM {self.place(pair.before, before=True)}) TO STDOUT"
        reader: Any = self._before.connection.cursor()
        writer: Any = self.connection.connection.cursor()
        with reader, writer:
            from_, into = reader, f"COPY pg_temp.{_TABLE} FROM STDIN"
            if hasattr(from_, "copy"):
                with from_.copy(query) as source, writer.copy(into) as target:
                    for block in source:
                        target.write(block)
            elif hasattr(from_, "copy_expert"):
                _through_file(from_, writer, query, into)
            else:
                raise CommandError("The rows are compared with psycopg or psycopg2; this driver has no COPY.")


def _through_file(reader: Any, writer: Any, query: str, into: str) -> None:
    with tempfile.TemporaryFile() as file:
        reader.copy_expert(query, file)
        file.seek(0)
        writer.copy_expert(into, file)


def _kept_type(old: Column, new: Column) -> str:
    """Return the type with which a value of both is compared."""
    if old.type_ == new.type_ and old.has_equality:
        return old.type_
    return "numeric" if old.is_number and new.is_number else "text"


def _as_kept(value: str, column: Column, other: Column) -> str:
    kept = _kept_type(column, other)
    return value if kept == column.type_ else f"{value}::{kept}"
