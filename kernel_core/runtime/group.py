"""Several revisions in one transaction: each behind its own savepoint, or all their statements in one round trip.

On SQLite the commit of one small revision takes five times as long as the revision, because each commit waits for the
disk. On PostgreSQL BEGIN, the locking and the change of the version row, and COMMIT are four of five round trips. A
group keeps the promises of single transactions. The version row and the schema change together, so a killed process
leaves both as they were at the last commit, at most `MAX_SECONDS` of work ago. A revision that fails is rolled back
alone, and those before it are committed before the failure is reported.

Where a driver sends a text of several statements, the DDL of a group waits until something is read, or until the
group is committed (`ddl.queue`). Then no savepoint is needed: a group of which anything fails is rolled back in whole,
`GroupUndone` is raised, and its revisions are run again, each behind its savepoint. They only change the schema, so
that nothing happens twice.

In one transaction for the whole run a group only exists for its queue: it begins with a savepoint, sent with its first
statements, so that the revisions before it need not be run again.

On PostgreSQL the locks of a revision are held until the group is committed. So a later statement that takes longer
than `LONGEST_STATEMENT`, for example because it waits for a lock, is cancelled; those before it are committed, and its
revision is run again in its own transaction (`execution`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress

from sqlalchemy.engine.interfaces import DBAPICursor

from ..ddl import DefaultImpl
from ..ddl.queue import StatementQueue
from .row_writes import Mark, RowWrites
from .transaction import RevisionTransaction, Transactions

MAX_SECONDS = LONGEST_STATEMENT = 0.2
"""Seconds of work after which a group is committed, and which a statement in it may take."""

_MAX_SECONDS_OF_ONE = 1.0
"""The same in one transaction for all, where it is the work that may be run twice. Each group is a subtransaction, of
which more than 64 make snapshots of other sessions slow."""

_SAVEPOINT = "mig_revision"


class GroupUndone(Exception):
    """Raised where revisions whose statements were queued are rolled back together, from the error of one of them."""


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
        self._queue = StatementQueue(LONGEST_STATEMENT)
        self._at_begin, self._used_at_begin = rows.mark(), 0
        self._share = (0, 0.0)
        self._began, self._count = 0.0, 0

    @property
    def is_open(self) -> bool:
        """Whether revisions are not committed yet."""
        return self._block is not None

    @property
    def is_queued(self) -> bool:
        """Whether statements of the open transaction may still wait to be sent."""
        return self._block is not None and self._impl.queue is not None

    def revision(self, *, keep_open: bool) -> AbstractContextManager[RevisionTransaction | None]:
        """Run one revision in the block; ``keep_open`` leaves its transaction open for the next, unless it is old.

        An error rolls this revision back, and commits those before it; after `start_queue` GroupUndone may be raised.
        """
        if self._block is None and not keep_open:
            return self._transactions.of_revision()
        return self._shared(keep_open=keep_open)

    def start_queue(self) -> None:
        """Let the statements of a revision that begins a shared transaction wait for those of the next ones.

        After the version rows are locked: what is run directly from here on is undone with the group.
        """
        if not self.is_open:
            return
        self._impl.queue = self._queue
        if self._transactions.one_for_all:
            self._queue.first = f"SAVEPOINT {_SAVEPOINT}"
        else:
            self._impl.limit_statements(LONGEST_STATEMENT)

    @contextmanager
    def _shared(self, *, keep_open: bool) -> Iterator[RevisionTransaction | None]:
        with self._around():
            self._queue.revisions = self._count + 1
            yield self._transaction
        self._count += 1
        if not keep_open or self._is_interrupted or self._is_full():
            self.commit()
        elif self._impl.queue is not None and self._impl.queue.is_full:
            self._send(self._impl.queue)

    def commit(self) -> None:
        """Commit the open transaction, if there is one. Raises GroupUndone where that fails with a queue."""
        queue = self._impl.queue
        if queue is None:
            self._end(None)
            return
        if self._transactions.one_for_all and (queue.texts or queue.times_used > self._used_at_begin):
            queue.texts.append(f"RELEASE SAVEPOINT {_SAVEPOINT}")
        self._send(queue)
        queue.first = ""  # where nothing was sent, there is nothing to limit
        try:
            self._end(None)
        except BaseException as error:
            raise GroupUndone from error  # RevisionTransaction has rolled back
        self._share = self._count, (time.perf_counter() - self._began) / self._count

    def _send(self, queue: StatementQueue) -> None:
        assert self._transaction is not None, "the transaction is open"
        try:
            queue.send(self._transaction.connection)
        except BaseException as error:
            self._end(error)
            raise GroupUndone from error

    def take_share(self) -> tuple[int, float]:
        """Return how many revisions were committed with a queue, and the seconds of each; only once, then (0, 0.0)."""
        share, self._share = self._share, (0, 0.0)
        return share

    def _is_full(self) -> bool:
        has_many = self._impl.queue is None and self._count >= self._impl.group_size
        seconds = _MAX_SECONDS_OF_ONE if self._transactions.one_for_all else MAX_SECONDS
        return has_many or time.perf_counter() - self._began > seconds

    def _around(self) -> AbstractContextManager[None]:
        if not self.is_open:
            return self._begun()
        return self._behind_savepoint() if self._impl.queue is None else self._queued(self._impl.queue)

    @contextmanager
    def _begun(self) -> Iterator[None]:
        """Begin the transaction; its first revision needs no savepoint, as a rollback undoes all of it."""
        self._block = self._transactions.of_revision()
        self._transaction = self._block.__enter__()
        self._began, self._count = time.perf_counter(), 0
        self._at_begin, self._used_at_begin = self._rows.mark(), self._queue.times_used
        try:
            yield
        except BaseException as error:
            self._end(error)
            if self._queue.times_used > self._used_at_begin:
                raise GroupUndone from error  # a statement may only have taken too long for a group
            raise

    def return_to_begin(self) -> bool:
        """Roll back an undone group in the one transaction of the run; return whether that was possible."""
        try:
            if self._queue.times_used > self._used_at_begin:
                with closing(self._driver_cursor()) as cursor:
                    cursor.execute(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        except Exception:  # noqa: BLE001 - a driver's error: the connection is lost
            return False
        self._rows.return_to(self._at_begin)
        return True

    @contextmanager
    def _queued(self, queue: StatementQueue) -> Iterator[None]:
        """Run the block with a queue that has the statements of earlier revisions."""
        mark, waiting, used = self._rows.mark(), len(queue.texts), queue.times_used
        try:
            yield
        except BaseException as error:
            if queue.times_used > used:  # also by what was run directly: it is in no text that could be deleted
                self._end(error)
                raise GroupUndone from error
            del queue.texts[waiting:]
            self._rows.return_to(mark)
            self.commit()
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
            self._impl.limit_statements(LONGEST_STATEMENT)
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
        if self._impl.queue is not None and error is not None:
            self._impl.queue.texts.clear()
            self._impl.queue.first = ""
        if cursor is not None:
            with suppress(Exception):  # the connection may be closed
                cursor.close()
        if block is not None:
            try:
                block.__exit__(None if error is None else type(error), error, None)
            finally:
                self._impl.queue = None  # the version row was the last that could be queued before

    def _run(self, statement: str) -> None:
        """Run a statement by a cursor of the driver, which takes a fifth of the time."""
        if self._cursor is None:
            self._cursor = self._driver_cursor()
        self._cursor.execute(statement)

    def _driver_cursor(self) -> DBAPICursor:
        assert self._transactions.connection is not None, "offline nothing is grouped"
        return self._transactions.connection.connection.cursor()
