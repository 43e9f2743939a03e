"""INSERT ... ON DUPLICATE KEY UPDATE that MariaDB refuses runs again on two temporary copies of its table.

NOT NULL, conditions and types refuse a row before its key is compared, and then what a row with the same key becomes.
In the copy without keys no row is a duplicate, so that it has the rows that are tried; in the copy with the unique key
rows are updated. Counted is where each row is written once: there is one unique key, none of its columns is updated,
and no two of the rows have the same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy import Connection

from ....operations.ops import CreateIndexOp
from ....util.sql import SQLDialect, in_backticks
from ...findings import Blocker
from ..checks import SAMPLE, Check, RowQueries
from ..conditions import prefix_lengths
from ..find import rows_of, rows_refused
from ..mariadb_constraints import foreign_keys_of, keys_referring_to, unique_keys_of
from ..queries import number_of
from ..ran import Ran
from ..reader import Reader
from ..tried_rows import VALUES, of_values
from ..written_tables import write_of
from .copies import IS_NEW, Copy, first_counted, is_here, temporary

_EVENTS = frozenset({"INSERT", "UPDATE"})
_REASON = "the statement updates rows where it has tried to insert others"


@dataclass(frozen=True, slots=True)
class _Upsert:
    """The table that an INSERT with ON DUPLICATE KEY UPDATE writes to, and the columns that it updates."""

    schema: str | None
    table: str
    updated: frozenset[str]


def rows_of_upsert(
    connection: Connection, error: Exception, number: int, ran: Ran, shown: str, revision: str
) -> list[Blocker]:
    """Return the rows because of which a table refuses INSERT ... ON DUPLICATE KEY UPDATE; [] where that is not known.

    ``number`` is that of the error.
    """
    several = {_read(sql, connection.dialect) for sql in ran.texts}
    upsert = several.pop() if len(several) == 1 else None
    if upsert is None or not is_here(connection, upsert.schema):
        return []
    return first_counted(
        connection, number, lambda widens: _counted(connection, upsert, error, ran, shown, revision, widens=widens)
    )


def _read(sql: str, dialect: SQLDialect) -> _Upsert | None:
    write, reader = write_of(sql, dialect), Reader(sql, dialect)
    if write is None or write.is_update or write.conflict:
        return None
    with suppress(IndexError, ValueError):
        while not reader.takes("ON", "DUPLICATE", "KEY", "UPDATE"):
            reader.name()
        updated, is_more = set[str](), True
        while is_more:
            name = reader.qualified()[1]
            updated.add(name if not reader.is_at(".") else reader.qualified()[1])
            reader.rest_of_action("RETURNING")
            is_more = reader.skip_comma()
        return _Upsert(write.schema, write.table, frozenset(each.lower() for each in updated))
    return None


def _counted(
    connection: Connection, upsert: _Upsert, error: Exception, ran: Ran, shown: str, revision: str, *, widens: bool
) -> Iterator[Blocker]:
    """Yield the rows that are refused; raises LookupError where a row may be written twice."""
    table = upsert.table.replace("%%", "%")
    key = _only_key(connection, table, upsert.updated)
    columns = [str(part) for part in key.parts]
    copy = Copy.of(connection, table, ran.texts[-1], events=_EVENTS, widens=widens, narrow=frozenset(columns))
    constraints, foreign_keys = copy.constraints(connection), foreign_keys_of(connection, table)
    if foreign_keys and key.index_name != "PRIMARY":
        raise LookupError(table)  # one may refuse a row before the unique key is compared
    names = ", ".join(in_backticks(each.name) for each in copy.columns)
    with ExitStack() as stack:
        with copy.hidden(connection, is_marked=True):
            ran.again()
            tried = f"SELECT {names} FROM {in_backticks(table)} WHERE {IS_NEW} = 1"
            stack.enter_context(temporary(connection, VALUES, tried))
        if _has_equal_keys(connection, key):
            raise LookupError(table)
        written = ", ".join(f"{in_backticks(each)}{_length(key, each, '({})')}" for each in columns)
        stack.enter_context(copy.hidden(connection, key=f"UNIQUE KEY ({written})", is_marked=True))
        ran.again()
        queries = RowQueries(connection)
        for operation in constraints:
            (tried_operation,) = of_values(operation)
            for pair in zip(queries.of(operation) or (), queries.of(tried_operation) or (), strict=True):
                yield from _of_both(queries, key, *pair, shown, error, revision)
        for pair in zip(copy.misfits(queries, table), copy.misfits(queries, VALUES), strict=True):
            yield from _of_both(queries, key, *pair, shown, error, revision)
        operations = [*foreign_keys, *keys_referring_to(connection, table)]
        yield from rows_refused(queries, operations, shown, error, revision)


def _only_key(connection: Connection, table: str, updated: frozenset[str]) -> CreateIndexOp:
    """Return the unique key of a table that has one, and where it is not updated; else raise LookupError."""
    keys = list(unique_keys_of(connection, table))
    if len(keys) != 1 or not updated.isdisjoint(str(part).lower() for part in keys[0].parts):
        raise LookupError(table)
    return keys[0]


def _length(key: CreateIndexOp, column: str, text: str) -> str:
    """Return how many characters of a column a key has, in a text; "" for all."""
    lengths = prefix_lengths(key.kw)
    length = lengths if isinstance(lengths, int) else lengths.get(column)
    return text.format(length) if length else ""


def _parts(key: CreateIndexOp, table: str) -> list[sa.ColumnElement[object]]:
    """Return what a unique key compares, in a table that has its columns."""
    names = [str(part) for part in key.parts]
    columns = [(each, f"{in_backticks(table)}.{in_backticks(each)}") for each in names]
    return [
        sa.literal_column(f"left({column}{length})" if (length := _length(key, name, ", {}")) else column)
        for name, column in columns
    ]


def _has_equal_keys(connection: Connection, key: CreateIndexOp) -> bool:
    """Return whether two of the rows that are tried have the same key, so that one updates the other."""
    parts = _parts(key, VALUES)
    found = sa.select(sa.literal(1)).select_from(sa.table(VALUES)).where(*(part.is_not(None) for part in parts))
    several = found.group_by(*parts).having(sa.func.count() > 1).limit(1)
    return connection.execute(several).first() is not None


def _of_both(
    queries: RowQueries, key: CreateIndexOp, check: Check, tried: Check, shown: str, error: Exception, revision: str
) -> Iterator[Blocker]:
    """Yield the rows that are refused when they are tried, with those that are refused as what they update."""
    connection, place = queries.connection, f"{in_backticks(key.table_name)}.{IS_NEW}"
    is_same = [a == b for a, b in zip(_parts(key, VALUES), _parts(key, key.table_name), strict=True)]
    refused = sa.exists(tried.rows.with_only_columns(sa.literal(1)).where(*is_same))
    updated = replace(check, rows=check.rows.where(sa.literal_column(f"{place} = 0"), ~refused))
    numbers = [number_of(connection, each.rows) for each in (tried, updated)]
    if not any(numbers):
        return
    inserted = number_of(connection, check.rows.where(sa.literal_column(f"{place} = 1")))
    if inserted == numbers[0] and number_of(connection, check.rows) == sum(numbers):
        yield from rows_of(queries, [check], shown, error, revision)
        return
    found = list(
        rows_of(
            queries, [each for each in (tried, updated) if number_of(connection, each.rows)], shown, error, revision
        )
    )
    sample = tuple(row for each in found for row in each.sample)[:SAMPLE]
    yield replace(
        found[0],
        table=check.table,
        text=check.text(sum(numbers)),
        rows=sum(numbers),
        sample=sample,
        query="",
        no_query=_REASON,
        lists_text=False,
    )
