"""Compare DEFERRABLE and INITIALLY DEFERRED of unique constraints (PostgreSQL)."""

from __future__ import annotations

from sqlalchemy.schema import UniqueConstraint

from ...ddl.signature import unique_signature
from ...runtime.plugins import Plugin
from ...util.sqla_compat import final_name
from ..compare.copies import create_unique, drop_constraint
from ..compare.differences import ComparedTable, Differences
from ..compare.reflect import Database
from ..compare.reflected_objects import final
from ..context import AutogenContext
from ..databases import dialects_where
from ..databases.catalog import UniqueInfo
from ..databases.signature import reflected_unique_signature


def setup(plugin: Plugin) -> None:
    """Compare where the catalog has this."""
    for dialect_name in dialects_where(lambda rules: rules.reflects_unique_timing):
        plugin.add_autogenerate_comparator(compare_timing, "tables", "deferrables", qualifier=dialect_name)


def compare_timing(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Find unique constraints that differ only in when they are checked; they are re-created."""
    for pair in differences.tables:
        for constraint, item in _same(context, pair):
            if _timing(constraint.deferrable, constraint.initially) == _timing(item.deferrable, item.initially):
                continue
            existing = UniqueConstraint(
                *(database.column(pair.info.key, name) for name in item.column_names),
                name=final(item.name),
                deferrable=item.deferrable,
                initially=item.initially,
            )
            if context.run_object_filters(existing, item.name, "unique_constraint", True, constraint):
                pair.changes.dropped_constraints.append(drop_constraint(existing, context))
                addition = create_unique(constraint, context.dialect)
                name = addition.constraint_name or final(item.name)
                pair.changes.added_constraints.append(addition.changed(constraint_name=name))


def _same(context: AutogenContext, pair: ComparedTable) -> list[tuple[UniqueConstraint, UniqueInfo]]:
    """Return the constraints that both sides have: of one name or unnamed, over the same columns."""
    left = list(pair.info.uniques)
    found: list[tuple[UniqueConstraint, UniqueInfo]] = []
    wanted = [each for each in pair.model.constraints if isinstance(each, UniqueConstraint)]
    for constraint in sorted(wanted, key=lambda each: (each.name is None, str(each.name))):
        name, value = final_name(constraint, context.dialect), unique_signature(constraint)
        for item in left:
            if name in (None, item.name) and reflected_unique_signature(item) == value:
                found.append((constraint, item))
                left.remove(item)
                break
    return found


def _timing(deferrable: object, initially: object) -> tuple[bool, bool]:
    deferred = str(initially or "").upper() == "DEFERRED"
    return bool(deferrable) or deferred, deferred
