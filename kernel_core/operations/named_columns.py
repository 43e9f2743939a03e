"""Which columns a constraint or an index names, and copies of columns, constraints and indexes after a rename."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column, Computed
from sqlalchemy.sql.elements import ClauseElement, TextClause

from ..util.sql import names_column, renamed_in
from ..util.sqla_compat import (
    AnyColumn,
    copy_column,
    copy_plain_column,
    is_type_bound,
    literal_text,
    mark_primary_key,
    sql_text,
)

Addition = Any
"""The operation that adds a constraint or an index: an `AddConstraintOp` or a `CreateIndexOp`, of a layer above."""


def plain_column(column: AnyColumn) -> AnyColumn:
    """Return a copy without what is a constraint or an index of its table; the primary key is a constraint too."""
    copied = copy_column(column)
    copied.foreign_keys.clear()
    copied.index = copied.unique = None
    copied.primary_key = False
    copied.constraints = {each for each in copied.constraints if is_type_bound(each)}
    copied.nullable = column.nullable
    return copied


def key_column(column: AnyColumn) -> AnyColumn:
    """Return a copy of a plain column as `plain_column` does, once a primary key has it."""
    copied = copy_plain_column(column)
    mark_primary_key(copied)
    copied.primary_key = False
    return copied


def columns_of_item(item: Addition) -> list[object]:
    """Return the columns of a constraint or an index: names, and SQL expressions."""
    found: Iterable[object] = getattr(item, "local_cols", None) or getattr(item, "columns", None) or ()
    pairs = [pair[0] for pair in getattr(item, "elements", ())]
    return [each.name if isinstance(each, Column) else each for each in (*found, *pairs)]


def names_of_item(item: Addition, name: str, dialect: Dialect) -> bool:
    """Return whether a constraint or an index names a column, in a list or in SQL."""
    condition = getattr(item, "condition", None)
    texts = [each for each in columns_of_item(item) if isinstance(each, ClauseElement)]
    if name in [each for each in columns_of_item(item) if isinstance(each, str)]:
        return True
    parts = [*texts, *([condition] if condition is not None else [])]
    return any(names_column(sql_text(each), name, dialect) for each in parts)


def renamed_item(item: Addition, before: str, after: str, dialect: Dialect) -> Addition:
    """Return a constraint or an index with another name of a column, also in its SQL."""
    changes: dict[str, object] = {}
    for attribute in ("columns", "local_cols"):
        given = getattr(item, attribute, None)
        if given is not None:
            changes[attribute] = [_renamed(_name(each), before, after, dialect) for each in given]
    if getattr(item, "elements", None):
        changes["elements"] = [(_renamed(_name(each), before, after, dialect), sign) for each, sign in item.elements]
    if getattr(item, "condition", None) is not None:
        changes["condition"] = literal_text(renamed_in(sql_text(item.condition), before, after, dialect))
    return item.changed(**changes)


def _name(part: object) -> object:
    return part.name if isinstance(part, Column) else part


def _renamed(part: object, before: str, after: str, dialect: Dialect) -> object:
    if isinstance(part, str):
        return after if part == before else part
    return literal_text(renamed_in(sql_text(part), before, after, dialect))


def renamed_column(column: AnyColumn, before: str, after: str, dialect: Dialect) -> AnyColumn:
    """Return a plain copy of a column, itself renamed, or with another name of a column in its generated values."""
    copied = plain_column(column)
    if copied.name == before:
        copied.name = copied.key = after
    if isinstance(copied.computed, Computed):
        text: TextClause = literal_text(renamed_in(sql_text(copied.computed.sqltext), before, after, dialect))
        copied.computed.sqltext = text
    return copied
