"""The changes of a batch, applied to a table definition: what both kinds of definitions have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, Index, MetaData, Table
from sqlalchemy.schema import Constraint, SchemaItem

from ...operations.batch import Batch, reordered
from ...util.sqla_compat import AnyColumn, copy_column, type_constraints
from ..columnchange import ColumnChange
from .hooks import RecreatesTables

Item = TypeVar("Item", Constraint, Index)


class TableEdit(ABC):
    """An edited table definition, with the methods of `DefaultImpl` by which operations change a table.

    A subclass stores the columns as objects, or as SQL. ``changed`` is whether the table differs from the old one.
    Raises BatchError for a column or constraint that does not exist, and for a column that exists already.
    """

    def __init__(self, impl: RecreatesTables, batch: Batch) -> None:
        self.impl, self.batch = impl, batch
        self.dialect = impl.checking_dialect
        self.changed = False

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of the columns in their order."""

    @abstractmethod
    def arrange(self, names: Sequence[str]) -> None:
        """Reorder the columns."""

    @abstractmethod
    def append(self, column: AnyColumn) -> None:
        """Add a column at the end."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Drop a column, with the constraints and indexes of this column alone."""

    @abstractmethod
    def redefine(self, name: str, change: ColumnChange) -> None:
        """Change the type, nullability, default or comment of a column."""

    @abstractmethod
    def add_constraint(self, constraint: Constraint) -> None:
        """Add a constraint, replacing one of the same name."""

    @abstractmethod
    def create_index(self, index: Index, **kw: object) -> None:
        """Add an index, created once the rows are copied."""

    @abstractmethod
    def constraint_names(self) -> set[str]:
        """Return the names of the constraints, generated ones of unnamed constraints included."""

    @abstractmethod
    def apply_table_kwargs(self, kwargs: Mapping[str, object]) -> None:
        """Apply the ``table_kwargs`` of ``batch_alter_table``."""

    def apply_options(self) -> None:
        """Apply ``table_args`` and ``table_kwargs`` of ``batch_alter_table`` to the new table."""
        for item in self.batch.options.table_args:
            if isinstance(item, Column):
                column = copy_column(item)
                scratch = self.scratch_table(column)
                self.add_column(self.batch.table_name, column)
                for constraint in scratch.foreign_key_constraints:
                    self.add_table_arg(constraint)
            elif isinstance(item, Index):
                self.create_index(item if item.table is not None else self._on_scratch_table(item))
            elif isinstance(item, Constraint):
                self.add_table_arg(self._on_scratch_table(item))
            else:
                raise self.batch.refuse(f"table_args has {item!r}, which is not a column, constraint or index")
        if self.batch.options.table_kwargs:
            self.apply_table_kwargs(self.batch.options.table_kwargs)

    def add_table_arg(self, constraint: Constraint) -> None:
        """Add a constraint of ``table_args``."""
        self.add_constraint(constraint)

    def _on_scratch_table(self, item: Item) -> Item:
        """Return a constraint or index that has been attached to a scratch table with the columns of this one."""
        self.scratch_table(*self.scratch_columns(), item)
        return item

    def scratch_table(self, *items: SchemaItem) -> Table:
        """Return a table object for the time of one change; a column or constraint compiles on a table only."""
        return Table(self.batch.table_name, MetaData(), *items, schema=self.batch.schema)

    def scratch_columns(self) -> list[AnyColumn]:
        """Return new columns with the names of this table's columns."""
        return [Column(name) for name in self.names()]

    def add_type_constraints(self, column: AnyColumn, known: Collection[str]) -> None:
        """Add the CHECK of a column's type (Enum, Boolean), where it has one that is not ``known``."""
        for constraint in type_constraints(column.type, self.batch.table_name, column.name, self.batch.schema):
            if constraint.name not in known:
                self.add_constraint(constraint)

    def conclude(self) -> None:  # noqa: B027 - an optional hook
        """Finish the edit once all changes are applied; by default nothing is left to do."""

    def find(self, name: str) -> str | None:
        """Return a column's name as the table spells it; None where it does not exist."""
        return name if name in self.names() else None

    def existing(self, name: str) -> str:
        """Return a column's name as the table spells it; raises NoSuchColumn where it does not exist."""
        found = self.find(name)
        if found is None:
            raise self.batch.refuse_column(name, self.names())
        return found

    def reorder(self) -> None:
        """Reorder the columns by ``partial_reordering``."""
        groups = self.batch.options.partial_reordering
        if groups:
            self.arrange(reordered(self.batch, self.names(), groups))
            self.changed = True

    def add_column(
        self,
        table_name: str,
        column: AnyColumn,
        *,
        insert_before: str | None = None,
        insert_after: str | None = None,
        if_not_exists: bool | None = None,
        **kw: object,
    ) -> None:
        """Add a column at the end, or before or after another one."""
        if self.find(column.name) is None:
            self.append(column)
            self._move(column.name, insert_before, insert_after)
        elif not if_not_exists:
            raise self.batch.refuse(f"it has a column {column.name!r} already")

    def drop_column(self, table_name: str, column: AnyColumn, *, if_exists: bool | None = None, **kw: object) -> None:
        """Drop a column, with its constraints and indexes; those shared with other columns must be dropped first."""
        if not if_exists or self.find(str(column.name)) is not None:
            self.remove(self.existing(str(column.name)))
            self.changed = True

    def alter_column(self, table_name: str, column_name: str, **given: Any) -> None:
        """Change the given properties of a column."""
        self.change_column(ColumnChange.of(table_name, column_name, **given))

    def change_column(self, change: ColumnChange) -> None:
        """Change the properties and the position of a column."""
        name = self.existing(change.column_name)
        self.redefine(name, change)
        self._move(name, *change.neighbours)

    def _move(self, name: str, before: str | None, after: str | None) -> None:
        self.changed = True
        neighbour = before if before is not None else after
        if neighbour is None:
            return
        neighbour = self.existing(neighbour)
        order = [each for each in self.names() if each != name]
        order.insert(order.index(neighbour) + (before is None), name)
        self.arrange(order)
