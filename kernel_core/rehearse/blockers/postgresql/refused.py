"""Statements that a constraint or a type of PostgreSQL refuses: they run again without it, to count the rows.

All of it is undone afterwards. The constraint that refuses the second attempt is removed as well, and so on, so that
each constraint is found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ....operations.operation import MigrateOperation
from ....operations.ops import AlterColumnOp
from ....util.sql import in_quotes, tokens
from ...findings import Blocker, BlockerKind
from ..checks import RowQueries
from ..find import are_all_taken_by_sql, message, rows_refused, rows_refused_by_sql, rows_that_do_not_fit
from ..ran import Ran
from ..savepoints import undone, undone_if_failed, without_event_triggers
from ..statements import operations_in
from ..tried_rows import rows_tried
from ..written_tables import write_of
from .broken_before import RowsWritten, known_rows
from .computed_values import rows_without_value
from .constraints import Constraint, constraints_where
from .diagnostics import Violation, violation_of
from .tries import notes_tries
from .widened_columns import has_spaces_to_cut, widened

_OF_EXISTING_ROWS = ("contains null values", "could not create unique index", "is violated by some row")
"""The messages of statements that check the rows as they are: none is written by a second attempt."""

_OF_DATA = ("22", "23", "P0")
"""The classes of errors that rows cause, or triggers."""

_OF_VALUES = ("22001", "22003", "22P02")
"""A text that is too long, a number that is out of range, and a label that an enum type lacks."""

_KINDS: Mapping[str, BlockerKind] = {
    "23502": "null",
    "23503": "orphan",
    "23505": "duplicate",
    "23514": "check",
    "23P01": "exclusion",
}

_TOPMOST = """
WITH RECURSIVE up AS (
  SELECT to_regclass(:table)::oid AS oid, 0 AS depth
  UNION ALL SELECT i.inhparent, depth + 1 FROM up JOIN pg_inherits i ON i.inhrelid = up.oid
)
SELECT n.nspname, c.relname FROM up JOIN pg_class c ON c.oid = up.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {} ORDER BY depth DESC LIMIT 1
"""
_HAS_CONSTRAINT = "EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = up.oid AND k.conname = :name)"
_HAS_COLUMN = "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = up.oid AND a.attname = :name AND a.attnotnull)"
_CHECKS_AT_ONCE = "NOT k.condeferred AND k.confupdtype IN ('a', 'r') AND k.confdeltype IN ('a', 'r')"
"""Foreign keys that refuse a change of what they refer to, rather than follow it or wait for COMMIT."""
_PARENT_OF_KEY = """
WITH RECURSIVE up AS (
  SELECT oid, conparentid, 0 AS depth FROM pg_constraint WHERE conrelid = to_regclass(:table) AND conname = :name
  UNION ALL SELECT k.oid, k.conparentid, depth + 1 FROM up JOIN pg_constraint k ON k.oid = up.conparentid
)
SELECT oid FROM up ORDER BY depth DESC LIMIT 1
"""
_OF_DOMAIN = """
WITH RECURSIVE up AS (
  SELECT to_regtype(:domain)::oid AS oid
  UNION ALL SELECT t.typbasetype FROM up JOIN pg_type t ON t.oid = up.oid WHERE t.typtype = 'd'
)
SELECT format('%I.%I', n.nspname, t.typname), t.typnotnull, k.conname, pg_get_constraintdef(k.oid)
FROM up JOIN pg_type t ON t.oid = up.oid AND t.typtype = 'd' JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_constraint k ON k.contypid = t.oid AND k.contype = 'c' AND k.conname = :name
"""
_INDEX = """
WITH RECURSIVE up AS (
  SELECT c.oid, 0 AS depth FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
  WHERE c.relname = :name AND i.indrelid = to_regclass(:table)
  UNION ALL SELECT i.inhparent, depth + 1 FROM up JOIN pg_inherits i ON i.inhrelid = up.oid
)
SELECT oid::regclass::text, pg_get_indexdef(oid) FROM up ORDER BY depth DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class _Removed:
    """What a constraint is removed by, and the operations that would add it: () where its rows cannot be counted.

    ``added_by`` is the statement that would add the constraint of a domain, ``narrowed`` gives a column the type that
    it had before it was widened.
    """

    sql: str
    operations: Sequence[MigrateOperation] = ()
    added_by: str = ""
    narrowed: AlterColumnOp | None = None


