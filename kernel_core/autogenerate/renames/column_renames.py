"""Likely renames of columns: their score and reasons, and the operation that replaces the drop and the addition."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.types import NullType, TypeDecorator

from ...operations.kinds.column import AddColumnOp, AlterColumnOp, DropColumnOp
from ...util.sqla_compat import AnyColumn, AnyType, default_sql
from ..compare import ComparedTables
from ..compare.columns import with_conversion
from ..compare.server_defaults import default_differs, known_default
from ..compare.types import type_differs
from ..context import AutogenContext, names
from .similarity import similarity

_FAMILIES = (
    {"string", "text", "unicode", "unicode_text", "enum", "char", "varchar"},
    {"integer", "small_integer", "big_integer"},
    {"numeric", "float", "double", "decimal", "real"},
    {"date", "datetime", "timestamp"},
)


def column_score(
    context: AutogenContext, drop: DropColumnOp, add: AddColumnOp, tables: ComparedTables, targets: tuple[str, str]
) -> tuple[float, tuple[str, ...]]:
    """Return how likely ``add`` is the dropped column under a new name, from 0 to 1, and the reasons.

    ``targets`` are the columns that foreign keys of the old and of the new column refer to, "" for none.
    """
    old, new = drop.to_column(), add.column
    if not _can_be_altered(old, new):
        return 0.0, ()
    reasons: list[str] = []
    name = similarity(drop.column_name, str(new.name))
    score = 0.5 * name if name >= 0.6 else 0.25 * name
    if name >= 0.6:
        reasons.append("same name in another spelling" if name == 1 else "similar name")
    if not type_differs(context, old, new):
        score += 0.2
        reasons.append("same type")
    else:
        score += 0.1
        reasons.append("related type")
    position = _position_score(drop, add, tables)
    score += position
    if position >= 0.15:
        reasons.append("same position")
    if bool(old.nullable) == bool(new.nullable):
        score += 0.07
    if default_sql(old.server_default, context.dialect) == default_sql(new.server_default, context.dialect):
        score += 0.08
    if old.comment and old.comment == new.comment:
        score += 0.2
        reasons.append("same comment")
    if targets[0] != targets[1]:
        score -= 0.15
        reasons.append("different foreign key")
    elif targets[0]:
        score += 0.15
        reasons.append(f"both refer to {targets[0]}")
    return min(score, 0.99), tuple(reasons)


def _can_be_altered(old: AnyColumn, new: AnyColumn) -> bool:
    """Return whether one column can be altered into the other: neither is generated, and the types are related."""
    if any(column.computed is not None or column.identity is not None for column in (old, new)):
        return False
    return are_related_types(old.type, new.type)


def are_related_types(old: AnyType, new: AnyType) -> bool:
    """Return whether two types are the same, or both are text types, integers, other numbers, or dates and times."""
    one, two = _family(old), _family(new)
    return one == two or any(one in family and two in family for family in _FAMILIES)


def _family(type_: AnyType) -> str:
    while isinstance(type_, TypeDecorator):  # the stored type counts
        type_ = type_.impl_instance
    generic = type_.as_generic(allow_nulltype=True)
    own = type_ if isinstance(generic, NullType) else generic
    return str(own.__visit_name__).lower()


def _position_score(drop: DropColumnOp, add: AddColumnOp, tables: ComparedTables) -> float:
    """Return 0.15 where both columns are at the same position between the same neighbours, 0.05 where that is weaker.

    It is weaker at the end, where new columns are added, and where the number of columns between differs.
    """
    table = tables.get((drop.schema, drop.table_name))
    if table is None:
        return 0.0
    one, two = list(table.info.columns), names(table.model.columns)
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
    """Return the columns between the nearest ones that both sides have, None for an end, and the index of ``name``."""
    fenced = [None, *names, None]
    at = fenced.index(name)
    start = next(place for place in range(at, -1, -1) if fenced[place] is None or fenced[place] in common)
    end = next(place for place in range(at, len(fenced)) if fenced[place] is None or fenced[place] in common)
    return fenced[start : end + 1], at - start


def renamed_column(context: AutogenContext, drop: DropColumnOp, add: AddColumnOp) -> AlterColumnOp:
    """Return the operation that renames the column and makes its other changes."""
    operation = altered_column(context, drop.to_column(), add.column).changed(modify_name=str(add.column.name))
    return with_conversion(context, operation, drop.to_column())


def altered_column(context: AutogenContext, old: AnyColumn, new: AnyColumn) -> AlterColumnOp:
    """Return the operation that alters the old column to match the new one, except for its name."""
    changes: dict[str, object] = {}
    if type_differs(context, old, new):
        changes["modify_type"] = new.type
    if bool(old.nullable) != bool(new.nullable) and not new.primary_key:
        changes["modify_nullable"] = bool(new.nullable)
    if default_differs(context, old, new):
        changes["modify_server_default"] = new.server_default
    if (old.comment or None) != (new.comment or None) and context.dialect.supports_comments:
        changes["modify_comment"] = new.comment
    operation = AlterColumnOp(
        str(new.table.name),
        str(old.name),
        schema=new.table.schema,
        existing_type=old.type,
        existing_nullable=bool(old.nullable),
        existing_server_default=known_default(old),
        existing_comment=old.comment,
    )
    return with_conversion(context, operation.changed(**changes), old)
