"""The journal during a run: read before the first step without opening a transaction, and removed when empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ..script import ScriptDirectory
from .journal.contents import applied_scripts, edited
from .journal.probe import looked_up
from .journal.recorder import Recorder
from .journal.state import JournalState
from .journal.table import Unfinished
from .transaction import Transactions
from .version_table import VersionTable

_MOST_READINGS = 20
"""How often the journal is read until it is the same before and after the lock was free."""


class RunJournal:
    """Reads what the journal says of a database, and closes it after a run.

    ``recorder`` is None where nothing is noted: offline, or on a database without a journal; then nothing is found.
    """

    def __init__(
        self,
        recorder: Recorder | None,
        connection: Connection | None,
        version_rows: VersionTable,
        transactions: Transactions,
        script: ScriptDirectory | None,
    ) -> None:
        self.recorder, self._connection = recorder, connection
        self._version_rows, self._transactions, self._script = version_rows, transactions, script

    def noted(self) -> Unfinished | None:
        """Return the unfinished revision as the journal describes it; None if its version row was written after all."""
        if self.recorder is None:
            return None
        with self._transactions.reading():
            found = self.recorder.table.unfinished()
            is_applied = found is not None and found.is_applied(frozenset(self._version_rows.read()))
        return None if is_applied else found

    def unfinished(self) -> Unfinished | None:
        """Return the revision of which a part was committed, with what the catalog says of its last statement.

        While another process runs a revision, this is the one that it runs.
        """
        found = self.noted()
        return None if found is None else self._looked_up(found)

    def _looked_up(self, found: Unfinished) -> Unfinished:
        assert self._connection is not None, "offline nothing is noted"
        with self._transactions.reading():
            return looked_up(found, self._connection)

    def refuse_unfinished(self) -> None:
        """Raise UnfinishedRevision if a revision is unfinished."""
        found = self.unfinished()
        if found is not None:
            raise found.error()

    def state(self, is_locked: Callable[[], bool]) -> JournalState:
        """Return what the journal says; ``is_locked`` returns whether another run holds the run lock now."""
        found, is_running = self._unfinished_or_running(is_locked)
        return JournalState(found, is_running, self.edited())

    def _unfinished_or_running(self, is_locked: Callable[[], bool]) -> tuple[Unfinished | None, bool]:
        found = self.noted()
        for _ in range(_MOST_READINGS):
            if found is None or is_locked():  # a catalog that another run changes now is not read
                return found, found is not None
            shown: Unfinished | None = None
            try:
                shown = self._looked_up(found)
            except DBAPIError as error:  # a run that has begun meanwhile may have dropped what was read
                if error.connection_invalidated:
                    raise
            again = self.noted()
            if again == found:  # as it was before and after nobody held the lock
                return shown or found, False
            found = again
        return found, found is not None

    def edited(self) -> tuple[str, ...]:
        """Return the applied revisions of which the file does something else than when it was applied.

        Only those whose content was noted then (``remember_content``), without the changes that have no effect.
        """
        if self.recorder is None or self._script is None:
            return ()
        with self._transactions.reading():
            noted = self.recorder.table.contents()
            heads = self._version_rows.read() if noted else ()
        return edited(applied_scripts(self._script, heads, noted), noted) if noted else ()

    @contextmanager
    def closed(self, notes_contents: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Remove the journal after the block if it has no rows; ``notes_contents`` says whether contents were noted.

        Only a run that wrote into the journal looks.
        """
        try:
            yield
        except BaseException:
            with suppress(Exception):  # the connection may be lost; an empty journal does no harm
                self._close(notes_contents=notes_contents())
            raise
        self._close(notes_contents=notes_contents())

    def _close(self, *, notes_contents: bool) -> None:
        if self.recorder is None or not (self.recorder.is_used or notes_contents):
            return
        transactions = self._transactions
        # The journal is dropped in the transaction of a caller too, unless that would commit it.
        if not transactions.borrowed or (notes_contents and type(transactions.impl).transactional_ddl):
            with transactions.of_revision():
                self.recorder.close()