def refused_rows(connection: Connection, error: Exception, ran: Ran, shown: str, revision: str) -> list[Blocker]:
    """Return the rows because of which constraints or types refuse statements; [] where ``error`` is of neither.

    ``shown`` is the operation. The blocker has the message of the database, with the key, where no row can be counted.
    """
    state = violation_of(error).state
    kind = _KINDS.get(state)
    if (kind is None and not state.startswith("22")) or any(words in message(error) for words in _OF_EXISTING_ROWS):
        return []
    found: list[Blocker] = []
    last: Exception | None = error
    with suppress(SQLAlchemyError), undone(connection):
        if kind is not None or state in _OF_VALUES:
            tries = _tries(connection, ran)
            removed, known, last = _removed(connection, error, ran)
            if last is None and not _differs(connection, removed, known):
                queries = RowsWritten(connection, known)
                found = _counted(queries, removed, tries, shown, error, revision)
    if found:
        return list({(each.kind, each.table, each.columns, each.query): each for each in found}.values())
    if kind is None:
        return _without_value(connection, error, ran, shown, revision)
    place = violation_of(error).table
    found = [Blocker(kind, revision, shown, place, message(error), error=message(error))]
    if last is not None and message(last) != message(error) and violation_of(last).state[:2] in _OF_DATA:
        others = _without_value(connection, last, ran, shown, revision)
        found += others or [Blocker("error", revision, shown, place, message(last), error=message(last))]
    return found


def _without_value(connection: Connection, error: Exception, ran: Ran, shown: str, revision: str) -> list[Blocker]:
    """Return the rows for which a statement cannot compute a value; [] where ``error`` is another one."""
    if len(ran.texts) == 1 and violation_of(error).state.startswith("22"):
        with suppress(SQLAlchemyError):
            return list(rows_without_value(connection, ran.texts[0], shown, error, revision))
    return []


def _counted(
    queries: RowQueries, removed: Sequence[_Removed], tries: str | None, shown: str, error: Exception, revision: str
) -> list[Blocker]:
    """Return the rows that what was removed refuses; ``tries`` is the table of an INSERT that may leave rows out."""
    found = list[Blocker]()
    if tries is not None and (not tries or any(each.added_by for each in removed)):
        return []  # the rows that it has left out are not counted
    for each in removed:
        if tries:
            for operation in each.operations:
                found += rows_tried(queries, operation, tries, shown, error, revision)
        else:
            found += rows_refused(queries, each.operations, shown, error, revision)
            found += rows_refused_by_sql(queries, each.added_by, shown, error, revision)
        if each.narrowed is not None:
            found += rows_that_do_not_fit(queries, each.narrowed, shown, error, revision)
    return found


def _tries(connection: Connection, ran: Ran) -> str | None:
    """Note the rows that an INSERT with ON CONFLICT tries; return its table, "" where they cannot be; None for others.

    The INSERT of a block of code is not read.
    """
    sql = ran.texts[-1] if ran.texts else ""
    if "CONFLICT" not in (token.keyword for token in tokens(sql, connection.dialect)):
        return None
    write = write_of(sql, connection.dialect)
    return write.table if write is not None and notes_tries(connection, write.schema, write.table) else ""


def _removed(
    connection: Connection, error: Exception, ran: Ran
) -> tuple[list[_Removed], frozenset[str], Exception | None]:
    """Remove constraints until the statements run; return them, and the error that is left, None for none.

    In between is what `known_rows` has noted of the rows before the statements.
    """
    removed: list[_Removed] = []
    known: frozenset[str] = frozenset()
    left: Exception = error
    while True:
        done = {each.sql for each in removed}
        several = [each for each in _in_the_way(connection, violation_of(left), ran) if each.sql not in done]
        several = [each for each in several if _is_removed(connection, each)]
        if not several:
            return removed, known, left
        removed += several
        with without_event_triggers(connection):
            known = known_rows(connection, (operation for each in removed for operation in each.operations))
        savepoint = connection.begin_nested()
        try:
            ran.again()
        except Exception as second:  # noqa: BLE001 - the driver's
            savepoint.rollback()
            left = second
        else:
            savepoint.commit()
            return removed, known, None


def _differs(connection: Connection, removed: Sequence[_Removed], known: Collection[str]) -> bool:
    """Return whether a wider type may be why a constraint has refused a value: its own type would have cut that.

    So does a new type write all rows of the table, so that those which are ``known`` are not told apart.
    """
    narrowed = [each.narrowed for each in removed if each.narrowed is not None]
    if narrowed and known:
        return True
    return len(narrowed) < len(removed) and any(has_spaces_to_cut(connection, each) for each in narrowed)


def _is_removed(connection: Connection, each: _Removed) -> bool:
    """Remove a constraint, or widen a column; return whether that was done. A view keeps a column from it, say."""
    try:
        with undone_if_failed(connection), without_event_triggers(connection):
            connection.exec_driver_sql(each.sql.replace("%", "%%"))
    except DBAPIError:
        if each.narrowed is None:
            raise
        return False
    return True


def _in_the_way(connection: Connection, found: Violation, ran: Ran) -> Iterator[_Removed]:
    if found.state in _OF_VALUES and ran.texts:
        for sql, narrowed in widened(connection, ran.texts[-1], found.state):
            yield _Removed(sql, narrowed=narrowed)
    else:
        yield from _refusing(connection, found)


