"""Compare on PostgreSQL, where no query reads two databases.

Rows that a transaction on the clone has written have its number in ``xmin``, as long as the table is in the file that
was copied: only these are compared. A table in another file was rewritten: if the checksums of both differ, the rows of
the copy are brought into a temporary table beside the clone's, by COPY, and compared there.
https://www.postgresql.org/docs/current/ddl-system-columns.html
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ...util.exc import CommandError
from ..blockers.savepoints import without_event_triggers
from ..clone.base import Clone
from .kept import Kept
from .plain import Both, PlainSide, driver_text
from .shapes import Column, Pair, Shape, shapes_of

_TABLE = "mig_before_rows"
_KEYS = "mig_written_keys"
_LABELS = "SELECT coalesce(string_agg(oid || ' ' || enumlabel, chr(10)), '') FROM pg_enum"


@contextmanager
def postgresql_side(
    clone: Clone, without: Collection[str], written: Collection[str], kept: Kept
) -> Iterator[PostgresqlSide]:
    """Yield what compares the two databases of a clone."""
    after = kept.connected(clone)
    with clone.before.connect() as before:
        try:
            with without_event_triggers(after):
                yield PostgresqlSide(clone, before, after, without, written, kept)
            after.commit()
        except BaseException as error:
            kept.close()
            if not isinstance(error, Exception):
                before.invalidate()  # interrupted: a part of the rows may not be read yet
            raise
        finally:
            before.rollback()


class PostgresqlSide(PlainSide):
    """Compares values of one type by that type, numbers as numbers, and all others as text."""

    def __init__(
        self,
        clone: Clone,
        before: Connection,
        after: Connection,
        without: Collection[str],
        written: Collection[str],
        kept: Kept,
    ) -> None:
        self.connection, self._before, self._without, self._written = after, before, without, frozenset(written)
        self._kept, self._later = kept, f"age(xmin) <= age('{clone.copied_at}'::xid)" if clone.copied_at else "true"
        self._counts: dict[object, tuple[int, int]] = {}
        self._has_renamed: bool | None = None

    def shapes(self) -> tuple[list[Shape], list[Shape]]:
        return shapes_of(self._before, self._without), shapes_of(self.connection, self._without)

    def place(self, shape: Shape, *, before: bool) -> str:
        only = "ONLY " if shape.has_heirs else ""
        return f"{only}{self.quoted(shape.schema or 'public')}.{self.quoted(shape.name)}"

    def one(self, sql: str, *, before: bool) -> tuple[Any, ...]:
        if before:
            return self._kept.result(sql, lambda text: _row(self._before, text))
        return _row(self.connection, sql)

    def count(self, shape: Shape, *, before: bool) -> int:
        return super().count(shape, before=True) if before else self._counted(shape)[0]

    def release(self) -> None:
        """End both transactions: each table and index that is read has a lock, and the server a limited number of them.

        https://www.postgresql.org/docs/current/runtime-config-locks.html
        """
        self.connection.commit()
        self._before.commit()

    @contextmanager
    def both(self, pair: Pair) -> Iterator[Both | None]:
        in_place = _is_in_place(pair) and not self._has_renamed_values(pair)
        rows, later = self._counted(pair.after)
        was = self.count(pair.before, before=True)
        if in_place and not later and rows == was:
            yield None
        elif in_place and pair.has_same_key and later * 2 <= rows:
            yield self._written_rows(pair, later)
        elif self._is_same(pair, in_place=in_place):
            yield None
        else:
            yield Both(self._all_rows(pair), self.place(pair.after, before=False))
        self.connection.exec_driver_sql(f"DROP TABLE IF EXISTS pg_temp.{_TABLE}")

    def differs(self, old: Column, new: Column) -> str:
        return f"b.{self.quoted(old.name)} IS DISTINCT FROM {_as_kept(f'a.{self.quoted(new.name)}', old, new)}"

    def equals(self, old: Column, new: Column) -> str:
        return f"{_as_kept(f'a.{self.quoted(new.name)}', old, new)} = b.{self.quoted(old.name)}"

    def grouped(self, row: str, column: Column, other: Column) -> tuple[str, ...]:
        return (_as_kept(f"{row}.{self.quoted(column.name)}", column, other),)

    def _has_renamed_values(self, pair: Pair) -> bool:
        """Return whether a column may have values of an enum type that was changed by ALTER TYPE ... RENAME VALUE.

        They are written in another way then, in rows that nobody has written.
        """
        if all(old.is_built_in for old, _ in pair.columns):
            return False
        if self._has_renamed is None:
            labels = [{*str(self.one(_LABELS, before=before)[0]).split("\n")} for before in (True, False)]
            self._has_renamed = bool(labels[0] - labels[1])
        return self._has_renamed

    def _counted(self, shape: Shape) -> tuple[int, int]:
        """Return the number of rows of a table of the clone, and of those that were written there."""
        if shape.identity not in self._counts:
            sql = f"SELECT count(*), count(*) FILTER (WHERE {self._later}) FROM {self.place(shape, before=False)}"
            rows, later = self.one(sql, before=False)
            self._counts[shape.identity] = int(rows), int(later)
        return self._counts[shape.identity]

    def _is_same(self, pair: Pair, *, in_place: bool) -> bool:
        """Return whether both tables have the same rows, by the sum of a hash of each row."""
        if not pair.columns or {pair.before.shown, pair.after.shown} & self._written or (in_place and pair.key):
            return False
        if (self.connection.dialect.server_version_info or (0,)) >= (14,):
            try:
                with self._before.begin_nested(), self.connection.begin_nested():
                    return self._checksum(pair, before=True) == self._checksum(pair, before=False)
            except DBAPIError:  # a type that has no hash
                pass
        return self._checksum(pair, before=True, as_text=True) == self._checksum(pair, before=False, as_text=True)

    def _checksum(self, pair: Pair, *, before: bool, as_text: bool = False) -> tuple[Any, ...]:
        shape = pair.before if before else pair.after
        values = [self._value(old, new) if before else self._value(new, old) for old, new in pair.columns]
        if as_text:
            row = f"hashtextextended(ROW({', '.join(f'({each})::text' for each in values)})::text, 0)"
        else:
            row = f"hash_record_extended(ROW({', '.join(values)}), 0)"
        sql = f"SELECT count(*), coalesce(sum({row}), 0) FROM {self.place(shape, before=before)}"
        return self.one(sql, before=before)

    def _value(self, column: Column, other: Column) -> str:
        return _as_kept(self.quoted(column.name), column, other)

    def _written_rows(self, pair: Pair, later: int) -> Both:
        """Bring those rows of the copy whose key is that of a row that was written on the clone."""
        after = self.place(pair.after, before=False)
        keys = ", ".join(self.quoted(new.name) for _, new in pair.key)
        types = ", ".join(f"k{n} {old.type_}" for n, (old, _) in enumerate(pair.key))
        _run(self._before, f"DROP TABLE IF EXISTS pg_temp.{_KEYS}", f"CREATE TEMP TABLE {_KEYS} ({types})")
        _copy((self.connection, f"SELECT {keys} FROM {after} WHERE {self._later}"), (self._before, f"pg_temp.{_KEYS}"))
        _run(self._before, f"ANALYZE pg_temp.{_KEYS}")
        on = " AND ".join(
            condition
            for n, (old, new) in enumerate(pair.key)
            for condition in _same_key(f"k.k{n}", f"b.{self.quoted(old.name)}", old, new)
        )
        self._create(_TABLE, pair)
        values = ", ".join(_as_kept(f"b.{self.quoted(old.name)}", old, new) for old, new in pair.columns)
        query = f"SELECT {values} FROM {self.place(pair.before, before=True)} b JOIN pg_temp.{_KEYS} k ON {on}"
        brought = _copy((self._before, query), (self.connection, f"pg_temp.{_TABLE}"))
        _run(self.connection, f"ANALYZE pg_temp.{_TABLE}")
        return Both(f"pg_temp.{_TABLE}", after, added=later - brought)

    def _all_rows(self, pair: Pair) -> str:
        """Bring all rows of the copy, and keep them for the next comparison; return the table's name."""
        values = ", ".join(self._value(old, new) for old, new in pair.columns)
        query = f"SELECT {values} FROM {self.place(pair.before, before=True)}"
        types = self._types(pair)
        if f"{types}: {query}" in self._kept.tables:
            return self._kept.tables[f"{types}: {query}"]
        # a table of a custom type would keep the downgrade from dropping that type
        may_stay = all(old.is_built_in and new.is_built_in for old, new in pair.columns)
        name = f"{_TABLE}_{len(self._kept.tables)}" if may_stay else _TABLE
        self._create(name, pair)
        _copy((self._before, query), (self.connection, f"pg_temp.{name}"))
        if may_stay:
            self._kept.tables[f"{types}: {query}"] = f"pg_temp.{name}"
        return f"pg_temp.{name}"

    def _create(self, name: str, pair: Pair) -> None:
        _run(self.connection, f"CREATE TEMP TABLE {name} ({self._types(pair)})")

    def _types(self, pair: Pair) -> str:
        return ", ".join(f"{self.quoted(old.name)} {_kept_type(old, new)}" for old, new in pair.columns)


