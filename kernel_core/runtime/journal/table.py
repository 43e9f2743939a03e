"""The table of the journal, next to the version table: its rows, and the unfinished revision that they describe."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, NamedTuple, TypedDict

from sqlalchemy import (
    Column,
    Connection,
    Delete,
    Executable,
    Insert,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    Update,
    bindparam,
    inspect,
    literal_column,
    select,
)
from sqlalchemy.exc import DBAPIError

from ...ddl.impl import DefaultImpl
from ...script.steps import Step
from ...util.exc import FINISH_OR_UNDO, UnfinishedRevision
from ...util.logs import Log
from ..autocommit import autocommits

log = Log("runtime.migration")
_SUFFIX = "_journal"
_CONTENT = -1
"""The number of the row that holds the hash of an applied file."""
_HEADER = 0
"""The number of the row with which an unfinished revision begins; its statements count from 1."""
_LONGEST_TEXT = 2**24 - 1
_MOST_NAMES = 500
"""How many revisions one statement names; SQLite once allowed 999 values."""


class Entry(TypedDict):
    """A row of the journal.

    ``kind`` is the direction in the first row of an unfinished revision, "done" or "begun" for its statements, and
    "content" for an applied file, whose ``hash`` is that of its syntax tree and ``statement`` that of its text.
    """

    revision: str
    number: int
    kind: str
    hash: str
    statement: str
    noted_at: str


class Content(NamedTuple):
    """The hashes of a version file: of its syntax tree (`content_hash`), and of its text."""

    tree: str
    text: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A revision of which a part was committed, and whose version row was not written.

    ``done`` are the hashes of the statements that were executed. ``begun`` is the hash of a statement of which it is
    not known whether it was executed, else "". ``statements`` are the hashes and texts of those that were noted one by
    one. ``statement`` is the last one, shortened and without secrets;
    ``content`` the hash of the version file at that time, "" if it was not readable; ``last_row`` the number of the
    last row.
    """

    step: Step
    done: tuple[str, ...]
    begun: str
    statements: tuple[tuple[str, str], ...]
    statement: str
    content: str
    since: str
    last_row: int = 0

    @property
    def revision(self) -> str:
        """The id of the revision."""
        return self.step.revision_id

    @property
    def number(self) -> int:
        """The number of its last statement, from 1."""
        return len(self.done) + bool(self.begun)

    def is_applied(self, heads: frozenset[str]) -> bool:
        """Return whether its version row was written after all, so that only the notes remain."""
        return heads.issuperset(self.step.added) and heads.isdisjoint(self.step.removed)

    @property
    def sentence(self) -> str:
        """What is unfinished, in one sentence."""
        how = f"its {self.direction} stopped {self.progress}"
        return f"Revision {self.revision} is unfinished: {how}, {self.since} UTC."

    @property
    def direction(self) -> str:
        """The direction: upgrade or downgrade."""
        return self.step.direction

    @property
    def progress(self) -> str:
        """How far it is, with the last statement."""
        return self._at(f"in statement {self.number}, which may have been executed or not")

    @property
    def running_sentence(self) -> str:
        """How far another process is that runs it now, in one sentence."""
        where = self._at(f"in statement {self.number}")
        return f"Revision {self.revision} is running now: its {self.direction} is {where}."

    def _at(self, in_begun: str) -> str:
        after = f"after statement {self.number}" if self.number else "in its first statement"
        where = in_begun if self.begun else after
        return f"{where} ({self.statement})" if self.statement else where

    def error(self) -> UnfinishedRevision:
        """Return the error for a command that cannot go on before this revision is finished or undone."""
        return UnfinishedRevision(f"{self.sentence} {FINISH_OR_UNDO}", self.revision)


def journal_name(version_table: str, dialect_limit: int | None = None) -> str:
    """Return the name of the journal of a version table, shortened where the database would truncate it."""
    name = version_table + _SUFFIX
    if dialect_limit is None or len(name.encode()) <= dialect_limit:
        return name
    mark = f"_{sha256(version_table.encode()).hexdigest()[:8]}{_SUFFIX}"
    return version_table.encode()[: dialect_limit - len(mark)].decode(errors="ignore") + mark


