"""The columns and constraints of a table as CREATE TABLE lists them, in one order each time."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, Table
from sqlalchemy.schema import Constraint

from ..util.sqla_compat import AnyColumn, copy_column, is_type_bound, set_creation_order, sorted_constraints


def own_constraints(table: Table) -> list[Constraint]:
    """Return the constraints of a CREATE TABLE statement, sorted, without those that belong to a type."""
    written = [
        constraint
        for constraint in sorted_constraints(table)
        if not is_type_bound(constraint) and (not isinstance(constraint, PrimaryKeyConstraint) or constraint.columns)
    ]
    return sorted(written, key=lambda each: order_in_code(each, each.name))


def order_in_code(constraint: Constraint, name: object) -> tuple[int, str, str, tuple[str, ...]]:
    """Return the place of a constraint of that name in CREATE TABLE, to sort by."""
    first = {PrimaryKeyConstraint: 0, ForeignKeyConstraint: 1}.get(type(constraint), 2)
    columns = tuple(column.name for column in getattr(constraint, "columns", ()))
    return first, type(constraint).__name__, str(name or ""), columns


def without_flags(column: AnyColumn) -> AnyColumn:
    """Return a copy without ``unique`` and ``index``: its table has the constraint and the index already."""
    copied = copy_column(column)
    copied.unique = copied.index = None
    return copied


def in_this_order(constraints: list[Constraint]) -> list[Constraint]:
    """Return constraints that CREATE TABLE lists in this order, as a script does that is written from them."""
    for constraint in constraints:
        set_creation_order(constraint)
    return constraints
