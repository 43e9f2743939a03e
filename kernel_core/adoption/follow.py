"""Apply an operation to a state, also SQL that the database confirms."""

from __future__ import annotations

from collections.abc import Mapping

from ..operations.kinds.execute_sql import ExecuteSQLOp
from ..operations.operation import MigrateOperation
from ..operations.schema_state import SchemaState
from .confirmed import Effect


def follow(operation: MigrateOperation, state: SchemaState, confirmed: Mapping[str, Effect]) -> None:
    """Change a state as an operation changes a database; raises UnknownEffect where that is not known."""
    for each in (operation, *operation.followed_by):
        effect = confirmed.get(each.text) if isinstance(each, ExecuteSQLOp) else None
        if effect is not None:
            effect(state)
        else:
            each.apply_to(state)
