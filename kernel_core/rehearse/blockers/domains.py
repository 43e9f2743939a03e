"""ALTER DOMAIN on PostgreSQL: the rows, of all tables with columns of the domain, that a new condition refuses."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from ...util.sql import SQLDialect, in_quotes, tokens
from .checks import Check, RowQueries
from .conditions import as_condition
from .reader import Name, Reader

_COLUMNS = """
WITH RECURSIVE d AS (
  SELECT to_regtype(:domain)::oid AS oid
  UNION SELECT t.oid FROM d JOIN pg_type t ON t.typbasetype = d.oid AND t.typtype = 'd'
)
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN NULL ELSE n.nspname END, c.relname, a.attname
FROM d JOIN pg_attribute a ON a.atttypid = d.oid AND NOT a.attisdropped
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'm') JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY n.nspname, c.relname, a.attnum
"""
_CONDITION = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contypid = to_regtype(:domain) AND conname = :name
"""


def domain_checks(queries: RowQueries, sql: str) -> Iterator[Check]:
    """Yield the rows that one ALTER DOMAIN cannot take; none for any other statement."""
    reader = Reader(sql, queries.connection.dialect)
    if not reader.takes("ALTER", "DOMAIN"):
        return
    domain = _quoted(reader.qualified())
    if reader.takes("SET", "NOT", "NULL"):
        yield from _without_value(queries, domain)
    elif reader.takes("VALIDATE", "CONSTRAINT"):
        values = {"domain": domain, "name": reader.name()}
        definition = queries.connection.execute(sa.text(_CONDITION), values).scalar()
        if definition:
            yield from _added(queries, domain, Reader(str(definition), reader.dialect), is_validation=True)
    elif reader.takes("ADD"):
        if reader.takes("CONSTRAINT"):
            reader.name()
        yield from _added(queries, domain, reader)


def _quoted(name: Name) -> str:
    return ".".join(in_quotes(part) for part in name if part)


def _added(queries: RowQueries, domain: str, reader: Reader, *, is_validation: bool = False) -> Iterator[Check]:
    if reader.takes("NOT", "NULL"):
        yield from _without_value(queries, domain)
    if not reader.takes("CHECK"):
        return
    condition = ", ".join(reader.parenthesised())
    if not is_validation and "NOT VALID" in " ".join(reader.rest_of_action().upper().split()):
        return
    for schema, table, column in _columns(queries, domain):
        spelled = _of_column(condition, column, reader.dialect)
        yield from queries.rows_where(
            "check", table, schema, sa.not_(as_condition(spelled)), f"{spelled} is false for ", columns=(column,)
        )


def _without_value(queries: RowQueries, domain: str) -> Iterator[Check]:
    for schema, table, column in _columns(queries, domain):
        empty = sa.column(column).is_(None)
        yield from queries.rows_where("null", table, schema, empty, f"{column} is NULL in ", columns=(column,))


def _columns(queries: RowQueries, domain: str) -> list[tuple[str | None, str, str]]:
    found = queries.connection.execute(sa.text(_COLUMNS), {"domain": domain})
    return [(schema, table, column) for schema, table, column in found]


def _of_column(condition: str, column: str, dialect: SQLDialect) -> str:
    """Return the condition of a domain with a column in place of VALUE."""
    for token in reversed(tokens(condition, dialect)):
        if token.keyword == "VALUE":
            condition = condition[: token.start] + in_quotes(column) + condition[token.end :]
    return condition