def _refusing(connection: Connection, found: Violation) -> Iterator[_Removed]:
    """Yield the constraint that an error names, with a primary key if it makes a column NOT NULL."""
    if found.domain and not found.table:
        yield from _of_domain(connection, found)
        return
    table = ".".join(map(in_quotes, filter(None, (found.schema, found.table))))
    if not table:
        return
    if found.state == "23502" and found.column:
        yield from _not_null(connection, table, found.column)
        return
    oid = connection.execute(sa.text(_PARENT_OF_KEY), {"table": table, "name": found.constraint}).scalar()
    top = _topmost(connection, table, found.constraint, _HAS_CONSTRAINT)
    if oid is not None and found.state == "23514" and top is not None:
        condition, values = "k.conrelid = to_regclass(:table) AND k.conname = :name", {"name": found.constraint}
        several = constraints_where(connection, condition, table=top, **values)
    else:
        several = constraints_where(connection, "k.oid = :oid", oid=oid) if oid is not None else []
    for each in several:
        yield from _without(connection, each)
    if not several:
        index = connection.execute(sa.text(_INDEX), {"table": table, "name": found.constraint}).first()
        if index is not None:
            name, definition = index
            yield _Removed(f"DROP INDEX {name}", operations_in(str(definition), connection.dialect))


def _of_domain(connection: Connection, found: Violation) -> Iterator[_Removed]:
    """Yield the constraint of a domain, or of one that it is based on."""
    name = ".".join(map(in_quotes, filter(None, (found.schema, found.domain))))
    for domain, is_not_null, constraint, definition in connection.execute(
        sa.text(_OF_DOMAIN), {"domain": name, "name": found.constraint}
    ).all():
        if found.state == "23502" and is_not_null:
            yield _Removed(f"ALTER DOMAIN {domain} DROP NOT NULL", added_by=f"ALTER DOMAIN {domain} SET NOT NULL")
            # a session that has used the domain reads it again only after a constraint was added or dropped
            yield _Removed(f"ALTER DOMAIN {domain} ADD CONSTRAINT mig_rehearsed_check CHECK (true) NOT VALID")
        elif constraint is not None:
            added_by = f"ALTER DOMAIN {domain} ADD {definition.removesuffix(' NOT VALID')}"
            # a value that is copied is not checked again, so that one which is refused may have been there before
            is_met = not definition.endswith(" NOT VALID") or are_all_taken_by_sql(RowQueries(connection), added_by)
            sql = f"ALTER DOMAIN {domain} DROP CONSTRAINT {in_quotes(constraint)}"
            yield _Removed(sql, added_by=added_by if is_met else "")


def _without(connection: Connection, constraint: Constraint) -> Iterator[_Removed]:
    """Yield a constraint, after the foreign keys that refer to its columns: they need it."""
    yield from _referring(connection, constraint)
    yield _dropped(constraint, constraint.operations(connection))


def _referring(connection: Connection, constraint: Constraint) -> Iterator[_Removed]:
    if constraint.kind not in "pu":
        return
    condition = (
        "k.contype = 'f' AND k.conparentid = 0 AND k.conindid IN "
        "(SELECT conindid FROM pg_constraint WHERE conrelid = to_regclass(:table) AND conname = :name)"
    )
    values = {"table": constraint.table, "name": constraint.name}
    counted = {
        (each.table, each.name)
        for each in constraints_where(connection, f"{condition} AND {_CHECKS_AT_ONCE}", **values)
    }
    for each in constraints_where(connection, condition, **values):
        yield _dropped(each, each.operations(connection) if (each.table, each.name) in counted else [])


def _dropped(constraint: Constraint, operations: Sequence[MigrateOperation]) -> _Removed:
    return _Removed(f"ALTER TABLE {constraint.table} DROP CONSTRAINT {in_quotes(constraint.name)} CASCADE", operations)


def _not_null(connection: Connection, table: str, column: str) -> Iterator[_Removed]:
    top = _topmost(connection, table, column, _HAS_COLUMN) or table
    condition = (
        "k.contype = 'p' AND k.conrelid = to_regclass(:table) AND EXISTS (SELECT FROM pg_attribute a "
        "WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attname = :name)"
    )
    for each in constraints_where(connection, condition, table=top, name=column):
        yield from _referring(connection, each)
        yield _dropped(each, [])
        # its columns stay unique, for ON CONFLICT
        columns = each.definition.removeprefix("PRIMARY KEY ")
        yield _Removed(f"CREATE UNIQUE INDEX mig_rehearsed_key ON {top} {columns}", [])
    row = connection.execute(
        sa.text(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.oid = to_regclass(:table)"
        ),
        {"table": top},
    ).first()
    if row is not None:
        schema = None if row[0] == sa.inspect(connection).default_schema_name else row[0]
        operation = AlterColumnOp(row[1], column, schema=schema, modify_nullable=False)
        yield _Removed(f"ALTER TABLE {top} ALTER COLUMN {in_quotes(column)} DROP NOT NULL", [operation])


def _topmost(connection: Connection, table: str, name: str, condition: str) -> str | None:
    """Return the table from which a constraint or a column is inherited; None where there is none."""
    row = connection.execute(sa.text(_TOPMOST.format(condition)), {"table": table, "name": name}).first()
    return None if row is None else ".".join(map(in_quotes, row))
