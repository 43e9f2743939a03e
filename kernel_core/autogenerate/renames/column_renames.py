"""Columns that look renamed: what speaks for it, and what would be done instead."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.types import NullType, TypeDecorator

from ...operations.kinds.column import AddColumnOp, AlterColumnOp, DropColumnOp
from ...util.sqla_compat import AnyColumn, AnyType, default_sql
from ..compare import ColumnOrders
from ..compare.columns import add_conversion
from ..compare.server_defaults import default_differs, known_default
from ..compare.types import type_differs
from ..context import AutogenContext
from .similarity import similarity

_FAMILIES = (
    {"string", "text", "unicode", "unicode_text", "enum", "char", "varchar"},
    {"integer", "small_integer", "big_integer"},
    {"numeric", "float", "double", "decimal", "real"},
    {"date", "datetime", "timestamp"},
)


def column_score(
    context: AutogenContext, drop: DropColumnOp, add: AddColumnOp, orders: ColumnOrders, targets: tuple[str, str]
) -> tuple[float, tuple[str, ...]]:
    """Return how sure it is that ``add`` is what is dropped, and why; 0 where it cannot be.

    ``targets`` are what foreign keys of the old and of the new column refer to, "" for none.
    """
    old, new = drop.to_column(), add.column
    if not _may_be_one(old, new):
        return 0.0, ()
    reasons: list[str] = []
    name = similarity(drop.column_name, str(new.name))
    score = 0.5 * name if name >= 0.6 else 0.25 * name
    if name >= 0.6:
        reasons.append("same name but for its spelling" if name == 1 else "similar name")
    if not type_differs(context, old, new):
        score += 0.2
        reasons.append("same type")
    else:
        score += 0.1
        reasons.append("related type")
    place = _same_place(drop, add, orders)
    score += place
    if place >= 0.15:
        reasons.append("same place")
    if bool(old.nullable) == bool(new.nullable):
        score += 0.07
    if default_sql(old.server_default, context.dialect) == default_sql(new.server_default, context.dialect):
        score += 0.08
    if old.comment and old.comment == new.comment:
        score += 0.2
        reasons.append("same comment")
    if targets[0] != targets[1]:
        score -= 0.15
        reasons.append("another foreign key")
    elif targets[0]:
        score += 0.15
        reasons.append(f"both refer to {targets[0]}")
    return min(score, 0.99), tuple(reasons)


def _may_be_one(old: AnyColumn, new: AnyColumn) -> bool:
    """A generated column cannot be altered into another one, nor can a type of another family."""
    if any(column.computed is not None or column.identity is not None for column in (old, new)):
        return False
    return may_become(old.type, new.type)


def may_become(old: AnyType, new: AnyType) -> bool:
    """Tell whether both types are of one family: texts, whole numbers, other numbers, points in time; or the same."""
    one, two = _family(old), _family(new)
    return one == two or any(one in family and two in family for family in _FAMILIES)


def _family(type_: AnyType) -> str:
    while isinstance(type_, TypeDecorator):  # what it stores counts, not what Python sees
        type_ = type_.impl_instance
    generic = type_.as_generic(allow_nulltype=True)
    own = type_ if isinstance(generic, NullType) else generic
    return str(own.__visit_name__).lower()


def _same_place(drop: DropColumnOp, add: AddColumnOp, orders: ColumnOrders) -> float:
    """Return 0.15 where both stand at the same place between the same columns, 0.05 where that says less.

    It says less at the end, where new columns go, and where there are more columns between than there were.
    """
    one, two = orders.get((drop.schema, drop.table_name), ((), ()))
    old, new = drop.column_name, str(add.column.name)
    if old not in one or new not in two:
        return 0.0
    common = set(one) & set(two)
    (gap, rank), (new_gap, new_rank) = _gap(one, old, common), _gap(two, new, common)
    if (gap[0], gap[-1]) != (new_gap[0], new_gap[-1]):
        return 0.0
    if gap[-1] is None or len(gap) != len(new_gap):
        return 0.05
    return 0.15 if rank == new_rank else 0.0


def _gap(names: Sequence[str], name: str, common: set[str]) -> tuple[list[str | None], int]:
    """Return the columns from the last to the next one that both sides have, None for an end, and which one it is."""
    fenced = [None, *names, None]
    at = fenced.index(name)
    start = next(place for place in range(at, -1, -1) if fenced[place] is None or fenced[place] in common)
    end = next(place for place in range(at, len(fenced)) if fenced[place] is None or fenced[place] in common)
    return fenced[start : end + 1], at - start


def renamed_column(context: AutogenContext, drop: DropColumnOp, add: AddColumnOp) -> AlterColumnOp:
    """Return the operation that renames the column and changes what else differs."""
    operation = altered_column(context, drop.to_column(), add.column)
    operation.modify_name = str(add.column.name)
    add_conversion(context, operation, drop.to_column())
    return operation


def altered_column(context: AutogenContext, old: AnyColumn, new: AnyColumn) -> AlterColumnOp:
    """Return the operation that makes the old column what the new one says, but for its name."""
    operation = AlterColumnOp(
        str(new.table.name),
        str(old.name),
        schema=new.table.schema,
        existing_type=old.type,
        existing_nullable=bool(old.nullable),
        existing_server_default=known_default(old),
        existing_comment=old.comment,
    )
    if type_differs(context, old, new):
        operation.modify_type = new.type
    if bool(old.nullable) != bool(new.nullable) and not new.primary_key:
        operation.modify_nullable = bool(new.nullable)
    if default_differs(context, old, new):
        operation.modify_server_default = new.server_default
    if (old.comment or None) != (new.comment or None) and context.dialect.supports_comments:
        operation.modify_comment = new.comment
    add_conversion(context, operation, old)
    return operation
