"""Operations on rows that may depend on what the other side does."""

from __future__ import annotations

from collections.abc import Iterator

from ..operations.kinds.rows import RowsOp
from ..operations.operation import MigrateOperation
from ..operations.ops import ExecuteSQLOp
from ..operations.schema_state import SchemaState
from ..util.sql import mentions, tokens
from .sides import Side
from .verdict import Place


def dependent_rows(base: SchemaState, after: SchemaState, one: Side, other: Side) -> Iterator[Place]:
    """Yield the operations on rows of tables that the other side changes too, or that their SQL does not show.

    A table counts with all that foreign keys connect to it, because rows are changed and refused through these.
    """
    groups = _Groups(base, after)
    for side, opposite in ((one, other), (other, one)):
        if opposite.is_empty:
            continue
        touched = set().union(*(groups.of(part) for each in opposite.operations for part in each.parts))
        for each in side.operations:
            for part in each.parts:
                if isinstance(part, ExecuteSQLOp | RowsOp):
                    tables = groups.of(part)
                    if not tables or tables & touched:
                        yield each.place


class _Groups:
    """The tables of two states by name, each with those that foreign keys connect to it."""

    def __init__(self, *states: SchemaState) -> None:
        self._dialect = states[0].dialect
        self._group: dict[str, set[str]] = {}
        for state in states:
            for table in state.tables.values():
                self._join(table.name, table.name)
                for key in table.constraints:
                    if getattr(key, "referent_table", None) is not None:
                        self._join(table.name, str(key.referent_table))

    def _join(self, one: str, other: str) -> None:
        joined = self._group.get(one.lower(), {one.lower()}) | self._group.get(other.lower(), {other.lower()})
        for name in joined:
            self._group[name] = joined

    def of(self, operation: MigrateOperation) -> set[str]:
        """Return the names of the tables that an operation changes or may reach; empty if that is not known."""
        if isinstance(operation, ExecuteSQLOp):
            found = tokens(operation.text, self._dialect)
            names = [name for name in self._group if mentions(found, name)]
        else:
            given = (getattr(operation, each, None) for each in ("referent_table", "new_table_name"))
            names = [key[1].lower() for key in operation.table_keys] + [str(each).lower() for each in given if each]
        return set().union(*(self._group.get(name, {name}) for name in names))
