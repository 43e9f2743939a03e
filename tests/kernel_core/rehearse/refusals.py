"""Statements that a database refuses, run by its driver, and the rows that are found for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kernel_core.rehearse.blockers.explain import explained
from kernel_core.rehearse.blockers.ran import Ran
from kernel_core.rehearse.findings import Blocker


def literal(value: Any) -> str:
    """Return a value as SQL."""
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def run(connection: sa.Connection, sql: str) -> None:
    """Execute a statement by the driver."""
    connection.connection.cursor().execute(sql)


def refusal_of(connection: sa.Connection, sql: str) -> sa.exc.DBAPIError | None:
    """Run a statement, undo it, and return its error."""
    savepoint = connection.begin_nested()
    try:
        run(connection, sql)
    except connection.dialect.loaded_dbapi.Error as refusal:
        return sa.exc.DBAPIError.instance(sql, (), refusal, connection.dialect.loaded_dbapi.Error)
    finally:
        savepoint.rollback()
    return None


def found_for(connection: sa.Connection, sql: str, error: sa.exc.DBAPIError) -> Sequence[Blocker]:
    """Return what a rehearsal finds where a statement was refused with an error."""
    return explained(connection, [], error, "a1", Ran((sql,), lambda: run(connection, sql)))
