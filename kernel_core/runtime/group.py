"""Several revisions in one transaction, each behind a savepoint of its own.

On SQLite the commit of one small revision takes five times as long as the revision: the file is written and waited for
each time. What a group promises is what single transactions promise. The version row and the schema change together,
so that a killed process leaves both where they were at the last commit, at most `WORK` seconds of work ago. A revision
that fails is taken back alone, and those before it are committed before the failure is told.

PostgreSQL keeps one transaction for each revision: a savepoint takes as many round trips there as BEGIN and COMMIT, its
commit waits on the server and costs no time here, and locks on tables would be held for longer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy.exc import OperationalError

from .transaction import RevisionTransaction, Transactions

WORK = 0.2
"""Seconds of work after which a group is committed."""

_SAVEPOINT = "mig_revision"


class Group:
    """The revisions of a run, as far as they share transactions.

        group = Group(transactions)
        with group.revision(stays=True): ...       # begins a transaction and leaves it open
        with group.revision(stays=False): ...      # a savepoint in it; then both are committed

    Whoever stops in between calls `commit`.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._block: AbstractContextManager[RevisionTransaction | None] | None = None
        self._transaction: RevisionTransaction | None = None
        self._began = 0.0

    @property
    def is_open(self) -> bool:
        """Revisions wait for their commit."""
        return self._block is not None

    @contextmanager
    def revision(self, *, stays: bool) -> Iterator[RevisionTransaction | None]:
        """Carry one revision out; where it ``stays``, its transaction is left open for the next, unless it is old.

        An error takes this revision back, and commits those before it.
        """
        if not self.is_open and not stays:
            with self._transactions.of_revision() as transaction:
                yield transaction
            return
        with self._behind_savepoint() if self.is_open else self._begun():
            yield self._transaction
        if not stays or self._is_interrupted or time.perf_counter() - self._began > WORK:
            self.commit()

    def commit(self) -> None:
        """Commit what waits."""
        self._end(None)

    @contextmanager
    def _begun(self) -> Iterator[None]:
        """Begin the transaction; its first revision needs no savepoint, as a rollback takes all of it back."""
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
            self._say("SAVEPOINT")
            yield
            if not self._is_interrupted:
                self._say("RELEASE SAVEPOINT")
        except BaseException as error:
            self._end(error if self._is_interrupted else self._taken_back())
            raise

    @property
    def _is_interrupted(self) -> bool:
        """An autocommit block has committed all that was before it, and ended the savepoint."""
        return self._transaction is not None and self._transaction.interrupted

    def _taken_back(self) -> Exception | None:
        """Undo what was done since the savepoint; return the error that forbids to commit what was before it.

        There is no savepoint any more where the revision was done (and an interrupt came right then), or where SQLite
        has ended the transaction itself, on a full disk. Neither leaves half a revision.
        """
        try:
            self._say("ROLLBACK TO SAVEPOINT")
        except OperationalError as error:
            return None if "no such savepoint" in str(error.orig) else error
        return None

    def _end(self, error: BaseException | None) -> None:
        """End the transaction: commit it, or roll it back because of an error."""
        block, self._block = self._block, None
        if block is not None:
            block.__exit__(None if error is None else type(error), error, None)

    def _say(self, words: str) -> None:
        connection = self._transactions.connection
        assert connection is not None, "offline nothing is grouped"
        connection.exec_driver_sql(f"{words} {_SAVEPOINT}")
