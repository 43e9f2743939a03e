"""What differs between the models and the database: one file per comparison."""

from __future__ import annotations

from ...operations.containers import UpgradeOps
from ..context import AutogenContext
from ..registry import Comparators, comparators
from .memory import Memory
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
    own = {"tables": lambda: _compare_tables(context, upgrade_ops, schemas)}
    context.comparisons.run("schema", lambda: (context, upgrade_ops, set(schemas)), own)


def _compare_tables(context: AutogenContext, upgrade_ops: UpgradeOps, schemas: list[str | None]) -> None:
    """Compare, unless nothing differed the last time and nothing has changed since."""
    memory = Memory(context)
    if memory.says_nothing_differs():
        return
    before = len(upgrade_ops.ops)
    compare_tables(context, upgrade_ops, Database(context, schemas))
    memory.keep(nothing_differs=len(upgrade_ops.ops) == before and not context.has_warned)
