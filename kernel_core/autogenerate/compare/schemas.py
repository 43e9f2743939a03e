"""Choose the schemas that are compared, and create those that the database lacks."""

from __future__ import annotations

from collections.abc import Iterable

from ...operations.kinds.schema import CreateSchemaOp
from ..context import AutogenContext


def compared_schemas(context: AutogenContext) -> list[str | None]:
    """Return the schemas that are compared, None for the default one.

    With ``include_schemas`` all of the database; without, those of the tables of the metadata. ``include_name`` may
    exclude some.
    """
    found: set[str | None] = _of_models(context) or {None}
    if found != {None} and not getattr(context.impl, "creates_schemas", True):
        found &= {None, *context.inspector.get_schema_names()}  # SQLite reads only attached files
    if context.opts.get("include_schemas"):
        found = {None, *context.inspector.get_schema_names()}
        found -= {context.inspector.default_schema_name, *getattr(context.impl, "system_schemas", ())}
        found |= {None}
    wanted = [schema for schema in found if context.run_name_filters(schema, "schema", {})]
    return sorted(wanted, key=lambda schema: schema or "")


def _of_models(context: AutogenContext) -> set[str | None]:
    default = context.dialect.default_schema_name
    return {None if table.schema == default else table.schema for table in context.tables}


def missing_schemas(context: AutogenContext, needed: Iterable[str | None]) -> list[CreateSchemaOp]:
    """Return the operations that create the schemas of new tables, where the database can have more than one.

    Warns of those that this user may have no privilege to see; creating them could fail.
    """
    named = {schema for schema in needed if schema is not None}
    if not named or context.impl is None or not context.impl.creates_schemas:
        return []
    missing = sorted(named - set(context.inspector.get_schema_names()))
    if not missing or context.impl.sees_all_schemas():
        return [CreateSchemaOp(schema) for schema in missing]
    for schema in missing:
        context.warn(
            f'The database "{schema}" of the models does not exist, or this user may not see it: its tables count '
            f"as new. CREATE it, or GRANT SELECT ON {schema}.* to this user.",
        )
    return []
