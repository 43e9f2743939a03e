"""Why an operation or a statement failed, by each way in which the rows of an error can be found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from ...operations.operation import MigrateOperation
from ...operations.ops import ExecuteSQLOp
from ...runtime.autocommit import is_outside_transactions
from ..findings import Blocker
from .find import blockers_of
from .mariadb.refused import rows_on_mariadb
from .postgresql.refused import refused_rows
from .ran import Ran
from .sqlite.refused import rows_on_sqlite
from .type_changes import MYSQL


def explained(
    connection: Connection, operations: Iterable[MigrateOperation], error: Exception, revision: str, ran: Ran
) -> list[Blocker]:
    """Return what stopped operations, in the state before them; what ``ran`` of them in autocommit is committed."""
    several = list(operations)
    shown = "; ".join(each.sentence() for each in several)
    is_not_null = bool(ran.texts) and ran.texts[-1].upper().endswith("SET NOT NULL")  # after the new type is committed
    if is_not_null and len(ran.texts) > 1 and is_outside_transactions(connection):
        several = [ExecuteSQLOp(ran.texts[-1])]
        found = [replace(each, operation=shown) for each in blockers_of(connection, several, error, revision)]
    else:
        found = blockers_of(connection, several, error, revision)
    unexplained = [each for each in found if each.kind == "error"]
    if not unexplained:
        return found
    rows = _refused(connection, error, ran, shown, revision)
    return [each for each in found if each.kind != "error"] + rows if rows else found


def _refused(connection: Connection, error: Exception, ran: Ran, shown: str, revision: str) -> list[Blocker]:
    """Return the rows because of which a constraint refuses a statement, as far as the database can count them."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        if ran.texts and (ran.texts[-1].split() or [""])[0].upper() in ("ALTER", "CREATE"):
            return []  # it refuses rows as they are, which no second attempt shows
        return refused_rows(connection, error, ran, shown, revision)
    if dialect == "sqlite":
        return rows_on_sqlite(connection, error, ran, shown, revision)
    return rows_on_mariadb(connection, error, ran, shown, revision) if dialect in MYSQL else []
