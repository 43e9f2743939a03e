"""Record every statement that runs on a clone: rows, seconds, locks; and refuse those that would leave the clone."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import ref

from sqlalchemy import Connection, event
from sqlalchemy.engine import Dialect, ExceptionContext

from ..ddl.run_lock import SECOND
from ..util.sql import mentions, tokens
from .blockers.ran import Ran
from .blockers.savepoints import needs_savepoint, on_driver
from .clone.base import Clone
from .findings import Statement
from .guard import leaves_clone, refusal, translated
from .mariadb_algorithms import accepted_algorithm
from .postgresql_locks import LockWatch
from .stored_code import StoredCode

Execute = Callable[..., object]
"""Executes SQL with the parameters of a statement, by its own cursor or by another one."""

_READS = frozenset({"SELECT", "PRAGMA", "SHOW", "SET", "EXPLAIN", "DESCRIBE", "VALUES", "FETCH", "DECLARE", "CLOSE"})
_TRANSACTION = frozenset({"BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "UNLOCK", "USE"})
_ENDS = frozenset({"COMMIT", "END"})
_SAVEPOINT = "mig_rehearsed_statement"
_CATALOGS = ("pg_catalog", "pg_class", "pg_type", "information_schema", "sqlite_master", "sqlite_schema", "pragma_")


@dataclass(slots=True)
class Capture:
    """Listens to the dialects of connections to clones; ``statements`` are those of revisions, by clone.

    ``revision`` and ``operation`` are set by what runs the revisions. ``own_tables`` are the version table and its
    journal, whose statements are not the revision's.
    """

    own_tables: Collection[str] = ()
    revision: str = ""
    operation: str = ""
    is_sql: bool = False
    ends_transaction: bool = False
    statements: dict[int, list[Statement]] = field(default_factory=dict)
    on_loose: Callable[[Clone, str], object] = field(default=lambda _clone, _sql: None)
    on_loose_failure: Callable[[Connection, str, Exception], object] = field(
        default=lambda _connection, _sql, _error: None
    )
    on_commit: Callable[[Clone, Connection], object] = field(default=lambda _clone, _connection: None)
    on_failed_commit: Callable[[Clone, Connection, BaseException], object] = field(
        default=lambda _clone, _connection, _error: None
    )
    _ran: list[tuple[Connection, str, Execute]] = field(default_factory=list)
    _silent: int = 0
    _is_in_statement: bool = False
    _attached: list[tuple[Dialect, str, Any, bool]] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)
    _connections: list[tuple[ref[Connection], Any, bool]] = field(default_factory=list)
    _locks: dict[int, LockWatch] = field(default_factory=dict)
    _code: dict[int, StoredCode] = field(default_factory=dict)

    def attach(self, clone: Clone, dialect: Dialect) -> None:
        """Record what runs over connections of a dialect object, which belong to ``clone``."""
        if id(dialect) in self._seen:
            return
        self._seen.add(id(dialect))
        self.statements.setdefault(id(clone), [])

        def one(cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
            return self._run(
                clone,
                cursor,
                statement,
                context,
                lambda sql, place=cursor: dialect.do_execute(place, sql, parameters, context),
            )

        def many(cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
            return self._run(
                clone,
                cursor,
                statement,
                context,
                lambda sql, place=cursor: dialect.do_executemany(place, sql, parameters, context),
            )

        def bare(cursor: Any, statement: str, context: Any) -> bool | None:
            return self._run(
                clone,
                cursor,
                statement,
                context,
                lambda sql, place=cursor: dialect.do_execute_no_params(place, sql, context),
            )

        def failed(context: ExceptionContext) -> None:
            is_commit = context.statement is None or first_word(context.statement) in _ENDS
            if is_commit and context.connection is not None and not self._silent:
                self.on_failed_commit(clone, context.connection, context.original_exception)

        had_events = bool(dialect._has_events)  # noqa: SLF001 - SQLAlchemy never resets it, and it slows the dialect
        listeners: dict[str, Any] = {
            "do_execute": one,
            "do_executemany": many,
            "do_execute_no_params": bare,
            "handle_error": failed,
        }
        for name, function in listeners.items():
            event.listen(dialect, name, function)
            self._attached.append((dialect, name, function, had_events))

    def detach(self) -> None:
        """Stop listening."""
        for dialect, name, function, had_events in self._attached:
            event.remove(dialect, name, function)
            dialect._has_events = had_events  # noqa: SLF001 - as it was
        self._attached.clear()
        self._seen.clear()
        for found, function, had_events in self._connections:
            connection = found()
            if connection is not None:
                event.remove(connection, "commit", function)
                connection._has_events = had_events  # noqa: SLF001 - as it was
        self._connections.clear()

    def _follow_commits(self, clone: Clone, connection: Connection) -> None:
        """Call ``on_commit`` before each commit of a connection."""
        if any(found() is connection for found, *_ in self._connections):
            return

        def before_commit(connection: Connection) -> None:
            if not self._silent:
                self.on_commit(clone, connection)

        self._connections.append((ref(connection), before_commit, bool(connection._has_events)))  # noqa: SLF001 - see above
        event.listen(connection, "commit", before_commit)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Record nothing inside the block: the rehearsal's own queries."""
        self._silent += 1
        try:
            yield
        finally:
            self._silent -= 1

    def of(self, clone: Clone) -> tuple[Statement, ...]:
        """Return the statements that ran on a clone."""
        return tuple(self.statements.get(id(clone), ()))

    def begin_operation(self) -> None:
        """Forget the statements of the operation before, for `ran`."""
        self._ran.clear()

    def ran(self, *, are_undone: bool) -> Ran:
        """Return the statements of the current operation, up to the one that failed."""
        undone = list(self._ran if are_undone else self._ran[-1:])
        return Ran(tuple(sql for _, sql, _ in self._ran), partial(self._run_again, undone))

    @staticmethod
    def _run_again(statements: list[tuple[Connection, str, Execute]]) -> None:
        """Execute statements again, by the driver."""
        for connection, sql, execute in statements:
            driver = connection.connection.dbapi_connection
            assert driver is not None, "the connection is open"
            cursor = driver.cursor()
            try:
                execute(sql, cursor)
            finally:
                cursor.close()

    def place(self) -> dict[int, int]:
        """Return how many statements are recorded now, for `forget_from`."""
        return {key: len(several) for key, several in self.statements.items()}

    def forget_from(self, place: dict[int, int]) -> None:
        """Forget the statements of an attempt, because its parts are run again one by one."""
        for key, several in self.statements.items():
            del several[place.get(key, 0) :]

    def _run(self, clone: Clone, cursor: Any, sql: str, context: Any, execute: Execute) -> bool | None:
        """Execute a statement and record it; None if SQLAlchemy should execute it as usual."""
        if self._silent or context.execution_options.get(SECOND):
            return None
        self._follow_commits(clone, context.root_connection)
        if leaves_clone(sql, clone):
            raise refusal(sql, clone)
        text = translated(sql, clone)
        if self.revision and not self._is_own(text) and first_word(text) not in _TRANSACTION:
            self._stored_code(clone).check(text, partial(_rows_of, context.root_connection))
        if not self._is_of_revision(text):
            if self.revision and first_word(text) in _ENDS:
                self.on_commit(clone, context.root_connection)
            if text is sql:
                return None
            execute(text)
            return True
        self._record(clone, cursor, text, context, execute)
        return True

    def notes_on(self, clone: Clone) -> tuple[str, ...]:
        """Return sentences about code of the database that may have reached outside, or was not seen."""
        return tuple(self._stored_code(clone).notes)

    def _stored_code(self, clone: Clone) -> StoredCode:
        return self._code.setdefault(id(clone), StoredCode(clone))

    def _is_of_revision(self, sql: str) -> bool:
        if not self.revision or self._is_own(sql):
            return False
        word = first_word(sql)
        if word in _TRANSACTION:
            return False
        if word not in _READS:
            return True
        return self.is_sql or (not self.operation and word == "SELECT" and not any(each in sql for each in _CATALOGS))

    def _is_own(self, sql: str) -> bool:
        """Return whether a statement is about the version table or its journal."""
        named = [name for name in self.own_tables if name and name in sql]
        found = list(tokens(sql, "default")) if named else []
        return any(mentions(found, name) for name in named)

    def _record(self, clone: Clone, cursor: Any, sql: str, context: Any, execute: Execute) -> None:
        if not self.operation:
            self._ran.clear()
        self._ran.append((context.root_connection, sql, execute))
        watch = self._lock_watch(clone, context.root_connection)
        if watch is not None:
            execute = partial(watch.run, execute=execute)
        start, algorithm, failed = time.perf_counter(), "", True
        self._is_in_statement = True
        try:
            if not self.operation:
                self._run_loose(clone, sql, context, execute)
            elif clone.kind == "mariadb":
                algorithm = accepted_algorithm(sql, execute, lambda: int(getattr(cursor, "rowcount", -1) or 0))
            else:
                execute(sql)
            failed = False
        finally:
            self._is_in_statement = False
            seconds = time.perf_counter() - start
            locks, rewrites = watch.after() if watch is not None and not failed else ((), ())
            count = getattr(cursor, "rowcount", -1)
            rows = int(count) if not failed and count is not None and count >= 0 else None
            self.statements[id(clone)].append(
                Statement(self.revision, self.operation, sql, rows, seconds, locks, rewrites, algorithm, failed)
            )

    def _run_loose(self, clone: Clone, sql: str, context: Any, execute: Execute) -> None:
        """Execute a statement that belongs to no operation; one that fails is explained before the error goes on."""
        connection: Connection = context.root_connection
        in_savepoint = needs_savepoint(connection)
        if in_savepoint:
            on_driver(connection, f"SAVEPOINT {_SAVEPOINT}")
        try:
            execute(sql)
        except Exception as error:
            try:
                if in_savepoint:
                    on_driver(connection, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            except Exception:  # noqa: BLE001 - the transaction has ended, or the connection is lost
                raise error from None
            with self.silent():
                self.on_loose_failure(connection, sql, error)
            raise
        if in_savepoint:
            on_driver(connection, f"RELEASE SAVEPOINT {_SAVEPOINT}")
        self.on_loose(clone, sql)

    @contextmanager
    def observed_commit(self, clone: Clone, connection: Connection) -> Iterator[None]:
        """Record a COMMIT whose work the block does, if that has taken locks."""
        if self._is_in_statement:  # which commits by itself, and gets these locks
            yield
            return
        watch = self._lock_watch(clone, connection)
        assert watch is not None, "only PostgreSQL is observed"
        start = time.perf_counter()
        yield
        seconds, (locks, rewrites) = time.perf_counter() - start, watch.after()
        if locks or rewrites:
            revision = self.revision or self._last_revision(clone)
            self.statements[id(clone)].append(Statement(revision, "", "COMMIT", None, seconds, locks, rewrites))

    def _last_revision(self, clone: Clone) -> str:
        several = self.statements[id(clone)]
        return several[-1].revision if several else ""

    def _lock_watch(self, clone: Clone, connection: Connection) -> LockWatch | None:
        """Return what observes the locks of this connection, on PostgreSQL."""
        if clone.kind != "postgresql":
            return None
        driver = connection.connection.dbapi_connection
        found = self._locks.get(id(driver))
        if found is None:
            found = self._locks[id(driver)] = LockWatch(driver, partial(self.on_commit, clone))
        found.begin(connection)
        return found


def ends_transaction(sql: str) -> bool:
    """Return whether a statement ends the transaction, and its savepoints."""
    return first_word(sql) in (*_ENDS, "ROLLBACK", "ABORT")


def _rows_of(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query of the rehearsal itself, without events of SQLAlchemy; its locks are given back.

    The definition of a rule locks the tables that it is about until the end of the transaction or savepoint.
    """
    in_savepoint = needs_savepoint(connection)
    if in_savepoint:
        on_driver(connection, f"SAVEPOINT {_SAVEPOINT}")
    cursor = connection.connection.dbapi_connection.cursor()  # type: ignore[union-attr]
    try:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]
    finally:
        cursor.close()
        if in_savepoint:
            on_driver(connection, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            on_driver(connection, f"RELEASE SAVEPOINT {_SAVEPOINT}")


def first_word(sql: str) -> str:
    """Return the first keyword of a statement; of one that starts WITH, the word that says what it does."""
    words = [token.keyword for token in tokens(sql, "default") if token.keyword]
    if words[:1] == ["WITH"]:
        return next((word for word in words if word in ("INSERT", "UPDATE", "DELETE", "MERGE")), "SELECT")
    return words[0] if words else ""
