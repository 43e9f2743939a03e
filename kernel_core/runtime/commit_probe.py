"""A savepoint at the beginning of a revision: where it is gone, the revision's own code has committed."""

from __future__ import annotations

from contextlib import closing

from sqlalchemy import Connection

_NAME = "mig_revision"
_GONE = ("3B001", "25P01")
"""SQLSTATEs of PostgreSQL: unknown savepoint, no active transaction (manual, appendix A)."""


class Mark:
    """Whether the transaction in which a revision began is still the one that it is in.

    Only the words about a rollback depend on it, so it is set where a revision runs code that may commit, and asked
    only after a failure.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._run("SAVEPOINT")

    def is_gone(self) -> bool:
        """Return whether something was committed since; False where the connection does not answer."""
        try:
            self._run("ROLLBACK TO SAVEPOINT")
        except Exception as error:  # noqa: BLE001 - a driver's error; its code or text is compared
            code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
            return code in _GONE or "no such savepoint" in str(error)
        return False

    def _run(self, words: str) -> None:
        """Run a statement by the driver's cursor, so that SQLAlchemy's own transaction is unaffected."""
        with closing(self._connection.connection.cursor()) as cursor:
            cursor.execute(f"{words} {_NAME}")