def _is_in_place(pair: Pair) -> bool:
    """Return whether the rows are where they were copied to, so that those not written since are the same.

    A column that was dropped and added again has other values in rows that nobody has written.
    """
    same_file = pair.before.file is not None and pair.before.file == pair.after.file
    return same_file and all(
        old.identity == new.identity and (old.type_ == new.type_ or (old.is_text and new.is_text))
        for old, new in pair.columns
    )


def _row(connection: Connection, sql: str) -> tuple[Any, ...]:
    return tuple(connection.exec_driver_sql(driver_text(connection, sql)).one())


def _run(connection: Connection, *statements: str) -> None:
    for sql in statements:
        connection.exec_driver_sql(driver_text(connection, sql))


def _copy(source: tuple[Connection, str], target: tuple[Connection, str]) -> int:
    """Copy the rows of a query into a table of another database; return how many."""
    query, into = f"COPY ({source[1]}) TO STDOUT", f"COPY {target[1]} FROM STDIN"
    reader: Any = source[0].connection.cursor()
    writer: Any = target[0].connection.cursor()
    with reader, writer:
        if hasattr(reader, "copy"):
            with reader.copy(query) as rows, writer.copy(into) as place:
                for block in rows:
                    place.write(block)
        elif hasattr(reader, "copy_expert"):
            _through_file(reader, writer, query, into)
        else:
            raise CommandError("The rows are compared with psycopg or psycopg2; this driver has no COPY.")
        return int(writer.rowcount)


def _through_file(reader: Any, writer: Any, query: str, into: str) -> None:
    with tempfile.TemporaryFile() as file:
        reader.copy_expert(query, file)
        file.seek(0)
        writer.copy_expert(into, file)


def _kept_type(old: Column, new: Column) -> str:
    """Return the type with which a value of both is compared: as text where equal values may differ (1.5 and 1.50)."""
    if old.type_ == new.type_ and old.has_equality:
        return old.type_
    return "numeric" if old.is_number and new.is_number and old.type_ != new.type_ else "text"


def _same_key(value: str, other: str, old: Column, new: Column) -> Iterator[str]:
    """Yield the conditions that two values of a key are the same: one for the index, and that of ``equals``."""
    yield f"{value} = {other}"
    if _kept_type(old, new) == "text":
        yield f"{_as_kept(value, old, new)} = {_as_kept(other, old, new)}"


def _as_kept(value: str, column: Column, other: Column) -> str:
    kept = _kept_type(column, other)
    if kept == "text":
        return f'{value}::text COLLATE "C"'  # a collation may take upper and lower case for the same
    return value if kept == column.type_ else f"{value}::{kept}"
