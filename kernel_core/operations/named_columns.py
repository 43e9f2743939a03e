"""Which columns a constraint or an index names, and copies of columns, constraints and indexes after a rename."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    columns = columns_of_item(item)
    if any(isinstance(each, str) and each == name for each in columns):
        return True
    options: Mapping[str, object] = getattr(item, "kw", {})
    if any(name in _listed(value) for option, value in options.items() if option.endswith(_LISTS)):
        return True
    return any(names_column(sql_text(each), name, dialect) for each in sql_of_item(item, dialect))


def sql_of_item(item: Addition, dialect: Dialect) -> list[str | ClauseElement]:
    """Return the SQL of a constraint or an index: expressions, the condition of a check, that of a partial index."""
    found = [each for each in columns_of_item(item) if isinstance(each, ClauseElement)]
    condition = getattr(item, "condition", None)
    options: Mapping[str, object] = getattr(item, "kw", {})
    given = [options.get(f"{dialect.name}_where"), getattr(item, "where", None)]
    return [*found, *(each for each in (condition, *given) if isinstance(each, str | ClauseElement))]


_LISTS = ("_include", "_partition_by")
"""The ends of the options of an index or a constraint that are lists of columns."""

_BY_COLUMN = ("_length", "_ops")
"""The ends of the options of an index that have a value for each column."""


def _listed(value: object) -> list[object]:
    return [_name(each) for each in value] if isinstance(value, list | tuple) else []


def _renamed_option(option: str, value: object, before: str, after: str, dialect: Dialect) -> object:
    """Return an option of an index or a constraint with another name of a column."""
    if option.endswith(_LISTS) and isinstance(value, list | tuple):
        return [after if each == before else each for each in _listed(value)]
    if option.endswith(_BY_COLUMN) and isinstance(value, Mapping):
        return {(after if name == before else name): each for name, each in value.items()}
    if option.endswith("_where") and isinstance(value, str | ClauseElement):
        return literal_text(renamed_in(sql_text(value), before, after, dialect))
    return value


def without_options_of(item: Addition, name: str) -> Addition:
    """Return a constraint or an index without what its options say about one column."""
    options: Mapping[str, object] = getattr(item, "kw", {})
    kept = {
        option: {each: value for each, value in given.items() if each != name}
        if option.endswith(_BY_COLUMN) and isinstance(given, Mapping)
        else given
        for option, given in options.items()
    }
    return item.changed(kw=kept) if options else item


def renamed_item(item: Addition, before: str, after: str, dialect: Dialect) -> Addition:
    """Return a constraint or an index with another name of a column, also in its SQL."""
    changes: dict[str, object] = {}
    for attribute in ("columns", "local_cols"):
        given = getattr(item, attribute, None)
        if given is not None:
            changes[attribute] = [_renamed(_name(each), before, after, dialect) for each in given]
    if getattr(item, "elements", None):
        changes["elements"] = [(_renamed(_name(each), before, after, dialect), sign) for each, sign in item.elements]
    for attribute in ("condition", "where"):
        given = getattr(item, attribute, None)
        if isinstance(given, str | ClauseElement):
            changes[attribute] = literal_text(renamed_in(sql_text(given), before, after, dialect))
    options: Mapping[str, object] = getattr(item, "kw", {})
    if options:
        changes["kw"] = {
            option: _renamed_option(option, value, before, after, dialect) for option, value in options.items()
        }
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
