"""Every place where SQLAlchemy's versions differ, or where only a private name serves; nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy import MetaData, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Column, Computed, Constraint, DefaultClause, FetchedValue, Identity
from sqlalchemy.sql.elements import ClauseElement, TextClause

SQLALCHEMY_VERSION = tuple(int(part) for part in sqlalchemy.__version__.split(".")[:2])


def copy_column(column: Column[Any]) -> Column[Any]:
    """Return a copy that belongs to no table; foreign keys that are still loose come along."""
    return column._copy()


def copy_constraint(constraint: Constraint, **kw: Any) -> Constraint:
    """Return a copy that belongs to no table."""
    copied: Constraint = constraint._copy(**kw)  # type: ignore[attr-defined]
    return copied


def changed_column(column: Column[Any], **changes: Any) -> Column[Any]:
    """Return a copy of ``column`` with other values for ``name``, ``type``, ``nullable``, ``server_default`` or ``comment``."""
    changed = copy_column(column)
    for attribute, value in changes.items():
        if attribute == "name":
            changed.name = changed.key = value
        elif attribute == "server_default":
            _set_default(changed, value)
        else:
            setattr(changed, attribute, value)
    return changed


def _set_default(column: Column[Any], value: Any) -> None:
    column.computed = column.identity = None
    if value is None or isinstance(value, FetchedValue):
        column.server_default = value
    else:
        column.server_default = DefaultClause(value)
    if isinstance(value, Computed):
        column.computed = value
    elif isinstance(value, Identity):
        column.identity = value


def default_argument(default: Any) -> Any:
    """Return what was passed as ``server_default=``: a str, SQL text, an expression, Computed, Identity or None."""
    if isinstance(default, DefaultClause) and not isinstance(default, (Computed, Identity)):
        return default.arg
    return default


def default_sql(default: Any, dialect: Dialect | None = None) -> str:
    """Return a server default as SQL: a str in SQL quotes, an expression as it compiles, ``""`` for none."""
    argument = default_argument(default)
    if argument is None or argument is False:
        return ""
    if isinstance(argument, str):
        return "'" + argument.replace("'", "''") + "'"
    if isinstance(argument, Computed):
        return f"GENERATED ALWAYS AS ({sql_text(argument.sqltext, dialect)})"
    if isinstance(argument, Identity):
        return f"GENERATED {'ALWAYS' if argument.always else 'BY DEFAULT'} AS IDENTITY"
    if isinstance(argument, FetchedValue):
        return "set by the database"
    return sql_text(argument, dialect)


def sql_text(element: Any, dialect: Dialect | None = None) -> str:
    """Return a SQL expression as text with its values written out; a str comes back unchanged."""
    if isinstance(element, str):
        return element
    if isinstance(element, TextClause) and not element._bindparams:
        return element.text.replace(r"\:", ":")
    if isinstance(element, ClauseElement):
        return str(element.compile(dialect=dialect, compile_kwargs={"literal_binds": True, "include_table": False}))
    return str(element)


def is_type_bound(constraint: Constraint) -> bool:
    """Tell whether a CHECK belongs to a Boolean or Enum type, which creates it by itself."""
    return bool(getattr(constraint, "_type_bound", False))


@contextmanager
def table_of_column(column: Column[Any]) -> Iterator[None]:
    """Give a loose column a table for a moment, because a compiler asks it for one."""
    if column.table is not None:
        yield
        return
    table = Table("x", MetaData())
    column.table = table
    try:
        yield
    finally:
        column.table = None  # type: ignore[assignment]


def should_create(constraint: Constraint, dialect: Dialect) -> bool:
    """Tell whether a constraint is made on this database: the CHECK of a Boolean or Enum is not where the type is native."""
    rule = getattr(constraint, "_create_rule", None)
    return rule is None or bool(rule(dialect.ddl_compiler(dialect, None)))


def type_constraints(type_: Any, table_name: str, column_name: str, schema: str | None) -> list[Constraint]:
    """Return the constraints that a type makes by itself on a column of that name."""
    if type_ is None:
        return []
    column: Column[Any] = Column(column_name, type_)
    table = Table(table_name, MetaData(), column, schema=schema)
    return [constraint for constraint in table.constraints if is_type_bound(constraint)]
