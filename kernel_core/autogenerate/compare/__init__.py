"""What differs between the models and the database: one file per comparison."""

from __future__ import annotations

from ...operations.containers import UpgradeOps
from ..context import AutogenContext
from .reflect import Database
from .registry import Comparators, comparators
from .tables import compare_tables

__all__ = ["Comparators", "comparators", "populate_upgrade_ops"]


def populate_upgrade_ops(context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    """Fill ``upgrade_ops`` with the operations that make the database what the models say."""
    schemas = _schemas(context)
    database = Database(context, schemas)
    compare_tables(context, upgrade_ops, database)
    comparators.run("schema", context, upgrade_ops, set(schemas))


def _schemas(context: AutogenContext) -> list[str | None]:
    """Return the schemas to look at: the default one, which is None, or with ``include_schemas`` all."""
    found: set[str | None] = {None}
    if context.opts.get("include_schemas"):
        found |= set(context.inspector.get_schema_names())
        found -= {"information_schema", context.inspector.default_schema_name}
    wanted = [schema for schema in found if context.run_name_filters(schema, "schema", {})]
    return sorted(wanted, key=lambda schema: schema or "")
