"""Values of INSERT and UPDATE that are not valid numbers or dates, or have characters that a column of MariaDB lacks.

The statement runs again on a copy of its table in which such columns take any text, and each text that it writes is
then inserted in a column of the type by itself. A text is what the statement would write where it reads the column
nowhere, and where it writes texts, or numbers to a column of numbers; else nothing is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy import Connection

from ....operations.ops import AlterColumnOp
from ....util.sql import SQLDialect, in_backticks, tokens
from ...findings import Blocker
from ..checks import Check, RowQueries
from ..find import rows_of, rows_refused
from ..mariadb_constraints import foreign_keys_of, keys_referring_to, unique_keys_of
from ..ran import Ran
from ..reader import Reader
from ..savepoints import on_driver
from ..tried_rows import VALUES
from ..written_tables import Write
from .copies import AS_BEFORE, MISFITS, Column, Copy, before, first_counted, is_here, temporary, written_to

WRONG_VALUES = frozenset({1265, 1292, 1366})
"""The numbers of the errors of such values (https://mariadb.com/kb/en/mariadb-error-codes/)."""

_TYPES = "mig_rehearsed_types"
_ONE, _REFUSED = "mig_rehearsed_value", "mig_rehearsed_refused"
_AT_ONCE = 50
"""So many expressions are read by one query."""
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext")
_WHOLE = ("tinyint", "smallint", "mediumint", "int", "bigint", "decimal")
_MOMENTS = ("date", "datetime")
_SOURCES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_TEXTS, _TEXTS),
    **dict.fromkeys(_WHOLE, (*_TEXTS, *_WHOLE)),
    **dict.fromkeys(_MOMENTS, (*_TEXTS, *_MOMENTS)),
    **dict.fromkeys(("time", "year"), _TEXTS),
}
"""The types of values that become, as text, the same value of a type: of texts, and of some others."""
# the error 1265 has the class of a warning, and is none that SQLEXCEPTION catches
_EACH = f"""
BEGIN NOT ATOMIC
DECLARE mig_is_done BOOLEAN DEFAULT FALSE;
DECLARE mig_value LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
DECLARE mig_values CURSOR FOR SELECT DISTINCT BINARY {{column}} FROM {{table}}
WHERE {{column}} IS NOT NULL AND BINARY {{column}} <> {AS_BEFORE};
DECLARE CONTINUE HANDLER FOR NOT FOUND SET mig_is_done = TRUE;
OPEN mig_values;
FETCH mig_values INTO mig_value;
WHILE NOT mig_is_done DO
BEGIN
DECLARE CONTINUE HANDLER FOR SQLEXCEPTION, 1265 BEGIN END;
INSERT INTO {_ONE} VALUES (mig_value);
END;
IF NOT EXISTS (SELECT 1 FROM {_ONE}) THEN
INSERT INTO {_REFUSED} VALUES ({{place}}, mig_value);
END IF;
DELETE FROM {_ONE};
FETCH mig_values INTO mig_value;
END WHILE;
END
"""
_REASON = "each value was tried that the statement writes"


@dataclass(frozen=True, slots=True)
class _Assigned:
    """What a statement writes to columns: ``values`` has expressions of SQL, ``source`` is the FROM clause for them.

    ``query`` is a SELECT instead, with a value for each of ``columns``.
    """

    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...] = ()
    source: str = ""
    query: str = ""


def rows_with_wrong_values(
    connection: Connection, error: Exception, ran: Ran, shown: str, revision: str
) -> list[Blocker]:
    """Return the rows that INSERT or UPDATE cannot write because of such values, and because of constraints.

    [] where that is not known.
    """
    written = written_to(ran.texts[-1], connection.dialect) if len(ran.texts) == 1 else None
    if written is None or not is_here(connection, written.schema):
        return []
    (misfit, *_) = MISFITS  # such a value is in the way of a copy with wider numbers too
    return first_counted(connection, misfit, lambda _: _counted(connection, written, error, ran, shown, revision))


