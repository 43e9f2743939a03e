"""The expressions of an index as CREATE INDEX requires them."""

from __future__ import annotations

import copy
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column, Index
from sqlalchemy.sql.elements import ClauseElement, TextClause

from ..util.sql import index_part_sql, refuse_loose_sql
from ..util.sqla_compat import ddl_sql, literal_text


def with_valid_parts(index: Index, dialect: Dialect) -> Index:
    """Return the index, or a copy whose expressions are in the parentheses that PostgreSQL requires."""
    if dialect.name != "postgresql" or all(isinstance(part, Column) for part in index.expressions):
        return index
    valid = copy.copy(index)
    parts: list[Any] = [part if isinstance(part, Column) else _text(part, index, dialect) for part in index.expressions]
    valid.expressions = parts
    return valid


def _text(part: str | ClauseElement, index: Index, dialect: Dialect) -> TextClause:
    """Return an expression as text, with the operator class that ``postgresql_ops`` gives it by its key."""
    ops = index.dialect_kwargs.get("postgresql_ops") or {}
    key = getattr(part, "key", None)
    words = f" {ops[key]}" if dialect.name == "postgresql" and key in ops else ""
    sql = f"{ddl_sql(part, dialect)}{words}"
    refuse_loose_sql(sql, dialect, "index expression")  # before parentheses could balance it
    return literal_text(index_part_sql(sql, dialect))


def unbound_parts(index: Index, dialect: Dialect) -> list[str | TextClause]:
    """Return the parts for an operation: names of columns and SQL text, which are not bound to a table."""
    return [str(part.name) if isinstance(part, Column) else _text(part, index, dialect) for part in index.expressions]


def unbound_options(index: Index) -> dict[str, Any]:
    """Return the options of all dialects, with ``postgresql_ops`` for the columns alone, by name."""
    options = dict(index.dialect_kwargs)
    ops = options.pop("postgresql_ops", None) or {}
    own = {str(part.name): ops[part.key] for part in index.expressions if isinstance(part, Column) and part.key in ops}
    return options | ({"postgresql_ops": own} if own else {})
