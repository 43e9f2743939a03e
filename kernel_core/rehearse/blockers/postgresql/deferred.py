"""The constraints of PostgreSQL that are checked at COMMIT: which of them would make it fail, and the rows.

SET CONSTRAINTS ... IMMEDIATE checks now what COMMIT would check, in a savepoint here, so that each constraint is tried.
https://www.postgresql.org/docs/current/sql-set-constraints.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ...findings import Blocker
from ..checks import RowQueries
from ..find import message, rows_refused
from ..savepoints import undone, undone_if_failed
from .broken_before import RowsWritten, rows_left_alone
from .constraints import Constraint, constraints_where
from .diagnostics import violation_of

COMMIT = "COMMIT"
"""What the blockers of a COMMIT have in place of the sentence of an operation."""


def refused_at_commit(connection: Connection, error: Exception, revision: str, shown: str = COMMIT) -> list[Blocker]:
    """Return the blockers of a COMMIT that would fail with ``error``, in the open transaction before it.

    ``shown`` is the operation, where the constraints were checked by one. Nothing that is tried here stays.
    """
    found: list[Blocker] = []
    with undone(connection):
        for error_of_it, several in _failing(connection):
            found += _blockers(connection, several, error_of_it, revision, shown)
    return found or [Blocker("error", revision, shown, "", message(error), error=message(error))]


def _failing(connection: Connection) -> Iterator[tuple[DBAPIError, list[Constraint]]]:
    """Yield the error of each constraint that fails, with all constraints of its name.

    What a trigger does at COMMIT may satisfy another constraint, so those that fail are tried again after the others.
    """
    left: dict[str, list[Constraint]] = {}
    for each in constraints_where(connection, "k.condeferrable AND k.conparentid = 0"):
        left.setdefault(each.shown, []).append(each)
    errors: dict[str, DBAPIError] = {}
    while left:
        count = len(left)
        for name in list(left):
            error = _checked(connection, name)
            if error is not None:
                errors[name] = error
            else:
                del left[name]
        if len(left) == count:
            break
    yield from ((errors[name], several) for name, several in left.items())


def _checked(connection: Connection, name: str) -> DBAPIError | None:
    """Check the constraints of a name now; return the error of the check."""
    try:
        with undone_if_failed(connection):
            connection.exec_driver_sql(f"SET CONSTRAINTS {name} IMMEDIATE".replace("%", "%%"))
    except DBAPIError as error:
        return error
    return None


def _blockers(
    connection: Connection, several: Iterable[Constraint], error: DBAPIError, revision: str, shown: str
) -> Iterator[Blocker]:
    """Yield the rows that constraints of one name refuse; the error, where none are found."""
    is_counted, names = False, list(several)
    for each in names:
        queries = _queries(connection, each, is_alone=len(names) == 1)
        operations = each.operations(connection) if queries is not None else []
        for blocker in rows_refused(queries or RowQueries(connection), operations, shown, error, revision):
            is_counted = True
            yield blocker
    if not is_counted:
        table = violation_of(error).table or names[0].table
        text = f"{names[0].name}: {message(error)}"
        yield Blocker("error", revision, shown, table, text, error=message(error))


def _queries(connection: Connection, constraint: Constraint, *, is_alone: bool) -> RowQueries | None:
    """Return queries for the rows that a constraint refuses; None where others, which it does not check, may break it.

    ``is_alone``: no other constraint has its name.
    """
    if constraint.is_validated:
        return RowQueries(connection)
    with suppress(LookupError, SQLAlchemyError):
        if is_alone:
            fails = partial(_fails, connection, constraint)
            return RowsWritten(connection, rows_left_alone(connection, constraint.operations(connection), fails))
    return None


def _fails(connection: Connection, constraint: Constraint) -> bool:
    error = _checked(connection, constraint.shown)
    if error is not None and violation_of(error).state != "23503":
        raise error
    return error is not None
