"""Several revisions in one transaction, each behind its own savepoint.

On SQLite the commit of one small revision takes five times as long as the revision, because each commit waits for the
disk. A group keeps the promises of single transactions. The version row and the schema change together, so a killed
process leaves both as they were at the last commit, at most `MAX_SECONDS` of work ago. A revision that fails is rolled
back alone, and those before it are committed before the failure is reported.

PostgreSQL keeps one transaction for each revision: a savepoint takes as many round trips there as BEGIN and COMMIT, its
commit waits on the server and costs no time here, and locks on tables would be held for longer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy.exc import OperationalError

from .transaction import RevisionTransaction, Transactions

MAX_SECONDS = 0.2
"""Seconds of work after which a group is committed."""

_SAVEPOINT = "mig_revision"


class Group:
    """The revisions of a run, as far as they share transactions.

        group = Group(transactions)
        with group.revision(keep_open=True): ...       # begins a transaction and leaves it open
        with group.revision(keep_open=False): ...      # a savepoint in it; then both are committed

    A run that stops in between calls `commit`.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._block: AbstractContextManager[RevisionTransaction | None] | None = None
        self._transaction: RevisionTransaction | None = None
        self._began = 0.0

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
        if not keep_open or self._is_interrupted or time.perf_counter() - self._began > MAX_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Commit the open transaction, if there is one."""
        self._end(None)

    @contextmanager
    def _begun(self) -> Iterator[None]:
        """Begin the transaction; its first revision needs no savepoint, as a rollback undoes all of it."""
        self._block = self._transactions.of_revision()
        self._transaction = self._block.__enter__()
        self._began = time.perf_counter()
        try:
            yield
        except BaseException as error:
            self._end(error)
            raise

    @contextmanager
    def _behind_savepoint(self) -> Iterator[None]:
        try:
            self._run("SAVEPOINT")
            yield
            if not self._is_interrupted:
                self._run("RELEASE SAVEPOINT")
        except BaseException as error:
            self._end(error if self._is_interrupted else self._rolled_back())
            raise

    @property
    def _is_interrupted(self) -> bool:
        """Whether an autocommit block has committed everything before it, and ended the savepoint."""
        return self._transaction is not None and self._transaction.interrupted

    def _rolled_back(self) -> Exception | None:
        """Roll back to the savepoint; return the error because of which nothing before it can be committed either.

        The savepoint no longer exists if the revision was done when an interrupt came, or if SQLite has ended the
        transaction itself, on a full disk. Neither leaves half a revision.
        """
        try:
            self._run("ROLLBACK TO SAVEPOINT")
        except OperationalError as error:
            return None if "no such savepoint" in str(error.orig) else error
        return None

    def _end(self, error: BaseException | None) -> None:
        """End the transaction: commit it, or roll it back because of an error."""
        block, self._block = self._block, None
        if block is not None:
            block.__exit__(None if error is None else type(error), error, None)

    def _run(self, statement: str) -> None:
        connection = self._transactions.connection
        assert connection is not None, "offline nothing is grouped"
        connection.exec_driver_sql(f"{statement} {_SAVEPOINT}")