class _Prepared:
    """A statement that is compiled once for a run, because it is run for each revision."""

    def __init__(self, statement: Insert | Update | Delete) -> None:
        self._statement = statement
        self._compiled: tuple[str, Sequence[str] | None] | None = None

    def run(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Run the statement for each of the rows."""
        if connection.get_execution_options().get("schema_translate_map"):
            connection.execute(self._statement, [dict(row) for row in rows])
            return
        if self._compiled is None:
            keys = list(rows[0]) if isinstance(self._statement, Insert) else None
            compiled = self._statement.compile(dialect=connection.dialect, column_keys=keys)
            self._compiled = str(compiled), getattr(compiled, "positiontup", None)
        text, order = self._compiled
        values = [dict(row) if order is None else tuple(row[name] for name in order) for row in rows]
        connection.exec_driver_sql(text, values if len(values) > 1 else values[0])


class _Statements(NamedTuple):
    """The statements that change the rows of a journal."""

    insert: _Prepared
    insert_missing: _Prepared
    confirm: _Prepared
    delete_one: _Prepared
    delete_step: _Prepared
    delete_contents: Delete


class JournalTable:
    """Reads and writes the rows of a journal; the caller commits."""

    def __init__(self, impl: DefaultImpl, version_table: Table) -> None:
        self._impl = impl
        self.name = journal_name(version_table.name, impl.dialect.max_identifier_length)
        self._schema = version_table.schema
        self._is_known = self._is_absent = False

    # ---- the table and its statements: created where a run notes something, which few do -----------------------

    @cached_property
    def table(self) -> Table:
        """The table, which need not exist in the database."""
        long = Text(_LONGEST_TEXT) if self._impl.dialect.name in ("mysql", "mariadb") else Text()
        return Table(
            self.name,
            MetaData(),
            Column("revision", String(255), primary_key=True),
            Column("number", Integer, primary_key=True, autoincrement=False),
            Column("kind", String(16), nullable=False),
            Column("hash", long, nullable=False),
            Column("statement", long, nullable=False),
            Column("noted_at", String(32), nullable=False),
            schema=self._schema,
        )

    @cached_property
    def _statements(self) -> _Statements:
        columns = self.table.c
        revision, number = columns.revision == bindparam("of"), columns.number == bindparam("at")
        insert = self.table.insert().inline()
        return _Statements(
            insert=_Prepared(insert),
            insert_missing=_Prepared(insert.prefix_with("IGNORE")),
            confirm=_Prepared(self.table.update().where(revision, number).values(kind=literal_column("'done'"))),
            delete_one=_Prepared(self.table.delete().where(revision, number)),
            delete_step=_Prepared(self.table.delete().where(revision, columns.number >= literal_column(str(_HEADER)))),
            delete_contents=self.table.delete().where(
                columns.number == _CONTENT, columns.revision.in_(bindparam("revisions", expanding=True))
            ),
        )

    @property
    def _connection(self) -> Connection:
        assert self._impl.connection is not None, "offline nothing is noted"
        return self._impl.connection

    # ---- the table itself ---------------------------------------------------------------------------------------

    @property
    def is_known(self) -> bool:
        """Whether the table was found or created before; nothing is queried."""
        return self._is_known

    def exists(self) -> bool:
        """Return whether the table is in the database."""
        is_read = self._is_known or self._is_absent
        if not is_read and self._impl.connection is not None and not self._impl.as_sql:
            self._is_known = inspect(self._connection).has_table(self.name, schema=self._schema)
        return self._is_known

    def know(self, tables: frozenset[str] | None) -> None:
        """Take note of whether the table is one of those that exist; None where that is not known any more.

        That it does not exist is known only while the run lock keeps others from creating it.
        """
        self._is_known = tables is not None and self.name in tables
        self._is_absent = tables is not None and not self._is_known

    def create(self) -> None:
        """Create the table if there is none."""
        if not self.exists():
            self.table.create(self._connection)
            self._is_known, self._is_absent = True, False

    def create_if_allowed(self, consequence: str, *, in_transaction: bool) -> bool:
        """Create the table; False where this user may not, which is logged with its ``consequence``.

        ``in_transaction`` creates it behind a savepoint, so that the transaction goes on where that fails. Raises the
        driver's error if the connection is lost.
        """
        try:
            with self._connection.begin_nested() if in_transaction else nullcontext():
                self.create()
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            if self.exists():  # another process has created it meanwhile
                return True
            log.info("%s cannot be created, so %s: %s", self.table.fullname, consequence, error.orig)
            return False
        return True

    def forget(self) -> None:
        """Query again whether the table exists: what this run created may have been rolled back."""
        self._is_known = self._is_absent = False

    def drop_if_empty(self) -> None:
        """Drop the table if it has no rows."""
        if self.exists() and not self._read(select(self.table.c.number).limit(1)) and self._is_known:
            self.table.drop(self._connection)  # which nobody else can do since it was read in this transaction
            self._is_known = False

    def _read(self, query: Executable) -> Sequence[Row[Any]]:
        """Return the rows; none where another run has dropped the empty table since it was looked for.

        In a transaction that an error would end, a savepoint keeps it open.
        """
        aborts = self._impl.dialect.name != "sqlite" and type(self._impl).transactional_ddl
        keep_open = aborts and not autocommits(self._connection)
        try:
            with self._connection.begin_nested() if keep_open else nullcontext():
                return self._connection.execute(query).all()
        except DBAPIError as error:
            self.forget()
            if error.connection_invalidated or self.exists():
                raise
            return ()

    # ---- an unfinished revision ---------------------------------------------------------------------------------

    def unfinished(self) -> Unfinished | None:
        """Return the revision that is unfinished, None if there is none."""
        if not self.exists():
            return None
        columns = self.table.c
        return _unfinished(self._read(select(self.table).where(columns.number >= _HEADER).order_by(columns.number)))

    def add(self, entries: Sequence[Entry], *, may_repeat: bool = False) -> None:
        """Insert rows; with ``may_repeat``, on MariaDB and MySQL, except those that exist already."""
        is_mysql = self._impl.dialect.name in ("mysql", "mariadb")
        insert = self._statements.insert_missing if may_repeat and is_mysql else self._statements.insert
        insert.run(self._connection, entries)

    def confirm(self, revision: str, number: int) -> None:
        """Note that a statement was executed."""
        self._statements.confirm.run(self._connection, [{"of": revision, "at": number}])

    def remove(self, revision: str, number: int) -> None:
        """Remove the row of a statement that was not executed, or was undone."""
        self._statements.delete_one.run(self._connection, [{"of": revision, "at": number}])

    def finish(self, revision: str) -> None:
        """Remove the rows of a revision that is finished or abandoned."""
        self._statements.delete_step.run(self._connection, [{"of": revision}])

    # ---- the content of applied files ---------------------------------------------------------------------------

    def contents(self) -> dict[str, Content]:
        """Return the hashes of the file with which each revision was applied, as far as they were noted."""
        if not self.exists():
            return {}
        columns = self.table.c
        query = select(columns.revision, columns.hash, columns.statement).where(columns.number == _CONTENT)
        return {row.revision: Content(row.hash, row.statement) for row in self._read(query)}

    def has_contents(self) -> bool:
        """Return whether the content of any file is noted, in a table that exists."""
        query = select(self.table.c.number).where(self.table.c.number == _CONTENT).limit(1)
        return self._connection.execute(query).first() is not None

    def change_contents(self, revisions: Sequence[str], noted: Mapping[str, Content]) -> None:
        """Remove the notes of ``revisions``, and insert the new ones."""
        for start in range(0, len(revisions), _MOST_NAMES):
            self._connection.execute(
                self._statements.delete_contents, {"revisions": revisions[start : start + _MOST_NAMES]}
            )
        if noted:
            self.add([entry(revision, _CONTENT, "content", each.tree, each.text) for revision, each in noted.items()])


def entry(revision: str, number: int, kind: str, digest: str, statement: str) -> Entry:
    """Return a row with the current time."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return Entry(revision=revision, number=number, kind=kind, hash=digest, statement=statement, noted_at=now)


def header(step: Step, content: str) -> Entry:
    """Return the first row of an unfinished revision: the change of the version table, and the hash of the file."""
    change = json.dumps({"removed": step.removed, "added": step.added})
    return entry(step.revision_id, _HEADER, step.direction, content, change)


def _unfinished(rows: Sequence[Row[tuple[str, int, str, str, str, str]]]) -> Unfinished | None:
    first = next((row for row in rows if row.number == _HEADER), None)
    if first is None:
        return None
    change = json.loads(first.statement)
    direction: Literal["upgrade", "downgrade"] = "downgrade" if first.kind == "downgrade" else "upgrade"
    step = Step(first.revision, direction, tuple(change["removed"]), tuple(change["added"]))
    statements = [row for row in rows if row.revision == first.revision and row.number > _HEADER]
    # A statement is only begun when the one before it was executed.
    begun = statements[-1].hash if statements and statements[-1].kind == "begun" else ""
    done = tuple(digest for row in statements for digest in row.hash.split() if not (begun and row is statements[-1]))
    last = statements[-1] if statements else first
    texts = tuple((row.hash, row.statement) for row in statements if " " not in row.hash)
    return Unfinished(
        step, done, begun, texts, last.statement if statements else "", first.hash, last.noted_at, last.number
    )
