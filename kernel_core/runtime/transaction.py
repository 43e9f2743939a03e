"""The transactions of a run: who owns them, when they begin and when they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import TracebackType

from sqlalchemy import Connection
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.exc import PendingRollbackError

from ..ddl.impl import DefaultImpl
from ..util.exc import CommitRefused
from ..util.sqla_compat.sessions import is_in_block
from .autocommit import autocommits


class RevisionTransaction:
    """The transaction of one revision, opened by ``impl.begin_revision``; `suspended` commits it and begins another.

    ``before_commit`` is called before each commit. ``suspensions`` counts the commits in the middle, which no rollback
    can undo; ``is_suspended`` is True after such a commit until the next begin. ``autocommits`` is True where the
    driver commits each statement by itself, and ``rollback_error`` is what the rollback failed with.
    """

    def __init__(self, impl: DefaultImpl, connection: Connection) -> None:
        self._impl, self.connection = impl, connection
        self._block: AbstractContextManager[None] | None = None
        self.before_commit: Callable[[], object] | None = None
        self.suspensions = 0
        self.is_suspended = self.autocommits = False
        self.rollback_error: Exception | None = None

    @property
    def interrupted(self) -> bool:
        """Whether something was committed in the middle of the revision."""
        return self.suspensions > 0

    def __enter__(self) -> RevisionTransaction:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        block, self._block = self._block, None
        if block is None:
            return None
        if error is not None:
            return self._roll_back(block, error)
        if self.before_commit is not None:
            try:
                self.before_commit()
            except BaseException as refusal:
                self._roll_back(block, refusal)
                raise
        return block.__exit__(None, None, None)

    def _roll_back(self, block: AbstractContextManager[None], error: BaseException) -> bool | None:
        try:
            return block.__exit__(type(error), error, error.__traceback__)
        except Exception as second:
            if second is error:
                raise
            self.rollback_error = second  # the error that made it roll back is the one that is raised
            return None

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Commit, run the block outside any transaction, begin another one; after an error none is begun."""
        self.suspensions += 1
        self.__exit__(None, None, None)
        self.is_suspended = True
        yield
        self.is_suspended = False
        self._begin()

    def _begin(self) -> None:
        block = self._impl.begin_revision(self.connection)
        block.__enter__()
        self._block = block
        self.autocommits = autocommits(self.connection)


