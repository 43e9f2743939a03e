"""Observe the operations of a run on a clone; one that fails is explained and left out, so that the next ones are seen.

An operation that fails is undone by a savepoint, where the database has them for it. A failure that the version file
catches itself, by ``try``, is none: it is raised as in the real run.
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from types import FrameType
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..operations.base import AbstractOperations, BatchOperations
from ..operations.batch import Batch, recording
from ..operations.operation import MigrateOperation
from ..operations.ops import ExecuteSQLOp
from ..operations.watching import watcher
from ..util.exc import CommandError, sqlstate
from .blockers.explain import explained
from .blockers.postgresql.deferred import refused_at_commit
from .blockers.savepoints import needs_savepoint
from .capture import Capture, ends_transaction
from .clone.base import Clone
from .commits import Commits
from .findings import Blocker
from .guard import LeavesClone
from .rows import Renames

_SAVEPOINT = "mig_rehearsed_operation"


@dataclass(slots=True)
class Watch:
    """The watcher of one rehearsal: what stopped operations and what was renamed, by the clone that it happened on."""

    capture: Capture
    clone_behind: Callable[[Connection], Clone | None]
    commits: Commits
    collects: bool = True
    _blockers: dict[int, list[Blocker]] = field(default_factory=dict)
    _renames: dict[int, Renames] = field(default_factory=dict)
    _failed_tables: set[tuple[int, str]] = field(default_factory=set)
    _batches: dict[int, list[MigrateOperation]] = field(default_factory=dict)
    _depth: int = 0
    _is_undone: bool = False

    def blockers_on(self, clone: Clone | None) -> list[Blocker]:
        """Return what stopped operations on a clone."""
        return self._blockers.setdefault(id(clone), [])

    def renames_on(self, clone: Clone | None) -> Renames:
        """Return what was renamed on a clone."""
        return self._renames.setdefault(id(clone), Renames())

    def operation(self, operations: AbstractOperations, operation: MigrateOperation, run: Callable[[], Any]) -> Any:
        """Run an operation; after a failure, note what stopped it and go on without it."""
        if isinstance(operations, BatchOperations):
            self._batches.setdefault(id(operations), []).append(operation)
            return run()
        connection = operations.migration_context.connection
        if self._depth or connection is None:
            return run()
        done, result = self._attempt(connection, [operation], run)
        if done:
            return result
        to_table = getattr(operation, "to_table", None)
        return to_table(operations.migration_context) if to_table is not None and operation.sign == "+" else None

    def committing(self, connection: Connection) -> None:
        """Check what a COMMIT will check."""
        clone = self.clone_behind(connection)
        if clone is not None:
            self.commits.before(clone, connection)

    def refused(self, connection: Connection, error: Exception) -> None:
        """Note why the transaction of a revision will be rolled back at its end."""
        clone = self.clone_behind(connection)
        if clone is not None:
            self.commits.refused(clone, connection, error)

    def batch(self, operations: BatchOperations, batch: Batch, run: Callable[[], None]) -> None:
        """Run a batch; after a failure, run each of its operations by itself, to see which ones fail."""
        collected = self._batches.pop(id(operations), [])
        connection = operations.migration_context.connection
        if connection is None or not collected:
            run()
            return
        if len(collected) == 1:
            self._attempt(connection, collected, run)
            return
        place = self.capture.place()
        with self._as_operation(collected):
            failure = self._run_undoable(connection, run)[1]
        if failure is None:
            self._follow(connection, collected)
            return
        if not self.collects or _is_cancelled(failure) or _is_caught():
            raise failure
        self.capture.forget_from(place)
        for operation in collected:
            self._attempt(connection, [operation], partial(_run_alone, operations, batch, operation))

    def _attempt(
        self, connection: Connection, operations: Sequence[MigrateOperation], run: Callable[[], Any]
    ) -> tuple[bool, Any]:
        """Run operations and return whether they could be run, and their result."""
        with self._as_operation(operations):
            result, failure = self._run_undoable(connection, run)
        if failure is None:
            self._follow(connection, operations)
            return True, result
        is_over = any(isinstance(each, ExecuteSQLOp) and ends_transaction(each.text) for each in operations)
        if not self.collects or is_over or _is_cancelled(failure) or _is_caught():
            raise failure
        with self.capture.silent():
            found = self._explained(connection, operations, failure)
        if isinstance(failure, CommandError) and all(each.kind == "error" for each in found):
            raise failure
        self._note(connection, operations, found)
        return False, None

    def _explained(
        self, connection: Connection, operations: Sequence[MigrateOperation], failure: DBAPIError | CommandError
    ) -> list[Blocker]:
        found, revision = self.commits.of(failure), self.capture.revision
        if not found and connection.dialect.name == "postgresql" and any(map(_checks_deferred, operations)):
            return refused_at_commit(connection, failure, revision, "; ".join(each.sentence() for each in operations))
        return found or explained(
            connection, operations, failure, revision, self.capture.ran(are_undone=self._is_undone)
        )

    def _follow(self, connection: Connection, operations: Sequence[MigrateOperation]) -> None:
        self.renames_on(self.clone_behind(connection)).follow(operations, connection.dialect)

    def _note(self, connection: Connection, operations: Sequence[MigrateOperation], found: Sequence[Blocker]) -> None:
        clone = self.clone_behind(connection)
        names = {str(getattr(operation, "table_name", "") or "") for operation in operations} - {""}
        tables = {(id(clone), name) for name in names}
        follows = bool(tables & self._failed_tables)
        for each in found:
            noted = replace(each, follows=True) if follows and each.kind == "error" else each
            self.blockers_on(clone).append(noted)
        self._failed_tables |= tables

    @contextmanager
    def _as_operation(self, operations: Sequence[MigrateOperation]) -> Iterator[None]:
        """Name the operations that the statements inside the block belong to."""
        self.capture.operation = "; ".join(each.sentence() for each in operations)
        texts = [operation.text for operation in operations if isinstance(operation, ExecuteSQLOp)]
        self.capture.is_sql, self.capture.ends_transaction = bool(texts), any(map(ends_transaction, texts))
        self._depth += 1
        if self._depth == 1:
            self.capture.begin_operation()
        try:
            yield
        finally:
            self._depth -= 1
            self.capture.operation, self.capture.is_sql, self.capture.ends_transaction = "", False, False

    def _run_undoable(
        self, connection: Connection, run: Callable[[], Any]
    ) -> tuple[Any, DBAPIError | CommandError | None]:
        """Call ``run``; return its result, or the error after what it did was undone as far as that is possible."""
        has_savepoint = self._is_undone = not self.capture.ends_transaction and self._set_savepoint(connection)
        try:
            result = run()
        except LeavesClone:
            raise
        except (DBAPIError, CommandError) as error:
            if has_savepoint and not self._returned(connection):
                raise  # the operation has ended the transaction, or its connection is lost
            return None, error
        if has_savepoint:
            self._own(connection, f"RELEASE SAVEPOINT {_SAVEPOINT}")
        return result, None

    def _returned(self, connection: Connection) -> bool:
        """Return to the savepoint before an operation; return whether that was possible."""
        try:
            self._own(connection, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            self._own(connection, f"RELEASE SAVEPOINT {_SAVEPOINT}")
        except SQLAlchemyError:
            return False
        return True

    def _set_savepoint(self, connection: Connection) -> bool:
        if connection.dialect.name == "sqlite":
            driver = connection.connection.driver_connection
            usable = bool(getattr(driver, "in_transaction", False))
        else:
            usable = needs_savepoint(connection)
        if usable:
            self._own(connection, f"SAVEPOINT {_SAVEPOINT}")
        return usable

    def _own(self, connection: Connection, sql: str) -> None:
        with self.capture.silent():
            connection.exec_driver_sql(sql)


def _checks_deferred(operation: MigrateOperation) -> bool:
    """Return whether an operation checks deferred constraints: SET CONSTRAINTS ... IMMEDIATE."""
    words = operation.text.upper().split() if isinstance(operation, ExecuteSQLOp) else []
    return words[:2] == ["SET", "CONSTRAINTS"]


def _run_alone(operations: BatchOperations, batch: Batch, operation: MigrateOperation) -> None:
    """Run one operation of a batch in a separate batch."""
    real: Any = operations.impl._impl  # type: ignore[attr-defined]  # noqa: SLF001 - what the batch records for
    alone = Batch(batch.table_name, batch.schema, batch.options)
    unwatched = watcher.set(None)
    try:
        BatchOperations(operations.migration_context, recording(real, alone)).invoke(operation)
    finally:
        watcher.reset(unwatched)
    alone.flush(real)


def _is_cancelled(failure: DBAPIError | CommandError) -> bool:
    """Return whether a statement was cancelled by an interrupt: the operation is not at fault."""
    error = getattr(failure, "orig", None)
    return sqlstate(error) == "57014" or str(error) == "interrupted" or (getattr(error, "args", ()) or (0,))[0] == 1317


def _is_caught() -> bool:
    """Return whether the code that called the operation catches its errors, by ``try`` with ``except``."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - a traceback would be much slower
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        path = frame.f_code.co_filename
        if not module.startswith(("kernel_core.", "sqlalchemy.", "contextlib")):
            if any(start <= frame.f_lineno <= end for start, end in _caught_lines(path)):
                return True
        elif module.startswith(("kernel_core.runtime.", "kernel_core.script.")):
            return False
        frame = frame.f_back
    return False


@lru_cache(maxsize=64)
def _caught_lines(path: str) -> tuple[tuple[int, int], ...]:
    """Return the first and last lines of the code of a file that is inside a ``try`` with ``except``."""
    source = "".join(linecache.getlines(path))
    if not source:
        try:
            with open(path, encoding="utf-8") as stream:
                source = stream.read()
        except (OSError, UnicodeDecodeError):
            return ()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(
        (node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) and node.handlers
    )
