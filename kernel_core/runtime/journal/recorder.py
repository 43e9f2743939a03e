"""Notes in the journal what a running revision has committed, statement by statement.

What a transaction holds until the version row is written needs no note, because a rollback undoes it. So on SQLite and
PostgreSQL nothing is noted before the revision itself commits: in an ``autocommit_block()``, by its own COMMIT, or
on a connection in AUTOCOMMIT. MariaDB, MySQL and Oracle commit each change of the schema, and with it all that
came before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import ExceptionContext

from ...ddl.driver import driver_cursor
from ...ddl.impl import DefaultImpl
from ...operations.watching import watcher
from ...script.steps import Step
from ...util.secrets import shown_sql
from ..autocommit import is_outside_transactions
from ..listeners import listening
from .claims import claim_of
from .probe import remove_remains
from .replay import Replay
from .statements import can_be_in_transaction, changes_something, commits, commits_by_itself, fingerprint
from .table import Entry, JournalTable, entry, header

HowEnded = Callable[[], str]
"""Returns how a transaction was ended that the driver says is ended: ``committed`` or ``aborted``."""


@dataclass(slots=True)
class _Recording:
    """The step that runs: ``pending`` are its statements that are neither committed nor noted."""

    step: Step
    content: Callable[[], str]
    replay: Replay | None
    number: int = 0
    has_header: bool = False
    pending: list[str] = field(default_factory=list)
    last: str = ""
    how_ended: HowEnded | None = None
    first_row: Entry | None = None
    """The header, which is inserted again with each note until a change of the schema has committed it."""
    unconfirmed: int = 0
    """The number of a statement that was executed, and whose note does not say so."""


@dataclass(frozen=True, slots=True)
class _Running:
    """The statement that runs, and how it is committed: with the transaction, in a separate one, or by itself."""

    how: Literal["pending", "wrapped", "alone"]
    number: int
    digest: str
    sql: str
    before: tuple[int, bool, str]
    """The last number, whether there was a header, and whose notes there were, when it began."""


class Recorder:
    """The journal of one run.

    with recorder.listening():
        with recorder.recording(step, content):
            ...                                  # the function of the revision
        recorder.finish(step)                    # in the transaction that writes the version row
    """

    def __init__(self, impl: DefaultImpl, table: JournalTable) -> None:
        self._impl, self.table = impl, table
        self._recording: _Recording | None = None
        self._running: _Running | None = None
        self._noted: str = ""
        self._is_writing = self._skips = False
        self._is_enabled = True
        self.is_used = False
        """Whether this run has created the journal or written into it."""

    # ---- called by the run --------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Create the journal of a database that commits changes of tables: later this would commit rows as well."""
        self._create()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Follow the statements of the connection during the block."""
        connection = self._connection
        of_connection = {
            "before_cursor_execute": self._before,
            "after_cursor_execute": self._after,
            "commit": self._before_commit,
        }
        of_engine = {
            "handle_error": self._failed,
            "do_execute": self._skip,
            "do_executemany": self._skip,
            "do_execute_no_params": self._skip_without_parameters,
        }
        with listening(connection, of_connection), listening(connection.engine, of_engine):
            yield

    @contextmanager
    def recording(
        self,
        step: Step,
        content: Callable[[], str],
        replay: Replay | None = None,
        how_ended: HowEnded | None = None,
    ) -> Iterator[None]:
        """Note the statements of a revision during the block; ``replay`` leaves out what it had executed before.

        ``content`` returns the hash of the version file. ``how_ended`` returns how the transaction was ended in which
        the revision began.
        """
        self._recording = _Recording(step, content, replay, how_ended=how_ended)
        if replay is not None:
            self.is_used = True
            self._recording.number, self._recording.has_header = replay.number, True
            self._noted = step.revision_id
        try:
            yield
            self._note_if_ended(self._recording)
        except BaseException:
            with suppress(Exception):  # the connection may be lost; the first error is what counts
                self._note_if_ended(self._recording)
                self._confirm(self._recording)
            raise
        finally:
            self._recording, self._running, self._skips = None, None, False

    def finish(self, step: Step) -> None:
        """Remove the notes of a revision, together with its change of the version row."""
        if self._noted == step.revision_id:
            self.table.finish(step.revision_id)
            self._noted = ""

    def before_autocommit(self) -> None:
        """Note what the transaction holds, because it is committed now."""
        self._note_pending()

    def close(self) -> None:
        """Remove a journal without rows at the end of a run."""
        with self._writing():
            self.table.drop_if_empty()

    # ---- events of SQLAlchemy -----------------------------------------------------------------------------------

    def _before(
        self, _connection: Connection, _cursor: object, sql: str, parameters: object, _context: object, _many: bool
    ) -> None:
        recording = self._recording
        if self._is_writing:
            return
        self._running, self._skips = None, False
        if recording is None:
            return
        self._note_if_ended(recording)
        if commits(sql, self._impl.dialect):
            self._note_pending()
        elif changes_something(sql, self._impl.dialect):
            self._announce(recording, sql, fingerprint(sql, parameters))

    def _announce(self, recording: _Recording, sql: str, digest: str) -> None:
        number = 0
        if recording.replay is not None:
            decision = recording.replay.decide(digest, sql)
            if decision.is_done:
                self._skips = True
                return
            number = decision.number
        how = self._how(sql)
        if how != "pending" and not self._create():
            return
        if number:
            with self._writing():
                remove_remains(sql, self._connection)
        before = recording.number, recording.has_header, self._noted
        if how == "wrapped":
            self._run("BEGIN IMMEDIATE" if self._impl.dialect.name == "sqlite" else "BEGIN")
        if how != "pending" and not number:
            # What a statement commits by itself includes this note, because it is in the same transaction.
            self._note(recording, "done" if how == "wrapped" else "begun", digest, sql)
        self._running = _Running(how, number or recording.number, digest, sql, before)

    def _after(self, *_: object) -> None:
        recording, running = self._recording, self._running
        if recording is None or running is None or self._is_writing:
            return
        self._running = None
        if running.how == "pending" and self._notes_at_once:
            # The note is committed or rolled back with the statement, however the transaction ends.
            self._note(recording, "done", running.digest, running.sql)
        elif running.how == "pending":
            recording.pending.append(running.digest)
            recording.last = running.sql
        elif running.how == "wrapped":
            watching = watcher.get()
            if watching is not None:
                watching.committing(self._connection)
            self._run("COMMIT")
        else:
            recording.unconfirmed, recording.first_row = running.number, None
            if claim_of(running.sql, self._impl.dialect) is None:
                self._confirm(recording)

    def _confirm(self, recording: _Recording) -> None:
        """Note that the last statement was executed, unless a later note shows it."""
        number, recording.unconfirmed = recording.unconfirmed, 0
        if number and number == recording.number:
            with self._writing():
                self.table.confirm(recording.step.revision_id, number)
            self._commit()

    def _failed(self, context: ExceptionContext) -> None:
        recording, running = self._recording, self._running
        if running is None or recording is None or self._is_writing or context.connection is not self._connection:
            return
        self._running = None
        is_known = isinstance(context.original_exception, Exception) and not context.is_disconnect
        if running.how == "wrapped":
            with suppress(Exception):  # the connection may be lost; the error of the statement is what counts
                self._run("ROLLBACK")
            recording.number, recording.has_header, self._noted = running.before
        elif running.how == "alone" and is_known and can_be_in_transaction(running.sql, self._impl.dialect):
            self._take_back(recording, running)

    def _take_back(self, recording: _Recording, running: _Running) -> None:
        """Remove the note of a statement that the database refused."""
        is_first = running.number == 1
        with self._writing():
            if is_first:
                self.table.finish(recording.step.revision_id)
            else:
                self.table.remove(recording.step.revision_id, running.number)
        self._commit()
        recording.number = running.number - 1
        if is_first:
            recording.has_header, self._noted = False, ""

    def _before_commit(self, _connection: Connection) -> None:
        self._note_pending()

    def _skip(self, _cursor: object, _sql: str, _parameters: object, context: Any) -> bool:
        return self._skips and context.root_connection is self._connection

    def _skip_without_parameters(self, _cursor: object, _sql: str, context: Any) -> bool:
        return self._skip(_cursor, _sql, None, context)

    # ---- writing ------------------------------------------------------------------------------------------------

    def _note_pending(self) -> None:
        """Note the statements that are committed with what comes next."""
        recording = self._recording
        if recording is None or not recording.pending or self._is_writing or not self._create():
            return
        digests, recording.pending = recording.pending, []
        self._note(recording, "done", " ".join(digests), recording.last)

    @property
    def _notes_at_once(self) -> bool:
        """Whether a statement is noted in its own transaction: on MariaDB and MySQL, whose journal exists already."""
        return self._impl.dialect.name in ("mysql", "mariadb") and self.table.is_known

    def _note_if_ended(self, recording: _Recording) -> None:
        """Note or forget the statements of a transaction that code of the revision has ended by the driver."""
        if not recording.pending or recording.how_ended is None or self._is_writing or not self._has_ended():
            return
        if recording.how_ended() != "committed":
            recording.pending.clear()
            return
        if not self._create():
            return
        is_file = self._impl.dialect.name == "sqlite"
        if is_file:
            self._run("BEGIN IMMEDIATE")
        self._note_pending()
        if is_file:
            self._run("COMMIT")
        else:
            self._commit()

    def _has_ended(self) -> bool:
        """Return whether the driver is in no transaction, although the revision began in one."""
        pooled = self._connection.connection
        if self._impl.dialect.name == "sqlite":
            return getattr(pooled.driver_connection, "in_transaction", True) is False
        status = getattr(getattr(pooled.dbapi_connection, "info", None), "transaction_status", None)
        return status is not None and int(status) == 0

    def _note(self, recording: _Recording, kind: str, digest: str, sql: str) -> None:
        """Insert a row, before it the header and the pending statements where they are missing."""
        revision, entries = recording.step.revision_id, list[Entry]()
        if not recording.has_header:
            recording.first_row = header(recording.step, recording.content())
        if recording.first_row is not None and (self._notes_at_once or not recording.has_header):
            entries.append(recording.first_row)
        if recording.pending:
            recording.number += 1
            digests, recording.pending = " ".join(recording.pending), []
            entries.append(entry(revision, recording.number, "done", digests, shown_sql(recording.last)))
        recording.number += 1
        entries.append(entry(revision, recording.number, kind, digest, shown_sql(sql)))
        with self._writing():
            self.table.add(entries, may_repeat=recording.has_header)
        recording.has_header, self._noted = True, revision

    def _create(self) -> bool:
        """Create the journal; False where this user may not, which is logged once."""
        if not self._is_enabled:
            return False
        with self._writing():
            if self.table.exists():
                self.is_used = True
                return True
        in_transaction = type(self._impl).transactional_ddl and not self._autocommits()
        with self._writing():
            self._is_enabled = self.table.create_if_allowed("this run has no journal", in_transaction=in_transaction)
        self.is_used = self.is_used or self._is_enabled
        return self._is_enabled

    def _how(self, sql: str) -> Literal["pending", "wrapped", "alone"]:
        by_itself = commits_by_itself(sql, self._impl)
        if by_itself:
            return "alone"
        if not self._autocommits():
            return "pending"
        return "wrapped" if can_be_in_transaction(sql, self._impl.dialect) else "alone"

    def _autocommits(self) -> bool:
        """Return whether the driver sends the next statement outside any transaction."""
        if self._impl.dialect.name == "sqlite":
            return getattr(self._connection.connection.driver_connection, "in_transaction", True) is False
        return is_outside_transactions(self._connection)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Run statements of the journal itself."""
        self._is_writing = True
        try:
            yield
        finally:
            self._is_writing = False

    def _commit(self) -> None:
        """Commit at the driver, so that SQLAlchemy's transaction, which may be the caller's, goes on."""
        if not self._autocommits():
            self._impl.dialect.do_commit(self._connection.connection)

    def _run(self, statement: str) -> None:
        with driver_cursor(self._connection) as cursor:
            cursor.execute(statement)

    @property
    def _connection(self) -> Connection:
        assert self._impl.connection is not None, "offline nothing is noted"
        return self._impl.connection
