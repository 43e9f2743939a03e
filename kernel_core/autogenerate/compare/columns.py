"""Columns: which are new, which are gone, which are another."""

from __future__ import annotations

from typing import Any

from sqlalchemy.schema import Column, Table

from ...operations.kinds.column import AddColumnOp, AlterColumnOp, DropColumnOp
from ...operations.operation import MigrateOperation
from ..catalogue import TableInfo
from ..context import AutogenContext
from .copies import column_alone
from .reflect import Database, column_of
from .registry import comparators
from .server_defaults import default_differs, known_default
from .types import type_differs


def added_columns(context: AutogenContext, info: TableInfo, model: Table) -> list[MigrateOperation]:
    """Return what adds the columns that the database lacks, in the model's order."""
    schema, table = info.key
    return [
        AddColumnOp.from_column_and_tablename(schema, table, column_alone(column))
        for column in model.columns
        if not column.system
        and str(column.name) not in info.columns
        and context.run_object_filters(column, str(column.name), "column", False, None)
    ]


def dropped_columns(
    context: AutogenContext, database: Database, info: TableInfo, model: Table
) -> list[MigrateOperation]:
    """Return what drops the columns that the models lack."""
    schema, table = info.key
    wanted = {str(column.name) for column in model.columns}
    operations: list[MigrateOperation] = []
    for name in info.columns:
        if name in wanted:
            continue
        column = database.column(info.key, name)
        if context.run_object_filters(column, name, "column", True, None):
            operations.append(DropColumnOp.from_column_and_tablename(schema, table, column_alone(column)))
    return operations


def altered_columns(
    context: AutogenContext, database: Database, info: TableInfo, model: Table
) -> list[MigrateOperation]:
    """Return what alters the columns that both sides have."""
    asks_hooks = context.filters_objects or callable(context.opts.get("compare_type"))
    asks_hooks = asks_hooks or callable(context.opts.get("compare_server_default")) or comparators.has("column")
    operations: list[MigrateOperation] = []
    for column in model.columns:
        name = str(column.name)
        if name not in info.columns:
            continue
        inspected = database.column(info.key, name) if asks_hooks else column_of(info.columns[name])
        if not context.run_object_filters(column, name, "column", False, inspected):
            continue
        operation = _alteration(context, info, inspected, column)
        comparators.run("column", context, operation, *info.key, name, inspected, column)
        if operation.has_changes():
            operations.append(operation)
    return operations


def _alteration(context: AutogenContext, info: TableInfo, inspected: Column[Any], model: Column[Any]) -> AlterColumnOp:
    schema, table = info.key
    operation = AlterColumnOp(
        table,
        str(model.name),
        schema=schema,
        existing_type=inspected.type,
        existing_server_default=known_default(inspected),
        existing_nullable=bool(inspected.nullable),
        existing_comment=inspected.comment,
    )
    if type_differs(context, inspected, model):
        operation.modify_type = model.type
    if nullability_differs(info, inspected, model):
        operation.modify_nullable = bool(model.nullable)
    if default_differs(context, inspected, model):
        operation.existing_server_default = inspected.server_default
        operation.modify_server_default = model.server_default
    return operation


def nullability_differs(info: TableInfo, inspected: Column[Any], model: Column[Any]) -> bool:
    """Tell whether NOT NULL differs; a primary key implies it, also where SQLite does not say so.

    A generated column is skipped unless the model asks for NOT NULL: the database decides by its expression.
    """
    if bool(inspected.nullable) == bool(model.nullable):
        return False
    if model.primary_key and inspected.name in info.primary_key.get("constrained_columns", ()):
        return False
    return not (inspected.computed is not None and model.nullable) and model.identity is None
