"""Compare comments of columns and tables."""

from __future__ import annotations

from sqlalchemy.schema import Table

from ...operations.kinds.column import AlterColumnOp
from ...operations.kinds.table_comment import CreateTableCommentOp, DropTableCommentOp
from ...util.dispatch import PriorityDispatchResult
from ...util.sqla_compat import AnyColumn
from ..context import AutogenContext
from ..databases.catalog import TableInfo
from .changes import Changes


def compare_comment(
    context: AutogenContext, operation: AlterColumnOp, inspected: AnyColumn, model: AnyColumn
) -> PriorityDispatchResult:
    """Set the comment of an alteration if it differs; an empty comment is none."""
    if not context.dialect.supports_comments or (inspected.comment or None) == (model.comment or None):
        return PriorityDispatchResult.CONTINUE
    operation.existing_comment = inspected.comment
    operation.modify_comment = model.comment or None
    return PriorityDispatchResult.STOP


def compare_table_comment(
    context: AutogenContext, info: TableInfo, model: Table, changes: Changes
) -> PriorityDispatchResult:
    """Add an operation if the comment of a table differs; an empty comment is none."""
    before, after = info.comment or None, model.comment or None
    if not context.dialect.supports_comments or before == after:
        return PriorityDispatchResult.CONTINUE
    schema, table = info.key
    if after is None:
        changes.others.append(DropTableCommentOp(table, schema=schema, existing_comment=before))
    else:
        changes.others.append(CreateTableCommentOp(table, after, schema=schema, existing_comment=before))
    return PriorityDispatchResult.STOP
