"""Finds out how a revision's own code has ended its transaction: by a COMMIT or a ROLLBACK that SQLAlchemy did not see.

A savepoint at the beginning of the revision shows that the transaction was ended. What was written at the same place
shows how: on SQLite the ``user_version`` of the temporary database, which is the connection's and is rolled back with
the transaction; on PostgreSQL the id of the transaction, of which the server knows the outcome.
(https://sqlite.org/pragma.html#pragma_user_version, https://www.postgresql.org/docs/current/functions-info.html)
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import Any, Literal

from ..ddl.driver import driver_cursor
from ..ddl.postgresql.backend import last_row, takes_many_statements
from ..util.exc import sqlstate
from .transaction import RevisionTransaction

Ended = Literal["", "committed", "aborted"]
"""How the code of a revision has ended its transaction; "" if it did not."""

_NAME = "mig_revision"
_GONE = ("3B001", "25P01")
"""SQLSTATEs of PostgreSQL: unknown savepoint, no active transaction (manual, appendix A)."""

_ROLLED_BACK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM", "SQLITE_INTERRUPT")
"""Errors after which SQLite may have rolled back the whole transaction (https://sqlite.org/lang_transaction.html)."""
_numbers = itertools.count(1)


class CommitProbe:
    """A savepoint at the beginning of a revision, and a mark that shows how the transaction was ended.

    Only the sentence about the rollback and the journal depend on the answer. So it is set only where a revision runs
    code that may commit, and queried only after a failure, or where the driver says that the transaction has ended.
    """

    def __init__(self, transaction: RevisionTransaction) -> None:
        self._transaction = transaction
        self._dialect = transaction.connection.dialect.name
        self._mark = self._begun()

    def ended(self, suspensions: int, error: BaseException) -> Ended:
        """Return how the revision has ended its transaction; "" also where the connection does not answer.

        ``suspensions`` is how many autocommit blocks there were at its beginning: a later one ends the savepoint too.
        ``error`` is what the revision failed with.
        """
        if self._transaction.suspensions != suspensions or _has_rolled_back(error):
            return ""
        try:
            self._run(f"ROLLBACK TO SAVEPOINT {_NAME}")
        except Exception as second:  # noqa: BLE001 - a driver's error; its code or text is compared
            is_gone = sqlstate(second) in _GONE or "no such savepoint" in str(second)
            return self.how_ended() if is_gone else ""
        return ""

    def how_ended(self) -> Ended:
        """Return how the transaction was ended in which the revision began; on PostgreSQL outside of a transaction."""
        if self._dialect == "sqlite":
            return "committed" if self._value("PRAGMA temp.user_version") == self._mark else "aborted"
        driver: Any = self._transaction.connection.connection
        with suppress(Exception):  # the connection may be lost
            driver.rollback()
            outcome = self._value(f"SELECT txid_status({self._mark})") if self._mark is not None else None
            driver.rollback()
            return "aborted" if outcome == "aborted" else "committed"
        return "committed"

    def _begun(self) -> int | None:
        """Set the savepoint, and return the mark; None where there is none."""
        if self._dialect == "sqlite":
            number = next(_numbers)
            self._run(f"PRAGMA temp.user_version = {number}")
            self._run(f"SAVEPOINT {_NAME}")
            return number
        if self._dialect == "postgresql" and takes_many_statements(self._transaction.connection):
            return int(last_row(self._transaction.connection, f"SAVEPOINT {_NAME}; SELECT txid_current()")[0])
        mark = int(self._value("SELECT txid_current()")) if self._dialect == "postgresql" else None
        self._run(f"SAVEPOINT {_NAME}")
        return mark

    def _run(self, statement: str) -> None:
        """Run a statement by the driver's cursor, so that SQLAlchemy's own transaction is unaffected."""
        with driver_cursor(self._transaction.connection) as cursor:
            cursor.execute(statement)

    def _value(self, query: str) -> Any:
        with driver_cursor(self._transaction.connection) as cursor:
            cursor.execute(query)
            return cursor.fetchall()[0][0]


def _has_rolled_back(error: BaseException) -> bool:
    """Return whether SQLite may have rolled back because of the error, which ends the savepoint like a commit."""
    cause = getattr(error, "orig", None) or error
    return str(getattr(cause, "sqlite_errorname", "")).startswith(_ROLLED_BACK)
