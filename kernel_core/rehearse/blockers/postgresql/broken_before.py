"""Rows that broke a constraint of PostgreSQL before a statement, which does not check them again.

A constraint that is NOT VALID has such rows, and so has the table that a replica writes to. CHECK is checked for each
row that is written, a foreign key for those that are inserted, that get another key, or that the same transaction has
written before (https://www.postgresql.org/docs/current/sql-altertable.html). The places of the other rows are noted: a
row that is written has another place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from ....operations.operation import MigrateOperation
from ....operations.ops import CreateCheckConstraintOp, CreateForeignKeyOp
from ....util.sql import in_quotes
from ..checks import Check, RowQueries
from ..queries import BEFORE, LISTED
from ..savepoints import undone, without_event_triggers

_TABLE = sa.table(BEFORE, *map(sa.column, ("broken", "relation", "place")), schema="pg_temp")
_CREATE = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS {BEFORE}
(broken text, relation oid, place tid, PRIMARY KEY (relation, place, broken))
"""
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION pg_temp.{BEFORE}() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
  INSERT INTO pg_temp.{BEFORE} SELECT broken, NEW.tableoid, NEW.ctid FROM pg_temp.{BEFORE}
  WHERE broken = TG_ARGV[0] AND relation = OLD.tableoid AND place = OLD.ctid
  AND age(OLD.xmin) > age(pg_current_xact_id()::xid) ON CONFLICT DO NOTHING;
  RETURN NULL;
