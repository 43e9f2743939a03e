"""What differs between the models and the database: one file per comparison."""

from __future__ import annotations

from ...operations.containers import UpgradeOps
from ..context import AutogenContext
from ..registry import Comparators, comparators
from .reflect import Database
from .schemas import compared_schemas
from .tables import compare_tables

__all__ = ["Comparators", "comparators", "populate_upgrade_ops"]


def populate_upgrade_ops(context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    """Fill ``upgrade_ops`` with the operations that make the database what the models say."""
    own = {"schemas": lambda: _compare_schemas(context, upgrade_ops)}
    context.comparisons.run("autogenerate", lambda: (context, upgrade_ops), own)


def _compare_schemas(context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    schemas = compared_schemas(context)
    own = {"tables": lambda: compare_tables(context, upgrade_ops, Database(context, schemas))}
    context.comparisons.run("schema", lambda: (context, upgrade_ops, set(schemas)), own)
