"""Likely renames of tables: their score and reasons, and the operations that replace the drop and the creation."""

from __future__ import annotations

from sqlalchemy.schema import Column, Constraint, ForeignKeyConstraint, Table, UniqueConstraint

from ...ddl.signature import unique_signature
from ...operations.kinds.column import AddColumnOp, DropColumnOp
from ...operations.kinds.rename_table import RenameTableOp
from ...operations.kinds.table import CreateTableOp, DropTableOp
from ...operations.kinds.table_comment import CreateTableCommentOp, DropTableCommentOp
from ...operations.operation import MigrateOperation
from ...util.sqla_compat import final_name, sorted_constraints
from ..compare.copies import column_alone, create_foreign_key, create_unique, drop_constraint
from ..context import AutogenContext
from ..databases.signature import foreign_key_signature
from .column_renames import altered_column, are_related_types
from .similarity import similarity

_COMMON = frozenset({"id", "name", "created_at", "updated_at", "created", "updated", "deleted_at", "description"})
"""Columns that many tables have: sharing them is weak evidence."""


def table_score(drop: DropTableOp, add: CreateTableOp) -> tuple[float, tuple[str, ...]]:
    """Return how likely ``add`` is the dropped table under a new name, from 0 to 1, and the reasons.

    Shared columns count most, common ones (`_COMMON`) least; two small tables also need similar names.
    """
    old = {str(column.name): column for column in drop.to_table().columns}
    new = {str(item.name): item for item in add.columns if isinstance(item, Column)}
    shared = [name for name in old if name in new and are_related_types(old[name].type, new[name].type)]
    every = old.keys() | new.keys()
    if not shared:
        return 0.0, ()
    share = len(shared) / len(every)
    distinctive = len(set(shared) - _COMMON)
    shape = share * (1 - 0.5**distinctive) if distinctive else 0.0
    name = similarity(drop.table_name, add.table_name)
    score = 0.35 * name + 0.65 * shape + (0.1 if share == 1 and distinctive > 1 else 0.0)
    if share < 0.6:
        return 0.0, ()
    reasons = ["similar name"] if name >= 0.6 else []
    same = "the same" if len(shared) == len(every) else f"{len(shared)} of"
    reasons.append(f"{same} {len(every)} columns")
    return min(score, 0.99), tuple(reasons)


def renamed_table(context: AutogenContext, drop: DropTableOp, add: CreateTableOp) -> list[MigrateOperation]:
    """Return the rename, followed by the operations that make the renamed table match the metadata."""
    old, new = _under_name(drop.reverse(), add.table_name), add.to_table(context.migration_context)
    name, schema = str(new.name), new.schema
    dropped = [column for column in old.columns if column.name not in new.columns]
    added = [column for column in new.columns if column.name not in old.columns]
    both = [(old.columns[column.name], column) for column in new.columns if column.name in old.columns]
    alterations = [altered_column(context, *pair) for pair in both]
    changes: list[MigrateOperation] = [AddColumnOp(name, column_alone(column), schema=schema) for column in added]
    changes += [each for each in alterations if each.has_changes()]
    changes += _constraints(context, old, new, str(drop.table_name))
    changes += [DropColumnOp.from_column_and_tablename(schema, name, column_alone(column)) for column in dropped]
    if old.comment != new.comment and context.dialect.supports_comments:
        changes.append(_comment(name, schema, old.comment, new.comment))
    return [RenameTableOp(drop.table_name, name, schema=schema), *changes]


def _under_name(creation: CreateTableOp, name: str) -> Table:
    """Return the old table under its new name."""
    return creation.changed(table_name=name).to_table()


def _comment(name: str, schema: str | None, before: str | None, after: str | None) -> MigrateOperation:
    if not after:
        return DropTableCommentOp(name, schema=schema, existing_comment=before)
    return CreateTableCommentOp(name, after, schema=schema, existing_comment=before)


def _constraints(context: AutogenContext, old: Table, new: Table, old_name: str) -> list[MigrateOperation]:
    """Return the changes of unique constraints and foreign keys; checks are kept with the table."""
    left = [each for each in old.constraints if isinstance(each, (UniqueConstraint, ForeignKeyConstraint))]
    adds: list[MigrateOperation] = []
    for constraint in sorted_constraints(new):
        if not isinstance(constraint, (UniqueConstraint, ForeignKeyConstraint)):
            continue
        same = next((each for each in left if _is_same(each, constraint, old_name, context)), None)
        if same is not None:
            left.remove(same)
        elif isinstance(constraint, ForeignKeyConstraint):
            adds.append(create_foreign_key(constraint, context.dialect))
        else:
            adds.append(create_unique(constraint, context.dialect))
    return [*(drop_constraint(each, context) for each in left if each.name), *adds]


def _is_same(old: Constraint, new: Constraint, old_name: str, context: AutogenContext) -> bool:
    if isinstance(old, UniqueConstraint) and isinstance(new, UniqueConstraint):
        wanted = final_name(new, context.dialect)
        return unique_signature(old) == unique_signature(new) and (None in (wanted, old.name) or wanted == old.name)
    if isinstance(old, ForeignKeyConstraint) and isinstance(new, ForeignKeyConstraint):
        one, two = (foreign_key_signature(each, None) for each in (old, new))
        if one.referred == (new.table.schema, old_name):  # the table refers to itself
            one = one._replace(referred=(new.table.schema, str(new.table.name)))
        return one == two
    return False
