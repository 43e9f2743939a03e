"""Waits for locks of other sessions during a run: they are reported, limited, and named in the error.

On a server a thread looks, on a second connection, what a statement waits for that has run for half a second
(`LockSettings.report_after`). SQLite's file is asked again and again by the run itself (`ddl.sqlite.lock_wait`), so it
needs no thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from ..ddl import DefaultImpl
from ..ddl.lock_wait import Holder, LockWait, LockWaitReader, lock_failure
from ..util.logs import Log
from ..util.secrets import redact, shown_sql
from .listeners import listening
from .lock_settings import LockSettings
from .own_sessions import own_connection

_TICK = 0.25
_MAX_HOLDERS = 3
_COMMIT = "COMMIT"
_OWN = " It belongs to this process: if nothing here ends its transaction, stop this run and end it."
_LONGEST_QUERY = 120
_STOP_SECONDS = 2.0
"""How long the end of a run waits for its thread, which may be opening a connection."""

log = Log("runtime.migration")


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement of the run, and when it began."""

    began: float
    sql: str


class LockWatch:
    """The waits of one run.

    ``settings`` are those of the run; ``check`` is called while the run itself waits, and may raise KeyboardInterrupt.
    """

    def __init__(self, connection: Connection | None = None, settings: LockSettings | None = None) -> None:
        self.settings, self._connection = settings or LockSettings(), connection
        limit, after = self.settings.statement_timeout, self.settings.report_after
        self._patience = after if limit is None else min(after, limit / 4)
        self._running: dict[object, _Statement] = {}
        """By their cursors; a listener of a statement may run others before it."""
        self._seen: tuple[str, str] | None = None
        """The SQL that waited last, and what for."""
        self._reported: object = None
        self._looking = threading.Lock()
        self.is_listening = False
        """Whether it listens to each statement, for a thread that looks."""
        self.check: Callable[[], object] = lambda: None

    def cause_of(self, error: BaseException) -> str:
        """Return what the failed statement waited for: ``it waited for a lock on ...``; "" if it did not wait long."""
        if lock_failure(error) != "timeout":
            return ""
        with self._looking:  # a look that began before the timeout is waited for
            seen = self._seen
        if seen is None:
            return ""
        sql, wait = seen
        return f"it waited for {wait}" if sql in (getattr(error, "statement", None) or _COMMIT, "") else ""

    # ---- the statements of the run -------------------------------------------------------------------------------

    def begins(self, _connection: Connection, cursor: object, sql: str, *_: object) -> None:
        """Take note that a statement begins."""
        self._running.pop(_COMMIT, None)
        self._running[id(cursor)] = _Statement(time.monotonic(), sql)

    def ends(self, _connection: Connection, cursor: object, *_: object) -> None:
        """Take note that a statement has ended."""
        self._running.pop(id(cursor), None)

    def commits(self, _connection: Connection) -> None:
        """Take note that a COMMIT begins; it ends before the next statement."""
        self._running.clear()
        self._running[_COMMIT] = _Statement(time.monotonic(), _COMMIT)

    def rolls_back(self, _connection: Connection) -> None:
        """Take note that nothing is running, also no statement that has failed."""
        self._running.clear()

    @property
    def _statement(self) -> _Statement | None:
        """The statement that began last of those that run."""
        return next(iter(list(self._running.values())[-1:]), None)

    # ---- looking --------------------------------------------------------------------------------------------------

    def watch(self, reader: LockWaitReader, stopped: threading.Event) -> None:
        """Look, until ``stopped``, what the running statement waits for. This is the code of the thread."""
        due = 0.0
        try:
            while not stopped.wait(min(_TICK, max(self._patience / 2, 0.01))):
                statement, now = self._statement, time.monotonic()
                if statement is None or now - statement.began < self._patience or now < due:
                    continue
                with self._looking:
                    self._look(reader, statement)
                due = time.monotonic() + self._patience
        finally:
            reader.close()

    def _look(self, reader: LockWaitReader, statement: _Statement) -> None:
        try:
            wait = reader.read()
        except Exception as error:  # noqa: BLE001 - of the driver, the network or a pool; the thread goes on
            if self._reported is not statement:
                self._reported = statement
                why = next(iter(str(error).splitlines()), "")
                self._tell(f"A statement is running. Whether it waits for a lock is not known: {redact(why)}.")
            return
        if wait is not None:
            self._report(statement, wait)

    def polled(self, read: Callable[[], LockWait], seconds: float) -> None:
        """Report a wait of the run itself, which has lasted for ``seconds``."""
        self.check()
        if seconds >= self._patience:
            self._report(self._statement, read())

    def _report(self, statement: _Statement | None, wait: LockWait) -> None:
        """Report a wait that was not reported, or whose holders have changed."""
        key = (statement, wait.lock, tuple(holder.number for holder in wait.holders))
        if key != self._reported:
            self._reported = key
            described = self._described(wait)
            self._seen = ("" if statement is None else statement.sql, described)
            own = any(self._own(holder) is not None for holder in wait.holders)
            self._tell(f"Waiting for {described}.{_OWN if own else ''}")

    def _tell(self, message: str) -> None:
        with suppress(Exception):  # a listener must not end the thread
            self.settings.on_wait(message)

    # ---- words ----------------------------------------------------------------------------------------------------

    def _described(self, wait: LockWait) -> str:
        shown = [self._named(holder) for holder in wait.holders[:_MAX_HOLDERS]]
        if len(wait.holders) > _MAX_HOLDERS:
            shown.append(f"{len(wait.holders) - _MAX_HOLDERS} more")
        names = " and ".join(shown)
        if not names:
            return f"a lock on {wait.lock}; the database does not say who holds it"
        return f"a lock on {wait.lock}, {'held' if wait.is_certain else 'perhaps held'} by {names}"

    def _own(self, holder: Holder) -> object | None:
        return own_connection(self._connection, holder) if self._connection is not None else None

    def _named(self, holder: Holder) -> str:
        own = self._own(holder)
        if own is not None:
            name = self.settings.name_session(own) or "another connection of this process"
            return _with_facts(name, (f"{holder.kind} {holder.number}", *_facts(holder)[3:]))
        number = "" if holder.number is None else f" {holder.number}"
        return _with_facts(f"{holder.kind}{number}", _facts(holder))


