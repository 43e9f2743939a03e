"""The changes to one table by kind, and the order in which they can run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from ...operations.kinds.constraint import CreateForeignKeyOp, DropConstraintOp
from ...operations.operation import MigrateOperation
from ..databases.catalog import Key


@dataclass(slots=True)
class Changes:
    """The operations that change one table.

    The fields are in the order in which they run: a foreign key is dropped before the objects that it depends on, and
    what depends on a column before the column.
    """

    key: Key
    dropped_foreign_keys: list[DropConstraintOp] = field(default_factory=list)
    dropped_primary_key: list[MigrateOperation] = field(default_factory=list)
    added_columns: list[MigrateOperation] = field(default_factory=list)
    altered_columns: list[MigrateOperation] = field(default_factory=list)
    dropped_constraints: list[MigrateOperation] = field(default_factory=list)
    dropped_indexes: list[MigrateOperation] = field(default_factory=list)
    recreated: list[MigrateOperation] = field(default_factory=list)
    added_indexes: list[MigrateOperation] = field(default_factory=list)
    added_constraints: list[MigrateOperation] = field(default_factory=list)
    added_foreign_keys: list[CreateForeignKeyOp] = field(default_factory=list)
    others: list[MigrateOperation] = field(default_factory=list)
    dropped_columns: list[MigrateOperation] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Return whether there are any operations."""
        # Each table of a comparison is asked: a loop over the names of the fields takes ten times as long.
        columns = self.added_columns or self.altered_columns or self.dropped_columns or self.recreated
        constraints = self.added_constraints or self.dropped_constraints or self.dropped_primary_key
        keys = self.added_foreign_keys or self.dropped_foreign_keys
        return bool(columns or constraints or keys or self.added_indexes or self.dropped_indexes or self.others)

    @property
    def drops_referenced(self) -> bool:
        """Whether an object is dropped or altered that a foreign key of another table may depend on."""
        return bool(self.dropped_constraints or self.dropped_indexes or self.dropped_columns or self.altered_columns)

    @property
    def adds_referenced(self) -> bool:
        """Whether an object is added or altered that a foreign key of another table may need."""
        return bool(self.added_columns or self.added_constraints or self.added_indexes or self.altered_columns)

    def in_order(self) -> list[MigrateOperation]:
        """Return all operations in the order in which they can run."""
        return [
            *self.dropped_foreign_keys,
            *self.dropped_primary_key,
            *self.added_columns,
            *self.altered_columns,
            *self.dropped_constraints,
            *self.dropped_indexes,
            *self.recreated,
            *self.added_indexes,
            *self.added_constraints,
            *self.added_foreign_keys,
            *self.others,
            *self.dropped_columns,
        ]

    def leave_out(self, unwanted: Collection[int]) -> None:
        """Remove operations by their ``id()``."""
        for name in self.__slots__:
            operations = getattr(self, name)
            if isinstance(operations, list):
                operations[:] = [each for each in operations if id(each) not in unwanted]


def ordered(all_changes: list[Changes]) -> list[MigrateOperation]:
    """Return the changes to several tables, those of one table together as far as foreign keys allow.

    ``all_changes`` has parents before children. A foreign key that depends on an object that is dropped in another
    table is dropped first; one that needs an object that is added later is added last.
    """
    first: list[MigrateOperation] = []
    last: list[MigrateOperation] = []
    by_key: dict[Key | None, tuple[int, Changes]] = {}
    by_key |= {changes.key: (position, changes) for position, changes in enumerate(all_changes)}
    for position, changes in enumerate(all_changes):
        for drop in list(changes.dropped_foreign_keys):
            target = by_key.get(_referent(drop.reverse()))
            if target is not None and target[0] != position and target[1].drops_referenced:
                changes.dropped_foreign_keys.remove(drop)
                first.append(drop)
        for addition in list(changes.added_foreign_keys):
            target = by_key.get(_referent(addition))
            if target is not None and target[0] > position and target[1].adds_referenced:
                changes.added_foreign_keys.remove(addition)
                last.append(addition)
    return [*first, *(operation for changes in all_changes for operation in changes.in_order()), *last]


def _referent(operation: MigrateOperation) -> Key | None:
    if isinstance(operation, CreateForeignKeyOp):
        return operation.referent_schema, operation.referent_table
    return None