END'
"""
_TRIGGER = """
CREATE TRIGGER {name} AFTER UPDATE ON {table} FOR EACH ROW
WHEN (({old}) = ({new})) EXECUTE FUNCTION {function}({broken})
"""
"""Notes rows that a foreign key does not check: they keep their key, and were written before the transaction."""

_Constraint = CreateCheckConstraintOp | CreateForeignKeyOp


class RowsWritten(RowQueries):
    """Queries for the rows that a constraint refuses, without those of `known_rows` that broke it before."""

    def __init__(self, connection: Connection, known: Iterable[str]) -> None:
        super().__init__(connection)
        self._known = frozenset(known)

    def check(self, operation: CreateCheckConstraintOp) -> Iterator[Check]:
        yield from (self._without_known(check, operation) for check in super().check(operation))

    def foreign_key(self, operation: CreateForeignKeyOp) -> Iterator[Check]:
        yield from (self._without_known(check, operation) for check in super().foreign_key(operation))

    def _without_known(self, check: Check, operation: _Constraint) -> Check:
        name, table = _name(check, operation), _table(check)
        if name not in self._known:
            return check
        relation, place = _places(table)
        known = _TABLE.c.broken == name, _TABLE.c.relation == relation, _TABLE.c.place == place
        return replace(
            check,
            rows=check.rows.where(~sa.exists(sa.select(sa.literal(1)).select_from(_TABLE).where(*known))),
            plain=check.rows,
            key=tuple(self.key(table.name, table.schema)),
            why_no_query="rows that were there before are refused too",
        )


def known_rows(connection: Connection, operations: Iterable[MigrateOperation]) -> frozenset[str]:
    """Note the rows that break constraints now, which ``operations`` would add; return for which there are any."""
    queries, known = RowQueries(connection), list[str]()
    for operation in operations:
        if isinstance(operation, CreateCheckConstraintOp | CreateForeignKeyOp):
            for check in queries.of(operation) or ():
                if connection.execute(check.rows.limit(1)).first() is not None:
                    _note(connection, check, operation, len(known))
                    known.append(_name(check, operation))
    return frozenset(known)


def _note(connection: Connection, check: Check, operation: _Constraint, number: int) -> None:
    """Note the rows of a check; ``number`` is that of the checks before it."""
    if not number:
        connection.exec_driver_sql(_CREATE)
        connection.execute(sa.delete(_TABLE))  # what was noted before another attempt
    name, table = _name(check, operation), _table(check)
    _insert(connection, check.rows, name, table)
    if isinstance(operation, CreateForeignKeyOp):
        columns = [in_quotes(each) for each in operation.local_cols]
        trigger, shown, literal = f'"~{BEFORE} {number}"', _shown(table), "'" + name.replace("'", "''") + "'"
        old, new = (", ".join(f"{row}.{each}" for each in columns) for row in ("OLD", "NEW"))
        sql = _TRIGGER.format(name=trigger, table=shown, old=old, new=new, function=f"pg_temp.{BEFORE}", broken=literal)
        for each in (_FUNCTION, f"DROP TRIGGER IF EXISTS {trigger} ON {shown}", sql):
            connection.exec_driver_sql(each.replace("%", "%%"))


def _insert(connection: Connection, rows: sa.Select[Any], name: str, table: sa.TableClause) -> None:
    places = rows.with_only_columns(sa.literal(name), *_places(table), maintain_column_froms=True)
    connection.execute(sa.insert(_TABLE).from_select(["broken", "relation", "place"], places))


def rows_left_alone(
    connection: Connection, operations: Iterable[MigrateOperation], fails: Callable[[], bool]
) -> frozenset[str]:
    """Note the rows that break a foreign key which COMMIT does not check for them, and return for which there are any.

    ``fails`` returns whether the check fails now: it is tried without the other rows. Raises LookupError where rows
    cannot be left out, or are too many.
    """
    queries, known = RowQueries(connection), set[str]()
    for operation in operations:
        for check in queries.of(operation) or ():
            if not isinstance(operation, CreateForeignKeyOp) or operation.source_table == operation.referent_table:
                raise LookupError(check.table)  # rows that are left out may be those that others refer to
            table = _table(check)
            relation, place = (sa.cast(each, sa.Text) for each in _places(table))
            found = connection.execute(check.rows.with_only_columns(relation, place).limit(LISTED + 1)).all()
            if len(found) > LISTED:
                raise LookupError(check.table)
            rows = [_Row(*row) for row in found]
            refused = _refused(rows, partial(_fails_with, connection, _shown(table), rows, fails))
            if len(refused) < len(rows):
                known.add(_name(check, operation))
                connection.exec_driver_sql(_CREATE)
                others = check.rows.where(sa.tuple_(relation, place).not_in(refused))
                _insert(connection, others, _name(check, operation), table)
    return frozenset(known)


class _Row(NamedTuple):
    relation: str
    place: str


def _refused(rows: Sequence[_Row], fails_with: Callable[[Sequence[_Row]], bool]) -> list[_Row]:
    """Return the rows with which, alone, a check fails."""
    if not rows or not fails_with(rows):
        return []
    half = len(rows) // 2
    return list(rows) if not half else [*_refused(rows[:half], fails_with), *_refused(rows[half:], fails_with)]


def _fails_with(
    connection: Connection, table: str, rows: Sequence[_Row], fails: Callable[[], bool], kept: Sequence[_Row]
) -> bool:
    """Return whether a check fails without the rows that are not kept: they are deleted, which nothing notices."""
    left_out = [each for each in rows if each not in kept]
    with undone(connection):
        with without_event_triggers(connection):
            if connection.execute(sa.text("SHOW session_replication_role")).scalar() != "replica":
                raise LookupError(table)
            for each in left_out:
                where = f"tableoid = {each.relation} AND ctid = '{each.place}'"
                connection.exec_driver_sql(f"DELETE FROM {table} WHERE {where}".replace("%", "%%"))
        return fails()


def _name(check: Check, operation: _Constraint) -> str:
    return f"{check.table} {operation.constraint_name}"


def _table(check: Check) -> sa.TableClause:
    (table,) = check.rows.get_final_froms()
    assert isinstance(table, sa.TableClause), "no column is added"
    return table


def _shown(table: sa.TableClause) -> str:
    return ".".join(map(in_quotes, filter(None, (table.schema, table.name))))


def _places(table: sa.TableClause) -> list[sa.ColumnElement[object]]:
    """Return the table and the place in it where the version of a row is."""
    return [sa.literal_column(f"{_shown(table)}.{name}") for name in ("tableoid", "ctid")]
