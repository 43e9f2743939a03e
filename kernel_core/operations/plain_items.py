"""Tables that are only plain columns and constraints: what a statement or a schema needs of them, without a Table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Column, PrimaryKeyConstraint
from sqlalchemy.schema import Constraint, SchemaItem

from ..util.sqla_compat import (
    AnyColumn,
    ColumnShape,
    columns_named,
    has_final_name,
    is_plain_constraint,
    plain_shape,
)


class PlainItems(NamedTuple):
    """The contents of a plain table: columns, their shapes, constraints, and the names of its primary key."""

    columns: list[AnyColumn]
    shapes: list[ColumnShape]
    constraints: list[Constraint]
    key: tuple[str, ...]


def names_of(constraint: Constraint) -> tuple[str, ...]:
    """Return the names of the columns of a plain constraint."""
    return tuple(map(str, columns_named(constraint)))


def plain_items(items: Sequence[SchemaItem], *, has_convention: bool) -> PlainItems | None:
    """Return the contents of a table; None where they are more than plain columns and constraints."""
    columns, shapes, constraints, names = [], [], [], set()
    for item in items:
        if isinstance(item, Column):
            shape = plain_shape(item)
            if shape is None:
                return None
            name = vars(item)["name"]
            if name in names:
                return None
            names.add(name)
            columns.append(item)
            shapes.append(shape)
        elif isinstance(item, Constraint) and is_plain_constraint(item):
            constraints.append(item)
        else:
            return None
    key = _primary_key(columns, constraints)
    if not columns or key is None or not (not constraints or _are_plain(constraints, names, has_convention)):
        return None
    if has_convention and key and not any(isinstance(item, PrimaryKeyConstraint) for item in constraints):
        return None
    return PlainItems(columns, shapes, constraints, key)


def _are_plain(constraints: Sequence[Constraint], names: Collection[str], has_convention: bool) -> bool:
    """Return whether constraints have their names, and only list columns by ``names``, each once."""
    if len(set(constraints)) < len(constraints):
        return False
    if has_convention and not all(has_final_name(item.name) for item in constraints):
        return False
    listed = [columns_named(item) for item in constraints]
    if any(not each or len(set(each)) < len(each) for each in listed):
        return False
    return all(isinstance(name, str) and name in names for each in listed for name in each)


def _primary_key(columns: Sequence[AnyColumn], constraints: Sequence[Constraint]) -> tuple[str, ...] | None:
    """Return the names of the primary key, () for none; None where it is defined more than once."""
    marked = tuple([kept["name"] for kept in map(vars, columns) if kept["primary_key"]])
    if not constraints:
        return marked
    explicit = [names_of(item) for item in constraints if isinstance(item, PrimaryKeyConstraint)]
    if len(explicit) > 1 or (explicit and marked):
        return None
    return explicit[0] if explicit else marked
