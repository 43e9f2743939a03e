"""Compare columns: added, dropped and altered ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

from sqlalchemy.schema import DefaultClause, Table

from ...operations.kinds.column import AddColumnOp, AlterColumnOp
from ...operations.operation import MigrateOperation
from ...util.dispatch import PriorityDispatchResult
from ...util.sqla_compat import AnyColumn, AnyType, literal_text
from ..context import AutogenContext
from ..databases import DefaultPair, TableInfo
from ..databases.catalog import Arguments
from .changes import Changes
from .comments import compare_comment
from .copies import column_alone
from .dropped import dropped_column
from .reflect import Database
from .reflected_objects import column_of
from .server_defaults import default_differs, known_default
from .types import type_differs

Named: TypeAlias = Sequence[tuple[str, AnyColumn]]
"""The columns of a table of the metadata with their names."""


def named_columns(model: Table) -> Named:
    """Return the columns of a table of the metadata with their names."""
    return [(str(column.name), column) for column in model.columns]


def added_columns(context: AutogenContext, info: TableInfo, columns: Named) -> list[MigrateOperation]:
    """Return the operations that add the columns that the database lacks, in the order of the metadata."""
    schema, table = info.key
    there = info.columns
    added = [
        AddColumnOp.from_column_and_tablename(schema, table, column_alone(column))
        for name, column in columns
        if name not in there and not column.system and context.run_object_filters(column, name, "column", False, None)
    ]
    return [operation.changed(remark=operation.advice(context.dialect.name)) for operation in added]


def dropped_columns(
    context: AutogenContext, database: Database, info: TableInfo, columns: Named
) -> list[MigrateOperation]:
    """Return the operations that drop the columns that the metadata lacks, but for inherited ones."""
    wanted = {name for name, _ in columns}
    operations: list[MigrateOperation] = []
    for name, item in info.columns.items():
        if name in wanted or item.inherited:
            continue
        column = database.column(info.key, name)
        if context.run_object_filters(column, name, "column", True, None):
            operations.append(dropped_column(context, info, column))
    return operations


def altered_columns(
    context: AutogenContext,
    database: Database,
    info: TableInfo,
    columns: Named,
    equivalent: Collection[DefaultPair],
) -> list[MigrateOperation]:
    """Return the operations that alter columns; ``equivalent`` are defaults that differ as text alone."""
    unchanged = database.unchanged
    operations: list[MigrateOperation] = []
    for name, column in columns:
        item = info.columns.get(name)
        if item is None or (unchanged.is_usable and unchanged.contains(item, column)):
            continue
        inspected = column_of(item) if unchanged.is_usable else database.column(info.key, name)
        if not context.run_object_filters(column, name, "column", False, inspected):
            continue
        operation = _alteration(context, info, inspected, column, equivalent)
        if operation.has_changes():
            operations.append(operation)
    return operations


def _alteration(
    context: AutogenContext,
    info: TableInfo,
    inspected: AnyColumn,
    model: AnyColumn,
    equivalent: Collection[DefaultPair],
) -> AlterColumnOp:
    schema, table = info.key
    operation = AlterColumnOp(
        table,
        str(model.name),
        schema=schema,
        existing_type=inspected.type,
        existing_server_default=known_default(inspected),
        existing_nullable=bool(inspected.nullable),
        existing_comment=inspected.comment,
        **_autoincrement(context, inspected),
    )
    own = {
        "nullable": lambda: _compare_nullable(operation, info, inspected, model),
        "comment": lambda: compare_comment(context, operation, inspected, model),
        "types": lambda: _compare_type(context, operation, inspected, model),
        "server_default": lambda: _compare_default(context, info, operation, inspected, model, equivalent),
    }
    given = (context, operation, schema, table, str(model.name), inspected, model)
    context.comparisons.run("column", lambda: given, own)
    return with_conversion(context, operation, inspected)


def with_conversion(context: AutogenContext, operation: AlterColumnOp, inspected: AnyColumn) -> AlterColumnOp:
    """Return the operation with the expressions that convert the values, where the database needs them; up and down."""
    if operation.modify_type is None or context.impl is None:
        return operation
    there = context.impl.conversion(operation.column_name, inspected.type, operation.modify_type)
    back = context.impl.conversion(operation.name_after, operation.modify_type, inspected.type)
    return operation if there is None and back is None else operation.converted(there, back)


def change_type(
    context: AutogenContext, database: Database, info: TableInfo, changes: Changes, model: AnyColumn, **types: AnyType
) -> None:
    """Set ``modify_type`` or ``existing_type`` in the alteration of a column, a new one if the changes have none.

    Nothing is changed where ``include_object`` excludes the column.
    """
    alteration = _alteration_of(context, database, info, changes, model)
    if alteration is not None:
        others = [each for each in changes.altered_columns if each is not alteration]
        place = next((n for n, each in enumerate(changes.altered_columns) if each is alteration), len(others))
        changes.altered_columns[:] = [*others[:place], alteration.changed(**types), *others[place:]]


def _alteration_of(
    context: AutogenContext, database: Database, info: TableInfo, changes: Changes, model: AnyColumn
) -> AlterColumnOp | None:
    """Return the alteration of a column among the changes, a new one if there is none; None if it is excluded."""
    name = str(model.name)
    for each in changes.altered_columns:
        if isinstance(each, AlterColumnOp) and each.column_name == name:
            return each
    inspected = database.column(info.key, name)
    if not context.run_object_filters(model, name, "column", False, inspected):
        return None
    schema, table = info.key
    return AlterColumnOp(
        table,
        name,
        schema=schema,
        existing_type=inspected.type,
        existing_nullable=bool(inspected.nullable),
        existing_server_default=known_default(inspected),
        existing_comment=inspected.comment,
        **_autoincrement(context, inspected),
    )


def _autoincrement(context: AutogenContext, inspected: AnyColumn) -> Arguments:
    """Return AUTO_INCREMENT as an argument of an alteration, where ALTER TABLE states a whole column."""
    counts = context.rules.alters_whole_columns and inspected.autoincrement is True
    return {"existing_autoincrement": True} if counts else {}


def _compare_type(
    context: AutogenContext, operation: AlterColumnOp, inspected: AnyColumn, model: AnyColumn
) -> PriorityDispatchResult:
    if not type_differs(context, inspected, model):
        return PriorityDispatchResult.CONTINUE
    operation.modify_type = model.type
    return PriorityDispatchResult.STOP


def _compare_nullable(
    operation: AlterColumnOp, info: TableInfo, inspected: AnyColumn, model: AnyColumn
) -> PriorityDispatchResult:
    if not nullability_differs(info, inspected, model):
        return PriorityDispatchResult.CONTINUE
    operation.modify_nullable = bool(model.nullable)
    return PriorityDispatchResult.STOP


def _compare_default(
    context: AutogenContext,
    info: TableInfo,
    operation: AlterColumnOp,
    inspected: AnyColumn,
    model: AnyColumn,
    equivalent: Collection[DefaultPair],
) -> PriorityDispatchResult:
    differs = default_differs(context, inspected, model, equivalent)
    if not differs and not _is_of_the_old_type(context, operation, inspected):
        return PriorityDispatchResult.CONTINUE
    before, after = inspected.server_default, model.server_default
    serial = info.columns[str(model.name)].serial_default
    if before is None and serial is not None:  # the default of SERIAL, which is none where both sides are SERIAL
        before = DefaultClause(literal_text(serial))
    if inspected.identity is not None and after is None and context.impl is not None:
        implied = context.impl.implied_default(model)
        after = None if implied is None else DefaultClause(implied)
    operation.existing_server_default, operation.modify_server_default = before, after
    return PriorityDispatchResult.STOP


def _is_of_the_old_type(context: AutogenContext, operation: AlterColumnOp, inspected: AnyColumn) -> bool:
    """Return whether the column gets a type to which the database does not convert its default by itself."""
    if operation.modify_type is None or inspected.server_default is None or context.impl is None:
        return False
    return context.impl.conversion(operation.column_name, inspected.type, operation.modify_type) is not None


def nullability_differs(info: TableInfo, inspected: AnyColumn, model: AnyColumn) -> bool:
    """Return whether NOT NULL differs; a primary key implies it, also where SQLite does not reflect it.

    A generated column is skipped unless the model asks for NOT NULL: the database decides by its expression.
    """
    if bool(inspected.nullable) == bool(model.nullable):
        return False
    if model.primary_key and inspected.name in info.primary_key.constrained_columns:
        return False
    return not (inspected.computed is not None and model.nullable) and model.identity is None
