"""Finds out after a failure whether the code of a revision has committed, by a savepoint at its beginning."""

from __future__ import annotations

from contextlib import closing

from .transaction import RevisionTransaction

_NAME = "mig_revision"
_GONE = ("3B001", "25P01")
"""SQLSTATEs of PostgreSQL: unknown savepoint, no active transaction (manual, appendix A)."""

_ROLLED_BACK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM", "SQLITE_INTERRUPT")
"""Errors after which SQLite may have rolled back the whole transaction (https://sqlite.org/lang_transaction.html)."""


class CommitProbe:
    """A savepoint at the beginning of a revision: a COMMIT in the revision's own code ends it.

    Only the sentence about the rollback depends on the answer. So a savepoint is set only where a revision runs code
    that may commit, and queried only after a failure.
    """

    def __init__(self, transaction: RevisionTransaction) -> None:
        self._transaction = transaction
        self._run("SAVEPOINT")

    def has_committed(self, suspensions: int, error: BaseException) -> bool:
        """Return whether the revision has committed; False where the connection does not answer.

        ``suspensions`` is how many autocommit blocks there were at its beginning: a later one ends the savepoint too.
        ``error`` is what the revision failed with.
        """
        if self._transaction.suspensions != suspensions or _has_rolled_back(error):
            return False
        try:
            self._run("ROLLBACK TO SAVEPOINT")
        except Exception as second:  # noqa: BLE001 - a driver's error; its code or text is compared
            code = getattr(second, "sqlstate", None) or getattr(second, "pgcode", None)
            return code in _GONE or "no such savepoint" in str(second)
        return False

    def _run(self, statement: str) -> None:
        """Run a statement by the driver's cursor, so that SQLAlchemy's own transaction is unaffected."""
        with closing(self._transaction.connection.connection.cursor()) as cursor:
            cursor.execute(f"{statement} {_NAME}")


def _has_rolled_back(error: BaseException) -> bool:
    """Return whether SQLite may have rolled back because of the error, which ends the savepoint like a commit."""
    cause = getattr(error, "orig", None) or error
    return str(getattr(cause, "sqlite_errorname", "")).startswith(_ROLLED_BACK)
