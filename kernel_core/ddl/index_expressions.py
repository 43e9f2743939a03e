"""The parts of an index as CREATE INDEX takes them."""

from __future__ import annotations

import copy
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column, Index
from sqlalchemy.sql.elements import TextClause

from ..util.sql import index_part_sql, refuse_loose_sql
from ..util.sqla_compat import ddl_sql, literal_text

Part = str | TextClause | Column[Any]


def with_valid_parts(index: Index, dialect: Dialect) -> Index:
    """Return the index, or a copy whose expressions are in the parentheses that PostgreSQL wants around them."""
    if dialect.name != "postgresql" or all(isinstance(part, Column) for part in index.expressions):
        return index
    valid = copy.copy(index)
    parts: list[Any] = [part if isinstance(part, Column) else _text(part, index, dialect) for part in index.expressions]
    valid.expressions = parts
    return valid


def _text(part: Any, index: Index, dialect: Dialect) -> TextClause:
    """Return an expression as text, with the operator class that ``postgresql_ops`` gives it by its key."""
    ops = index.dialect_kwargs.get("postgresql_ops") or {}
    key = getattr(part, "key", None)
    words = f" {ops[key]}" if dialect.name == "postgresql" and key in ops else ""
    sql = f"{ddl_sql(part, dialect)}{words}"
    refuse_loose_sql(sql, dialect, "index expression")  # parentheses around it could make it whole
    return literal_text(index_part_sql(sql, dialect))


def written_parts(index: Index, dialect: Dialect) -> list[str | TextClause]:
    """Return the parts as an operation holds them: the names of columns, and text, which belongs to no table."""
    return [str(part.name) if isinstance(part, Column) else _text(part, index, dialect) for part in index.expressions]


def written_options(index: Index) -> dict[str, Any]:
    """Return the options of the dialects, of which ``postgresql_ops`` are those of plain columns, by name."""
    options = dict(index.dialect_kwargs)
    ops = options.pop("postgresql_ops", None) or {}
    own = {str(part.name): ops[part.key] for part in index.expressions if isinstance(part, Column) and part.key in ops}
    return options | ({"postgresql_ops": own} if own else {})
