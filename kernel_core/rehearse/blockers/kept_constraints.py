"""The constraints that a table has already, when a column gets another type: its values may no longer meet them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Inspector

from ...operations.ops import AlterColumnOp
from ...util.sql import in_backticks, in_quotes


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
        return sa.literal_column(f"CAST(({value}) AS {spelled})") if getattr(after, "length", None) is None else None
    if dialect in ("mysql", "mariadb"):
        return _on_mariadb(in_backticks(operation.column_name), before, after)
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
    """Return the value of a number that is rounded, or of a text with another collation."""
    collation = getattr(after, "collation", None)
    if isinstance(before, sa.Numeric) and isinstance(after, sa.Integer):
        return sa.literal_column(f"ROUND({name}, 0)")
    if isinstance(before, sa.Numeric) and isinstance(after, sa.Numeric) and not isinstance(after, sa.Float):
        return sa.literal_column(f"ROUND({name}, {after.scale or 0})")
    return sa.literal_column(f"{name} COLLATE {collation}") if collation and isinstance(before, sa.String) else None


def unique_keys(inspector: Inspector, table: str, schema: str | None, column: str) -> Iterator[list[str]]:
    """Yield the columns of each unique key of whole columns that has a column and no condition."""
    found = [inspector.get_pk_constraint(table, schema=schema)["constrained_columns"]]
    for index in inspector.get_indexes(table, schema=schema):
        is_partial = any(name.endswith("_where") for name in index.get("dialect_options", {}))
        if index["unique"] and not is_partial:
            found.append([name or "" for name in index["column_names"]])
    found += [each["column_names"] for each in inspector.get_unique_constraints(table, schema=schema)]
    keys = {tuple(names): names for names in found if column in names and "" not in names}
    yield from keys.values()


def check_conditions(inspector: Inspector, table: str, schema: str | None) -> list[str]:
    """Return the conditions of the CHECK constraints of a table, without those that are NOT VALID."""
    found = inspector.get_check_constraints(table, schema=schema)
    return [each["sqltext"] for each in found if not each.get("dialect_options", {}).get("not_valid")]
