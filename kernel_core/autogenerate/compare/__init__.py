"""The built-in comparisons of the metadata with the database: one file for each kind of object."""

from __future__ import annotations

from ...operations.containers import UpgradeOps
from ...util.collector import without_collector
from ..context import AutogenContext
from ..databases import Key
from ..registry import Comparators, comparators
from .differences import ComparedTable
from .reflect import Database
from .schemas import compared_schemas
from .tables import ComparedTables, compare_tables

__all__ = ["Comparators", "ComparedTables", "comparators", "populate_upgrade_ops"]


def populate_upgrade_ops(context: AutogenContext, upgrade_ops: UpgradeOps) -> ComparedTables:
    """Fill ``upgrade_ops`` with the operations that make the database match the metadata.

    Returns the tables that both have and that differ.
    """
    compared: dict[Key, ComparedTable] = {}

    def tables(schemas: list[str | None]) -> None:
        with without_collector():  # it would visit the many facts of a large schema again and again
            compared.update(compare_tables(context, upgrade_ops, Database(context, schemas)))

    def in_schemas() -> None:
        schemas = compared_schemas(context)
        arguments = (context, upgrade_ops, set(schemas))
        context.comparisons.run("schema", lambda: arguments, {"tables": lambda: tables(schemas)})

    context.comparisons.run("autogenerate", lambda: (context, upgrade_ops), {"schemas": in_schemas})
    return compared
