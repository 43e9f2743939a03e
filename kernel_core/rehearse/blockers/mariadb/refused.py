"""Statements that a constraint of MariaDB refuses run again without it, to count the rows.

INSERT and UPDATE run on a copy of the table, or on two. Where none can be made, foreign keys and checks are switched
off; a unique key and NOT NULL cannot be, so that only the message is reported.
https://mariadb.com/kb/en/server-system-variables/#check_constraint_checks
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ....util.sql import SQLDialect, tokens
from ....util.sqla_compat import executed_at_end
from ...findings import Blocker, BlockerKind
from ..checks import RowQueries
from ..find import message, rows_refused
from ..mariadb_constraints import checks_of, foreign_keys_of
from ..ran import Ran
from ..savepoints import undone
from .copies import MISFITS, rows_on_copy
from .tried_values import WRONG_VALUES, rows_with_wrong_values
from .upserts import rows_of_upsert

_KINDS: Mapping[int, BlockerKind] = {
    1048: "null",
    1364: "null",
    1062: "duplicate",
    1451: "orphan",
    1452: "orphan",
    4025: "check",
}
"""https://mariadb.com/kb/en/mariadb-error-codes/"""

_SWITCHES: Mapping[BlockerKind, str] = {"orphan": "foreign_key_checks", "check": "check_constraint_checks"}
_TABLE = re.compile(r"`[^`]+`\.`((?:[^`]|``)+)`")
_STATEMENTS = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"})


def rows_on_mariadb(connection: Connection, error: Exception, ran: Ran, shown: str, revision: str) -> list[Blocker]:
    """Return the rows because of which constraints refuse a statement; [] where ``error`` is not of a constraint."""
    found = error.orig if isinstance(error, DBAPIError) else error
    number, text = (found.args or ("",))[0] if found is not None else "", message(error)
    kind = _KINDS.get(number) if isinstance(number, int) else None
    is_data = all((sql.split() or [""])[0].upper() in _STATEMENTS for sql in ran.texts)
    if (
        not isinstance(number, int)
        or not ran.texts
        or not is_data
        or (kind is None and number not in MISFITS | WRONG_VALUES)
    ):
        return []
    rows = rows_on_copy(connection, error, number, ran, shown, revision)
    rows = rows or rows_of_upsert(connection, error, number, ran, shown, revision)
    rows = rows or rows_with_wrong_values(connection, error, ran, shown, revision)
    if rows or kind is None:
        return rows
    match = _TABLE.search(text)
    table = match[1].replace("``", "`") if match else ""
    switch = _SWITCHES.get(kind)
    is_left = switch is not None and not any(_resolves(sql, connection.dialect) for sql in ran.texts)
    if switch is not None and is_left and _can_be_undone(connection, table):
        try:
            with undone(connection):
                connection.exec_driver_sql(f"SET {switch} = 0")
                with executed_at_end(connection, f"SET {switch} = 1"):
                    ran.again()
                operations = (checks_of if kind == "check" else foreign_keys_of)(connection, table)
                rows = list(rows_refused(RowQueries(connection), operations, shown, error, revision))
        except (SQLAlchemyError, connection.dialect.loaded_dbapi.Error, NotImplementedError):
            rows = []
    return rows or [Blocker(kind, revision, shown, table, text, error=text)]


def _resolves(sql: str, dialect: SQLDialect) -> bool:
    """Return whether a statement may refuse a row that is not in the table at its end: one that it replaces, say."""
    words = [token.keyword for token in tokens(sql, dialect) if token.kind not in ("space", "comment")]
    return words[:1] == ["REPLACE"] or not {"DUPLICATE", "IGNORE"}.isdisjoint(words)


def _can_be_undone(connection: Connection, table: str) -> bool:
    """Return whether what a statement writes to a table can be rolled back."""
    sql = "SELECT engine FROM information_schema.tables WHERE table_schema = database() AND table_name = :table"
    return connection.execute(sa.text(sql), {"table": table}).scalar() == "InnoDB"
