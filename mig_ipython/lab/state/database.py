"""A copy of a SQLite database in memory, which later changes of the file do not reach."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256

from sqlalchemy import Connection, StaticPool, create_engine

from kernel_core.util.exc import CommandError
from kernel_core.util.sql import in_quotes

from .schema import OWN_TABLES, Schema, is_own, read_schema

Value = None | int | float | str
Row = tuple[Value, ...]

_SIMPLE = frozenset({int, str, type(None)})
"""The types of values that are in JSON as they are."""
_WAIT = 1.0
"""How many seconds to wait for another connection that is writing."""


class DatabaseUnreadable(CommandError):
    """The file is locked, or is not a SQLite database."""


class Database:
    """A database in memory: a copy of a file, or an empty one.

    with Database.of_file("flights.db") as database:
        database.query("SELECT count(*) FROM flights")     # [(1500,)]
    """

    def __init__(self, driver: sqlite3.Connection | None = None) -> None:
        self.driver = driver or sqlite3.connect(":memory:", check_same_thread=False)

    @classmethod
    def of_file(cls, path: str) -> Database:
        """Copy a file; a missing one gives an empty database. Raises DatabaseUnreadable."""
        made = cls()
        if not os.path.isfile(path):
            return made
        try:
            with closing(sqlite3.connect(path, timeout=_WAIT, isolation_level=None)) as source:
                # Python's backup() waits for a lock without an end; a read transaction waits as long as `timeout`.
                source.execute("BEGIN")
                source.execute("SELECT count(*) FROM sqlite_master").fetchone()
                source.backup(made.driver)
        except sqlite3.Error as error:
            raise DatabaseUnreadable(f"{os.path.basename(path)} cannot be read: {error}.") from error
        return made

    def copy(self) -> Database:
        """Return a copy of the copy, to run something on it."""
        made = Database()
        self.driver.backup(made.driver)
        return made

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the memory."""
        self.driver.close()

    def query(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Return the rows of a query, with values as JSON has them; raises sqlite3.Error."""
        found = self.driver.execute(sql, values)
        return [row if _SIMPLE.issuperset(map(type, row)) else tuple(map(_plain, row)) for row in found]

    def tables(self) -> list[str]:
        """Return the names of the tables in alphabetical order, without those of the engine."""
        names = self.driver.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return [name for (name,) in names if not is_own(name)]

    def rows(self, table: str, columns: Sequence[str] = ()) -> list[Row]:
        """Return the rows of a table in a fixed order."""
        chosen = columns_of(table, columns) or "*"
        return sorted(self.query(f"SELECT {chosen} FROM {in_quotes(table)}"), key=repr)

    def has_same_rows(self, other: Database, table: str, columns: Sequence[str]) -> bool:
        """Return whether a table has the same rows in another database, in whatever order."""
        chosen = columns_of(table, columns)
        here, there = (each.query(f"SELECT {chosen} FROM {in_quotes(table)}") for each in (self, other))
        return here == there or Counter(here) == Counter(there)

    def count(self, table: str) -> int:
        """Return the number of rows."""
        (found,) = self.driver.execute(f"SELECT count(*) FROM {in_quotes(table)}").fetchone()
        return int(found)

    def digest(self, table: str) -> str:
        """Return a hash of the rows; their order does not matter."""
        return sha256(repr(self.rows(table)).encode(errors="surrogatepass")).hexdigest()[:16]

    def version(self) -> list[str] | None:
        """Return the revisions in the version table, None without a version table."""
        try:
            return sorted(str(each) for (each,) in self.driver.execute(f"SELECT version_num FROM {OWN_TABLES}"))
        except sqlite3.Error:
            return None

    def schema(self) -> Schema:
        """Return the schema as plain data."""
        with self.connection() as connection:
            return read_schema(connection, self.driver)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Give a SQLAlchemy connection to the copy."""
        engine = create_engine("sqlite://", creator=lambda: self.driver, poolclass=StaticPool)
        with engine.connect() as connection:
            yield connection
            if connection.in_transaction():
                connection.rollback()
        # The engine is not disposed: that would close the driver's connection, which is ours.


def columns_of(table: str, columns: Sequence[str]) -> str:
    """Return columns of a table as a list in SQL, each with the table's name.

    SQLite takes a name in double quotes that is not a column for a text, so that a query of a missing column would
    return the column's name; with the table's name it fails (https://sqlite.org/quirks.html#dblquote).

    >>> columns_of("flights", ["id", "dest"])
    '"flights"."id", "flights"."dest"'
    """
    return ", ".join(f"{in_quotes(table)}.{in_quotes(column)}" for column in columns)


def _plain(value: object) -> Value:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and value.is_integer():
        return int(value)  # a column may have any type on SQLite: 3 and 3.0 are the same answer
    return value if isinstance(value, int | float | str) else None
