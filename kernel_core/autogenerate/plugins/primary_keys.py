"""Primary keys over other columns."""

from __future__ import annotations

from ...operations.kinds.constraint import CreatePrimaryKeyOp, DropConstraintOp
from ...runtime.plugins import Plugin
from ...util.sqla_compat import final_name
from ..compare.dropped import complete_reverse
from ..compare.found import Found, Pair
from ..compare.objects import final, stated, timing
from ..compare.reflect import Database
from ..context import AutogenContext, names


def setup(plugin: Plugin) -> None:
    """Compare everywhere."""
    plugin.add_autogenerate_comparator(compare_primary_keys, "tables", "primary_keys")


def compare_primary_keys(context: AutogenContext, database: Database, found: Found) -> None:
    """Find keys whose columns, or their order, differ; the old one goes first, the new one comes after its columns.

    A new key without a name gets the old one's, so that a downgrade can drop it.
    """
    for pair in found.both:
        before, after = pair.info.key_columns, names(pair.model.primary_key.columns)
        if before != after and not pair.info.primary_key.get("inherited"):
            _note(context, pair, before, after)


def _note(context: AutogenContext, pair: Pair, before: list[str], after: list[str]) -> None:
    schema, table = pair.info.key
    old_name = pair.info.primary_key.get("name") or f"pk_{table}"
    if before:
        existing = pair.info.primary_key
        options = {**timing(existing), **stated(existing.get("dialect_options"))}
        creation = CreatePrimaryKeyOp(final(old_name), table, before, schema=schema, **options)
        drop = DropConstraintOp(final(old_name), table, "primary", schema=schema, _reverse=creation)
        complete_reverse(context, pair.info.key, existing, drop)
        pair.changes.dropped_primary_key.append(drop)
    if after:
        automatic = context.rules.default_key_name(table)
        name = final_name(pair.model.primary_key, context.dialect) or final(old_name if before else automatic)
        pair.changes.added_constraints.insert(0, CreatePrimaryKeyOp(name, table, after, schema=schema))