def _counted(
    connection: Connection, written: Write, error: Exception, ran: Ran, shown: str, revision: str
) -> Iterator[Blocker]:
    """Yield the rows that are refused; raises LookupError where a copy would get other values."""
    table, sql = written.table.replace("%%", "%"), ran.texts[-1]
    copy = Copy.of(connection, table, sql, events=written.events, widens=True)
    columns = list(_columns_of_text(connection, copy, sql, is_update=written.is_update))
    if not columns:
        raise LookupError(table)
    texts = [each.name for each in columns]
    copy = replace(copy, narrow=frozenset(texts))
    names = [in_backticks(each.name) for each in copy.columns]
    with ExitStack() as stack:
        stack.enter_context(temporary(connection, _REFUSED, "(place int, value LONGBLOB)"))
        with copy.hidden(connection, texts=texts):
            ran.again()
            for place, each in enumerate(columns):
                _try_each(connection, table, each, place)
            queries = RowQueries(connection)
            for place, each in enumerate(columns):
                yield from _refused(queries, table, each, place, shown, error, revision)
            values = {in_backticks(each.name): _value(each, place) for place, each in enumerate(columns)}
            selected = ", ".join(f"{values[name]} AS {name}" if name in values else name for name in names)
            stack.enter_context(temporary(connection, VALUES, f"SELECT {selected} FROM {in_backticks(table)}"))
        stack.enter_context(copy.hidden(connection, rows_of=VALUES))
        operations = [each for each in copy.constraints(connection) if not _is_of(each, texts)]
        operations += foreign_keys_of(connection, table)
        operations += () if written.conflict else unique_keys_of(connection, table)
        operations += keys_referring_to(connection, table) if written.is_update else ()
        queries = RowQueries(connection)
        yield from rows_refused(queries, operations, shown, error, revision)
        yield from rows_of(queries, copy.misfits(queries, table), shown, error, revision)


def _is_of(operation: object, columns: Sequence[str]) -> bool:
    """Return whether an operation makes one of these columns NOT NULL."""
    return isinstance(operation, AlterColumnOp) and operation.column_name in columns


def _try_each(connection: Connection, table: str, column: Column, place: int) -> None:
    """Insert each text that is written to a column by itself, and note those that are refused."""
    sql = _EACH.format(column=in_backticks(column.name), table=in_backticks(table), place=place)
    with temporary(connection, _ONE, f"(value {column.type_of_text})"):
        on_driver(connection, sql)


def _is_refused(column: Column, place: int) -> str:
    name = in_backticks(column.name)
    return f"BINARY {name} IN (SELECT value FROM {_REFUSED} WHERE place = {place})"


def _value(column: Column, place: int) -> str:
    """Return the value of a column as SQL: NULL where it is refused."""
    name = in_backticks(column.name)
    is_before = f"BINARY {name} = {AS_BEFORE}"
    return (
        f"CASE WHEN {is_before} THEN {before(column.name)} WHEN {_is_refused(column, place)} THEN NULL ELSE {name} END"
    )


def _refused(
    queries: RowQueries, table: str, column: Column, place: int, shown: str, error: Exception, revision: str
) -> Iterator[Blocker]:
    """Yield the rows whose value of a column is refused, or lacks."""
    condition: sa.ColumnElement[bool] = sa.literal_column(_is_refused(column, place), sa.Boolean())
    lead = f"{column.name} is not a valid {column.type.upper()} in "
    checks: list[Check] = list(queries.rows_where("misfit", table, None, condition, lead, columns=(column.name,)))
    if column.takes_null:
        checks += queries.of(AlterColumnOp(table, column.name, modify_nullable=False)) or ()
    for each in rows_of(queries, checks, shown, error, revision):
        yield replace(each, query="", no_query=_REASON, lists_text=False)


