"""The constraints that a table has already, when a column gets another type: its values may no longer meet them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Inspector

from ...operations.operation import MigrateOperation
from ...operations.ops import AlterColumnOp, CreateCheckConstraintOp, CreateIndexOp
from ...util.sql import in_backticks, in_quotes
from .character_sets import TextChange
from .mariadb_constraints import checks_of, unique_keys_of
from .misfits import reflected_type
from .statements import operations_in
from .type_changes import MYSQL

_OF_CHARACTERS = re.compile(r"(character|char|varchar|bpchar|nchar)\b.*\(", re.IGNORECASE)

_ON_POSTGRESQL = """
SELECT 'ALTER TABLE ' || k.conrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(k.conname) || ' '
       || pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_attribute a ON a.attname = :column AND a.attrelid = to_regclass(:name)
WHERE k.convalidated AND (k.conrelid = a.attrelid AND (a.attnum = ANY (k.conkey) OR 0 = ANY (k.conkey))
   OR k.contype = 'f' AND k.confrelid = a.attrelid AND a.attnum = ANY (k.confkey))
UNION
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
JOIN pg_attribute a ON a.attname = :column AND a.attrelid = to_regclass(:name)
WHERE i.indrelid = a.attrelid AND i.indisunique AND NOT EXISTS
  (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
  AND (a.attnum = ANY (i.indkey) OR 0 = ANY (i.indkey) OR i.indpred IS NOT NULL)
ORDER BY 1
"""
"""The keys and conditions in the catalog that may read a column, as statements that would create them."""
_COMPUTED = """
SELECT column_name FROM information_schema.columns WHERE table_schema = coalesce(:schema, database())
AND table_name = :table AND generation_expression IS NOT NULL
"""


def kept_on(
    connection: Connection, inspector: Inspector, table: str, schema: str | None, column: str
) -> Iterator[MigrateOperation]:
    """Yield operations that would add the constraints that exist already and read a column of a table."""
    if connection.dialect.name == "postgresql":
        name = ".".join(map(in_quotes, filter(None, (schema, table))))
        for sql in connection.execute(sa.text(_ON_POSTGRESQL), {"name": name, "column": column}).scalars():
            yield from operations_in(str(sql), connection.dialect)
        return
    if connection.dialect.name in MYSQL:
        yield from _keys_of_mariadb(connection, table, schema, {column})
    else:
        for names in _unique_keys(inspector, table, schema, column):
            yield CreateIndexOp("index", table, names, schema=schema, unique=True)
    for each in inspector.get_check_constraints(table, schema=schema):
        yield CreateCheckConstraintOp(None, table, each["sqltext"], schema=schema)


def converted_constraints(
    connection: Connection, table: str, schema: str | None, changes: Collection[TextChange], *, redefined: str = ""
) -> Iterator[MigrateOperation]:
    """Yield operations that would add the constraints that a table of MariaDB has, when its texts are converted.

    The condition in the definition of a column ends where it is ``redefined``.
    """
    yield from _keys_of_mariadb(connection, table, schema, {each.column for each in changes if each.value is not None})
    if any(each.is_copied for each in changes):
        computed = _computed(connection, table, schema)
        for each in checks_of(connection, table, schema, without_column=redefined):
            if not any(name in str(each.condition) for name in computed):
                yield each


def _keys_of_mariadb(
    connection: Connection, table: str, schema: str | None, columns: set[str]
) -> Iterator[CreateIndexOp]:
    """Yield the unique keys that have some of these columns; not those with computed columns, which change too."""
    computed = _computed(connection, table, schema)
    for each in unique_keys_of(connection, table, schema):
        if not columns.isdisjoint(each.parts) and computed.isdisjoint(each.parts):
            yield each


def _computed(connection: Connection, table: str, schema: str | None) -> set[str]:
    return set(connection.execute(sa.text(_COMPUTED), {"schema": schema, "table": table}).scalars())


def converted(
    connection: Connection, before: sa.types.TypeEngine[Any], operation: AlterColumnOp
) -> sa.ColumnElement[Any] | None:
    """Return what a value becomes with the new type of its column; None where no expression has the same result."""
    after, dialect = operation.modify_type, connection.dialect.name
    if after is None:
        return None
    spelled = after.compile(connection.dialect)
    if dialect == "postgresql":
        value = str(operation.kw.get("postgresql_using") or "") or in_quotes(operation.column_name)
        # a cast to a shorter text truncates, where ALTER TABLE refuses
        type_ = "text" if _OF_CHARACTERS.match(spelled) else spelled
        return sa.literal_column(f"CAST(({value}) AS {type_})")
    if dialect in MYSQL:
        return _on_mariadb(in_backticks(operation.column_name), before, reflected_type(connection, after))
    name = in_quotes(operation.column_name)
    if isinstance(after, sa.String) and not isinstance(after, sa.Enum):
        return sa.literal_column(f"CASE WHEN typeof({name}) = 'blob' THEN {name} ELSE CAST({name} AS TEXT) END")
    if isinstance(after, sa.Integer | sa.Numeric):
        number = f"CAST({name} AS NUMERIC)"
        is_number = f"typeof({name}) = 'text' AND {number} = {name}"
        return sa.literal_column(f"CASE WHEN {is_number} THEN {number} ELSE {name} END")
    return None


def _on_mariadb(
    name: str, before: sa.types.TypeEngine[Any], after: sa.types.TypeEngine[Any]
) -> sa.ColumnElement[Any] | None:
    """Return the value of a number that is rounded, or a time without its digits."""
    if isinstance(before, sa.Numeric) and isinstance(after, sa.Integer):
        return sa.literal_column(f"ROUND({name}, 0)")
    if isinstance(before, sa.Numeric) and isinstance(after, sa.Numeric) and not isinstance(after, sa.Float):
        return sa.literal_column(f"ROUND({name}, {after.scale or 0})")
    if isinstance(before, sa.DateTime) and isinstance(after, sa.DateTime | sa.Date):
        digits = getattr(after, "fsp", None) or 0
        return sa.literal_column(
            f"CAST({name} AS {'DATETIME' if isinstance(after, sa.DateTime) else 'DATE'}"
            f"{f'({digits})' if digits else ''})"
        )
    return None


def _unique_keys(inspector: Inspector, table: str, schema: str | None, column: str) -> Iterator[list[str]]:
    """Yield the columns of the unique keys of a table that have a column, without those on expressions or some rows."""
    found = [inspector.get_pk_constraint(table, schema=schema).get("constrained_columns") or []]
    for index in inspector.get_indexes(table, schema=schema):
        is_partial = any(name.endswith("_where") for name in index.get("dialect_options", {}))
        if index["unique"] and not is_partial:
            found.append([name or "" for name in index["column_names"]])
    found += [each["column_names"] for each in inspector.get_unique_constraints(table, schema=schema)]
    keys = {tuple(names): names for names in found if column in names and "" not in names}
    yield from keys.values()
