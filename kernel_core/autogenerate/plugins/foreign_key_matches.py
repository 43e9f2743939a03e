"""Compare MATCH FULL and MATCH SIMPLE of foreign keys over several columns (PostgreSQL)."""

from __future__ import annotations

from ...runtime.plugins import Plugin
from ...util.sqla_compat import final_name
from ..compare.copies import create_foreign_key, drop_constraint
from ..compare.differences import Differences
from ..compare.reflect import Database
from ..compare.reflected_objects import final
from ..context import AutogenContext
from ..databases import dialects_where
from ..databases.signature import foreign_key_signature, reflected_foreign_key_signature


def setup(plugin: Plugin) -> None:
    """Compare where the catalog has this."""
    for dialect_name in dialects_where(lambda rules: rules.reflects_match):
        plugin.add_autogenerate_comparator(compare_matches, "tables", "foreign_key_matches", qualifier=dialect_name)


def compare_matches(context: AutogenContext, database: Database, differences: Differences) -> None:
    """Find foreign keys that differ only in MATCH; they are re-created."""
    schema = database.default_schema
    for pair in differences.tables:
        there = {reflected_foreign_key_signature(item, schema): item for item in pair.info.foreign_keys}
        for constraint in sorted(pair.model.foreign_key_constraints, key=lambda each: str(each.name)):
            item = there.get(foreign_key_signature(constraint, schema))
            if item is None or _match((item.options or {}).get("match")) == _match(constraint.match):
                continue
            keys = database.table(pair.info.key).foreign_key_constraints
            existing = next((each for each in keys if each.name == item.name), None)
            if existing is None or not context.run_object_filters(
                existing, item.name, "foreign_key_constraint", True, constraint
            ):
                continue
            pair.changes.dropped_foreign_keys.append(drop_constraint(existing, context))
            addition = create_foreign_key(constraint, context.dialect)
            name = final_name(constraint, context.dialect) or final(item.name)
            pair.changes.added_foreign_keys.append(addition.changed(constraint_name=name))


def _match(word: object) -> str:
    """Return the MATCH option; "" for SIMPLE, which is the default (SQL standard, 8.12)."""
    match = str(word or "").upper()
    return "" if match == "SIMPLE" else match