def _with_facts(name: str, facts: tuple[str, ...]) -> str:
    known = ", ".join(filter(None, facts))
    return _printable(f"{name} ({known})" if known else name)


def _facts(holder: Holder) -> tuple[str, ...]:
    running = holder.activity.startswith("running")
    query = shown_sql(holder.query, _LONGEST_QUERY)
    return (
        f"user {holder.user}" if holder.user else "",
        f"application {holder.application}" if holder.application else "",
        f"from {holder.host}" if holder.host else "",
        holder.activity,
        f"{'query' if running else 'last query'}: {query}" if query else "",
    )


def _printable(text: str) -> str:
    """Return a text without control characters, which a name of an application or a query can have."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in redact(text))


@contextmanager
def watched(connection: Connection | None, impl: DefaultImpl, settings: LockSettings) -> Iterator[LockWatch]:
    """Report and limit the waits of the block for locks of other sessions."""
    watch = LockWatch(connection, settings)
    if not isinstance(connection, Connection):
        yield watch
        return
    limit = settings.statement_timeout
    reader = impl.lock_waits(connection)
    impl.on_lock_wait = watch.polled
    try:
        with (
            impl.limited_lock_waits(connection, limit) if limit is not None else nullcontext(),
            _in_thread(watch, reader, connection) if reader is not None else nullcontext(),
        ):
            yield watch
    finally:
        del impl.on_lock_wait


@contextmanager
def _in_thread(watch: LockWatch, reader: LockWaitReader, connection: Connection) -> Iterator[None]:
    stopped = threading.Event()
    thread = threading.Thread(target=watch.watch, args=(reader, stopped), name="mig-lock-watch", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no threads here
        yield
        return
    listeners = {
        "before_cursor_execute": watch.begins,
        "after_cursor_execute": watch.ends,
        "commit": watch.commits,
        "rollback": watch.rolls_back,
    }
    try:
        with listening(connection, listeners):
            watch.is_listening = True
            yield
    finally:
        watch.is_listening = False
        stopped.set()
        thread.join(_STOP_SECONDS)
