"""The changes to one table, by kind, so that they can be put in an order that works."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from ...operations.kinds.constraint import CreateForeignKeyOp, DropConstraintOp
from ...operations.operation import MigrateOperation
from ..databases.catalog import Key


@dataclass(slots=True)
class Changes:
    """What is to be done to one table.

    In this order it works inside one table: foreign keys go before what they lean on, and what hangs on a column goes
    before the column.
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
        """Whether there is anything to do."""
        return any(getattr(self, name) for name in self.__slots__[1:])

    @property
    def drops_referenced(self) -> bool:
        """Whether something goes that another table's foreign key may lean on."""
        return bool(self.dropped_constraints or self.dropped_indexes or self.dropped_columns or self.altered_columns)

    @property
    def adds_referenced(self) -> bool:
        """Whether something comes that another table's foreign key may need."""
        return bool(self.added_columns or self.added_constraints or self.added_indexes or self.altered_columns)

    def in_order(self) -> list[MigrateOperation]:
        """Return all of them."""
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
        """Take operations out again, by their ``id()``."""
        for name in self.__slots__:
            operations = getattr(self, name)
            if isinstance(operations, list):
                operations[:] = [each for each in operations if id(each) not in unwanted]


def ordered(all_changes: list[Changes]) -> list[MigrateOperation]:
    """Return the changes to several tables, each table's together as far as foreign keys between them allow.

    ``all_changes`` has parents before children. A foreign key that leans on something that goes away in another table
    is dropped before everything; one that needs what comes later is added after everything.
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
