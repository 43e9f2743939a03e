"""Replay the changes of a batch on a table that is to be made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Index, MetaData, Table, cast, literal_column
from sqlalchemy.schema import Computed, Constraint, PrimaryKeyConstraint
from sqlalchemy.types import TypeEngine

from ...operations.batch import Batch
from ...operations.ddl_formatting import checks
from ...util.sqla_compat import (
    changed_column,
    copy_column,
    ddl_compiler,
    final_name,
    is_type_bound,
    same_affinity,
    should_create,
    type_constraints,
)
from ..columnchange import ColumnChange
from .definition import Clause, TableDefinition, clauses_of, constraint_clause, index_clause
from .hooks import RecreatesTables
from .table_edit import TableEdit


class ReflectedTableEdit(TableEdit):
    """The new table as SQLAlchemy knows it, and as the database says it where that tells more.

    ``sources`` says for each column of the new table which expression over the old one its values come from.
    """

    def __init__(self, impl: RecreatesTables, batch: Batch, table: Table, stored: TableDefinition) -> None:
        super().__init__(impl, batch)
        self.table, self.stored = table, stored
        self.columns = {column.name: _loose(column, table) for column in table.columns}
        self.texts = dict(stored.columns)
        self.sources: dict[str, Any] = {
            column.name: table.c[column.key] for column in table.columns if column.computed is None
        }
        self.clauses = clauses_of(table, self.dialect) if stored.clauses is None else list(stored.clauses)
        self.kwargs = dict(table.dialect_kwargs)

    def take_overrides(self, columns: Sequence[Column[Any]]) -> None:
        """Take note of columns that ``reflect_args`` states in their own way, and of the checks of their types."""
        known = {clause.name for clause in self.clauses}
        for column in columns:
            self.changed = True
            for constraint in type_constraints(column.type, self.batch.table_name, column.name, self.batch.schema):
                if constraint.name not in known:
                    self.add_constraint(constraint)

    def take_options(self) -> None:
        """Apply what ``batch_alter_table`` itself was given for the new table."""
        for item in self.batch.options.table_args:
            if isinstance(item, Column):
                self.add_column(self.batch.table_name, item)
                self._add_keys(item)
            elif isinstance(item, Index):
                self.create_index(self._on_a_table(item))
            elif isinstance(item, Constraint):
                self.add_constraint(self._on_a_table(item))
            else:
                raise self.batch.refuse(f"table_args holds {item!r}, which is no column, constraint or index")
        if self.batch.options.table_kwargs:
            self.kwargs |= self.impl.table_options(self.stored) | dict(self.batch.options.table_kwargs)
            self.stored.options, self.changed = None, True

    def _add_keys(self, column: Column[Any]) -> None:
        """Add the foreign keys that a loose column brings along."""
        scratch = Table(self.batch.table_name, MetaData(), copy_column(column), schema=self.batch.schema)
        for constraint in scratch.foreign_key_constraints:
            self.add_constraint(constraint)

    def _on_a_table(self, item: Any) -> Any:
        """Return a loose constraint or index on a scratch table that has the columns."""
        if isinstance(item, Index) and item.table is not None:
            return item
        columns = [Column(name, column.type) for name, column in self.columns.items()]
        Table(self.batch.table_name, MetaData(), *columns, item, schema=self.batch.schema)
        return item

    def names(self) -> list[str]:
        return list(self.columns)

    def arrange(self, names: Sequence[str]) -> None:
        self.columns = {name: self.columns[name] for name in names}

    def append(self, column: Column[Any]) -> None:
        self.impl.create_type(column.type)
        self.columns[column.name] = copy_column(column)
        if column.primary_key:
            self._set_primary_key((*self._primary_key(), column.name))

    def remove(self, name: str) -> None:
        """Drop a column, and with it the indexes and constraints that are about it; not a key or check of several."""
        if name in self.stored.referred:
            raise self.batch.refuse(f"column {name!r} is needed by {self.stored.referred[name]}. Drop that first")
        for clause in self.clauses:
            shared = clause.kind == "CHECK" and len(clause.columns) > 1
            if name in clause.columns and (clause.kind == "PRIMARY KEY" or shared):
                raise self.batch.refuse(f"column {name!r} is part of {clause.name or clause.sql}. Drop that first")
        self.clauses = [clause for clause in self.clauses if name not in clause.columns]
        del self.columns[name]
        self.sources.pop(name, None)

    def redefine(self, name: str, change: ColumnChange) -> None:
        column = self.columns[name]
        if change.type_ is not None:
            self._convert(column, change.type_, change.options)
        changes: dict[str, Any] = {
            "type": change.type_,
            "nullable": change.nullable,
            "autoincrement": change.autoincrement,
        }
        changes = {what: value for what, value in changes.items() if value is not None}
        if change.server_default is not False:
            self._refuse_generated(column, change.server_default)
            changes["server_default"] = change.server_default
        if change.comment is not False:
            changes["comment"] = change.comment or None
        if changes:
            self.columns[name] = changed_column(column, **changes)
            self._forget_text(name)

    def _convert(self, column: Column[Any], type_: TypeEngine[Any], options: Mapping[str, Any]) -> None:
        """Say how the old values become those of the new type: by a cast where both are not of one kind."""
        if column.name in self.stored.referred and not self.impl.transactional_ddl:
            raise self.batch.refuse(
                f"{self.stored.referred[column.name]} needs column {column.name!r} of the same type"
            )
        self.impl.create_type(type_)
        transfer = {"expr": self.sources.get(column.name)}
        using = options.get(f"{self.dialect.name}_using")
        if using is not None:
            transfer["expr"] = literal_column(f"({using})")
        elif transfer["expr"] is not None and not same_affinity(column.type, type_):
            transfer["expr"] = cast(transfer["expr"], type_)
        self.impl.cast_for_batch_migrate(column, transfer, type_)
        if transfer["expr"] is not None:
            self.sources[column.name] = transfer["expr"]

    def _refuse_generated(self, column: Column[Any], server_default: Any) -> None:
        if isinstance(server_default, Computed) or column.computed is not None:
            raise self.batch.refuse(
                f"column {column.name!r} cannot become computed, nor stop being so. Drop it and add it anew"
            )

    def _forget_text(self, column_name: str) -> None:
        """Use the column as reflection knows it; refuse where that is less than what the database says."""
        text = self.texts.pop(column_name, None)
        unknown = self.impl.unreflected_part(text) if text is not None else None
        if unknown is not None:
            raise self.batch.refuse(f"column {column_name!r} says {unknown}, which would be lost. Alter it in place")

    def add_constraint(self, constraint: Constraint) -> None:
        """Add a constraint, in the place of one that has its name already."""
        clause = constraint_clause(constraint, self.dialect)
        if clause is not None:
            if clause.kind == "PRIMARY KEY":
                self.clauses = [each for each in self.clauses if each.kind != "PRIMARY KEY"]
            if clause.name is not None:
                self.clauses = [each for each in self.clauses if each.kind == "INDEX" or each.name != clause.name]
            self.clauses.append(clause)
            self.changed = True

    def drop_constraint(self, constraint: Constraint, *, if_exists: bool | None = None, **kw: Any) -> None:
        """Drop a constraint by its name; a primary key also by its kind, as there is only one."""
        if is_type_bound(constraint) and not should_create(constraint, self.dialect):
            return
        name = final_name(constraint, self.dialect)
        is_primary = isinstance(constraint, PrimaryKeyConstraint)
        self._drop(
            [
                each
                for each in self.clauses
                if (each.kind != "INDEX" and name is not None and each.name == name)
                or (is_primary and each.kind == "PRIMARY KEY")
            ],
            f"no constraint {name!r}",
            if_exists,
        )

    def create_index(self, index: Index, **kw: Any) -> None:
        """Add an index."""
        self.clauses.append(index_clause(index, self.dialect))
        self.changed = True

    def drop_index(self, index: Index, *, if_exists: bool | None = None, **kw: Any) -> None:
        """Leave an index out of the new table."""
        kinds = ("INDEX", "UNIQUE")  # a unique constraint is an index on MySQL
        found = [each for each in self.clauses if each.kind in kinds and each.name == str(index.name)]
        self._drop(found, f"no index {str(index.name)!r}", if_exists)

    def _drop(self, found: list[Clause], missing: str, if_exists: bool | None) -> None:
        if found:
            self.clauses.remove(found[0])
            self.changed = True
        elif not if_exists:
            known = sorted(each.name for each in self.clauses if each.name) or ["none"]
            raise self.batch.refuse(f"it has {missing}. Its constraints and indexes: {', '.join(known)}")

    def as_table(self, name: str) -> Table:
        """Return the new table under that name, with its primary key and no other constraint."""
        key = self._primary_key()
        columns = [copy_column(column) for column in self.columns.values()]
        for column in columns:
            column.primary_key = column.name in key
        return Table(name, MetaData(), *columns, schema=self.batch.schema, comment=self.table.comment, **self.kwargs)

    def sql(self, name: str) -> str:
        """Return the CREATE TABLE statement, for a table of that name."""
        compiler, table = ddl_compiler(self.dialect), self.as_table(name)
        lines = [
            self.texts.get(column.name)
            or compiler.get_column_specification(column, first_pk=False) + checks(compiler, column)
            for column in table.columns
        ]
        lines += [clause.sql for clause in self.clauses if self.stored.is_inline(clause)]
        options = compiler.post_create_table(table) if self.stored.options is None else self.stored.options
        body = ",\n\t".join(lines)
        return f"CREATE {self.stored.prefix}TABLE {compiler.preparer.format_table(table)} (\n\t{body}\n){options}"

    def _primary_key(self) -> tuple[str, ...]:
        return next((clause.columns for clause in self.clauses if clause.kind == "PRIMARY KEY"), ())

    def _set_primary_key(self, columns: tuple[str, ...]) -> None:
        scratch = Table(self.batch.table_name, MetaData(), *(Column(name) for name in columns))
        self.add_constraint(PrimaryKeyConstraint(*(scratch.c[name] for name in columns)))


def _loose(column: Column[Any], table: Table) -> Column[Any]:
    """Return a copy that belongs to no table, and says whether it counts by itself."""
    copied = copy_column(column)
    if copied.identity is None:
        copied.autoincrement = column is table.autoincrement_column
    return copied
