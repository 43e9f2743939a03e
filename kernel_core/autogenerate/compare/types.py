"""Compare types of columns."""

from __future__ import annotations

from sqlalchemy.types import NullType

from ...ddl.type_comparison import types_differ
from ...util.sqla_compat import AnyColumn
from ..context import AutogenContext


def type_differs(context: AutogenContext, inspected: AnyColumn, model: AnyColumn) -> bool:
    """Return whether the types differ, by ``compare_type`` and the dialect.

    The hook gets (migration_context, inspected column, model column, inspected type, model type) and returns a bool, or
    None to let the dialect decide.
    """
    option = context.opts.get("compare_type", True)
    if option is False or isinstance(inspected.type, NullType):
        return False
    if callable(option):
        answer = option(context.migration_context, inspected, model, inspected.type, model.type)
        if answer is not None:
            return bool(answer)
    if isinstance(model.type, NullType):
        return False
    if context.impl is None:
        return types_differ(context.dialect, inspected.type, model.type)
    return bool(context.impl.compare_type(inspected, model))
