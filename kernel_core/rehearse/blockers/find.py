"""Find what stopped an operation or a statement: count the rows, and take a sample of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ...operations.operation import MigrateOperation
from ...operations.ops import ExecuteSQLOp
from ...util.sql import in_quotes
from ..findings import Blocker, Row
from .checks import SAMPLE, Check, RowQueries
from .statements import operations_in, validated_constraint


def blockers_of(
    connection: Connection, operations: Iterable[MigrateOperation], error: Exception, revision: str
) -> list[Blocker]:
    """Return the rows that stopped operations, in the state before them; the error alone where no row did."""
    several, found = list(operations), list[Blocker]()
    queries = RowQueries(connection)
    for operation in several:
        for read in _read(operation, connection):
            for check in _checks(queries, read):
                counted = _counted(connection, check)
                if counted is not None and counted[0]:
                    rows, query, sample = counted
                    found.append(
                        Blocker(
                            check.kind,
                            revision,
                            operation.sentence(),
                            check.table,
                            check.text(rows),
                            rows,
                            query,
                            sample,
                            message(error),
                            columns=check.columns,
                        )
                    )
    if not found:
        sentence = "; ".join(each.sentence() for each in several)
        table = next((operation.table_name for operation in several if hasattr(operation, "table_name")), "")
        found.append(Blocker("error", revision, sentence, table or "", message(error), error=message(error)))
    return found


def message(error: Exception) -> str:
    """Return the database's message, on one line."""
    found = error.orig if isinstance(error, DBAPIError) else error
    number_and_text = len(found.args) == 2 and isinstance(found.args[0], int) if found is not None else False
    return " ".join(str(found.args[1] if number_and_text and found is not None else found).split())


def _read(operation: MigrateOperation, connection: Connection) -> list[MigrateOperation]:
    if isinstance(operation, ExecuteSQLOp):
        return operations_in(_as_addition(operation.text, connection) or operation.text, connection.dialect)
    return [operation]


def _as_addition(sql: str, connection: Connection) -> str:
    """Return the statement that adds the constraint that ``sql`` validates; "" for another statement."""
    found = validated_constraint(sql, connection.dialect) if connection.dialect.name == "postgresql" else None
    if found is None:
        return ""
    (schema, table), name = found
    shown = ".".join(map(in_quotes, filter(None, (schema, table))))
    with _undone_if_failed(connection):
        definition = connection.execute(
            sa.text(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass(:t) AND conname = :n"
            ),
            {"t": shown, "n": name},
        ).scalar()
    kept = str(definition or "").removesuffix(" NOT VALID")
    return f"ALTER TABLE {shown} ADD CONSTRAINT {in_quotes(name)} {kept}"


def _checks(queries: RowQueries, operation: MigrateOperation) -> Iterator[Check]:
    """Yield the checks of an operation as far as they can be written for these tables."""
    checks = queries.of(operation) or iter(())
    while True:
        try:
            with _undone_if_failed(queries.connection):
                check = next(checks)
        except (StopIteration, SQLAlchemyError, NotImplementedError):
            return
        yield check


def _counted(connection: Connection, check: Check) -> tuple[int, str, tuple[Row, ...]] | None:
    """Return the number of the rows, the query that finds them, and some of them; None where it cannot be run."""
    try:
        with _undone_if_failed(connection):
            count = sa.select(sa.func.count()).select_from(check.rows.order_by(None).subquery("found"))
            rows = int(connection.execute(count).scalar_one())
            sample = tuple(dict(row) for row in connection.execute(check.rows.limit(SAMPLE)).mappings())
            return rows, _text(connection, check), sample
    except (SQLAlchemyError, NotImplementedError):
        return None


def _text(connection: Connection, check: Check) -> str:
    """Return the query as text that can be run by itself; a function of the session is left out of it."""
    text = str(check.rows.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    return "" if "pg_temp." in text else " ".join(text.split())


class _undone_if_failed:  # noqa: N801 - used like a function
    """A savepoint around a query, where a failed one would end the transaction."""

    def __init__(self, connection: Connection) -> None:
        self._savepoint: Any = None
        if connection.dialect.name == "postgresql" and connection.in_transaction():
            self._savepoint = connection.begin_nested()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, *_: object) -> None:
        if self._savepoint is not None and self._savepoint.is_active:
            self._savepoint.rollback() if kind is not None and kind is not StopIteration else self._savepoint.commit()
