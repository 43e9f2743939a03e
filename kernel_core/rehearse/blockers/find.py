"""Find what stopped an operation or a statement: count the rows, and take a sample of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ...operations.operation import MigrateOperation
from ...operations.ops import AddColumnOp, AlterColumnOp, ExecuteSQLOp
from ...util.sql import in_quotes
from ..findings import Blocker, Row
from .added_columns import constraints_of
from .checks import SAMPLE, Check, RowQueries
from .domains import domain_checks
from .explained import is_explained
from .partitions import partition_checks
from .queries import Query, number_of, query_of
from .savepoints import undone_if_failed
from .statements import operations_in, statements_in, validated_constraints


def blockers_of(
    connection: Connection, operations: Iterable[MigrateOperation], error: Exception, revision: str
) -> list[Blocker]:
    """Return the rows that stopped operations, in the state before them, and the error where they do not explain it."""
    several, found = list(operations), list[Blocker]()
    queries = RowQueries(connection)
    for operation in several:
        found += rows_refused(queries, _read(operation, connection), operation.sentence(), error, revision)
        if isinstance(operation, ExecuteSQLOp) and connection.dialect.name == "postgresql":
            for sql in statements_in(operation.text, connection.dialect):
                found += rows_refused_by_sql(queries, sql, operation.sentence(), error, revision)
    if not found or not is_explained(error, {each.kind for each in found}):
        sentence = "; ".join(each.sentence() for each in several)
        table = next((operation.table_name for operation in several if hasattr(operation, "table_name")), "")
        found.append(Blocker("error", revision, sentence, table or "", message(error), error=message(error)))
    return found


def rows_refused(
    queries: RowQueries, operations: Iterable[MigrateOperation], shown: str, error: Exception, revision: str
) -> Iterator[Blocker]:
    """Yield a blocker for each kind of rows that operations cannot take; ``shown`` is what the report names."""
    for operation in operations:
        checks = _checked(queries, queries.of(operation) or iter(()))
        yield from rows_of(queries, checks, shown, error, revision)


def rows_refused_by_table(
    queries: RowQueries, operation: MigrateOperation, shown: str, error: Exception, revision: str
) -> Iterator[Blocker]:
    """Yield the rows that a constraint or a type refuses, which ``operation`` would give to a table that lacks it."""
    if isinstance(operation, AlterColumnOp) and operation.modify_type is not None:
        yield from rows_that_do_not_fit(queries, operation, shown, error, revision)
    else:
        yield from rows_refused(queries, [operation], shown, error, revision)


def rows_that_do_not_fit(
    queries: RowQueries, operation: AlterColumnOp, shown: str, error: Exception, revision: str
) -> Iterator[Blocker]:
    """Yield the rows whose values do not fit the new type of a column."""
    yield from rows_of(queries, _checked(queries, queries.misfits(operation)), shown, error, revision)


def rows_refused_by_sql(
    queries: RowQueries, sql: str, shown: str, error: Exception, revision: str
) -> Iterator[Blocker]:
    """Yield the rows that a statement of PostgreSQL which no operation describes cannot take: ALTER DOMAIN, say."""
    yield from rows_of(queries, _checked(queries, _of_sql(queries, sql)), shown, error, revision)


def are_all_taken_by_sql(queries: RowQueries, sql: str) -> bool:
    """Return whether a statement of PostgreSQL which no operation describes can take all rows."""
    found = [_counted(queries.connection, check) for check in _checked(queries, _of_sql(queries, sql))]
    return all(each is not None and not each[0] for each in found)


def _of_sql(queries: RowQueries, sql: str) -> Iterator[Check]:
    """Yield the checks of a statement of PostgreSQL that no operation describes."""
    with suppress(IndexError, ValueError):  # it is not read to its end
        yield from domain_checks(queries, sql)
        yield from partition_checks(queries, sql)


def rows_of(
    queries: RowQueries, checks: Iterable[Check], shown: str, error: Exception, revision: str
) -> Iterator[Blocker]:
    """Yield a blocker for each check that finds rows."""
    for check in checks:
        counted = _counted(queries.connection, check)
        if counted is not None and counted[0]:
            rows, query, sample = counted
            yield Blocker(
                check.kind,
                revision,
                shown,
                check.table,
                check.text(rows),
                rows,
                query.text,
                sample,
                message(error),
                columns=check.columns,
                no_query=query.reason,
                lists_text=query.lists_text,
            )


def message(error: Exception) -> str:
    """Return the database's message, on one line."""
    found = error.orig if isinstance(error, DBAPIError) else error
    number_and_text = len(found.args) == 2 and isinstance(found.args[0], int) if found is not None else False
    return " ".join(str(found.args[1] if number_and_text and found is not None else found).split())


def _read(operation: MigrateOperation, connection: Connection) -> list[MigrateOperation]:
    if isinstance(operation, ExecuteSQLOp):
        dialect = connection.dialect
        added = _validated(operation.text, connection) if dialect.name == "postgresql" else ()
        return [each for sql in (operation.text, *added) for each in operations_in(sql, dialect)]
    return [operation, *constraints_of(operation)] if isinstance(operation, AddColumnOp) else [operation]


def _validated(text: str, connection: Connection) -> Iterator[str]:
    """Yield the statements that add the constraints that a text of SQL validates."""
    for (schema, table), name in validated_constraints(text, connection.dialect):
        shown = ".".join(map(in_quotes, filter(None, (schema, table))))
        with undone_if_failed(connection):
            definition = connection.execute(
                sa.text(
                    "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
                    "WHERE conrelid = to_regclass(:t) AND conname = :n"
                ),
                {"t": shown, "n": name},
            ).scalar()
        if definition:
            kept = str(definition).removesuffix(" NOT VALID")
            yield f"ALTER TABLE {shown} ADD CONSTRAINT {in_quotes(name)} {kept}"


def _checked(queries: RowQueries, checks: Iterator[Check]) -> Iterator[Check]:
    """Yield checks as far as they can be written for these tables."""
    while True:
        try:
            with undone_if_failed(queries.connection):
                check = next(checks)
        except (StopIteration, SQLAlchemyError, NotImplementedError):
            return
        yield check


def _counted(connection: Connection, check: Check) -> tuple[int, Query, tuple[Row, ...]] | None:
    """Return the number of the rows, the query that finds them, and some of them; None where it cannot be run."""
    try:
        with undone_if_failed(connection):
            rows = number_of(connection, check.rows)
            sample = _sample(connection, check.rows.limit(SAMPLE))
        return rows, query_of(connection, check, rows), sample
    except (SQLAlchemyError, NotImplementedError):
        return None


def _sample(connection: Connection, rows: sa.Select[Any]) -> tuple[Row, ...]:
    """Return rows; where a value is none of the type of its column, with the values that the driver returns."""
    try:
        with connection.execute(rows) as result:
            return tuple(dict(row) for row in result.mappings())
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        text = str(rows.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        with connection.exec_driver_sql(text) as result:
            return tuple(dict(row) for row in result.mappings())
