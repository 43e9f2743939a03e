"""Which rows an operation cannot take, as conditions on tables: for a rehearsal, and for the plan before a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ...operations.ops import CreateCheckConstraintOp, CreateForeignKeyOp
from ...util.sql import index_part
from ...util.sqla_compat import sql_text

Condition = sa.ColumnElement[Any]


def as_condition(sql: str | object) -> Condition:
    """Return SQL as an expression, in which a colon does not start a bind parameter."""
    return sa.literal_column(f"({sql if isinstance(sql, str) else sql_text(sql)})")


def index_value(part: str | object, dialect: str) -> Condition:
    """Return a part of an index as the value that it compares: with its collation, without order and operator class."""
    found = index_part(part if isinstance(part, str) else sql_text(part), dialect)
    return as_condition(f"({found.expression}) COLLATE {found.collation}" if found.collation else found.expression)


def is_checked_later(operation: CreateForeignKeyOp | CreateCheckConstraintOp) -> bool:
    """Return whether a constraint is added without checking the rows: NOT VALID."""
    return bool(operation.kw.get("postgresql_not_valid"))


def matches_full(operation: CreateForeignKeyOp) -> bool:
    """Return whether a foreign key is MATCH FULL: of its columns all are NULL, or none."""
    return str(operation.kw.get("match") or "").upper() == "FULL"


def prefix_lengths(options: Mapping[str, Any]) -> dict[str, int] | int:
    """Return how many characters of each column, or of all, a key of MariaDB and MySQL compares."""
    found = options.get("mysql_length") or options.get("mariadb_length") or {}
    return found if isinstance(found, int) else dict(found)


def compared(values: Iterable[Condition], options: Mapping[str, Any], dialect: str) -> list[Condition]:
    """Return the conditions of the rows that a unique key of ``values`` compares.

    NULL equals nothing, unless the key is NULLS NOT DISTINCT; a partial index has a condition too.
    """
    nulls_equal = bool(options.get("postgresql_nulls_not_distinct")) and dialect == "postgresql"
    conditions: list[Condition] = [] if nulls_equal else [value.is_not(None) for value in values]
    where = options.get(f"{dialect}_where")
    return conditions if where is None else [*conditions, as_condition(where)]


def without_parent(
    table: sa.FromClause,
    local: Sequence[Condition],
    referred: sa.FromClause,
    remote: Sequence[str | None],
    *,
    matches_full: bool = False,
    hint: str = "",
) -> Condition:
    """Return the condition of the rows of ``table`` that refer to a row that ``referred`` lacks.

    ``remote`` has the names of the referred columns, None for one that holds only NULL. ``hint`` is ONLY where tables
    that inherit from ``referred`` are left out, on PostgreSQL.
    """
    other = referred.alias("referred")
    pairs = [
        sa.false() if name is None else other.c[name] == column for name, column in zip(remote, local, strict=True)
    ]
    found = sa.select(sa.literal(1)).select_from(other).where(*pairs).correlate(table)
    lacking = ~sa.exists(found.with_hint(other, hint, "postgresql") if hint else found)
    present = [column.is_not(None) for column in local]
    condition = sa.and_(*present, lacking)
    if matches_full and len(local) > 1:
        return sa.or_(condition, sa.and_(sa.or_(*present), sa.or_(*(column.is_(None) for column in local))))
    return condition


def unmet(operation: CreateCheckConstraintOp) -> Condition:
    """Return the condition of the rows for which a CHECK is false; it takes those for which it is NULL."""
    return sa.not_(as_condition(operation.condition))
