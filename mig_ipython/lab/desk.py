"""The data desk: shows, loads and changes the rows of the workshop's database by hand.

``%mig_lab start`` puts an instance into the notebook, named ``desk``. It is for looking at rows and for practice;
a schema is changed by revisions.
"""

from __future__ import annotations

import csv
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_core.util.counts import counted
from kernel_core.util.exc import CommandError
from kernel_core.util.sql import in_quotes

from ..errors import MigError
from ..views.html import Html, page, tag
from ..views.html import table as html_table
from ..views.text import table as text_table
from ..views.view import View
from .folder import is_damaged, lesson_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["Absent", "Desk", "DeskError", "Rows"]

Value = str | int | float | bytes | None
"""A value of SQLite."""


@dataclass(frozen=True, eq=False, repr=False)
class Rows(View):
    """The rows of a table or of a query; ``total`` is their number, of which ``rows`` are the first."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    total: int

    def __iter__(self) -> Iterator[tuple[Value, ...]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return self.total

    def text(self) -> str:
        """Return the rows as a table of text, with their number."""
        shown = [tuple(map(_shown, row)) for row in self.rows]
        return f"{text_table(self.columns, shown)}\n{self._number()}"

    def html(self) -> Html:
        """Return the rows as a table of HTML, with their number."""
        shown = [tuple(map(_shown, row)) for row in self.rows]
        return page(html_table(self.columns, shown), tag("p", self._number(), class_="mig-where"))

    def _number(self) -> str:
        number = counted(self.total, "row")
        return number if len(self.rows) == self.total else f"{number}; the first {len(self.rows)} are shown"


@dataclass(frozen=True, eq=False, repr=False)
class Absent(View):
    """What `Desk.show` returns where a table or column is not there: a sentence."""

    sentence: str

    def __iter__(self) -> Iterator[tuple[Value, ...]]:
        return iter(())

    def text(self) -> str:
        """Return the sentence."""
        return self.sentence

    def html(self) -> Html:
        """Return the sentence as HTML."""
        return page(tag("p", self.sentence))


class DeskError(MigError, CommandError):
    """What the desk cannot do, in one line: a student sees it without a traceback."""


class Desk:
    """The database of the data desk, ``flights.db`` in the working folder of a lesson.

    desk.show("airlines")
    desk.show("SELECT count(*) FROM flights")
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.path = Path(engine.url.database or ":memory:")

    def __repr__(self) -> str:
        return f"The data desk, {self.path.name}"

    @property
    def folder(self) -> Path:
        """The working folder of the lesson, which has the database and ``migrations``."""
        return self.path.parent

    def other(self, database: str) -> Desk:
        """Return the desk of another database file of the same folder, such as a colleague's copy."""
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        return Desk(create_engine(f"sqlite:///{(self.folder / database).as_posix()}", poolclass=NullPool))

    def show(self, what: str, rows: int = 5) -> Rows | Absent:
        """Return the rows of a table, or of a query that begins with SELECT, WITH or PRAGMA, at most ``rows`` of them.

        Where a table, a column or the file is not there, the result says so instead. Raises DeskError where SQLite
        refuses a query for another reason; the message is SQLite's.
        """
        query = what if _is_query(what) else f"SELECT * FROM {in_quotes(what)}"
        try:
            with closing(self._connection()) as connection:
                cursor = _executed(connection, query)
                columns = tuple(str(column[0]) for column in cursor.description or ())
                found = [tuple(row) for row in cursor]
        except DeskError as error:
            if not self.path.exists() or re.search(r"no such (table|column): ", str(error)):
                return Absent(self._absence(str(error)))
            raise
        return Rows(columns, tuple(found[:rows]), len(found))

    def _absence(self, error: str) -> str:
        """Return a sentence about what is not there."""
        if not self.path.exists():
            return f"There is no {self.path.name} yet."
        found = re.search(r"no such (table|column): (?:main\.)?(\S+?)\.?(?: |$)", error)
        return f"There is no {found[1]} {found[2]} in {self.path.name}." if found else error

    def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        with closing(self._connection()) as connection:
            return int(_executed(connection, f"SELECT count(*) FROM {in_quotes(table)}").fetchone()[0])

    def sql(self, *statements: str) -> None:
        """Run statements by hand and commit them all, or none where one fails.

        Raises DeskError where SQLite refuses one; the message is SQLite's.
        """
        with closing(self._connection()) as connection:
            connection.execute("BEGIN")
            for statement in statements:
                _executed(connection, statement)
            connection.execute("COMMIT")

    def load(self, *tables: str, **renamed: str) -> None:
        """Insert the desk's rows into the tables, as far as their primary keys are not there yet.

        Filled are the columns that the table and the file of rows both have. ``renamed`` names a column of the file
        for a column of the table: ``desk.load("planes", seat="seats")`` fills ``seat`` with the file's ``seats``.
        """
        with closing(self._connection()) as connection:
            connection.execute("BEGIN")
            for table in tables:
                _insert(connection, table, renamed)
            connection.execute("COMMIT")

    def copy(self, database: str) -> Desk:
        """Copy the database to another file of the folder, and return the desk of the copy."""
        other = self.other(database)
        other.path.unlink(missing_ok=True)
        with closing(self._connection()) as source, closing(sqlite3.connect(other.path)) as target:
            source.backup(target)
        return other

    def _again(self) -> str:
        """Return the command that writes the folder again."""
        return f"%mig_lab start {lesson_of(str(self.folder))}"

    def _connection(self) -> sqlite3.Connection:
        if not self.path.exists():
            raise DeskError(f"{self.path.name} is not in {self.folder.name}. Begin again: {self._again()}")
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            connection.execute("PRAGMA schema_version")
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                return connection
            connection.close()
            raise DeskError(f"{self.path.name} is damaged: {error}. Begin again: {self._again()}") from error
        return connection


def _insert(connection: sqlite3.Connection, table: str, renamed: dict[str, str]) -> None:
    """Insert the rows of a file of the package into a table of that name."""
    columns = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({in_quotes(table)})")]
    if not columns:
        raise DeskError(f"There is no table {table} to load. Create it first, by a revision.")
    source = files(__package__) / "data" / f"{table}.csv"
    if not source.is_file():
        raise DeskError(
            f"The desk has no rows for {table}. It has rows for airlines, airports, planes, flights and raw_flights."
        )
    rows = list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))
    filled = [name for name in columns if renamed.get(name, name) in rows[0]]
    names = ", ".join(map(in_quotes, filled))
    statement = (
        f"INSERT INTO {in_quotes(table)} ({names}) VALUES ({', '.join('?' * len(filled))}) ON CONFLICT DO NOTHING"
    )
    values = [[row[renamed.get(name, name)] or None for name in filled] for row in rows]
    try:
        connection.executemany(statement, values)
    except sqlite3.Error as error:
        raise DeskError(f"The rows of {table} do not fit the table: {error}") from error


def _executed(connection: sqlite3.Connection, statement: str) -> sqlite3.Cursor:
    try:
        return connection.execute(statement)
    except sqlite3.Error as error:
        raise DeskError(f"SQLite: {error}. The statement was: {statement}") from error


def _is_query(text: str) -> bool:
    words: Sequence[str] = text.split(None, 1)
    return len(words) > 1 and words[0].upper() in ("SELECT", "WITH", "PRAGMA", "VALUES")


def _shown(value: Value) -> str:
    return "NULL" if value is None else str(value)