class Transactions:
    """The transactions of one MigrationContext: one for each revision, or with ``one_for_all`` one for a whole run.

    ``connection`` is None offline, where BEGIN and COMMIT are printed. A connection that is already in a transaction
    stays in it (``borrowed`` is True): its caller must commit. So does one whose caller has opened the block
    ``with connection.begin():`` since the context was configured.
    """

    def __init__(self, impl: DefaultImpl, connection: Connection | None, *, one_for_all: bool) -> None:
        self.impl, self.connection, self.one_for_all = impl, connection, one_for_all
        self.borrowed = connection is not None and _is_in_transaction(connection)
        self._open: RevisionTransaction | None = None
        self.is_begun = False
        self._printed = _Printed(self)

    def notice_block(self) -> None:
        """Leave the transaction to the caller, where a run begins in a block ``with connection.begin():``."""
        if self._open is None and self.connection is not None and is_in_block(self.connection):
            self.borrowed = True

    @contextmanager
    def of_run(self) -> Iterator[None]:
        """Wrap a whole run; where each revision has its own transaction, only end what was begun in the block."""
        self.notice_block()
        if self.borrowed or self._open is not None:
            yield
        elif self.one_for_all:
            with self.of_revision():
                yield
        else:
            try:
                yield
            except BaseException:
                self.clean()
                raise
            self.settle()

    @contextmanager
    def of_block(self) -> Iterator[None]:
        """Wrap statements that belong to no revision in one transaction, unless one is open already."""
        with self.of_revision():
            yield

    def of_revision(self) -> AbstractContextManager[RevisionTransaction | None]:
        """Open the transaction of one revision, unless one is open already."""
        if self.borrowed or self._open is not None:
            return nullcontext(self._open)
        if self.connection is not None:
            return self._opened(self.connection)
        is_printed = self.is_begun or not self.impl.transactional_ddl
        return nullcontext() if is_printed else self._printed

    @contextmanager
    def _opened(self, connection: Connection) -> Iterator[RevisionTransaction]:
        transaction = RevisionTransaction(self.impl, connection)
        try:
            with transaction:
                self._open = transaction
                yield transaction
        finally:
            self._open = None

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Commit what is done, let each statement of the block commit by itself, then begin a new transaction.

        Raises CommitRefused where the transaction belongs to the caller.
        """
        if self.borrowed:
            raise CommitRefused(
                "autocommit_block() would have to commit a transaction that the caller began. "
                "Hand over a connection that is in no transaction."
            )
        with self._open.suspended() if self._open is not None else nullcontext():
            if self.connection is None:
                yield from self._printed_outside()
            else:
                with _autocommitting(self.connection):
                    yield

    @contextmanager
    def only_reading(self) -> Iterator[None]:
        """End the transaction that a query in the block began implicitly."""
        clean = self.connection is not None and not self.borrowed and not self.connection.in_transaction()
        try:
            yield
        finally:
            if clean:
                self.clean()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Run the queries of the block outside of a transaction, where its begin and end take round trips."""
        with self.only_reading():
            if self.connection is None or self.borrowed:
                yield
                return
            with self.impl.reading(self.connection):
                yield

    def settle(self) -> None:
        """Commit what ``env.py`` began implicitly since it configured the context."""
        if self.connection is not None and self._is_loose():
            self.connection.commit()

    def clean(self) -> None:
        """Roll back a transaction of ours that is still open, so that the connection can be used again."""
        if self.connection is not None and self._is_loose():
            self.connection.rollback()

    def roll_back(self, error: BaseException) -> Exception | None:
        """End the transaction of a revision, or of a whole run, because of an error.

        Returns what the rollback failed with. Then the connection is closed, which makes the server end the transaction
        (but not on SQLite, whose database may live in that connection).
        """
        transaction, self._open = self._open, None
        if self.connection is not None and not self.borrowed:
            self.impl.close_results(self.connection)
        if transaction is not None:
            transaction.__exit__(type(error), error, error.__traceback__)
        failed = transaction.rollback_error if transaction is not None else None
        try:
            self.clean()
        except Exception as second:  # noqa: BLE001 - the first error is what counts
            failed = failed or second
        if failed is not None:
            self._abandon()
        return failed

    def _abandon(self) -> None:
        connection = self.connection
        if connection is None or self.borrowed or connection.closed or connection.dialect.name == "sqlite":
            return
        with suppress(Exception):
            connection.invalidate()
            connection.rollback()

    def _is_loose(self) -> bool:
        """Return whether a transaction is open that belongs neither to the caller nor to a revision."""
        is_ours = self.connection is not None and not self.borrowed and self._open is None
        return is_ours and self.connection is not None and self.connection.in_transaction()

    def _printed_outside(self) -> Iterator[None]:
        """Print COMMIT before the block and BEGIN after it; SQLite refuses a COMMIT where no transaction is open."""
        ends = self.impl.transactional_ddl and (self.is_begun or self.impl.dialect.name != "sqlite")
        if ends:
            self.impl.emit_commit()
        yield
        if ends:
            self.impl.emit_begin()


class _Printed:
    """BEGIN and COMMIT of a script, printed around a block: one object, which is entered for each revision."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def __enter__(self) -> None:
        self._transactions.impl.emit_begin()
        self._transactions.is_begun = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._transactions.is_begun = False
        if kind is None:
            self._transactions.impl.emit_commit()
        else:
            self._transactions.impl.print_held()


def _is_in_transaction(connection: Connection | MockConnection) -> bool:
    """Return whether the caller commits: a mock connection has no transactions."""
    return isinstance(connection, MockConnection) or connection.in_transaction()


@contextmanager
def _autocommitting(connection: Connection) -> Iterator[None]:
    """Let each statement of the block commit by itself; afterwards the isolation level is restored."""
    before = connection.get_execution_options().get("isolation_level") or connection.default_isolation_level
    connection.execution_options(isolation_level="AUTOCOMMIT")
    try:
        yield
        if connection.in_transaction():
            connection.commit()
    except BaseException:  # a rollback also serves a connection that the error has invalidated
        with suppress(Exception):
            connection.rollback()
        raise
    finally:
        with suppress(PendingRollbackError):
            connection.execution_options(isolation_level=before)
