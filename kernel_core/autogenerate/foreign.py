"""What published add-ons take from Alembic's ``autogenerate.render``, though its names begin with an underscore.

Each stands in for one such function and is written on ours: GeoAlchemy2, alembic-postgresql-enum, snowflake-sqlalchemy,
clickhouse-sqlalchemy and pytest-alembic import them. `render` answers for these names only when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.schema import Column, Constraint
from sqlalchemy.types import TypeEngine

from ..operations.containers import OpContainer
from ..operations.kinds.table import CreateTableOp
from ..operations.operation import MigrateOperation
from .context import AutogenContext
from .render import Writer, render_op_text, render_operation
from .schemasource import column_source, constraint_source, default_source
from .typesource import type_source


def _statement(autogen_context: AutogenContext, operation: MigrateOperation) -> str:
    # Not by way of the registry: a renderer of the add-on's own asks for this, to change what it gets.
    return str(render_operation(autogen_context, operation))


def _add_table(autogen_context: AutogenContext, operation: CreateTableOp) -> str:
    """Write the table that the operation says it makes: an add-on's own class may change it in ``to_table``."""
    made = CreateTableOp.from_table(operation.to_table(autogen_context.migration_context))
    made.if_not_exists = operation.if_not_exists
    return str(render_operation(autogen_context, made))


def _body(op_container: OpContainer, autogen_context: AutogenContext) -> str:
    return render_op_text(autogen_context, op_container) or "pass"


def _column(column: Column[Any], autogen_context: AutogenContext) -> str:
    return str(column_source(column, Writer(autogen_context)))


def _constraint(constraint: Constraint, autogen_context: AutogenContext, namespace_metadata: object = None) -> str:
    return str(constraint_source(constraint, Writer(autogen_context)))


def _type(type_: TypeEngine[Any], autogen_context: AutogenContext, _skip_variants: bool = False) -> str:
    return str(type_source(type_, autogen_context))


def _server_default(default: Any, autogen_context: AutogenContext, repr_: bool = True) -> str | None:
    if default is None:
        return None
    return str(default_source(default, Writer(autogen_context)))


def _directive_prefix(autogen_context: AutogenContext) -> str:
    return Writer(autogen_context).prefix


NAMES: Mapping[str, Callable[..., Any]] = {
    "_add_column": _statement,
    "_add_index": _statement,
    "_add_table": _add_table,
    "_alembic_autogenerate_prefix": _directive_prefix,
    "_alter_column": _statement,
    "_drop_column": _statement,
    "_drop_index": _statement,
    "_drop_table": _statement,
    "_render_cmd_body": _body,
    "_render_column": _column,
    "_render_constraint": _constraint,
    "_render_server_default": _server_default,
    "_repr_type": _type,
}