def _columns_of_text(connection: Connection, copy: Copy, sql: str, *, is_update: bool) -> Iterator[Column]:
    """Yield the columns that a statement writes, does not read, and to which a text is written as the value itself."""
    dialect = connection.dialect
    assigned = _updated(sql, dialect) if is_update else _inserted(sql, dialect, copy)
    if assigned is None:
        return
    names = [token.name.lower() for token in tokens(sql, dialect) if token.kind in ("word", "name")]
    if "natural" in names or (not is_update and names.count(copy.table.lower()) != 1):
        return  # it may read the columns without naming them
    types = _types(connection, assigned)
    for each in copy.columns:
        place = next((at for at, name in enumerate(assigned.columns) if name.lower() == each.name.lower()), None)
        computed = {other.name.lower() for other in copy.columns if other.reads((each.name,))}
        is_read = not computed.isdisjoint(names) or (not assigned.query and names.count(each.name.lower()) > 1)
        if place is None or is_read or each.expression is not None or each.numbers_itself:
            continue
        if each.kind in _SOURCES and types[place] <= {*_SOURCES[each.kind], ""}:
            yield each


def _types(connection: Connection, assigned: _Assigned) -> list[set[str]]:
    """Return the types of what is written to each column; "" for NULL and DEFAULT."""
    if assigned.query:
        empty = ", ".join(f"NULL AS c{place}" for place in range(len(assigned.columns)))
        found = _types_of(connection, f"SELECT * FROM (SELECT {empty} UNION ALL {assigned.query}) AS s LIMIT 0")
        return [{each} for each in found]
    several = [set[str]() for _ in assigned.columns]
    places = [(place, sql) for row in assigned.values for place, sql in enumerate(row) if sql.upper() != "DEFAULT"]
    for start in range(0, len(places), _AT_ONCE):
        part = places[start : start + _AT_ONCE]
        listed = ", ".join(f"({sql}) AS c{at}" for at, (_, sql) in enumerate(part))
        found = _types_of(connection, f"SELECT {listed} {assigned.source} LIMIT 0")
        for (place, _), type_ in zip(part, found, strict=True):
            several[place].add(type_)
    return several


def _types_of(connection: Connection, query: str) -> list[str]:
    """Return the names of the types of the columns of a query; "" for NULL."""
    with temporary(connection, _TYPES, query):
        rows = connection.exec_driver_sql(f"SHOW COLUMNS FROM {_TYPES}").all()
    types = [str(row[1]) for row in rows]
    return [
        "" if each.endswith("(0)") and "decimal" not in each else each.partition("(")[0].split()[0] for each in types
    ]


def _inserted(sql: str, dialect: SQLDialect, copy: Copy) -> _Assigned | None:
    """Return what an INSERT or REPLACE of rows, or from a query, writes; None for another one."""
    reader = Reader(sql, dialect)
    with suppress(IndexError, ValueError):
        reader.name()  # INSERT or REPLACE
        reader.skip_priorities()
        reader.takes("INTO")
        reader.qualified()
        listed = [tokens(each, dialect)[0].name for each in reader.parenthesised()]
        visible = [each.name for each in copy.columns if "INVISIBLE" not in each.extra.upper()]
        columns = tuple(listed or visible)
        if reader.left[0].keyword == "SELECT":
            return _Assigned(columns, query=sql[reader.left[0].start :].rstrip("; \n"))
        if reader.takes("VALUES") or reader.takes("VALUE"):
            rows, is_more = [], True
            while is_more:
                rows.append(tuple(reader.parenthesised()))
                is_more = reader.skip_comma()
            is_whole = not reader.left or reader.is_at(";")
            return (
                _Assigned(columns, tuple(rows)) if is_whole and all(len(row) == len(columns) for row in rows) else None
            )
    return None


def _updated(sql: str, dialect: SQLDialect) -> _Assigned | None:
    """Return what an UPDATE writes."""
    reader = Reader(sql, dialect)
    with suppress(IndexError, ValueError):
        reader.takes("UPDATE")
        reader.skip_priorities()
        start = reader.left[0].start
        while reader.left[0].keyword != "SET":
            reader.parenthesised() if reader.is_at("(") else reader.name()
        source = sql[start : reader.left[0].start]
        reader.takes("SET")
        columns, values, is_more = list[str](), list[str](), True
        while is_more:
            name = reader.qualified()[1]
            reader.name()  # =
            columns.append(name)
            values.append(reader.rest_of_action("WHERE", "ORDER", "LIMIT"))
            is_more = reader.skip_comma()
        return _Assigned(tuple(columns), (tuple(values),), f"FROM {source}")
    return None
