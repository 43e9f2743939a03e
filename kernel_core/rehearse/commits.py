"""What a database checks, and which locks it takes, only at COMMIT.

On PostgreSQL the deferred constraints are checked before each COMMIT of a rehearsal, as the COMMIT itself would check
them; then it has nothing left to do, and the locks that their triggers have taken are seen. Where a check fails it is
undone, the rows are counted, and the COMMIT fails as in a real run. SQLite leaves the transaction open when a COMMIT
fails because of a deferred foreign key, so the rows are counted then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..util.exc import CommandError, sqlstate
from .blockers.find import message
from .blockers.postgresql.deferred import COMMIT, refused_at_commit
from .blockers.queries import rows_of_text
from .blockers.savepoints import on_driver
from .blockers.sqlite.dangling import dangling_references, new_dangling
from .capture import Capture
from .clone.base import Clone
from .findings import Blocker
from .redirect import paused

_SAVEPOINT = "mig_rehearsed_commit"


@dataclass(slots=True)
class Commits:
    """Observes the commits of a rehearsal; `of` returns the blockers of one that failed.

    ``revision`` returns the revision that has begun last.
    """

    capture: Capture
    revision: Callable[[Clone], str]
    _refused: tuple[BaseException, list[Blocker]] | None = field(default=None)

    def before(self, clone: Clone, connection: Connection) -> None:
        """Check the deferred constraints of PostgreSQL before a COMMIT, if a revision has begun."""
        if clone.kind != "postgresql" or not self.revision(clone) or not _is_open(connection):
            return
        with self.capture.silent(), self.capture.observed_commit(clone, connection):
            if not _begins_savepoint(connection):
                return
            try:
                on_driver(connection, "SET CONSTRAINTS ALL IMMEDIATE")
            except Exception as error:  # noqa: BLE001 - the driver's, which the COMMIT will raise
                on_driver(connection, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
                self._note(clone, connection, error)
            on_driver(connection, f"RELEASE SAVEPOINT {_SAVEPOINT}")

    def _note(self, clone: Clone, connection: Connection, error: Exception) -> None:
        try:
            found = refused_at_commit(connection, error, self.revision(clone))
            self._refused = error, [_with_older_rows(each, clone) for each in found]
        except SQLAlchemyError:  # the error alone is reported
            on_driver(connection, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")

    def failed(self, clone: Clone, connection: Connection, error: BaseException) -> None:
        """Count the rows because of which a COMMIT of SQLite has failed, while the transaction is still open."""
        if clone.kind == "sqlite" and "FOREIGN KEY constraint failed" in str(error) and self.revision(clone):
            self.refused(clone, connection, error)

    def refused(self, clone: Clone, connection: Connection, error: BaseException) -> None:
        """Count the new dangling references because of which the transaction of a revision ends with ``error``."""
        assert isinstance(error, Exception), "neither an interrupt nor an exit"
        try:
            with paused(), self.capture.silent(), clone.before.connect() as copy:
                before = dangling_references(copy)
            with self.capture.silent():
                found = new_dangling(connection, before, error, self.revision(clone), COMMIT)
        except SQLAlchemyError:
            return
        self._refused = error, found

    def of(self, error: BaseException | None) -> list[Blocker]:
        """Return the blockers of a COMMIT that failed with ``error``; [] where it did not fail at a COMMIT."""
        if self._refused is None or error is None:
            return []
        refused, blockers = self._refused
        found = error.orig if isinstance(error, DBAPIError) else error
        if found is refused or (isinstance(refused, CommandError) and str(refused) == str(found)):
            return blockers
        at_commit = isinstance(error, DBAPIError) and (error.statement or COMMIT).strip(" ;\n").upper() in _ENDS
        is_same = bool(sqlstate(refused)) and sqlstate(refused) == sqlstate(found)
        has_same_text = (
            isinstance(found, Exception) and isinstance(refused, Exception) and message(found) == message(refused)
        )
        return blockers if is_same and (at_commit or has_same_text) else []


_ENDS = ("COMMIT", "END", "COMMIT TRANSACTION", "END TRANSACTION", "COMMIT WORK", "END WORK")


def _with_older_rows(blocker: Blocker, clone: Clone) -> Blocker:
    """Return a blocker that says how many of its rows were refused before the run too: a replica wrote them, say."""
    if not blocker.query:
        return blocker
    try:
        with paused(), clone.before.connect() as copy:
            older = rows_of_text(copy, blocker.query)
    except SQLAlchemyError:
        return blocker  # a table is new, or has other columns
    return replace(blocker, text=f"{blocker.text}; {older:,} of them before the run") if older else blocker


def _begins_savepoint(connection: Connection) -> bool:
    """Begin the savepoint of the checks; return False outside of a transaction, and in one that has failed."""
    try:
        on_driver(connection, f"SAVEPOINT {_SAVEPOINT}")
    except Exception as error:
        if sqlstate(error) in _NO_TRANSACTION:
            return False
        raise
    return True


_NO_TRANSACTION = ("25P01", "25P02")
"""The states "no active transaction" and "in a failed transaction", where a driver does not tell: asyncpg.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""


def _is_open(connection: Connection) -> bool:
    """Return whether a transaction is open that did not fail, as far as the driver knows: 2 is INTRANS."""
    info = getattr(connection.connection.dbapi_connection, "info", None)
    return int(getattr(info, "transaction_status", 2)) == 2
