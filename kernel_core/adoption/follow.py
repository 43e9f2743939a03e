"""Apply an operation to a state, also SQL that the database confirms or that SQLite itself reads."""

from __future__ import annotations

from collections.abc import Mapping

from ..operations.kinds.execute_sql import ExecuteSQLOp
from ..operations.operation import MigrateOperation
from ..operations.schema_state import SchemaState
from ..util.exc import UnknownEffect
from .confirmed import Effect
from .sqlite_statements import created_by, creates


def follow(operation: MigrateOperation, state: SchemaState, confirmed: Mapping[str, Effect]) -> None:
    """Change a state as an operation changes a database; raises UnknownEffect where that is not known."""
    for each in (operation, *operation.followed_by):
        try:
            each.apply_to(state)
        except UnknownEffect:
            sql = each.text if isinstance(each, ExecuteSQLOp) else ""
            if sql in confirmed:
                confirmed[sql](state)
            elif sql and state.dialect.name == "sqlite" and creates(sql):
                created_by(sql, state)
            else:
                raise
