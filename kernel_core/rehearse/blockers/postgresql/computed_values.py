"""The rows for which an INSERT or UPDATE of PostgreSQL cannot compute a value: a text is not a date, a divisor is 0.

A function computes each value as the statement does, assigns it as it does, and catches the errors of class 22. That is
the same for a statement that reads one table, and whose expressions have no functions that return another value each
time, several rows, or one value of several rows. https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ....operations.operation import shown_name
from ....util.sql import SQLDialect, in_quotes, tokens
from ...findings import Blocker
from ..checks import Check, RowQueries
from ..conditions import as_condition
from ..find import rows_of
from ..misfits import FUNCTION
from ..queries import number_of
from ..reader import Name, Reader
from ..savepoints import undone, without_event_triggers
from ..statements import statements_in

_ENDS = ("GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "LIMIT", "OFFSET", "FETCH", "FOR", "ON")
"""What may follow the rows of a query and let it compute other values, or not all of them."""
_CAN_DIFFER = """
SELECT 1 FROM pg_proc WHERE proname = ANY (:names) AND (provolatile = 'v' OR prokind <> 'f' OR proretset) LIMIT 1
"""
_IS_PLAIN = """
SELECT NOT c.relhasrules FROM pg_class c WHERE c.oid = to_regclass(:name) AND c.relkind IN ('r', 'p')
"""
"""A table, and none with rules, which may write something else; a view may compute other rows the next time."""
_TYPE = """
SELECT format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = to_regclass(:name) AND attname = :column AND attnum > 0 AND NOT attisdropped
"""


@dataclass(frozen=True, slots=True)
class _Computed:
    """A statement that writes to ``target`` what it computes of each row of ``source``.

    ``names`` are the columns that it names, None for all of ``target``; ``values`` has an expression for each.
    """

    target: Name
    source: Name
    alias: str
    is_only: bool
    names: Sequence[str] | None
    values: Sequence[str]
    where: str = field(default="true")


def rows_without_value(
    connection: Connection, sql: str, shown: str, error: Exception, revision: str
) -> Iterator[Blocker]:
    """Yield the rows for which a statement cannot compute a value, for each column; raises SQLAlchemyError."""
    text = sql.replace("%%", "%")  # as the driver gets it, which puts parameters in
    read = _computed(text, connection.dialect)
    if read is None or _can_differ(connection, text, read):
        return
    with undone(connection):
        connection.exec_driver_sql(f"EXPLAIN {text}".replace("%", "%%"))  # fails if it is not for the rows
        queries = RowQueries(connection)
        schema, table = read.target
        names = read.names or [each["name"] for each in sa.inspect(connection).get_columns(table, schema=schema)]
        for name, value in zip(names, read.values, strict=False):
            for check in _uncomputed(queries, read, name, value):
                number_of(connection, check.rows)  # raises where `rows_of` would leave the rows out
                yield from rows_of(queries, [check], shown, error, revision)


def _can_differ(connection: Connection, sql: str, read: _Computed) -> bool:
    """Return whether a value may be another one when it is computed once more, or is not of one row."""
    found = [each for each in tokens(sql, connection.dialect) if each.kind not in ("space", "comment")]
    called = {before.name for before, after in pairwise(found) if after.text == "("}
    called |= {each.lower() for each in called}
    if connection.execute(sa.text(_CAN_DIFFER), {"names": sorted(called)}).first() is not None:
        return True
    names = map(_quoted, (read.source, read.target))
    return not all(connection.execute(sa.text(_IS_PLAIN), {"name": name}).scalar() for name in names)


def _uncomputed(queries: RowQueries, read: _Computed, column: str, value: str) -> Iterator[Check]:
    """Yield the rows for which the value of one column cannot be computed."""
    connection, (schema, name) = queries.connection, read.source
    type_ = connection.execute(sa.text(_TYPE), {"name": _quoted(read.target), "column": column}).scalar()
    table = queries.table(name, schema)
    if type_ is None or not isinstance(table, sa.TableClause) or value.upper() == "DEFAULT":
        return
    _create_function(connection, read, str(type_), value)
    named = table.alias(read.alias) if read.alias != name else table
    used, key = tokens(value, connection.dialect), queries.key(name, schema)
    columns: list[Any]
    columns = [named.c[each] for each in dict.fromkeys([*key, *(each.name for each in used)]) if each in named.c]
    fits = sa.literal_column(f"pg_temp.{FUNCTION}({in_quotes(read.alias)}.*)", sa.Boolean())
    rows = sa.select(*(columns or [sa.literal(1).label("row")])).select_from(named)
    rows = rows.where(as_condition(read.where), sa.not_(fits))
    if read.is_only:
        rows = rows.with_hint(named, "ONLY", "postgresql")
    spelled = value[: used[-2].start] if len(used) > 1 and used[-2].keyword == "AS" else value
    lead = f"{column} = {' '.join(spelled.split())} cannot be computed for "
    yield Check("misfit", shown_name(*read.target), lead, rows, columns=(column,), key=tuple(key))


def _create_function(connection: Connection, read: _Computed, type_: str, value: str) -> None:
    """Create the function that returns whether a value of a row can be computed, and assigned to a type."""
    row = f"(SELECT (mig_row).*) AS {in_quotes(read.alias)}"
    body = (
        f"#variable_conflict use_column\nBEGIN DECLARE mig_value {type_} := (SELECT {value} FROM {row}); "
        "BEGIN RETURN true; END; EXCEPTION WHEN data_exception THEN RETURN false; "
        "WHEN integrity_constraint_violation THEN RETURN true; END"
    )
    head = f"CREATE OR REPLACE FUNCTION pg_temp.{FUNCTION}(mig_row {_quoted(read.source)}) RETURNS boolean"
    with without_event_triggers(connection):
        connection.exec_driver_sql(f"{head} LANGUAGE plpgsql AS $mig${body}$mig$".replace("%", "%%"))


def _quoted(name: Name) -> str:
    return ".".join(map(in_quotes, filter(None, name)))


def _computed(sql: str, dialect: SQLDialect) -> _Computed | None:
    """Return what a statement computes; None for one that is not read: it joins tables, say."""
    if len(list(statements_in(sql, dialect))) != 1:
        return None
    reader = Reader(sql, dialect)
    with suppress(IndexError, ValueError):
        if reader.takes("UPDATE"):
            return _updated(reader)
        if reader.takes("INSERT", "INTO"):
            return _inserted(reader)
    return None


def _updated(reader: Reader) -> _Computed | None:
    is_only, table = reader.takes("ONLY"), reader.qualified()
    alias = _alias(reader, table, ("SET",))
    if not reader.takes("SET"):
        return None
    names, values, is_more = list[str](), list[str](), True
    while is_more:
        names.append(reader.name())
        if not reader.is_at("="):
            return None
        reader.name()
        values.append(reader.rest_of_action("FROM", "WHERE", "RETURNING"))
        is_more = reader.skip_comma()
    where = _where(reader)
    return None if where is None else _Computed(table, table, alias, is_only, names, values, where)


def _inserted(reader: Reader) -> _Computed | None:
    target, names = reader.qualified(), None
    if reader.is_at("("):
        names = [Reader(each, reader.dialect).name() for each in reader.parenthesised()]
    if not reader.takes("SELECT") or (reader.left and reader.left[0].keyword in ("ALL", "DISTINCT")):
        return None
    values, is_more = list[str](), True
    while is_more:
        values.append(reader.rest_of_action("FROM", *_ENDS))
        is_more = reader.skip_comma()
    if not reader.takes("FROM"):
        return None
    is_only, source = reader.takes("ONLY"), reader.qualified()
    alias = _alias(reader, source, ("WHERE", "ORDER", "RETURNING"))
    where = _where(reader)
    return None if where is None else _Computed(target, source, alias, is_only, names, values, where)


def _alias(reader: Reader, table: Name, ends: Sequence[str]) -> str:
    """Read the name that a statement gives to a table, up to one of these keywords; return the table's for none."""
    if reader.takes("AS") or (reader.left and reader.left[0].kind in ("word", "name") and not _is_at(reader, ends)):
        return reader.name()
    return table[1]


def _is_at(reader: Reader, words: Sequence[str]) -> bool:
    return reader.left[0].keyword in words


def _where(reader: Reader) -> str | None:
    """Read the condition at the end of a statement and return it; None where something else follows."""
    condition = reader.rest_of_action("ORDER", "RETURNING", *_ENDS) if reader.takes("WHERE") else "true"
    if reader.takes("ORDER", "BY"):
        reader.rest_of_action("RETURNING", *_ENDS)
        while reader.skip_comma():
            reader.rest_of_action("RETURNING", *_ENDS)
    is_end = not reader.left or reader.left[0].text == ";" or _is_at(reader, ("RETURNING",))
    return condition if is_end else None
