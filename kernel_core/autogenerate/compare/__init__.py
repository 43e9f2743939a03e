"""What differs between the models and the database: one file per comparison."""

from __future__ import annotations

import warnings

from ...operations.containers import UpgradeOps
from ..context import AutogenContext
from ..registry import Comparators, comparators
from .memory import Memory
from .reflect import Database
from .tables import compare_tables

__all__ = ["Comparators", "comparators", "populate_upgrade_ops"]


def populate_upgrade_ops(context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    """Fill ``upgrade_ops`` with the operations that make the database what the models say."""
    own = {"schemas": lambda: _compare_schemas(context, upgrade_ops)}
    context.comparisons.run("autogenerate", lambda: (context, upgrade_ops), own)


def _compare_schemas(context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    schemas = _schemas(context)
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


def _schemas(context: AutogenContext) -> list[str | None]:
    """Return the schemas to look at: the default one, which is None, or with ``include_schemas`` all."""
    found: set[str | None] = {None}
    if context.opts.get("include_schemas"):
        found |= set(context.inspector.get_schema_names())
        _name_those_not_seen(context, found)
        found -= {"information_schema", context.inspector.default_schema_name or "information_schema"}
    wanted = [schema for schema in found if context.run_name_filters(schema, "schema", {})]
    return sorted(wanted, key=lambda schema: schema or "")


def _name_those_not_seen(context: AutogenContext, found: set[str | None]) -> None:
    """Warn of schemas of the models that MariaDB or MySQL does not show: it hides those that this user may not use."""
    if context.dialect.name not in ("mysql", "mariadb"):
        return
    missing = {table.schema for table in context.tables} - found
    for schema in sorted(each for each in missing if each and context.run_name_filters(each, "schema", {})):
        context.has_warned = True
        warnings.warn(
            f'The database "{schema}" of the models is not there, or this user may not see it: its tables count as '
            f"new. CREATE it, or GRANT SELECT ON {schema}.* to this user.",
            stacklevel=2,
        )
