"""A column that an operation adds: the value that each row gets, and the constraints in its definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import NullType

from ...operations.operation import MigrateOperation
from ...operations.ops import AddColumnOp, CreateCheckConstraintOp, CreateForeignKeyOp
from ...util.sqla_compat import AnyColumn, default_sql, referred_parts, sql_text

TableOrQuery = sa.TableClause | sa.Subquery
"""A table of the database, or a query of its rows with further columns."""

_CASTS = frozenset({"postgresql", "sqlite"})
"""The databases that cast to each type that a column can have."""


def default_of(column: AnyColumn) -> str:
    """Return the default in the database as SQL; "" for none and for NULL."""
    sql = default_sql(column.server_default) if column.server_default is not None and not column.computed else ""
    return "" if sql.upper() == "NULL" else sql


def first_value(column: AnyColumn, dialect: Dialect) -> sa.ColumnElement[Any] | None:
    """Return what a row has in a new column, None where that is not known: MariaDB has a value for NOT NULL."""
    if column.computed is not None:
        return sa.literal_column(f"({sql_text(column.computed.sqltext)})")
    default = default_of(column)
    if column.identity is not None or (not default and not column.nullable and dialect.name not in _CASTS):
        return None
    value = default or "NULL"
    spelled = "" if isinstance(column.type, NullType) else column.type.compile(dialect)
    return sa.literal_column(f"CAST({value} AS {spelled})" if spelled and dialect.name in _CASTS else f"({value})")


def with_columns(table: TableOrQuery, added: Mapping[str, sa.ColumnElement[Any]]) -> TableOrQuery:
    """Return a table with further columns, or other values in some, as a subquery of its name."""
    kept = [column for column in table.c if column.name not in added]
    several = (value.label(name) for name, value in added.items())
    return sa.select(*kept, *several).select_from(table).subquery(table.name)


def schema_of(table: TableOrQuery) -> str | None:
    """Return the schema of a table, also of one with further columns: a subquery itself has none."""
    inner: Any = table
    while isinstance(inner, sa.Subquery):
        (inner,) = inner.element.get_final_froms()  # type: ignore[attr-defined]  # it is a Select
    found: str | None = inner.schema
    return found


def constraints_of(operation: AddColumnOp) -> Iterator[MigrateOperation]:
    """Yield the constraints in the definition of a new column, as operations."""
    table, schema = operation.table_name, operation.schema
    for key in operation.column.foreign_keys:
        other_schema, other, name = referred_parts(key)
        yield CreateForeignKeyOp(
            None,
            table,
            other,
            [operation.column.name],
            [name],
            source_schema=schema,
            referent_schema=other_schema,
        )
    for constraint in operation.column.constraints:
        if isinstance(constraint, sa.CheckConstraint):
            yield CreateCheckConstraintOp(None, table, sql_text(constraint.sqltext), schema=schema)
