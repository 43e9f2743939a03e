"""Several revisions in one transaction, each behind its own savepoint.

On SQLite the commit of one small revision takes five times as long as the revision, because each commit waits for the
disk. On PostgreSQL BEGIN, the locking and the change of the version row, and COMMIT are four of five round trips. A
group keeps the promises of single transactions. The version row and the schema change together, so a killed process
leaves both as they were at the last commit, at most `MAX_SECONDS` of work ago. A revision that fails is rolled back
alone, and those before it are committed before the failure is reported.

On PostgreSQL the locks of a revision are held until the group is committed. So a later statement that takes longer
than `MAX_SECONDS`, for example because it waits for a lock, is cancelled; those before it are committed, and its
revision is run again in its own transaction (`execution`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from sqlalchemy.engine.interfaces import DBAPICursor

from ..ddl import DefaultImpl
from .row_writes import Mark, RowWrites
from .transaction import RevisionTransaction, Transactions

MAX_SECONDS = 0.2
"""Seconds of work after which a group is committed."""

_SAVEPOINT = "mig_revision"


class Group:
    """The revisions of a run, as far as they share transactions.

        group = Group(impl, transactions, rows)
        with group.revision(keep_open=True): ...       # begins a transaction and leaves it open
        with group.revision(keep_open=False): ...      # a savepoint in it; then both are committed

    A run that stops in between calls `commit`.
    """

    def __init__(self, impl: DefaultImpl, transactions: Transactions, rows: RowWrites) -> None:
        self._impl, self._transactions, self._rows = impl, transactions, rows
        self._block: AbstractContextManager[RevisionTransaction | None] | None = None
        self._transaction: RevisionTransaction | None = None
        self._cursor: DBAPICursor | None = None
        self._began, self._count = 0.0, 0

    @property
    def is_open(self) -> bool:
        """Whether revisions are not committed yet."""
        return self._block is not None

    @contextmanager
    def revision(self, *, keep_open: bool) -> Iterator[RevisionTransaction | None]:
        """Run one revision in the block; ``keep_open`` leaves its transaction open for the next, unless it is old.

        An error rolls this revision back, and commits those before it.
        """
        if not self.is_open and not keep_open:
            with self._transactions.of_revision() as transaction:
                yield transaction
            return
        with self._behind_savepoint() if self.is_open else self._begun():
            yield self._transaction
        self._count += 1
        if not keep_open or self._is_interrupted or self._is_full():
            self.commit()

    def commit(self) -> None:
        """Commit the open transaction, if there is one."""
        self._end(None)

    def _is_full(self) -> bool:
        return self._count >= self._impl.group_size or time.perf_counter() - self._began > MAX_SECONDS

    @contextmanager
    def _begun(self) -> Iterator[None]:
        """Begin the transaction; its first revision needs no savepoint, as a rollback undoes all of it."""
        self._block = self._transactions.of_revision()
        self._transaction = self._block.__enter__()
        self._began, self._count = time.perf_counter(), 0
        try:
            yield
        except BaseException as error:
            self._end(error)
            raise

    @contextmanager
    def _behind_savepoint(self) -> Iterator[None]:
        """Run the block after a savepoint; that of the revision before is hidden, and ends with the transaction."""
        mark = self._rows.mark()
        try:
            self._set_savepoint()
        except BaseException as error:
            self._end(error)
            raise
        try:
            yield
        except BaseException as error:
            self._end(error if self._is_interrupted else self._rolled_back(mark))
            raise

    def _set_savepoint(self) -> None:
        if self._count == 1:
            assert self._transaction is not None, "the transaction is open"
            self._impl.limit_statements(self._transaction.connection, MAX_SECONDS)
        self._run(f"SAVEPOINT {_SAVEPOINT}")

    @property
    def _is_interrupted(self) -> bool:
        """Whether an autocommit block has committed everything before it, and ended the savepoint."""
        return self._transaction is not None and self._transaction.interrupted

    def _rolled_back(self, mark: Mark) -> Exception | None:
        """Roll back to the savepoint; return the error because of which nothing before it can be committed either.

        SQLite ends the whole transaction itself where the disk is full. ``mark`` is what was reached at the savepoint.
        """
        try:
            self._run(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        except Exception as error:  # noqa: BLE001 - a driver's error
            return error
        self._rows.return_to(mark)
        return None

    def _end(self, error: BaseException | None) -> None:
        """End the transaction: commit it, or roll it back because of an error."""
        block, self._block = self._block, None
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            with suppress(Exception):  # the connection may be closed
                cursor.close()
        if block is not None:
            block.__exit__(None if error is None else type(error), error, None)

    def _run(self, statement: str) -> None:
        """Run a statement by a cursor of the driver, which takes a fifth of the time."""
        if self._cursor is None:
            assert self._transactions.connection is not None, "offline nothing is grouped"
            self._cursor = self._transactions.connection.connection.cursor()
        self._cursor.execute(statement)
