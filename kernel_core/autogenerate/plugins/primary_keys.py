"""Compare the columns of primary keys."""

from __future__ import annotations

from ...operations.kinds.constraint import CreatePrimaryKeyOp, DropConstraintOp
from ...runtime.plugins import Plugin
from ...util.sqla_compat import final_name
from ..compare.differences import ComparedTable, Differences
from ..compare.dropped import with_complete_reverse
from ..compare.reflect import Database
from ..compare.reflected_objects import final, stated, timing
from ..context import AutogenContext, names


def setup(plugin: Plugin) -> None:
    """Compare on all databases."""
    plugin.add_autogenerate_comparator(compare_primary_keys, "tables", "primary_keys")


def compare_primary_keys(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Find keys whose columns, or their order, differ; the old one is dropped first, the new one created last.

    A new key without a name is given the name of the old one, so that a downgrade can drop it.
    """
    for pair in differences.tables:
        before, after = pair.info.key_columns, names(pair.model.primary_key.columns)
        if before != after and not pair.info.primary_key.inherited:
            _replace_key(context, pair, before, after)


def _replace_key(context: AutogenContext, pair: ComparedTable, before: list[str], after: list[str]) -> None:
    schema, table = pair.info.key
    old_name = pair.info.primary_key.name or f"pk_{table}"
    if before:
        existing = pair.info.primary_key
        options = {**timing(existing), **stated(existing.dialect_options)}
        creation = CreatePrimaryKeyOp(final(old_name), table, before, schema=schema, **options)
        drop = DropConstraintOp(final(old_name), table, "primary", schema=schema, _reverse=creation)
        drop = with_complete_reverse(context, pair.info.key, existing, drop)
        pair.changes.dropped_primary_key.append(drop)
    if after:
        automatic = context.rules.default_key_name(table)
        name = final_name(pair.model.primary_key, context.dialect) or final(old_name if before else automatic)
        pair.changes.added_constraints.insert(0, CreatePrimaryKeyOp(name, table, after, schema=schema))
