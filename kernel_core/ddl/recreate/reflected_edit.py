"""The changes of a batch, applied to a reflected table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Column, ColumnElement, Index, MetaData, Table, cast, literal_column
from sqlalchemy.schema import Computed, Constraint, PrimaryKeyConstraint

from ...operations.batch import Batch
from ...operations.ddl_formatting import checks
from ...util.sqla_compat import (
    AnyColumn,
    AnyType,
    changed_column,
    copy_column,
    ddl_compiler,
    final_name,
    is_type_bound,
    same_affinity,
    should_create,
)
from ..columnchange import ColumnChange
from .definition import Clause, TableDefinition, clauses_of, constraint_clause, index_clause
from .hooks import RecreatesTables
from .table_edit import TableEdit


class ReflectedTableEdit(TableEdit):
    """The new table as objects of SQLAlchemy, with the database's own SQL where that is more precise.

    ``sources``: for each column of the new table the expression over the old one that its values come from.
    ``texts``: the SQL of each column that is as it was; a changed one is compiled.
    """

    def __init__(self, impl: RecreatesTables, batch: Batch, table: Table, definition: TableDefinition) -> None:
        super().__init__(impl, batch)
        self.table, self.definition = table, definition
        self.columns = {column.name: _detached(column, table) for column in table.columns}
        self.texts = dict(definition.columns)
        self.sources: dict[str, ColumnElement[Any]] = {
            column.name: table.c[column.key] for column in table.columns if column.computed is None
        }
        self.clauses = clauses_of(table, self.dialect) if definition.clauses is None else list(definition.clauses)
        self.kwargs = dict(table.dialect_kwargs)

    def apply_overrides(self, columns: Sequence[AnyColumn]) -> None:
        """Add the CHECKs of the types of columns that ``reflect_args`` overrides; the columns are reflected so."""
        known = self.constraint_names()
        for column in columns:
            self.changed = True
            self.add_type_constraints(column, known)

    def apply_table_kwargs(self, kwargs: Mapping[str, object]) -> None:
        self.kwargs |= self.impl.table_options(self.definition) | dict(kwargs)
        self.definition, self.changed = replace(self.definition, options=None), True

    def scratch_columns(self) -> list[AnyColumn]:
        return [Column(name, column.type) for name, column in self.columns.items()]

    def constraint_names(self) -> set[str]:
        return {clause.name for clause in self.clauses if clause.name is not None}

    def names(self) -> list[str]:
        return list(self.columns)

    def arrange(self, names: Sequence[str]) -> None:
        self.columns = {name: self.columns[name] for name in names}

    def append(self, column: AnyColumn) -> None:
        self.impl.create_type(column.type)
        self.columns[column.name] = copy_column(column)
        if column.primary_key:
            self._set_primary_key((*self._primary_key(), column.name))

    def remove(self, name: str) -> None:
        """Drop a column, with its indexes and constraints; a primary key or a CHECK of several columns is refused."""
        if name in self.definition.referred:
            raise self.batch.refuse(f"column {name!r} is needed by {self.definition.referred[name]}. Drop that first")
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

    def _convert(self, column: AnyColumn, type_: AnyType, options: Mapping[str, object]) -> None:
        """Set the expression that converts the old values: by default a cast, where the types' affinities differ."""
        if column.name in self.definition.referred and not self.impl.transactional_ddl:
            raise self.batch.refuse(
                f"{self.definition.referred[column.name]} needs column {column.name!r} of the same type"
            )
        self.impl.create_type(type_)
        transfer: dict[str, Any] = {"expr": self.sources.get(column.name)}
        using = options.get(f"{self.dialect.name}_using")
        if using is not None:
            transfer["expr"] = literal_column(f"({using})")
        elif transfer["expr"] is not None and not same_affinity(column.type, type_):
            transfer["expr"] = cast(transfer["expr"], type_)
        self.impl.cast_for_batch_migrate(column, transfer, type_)
        if transfer["expr"] is not None:
            self.sources[column.name] = transfer["expr"]

    def _refuse_generated(self, column: AnyColumn, server_default: object) -> None:
        if isinstance(server_default, Computed) or column.computed is not None:
            raise self.batch.refuse(
                f"column {column.name!r} cannot become computed, nor stop being so. Drop it and add it again"
            )

    def _forget_text(self, column_name: str) -> None:
        """Compile the column from now on; refuse where its SQL has a part that is not reflected."""
        text = self.texts.pop(column_name, None)
        unknown = self.impl.unreflected_part(text) if text is not None else None
        if unknown is not None:
            raise self.batch.refuse(f"column {column_name!r} has {unknown}, which would be lost. Alter it in place")

    def add_constraint(self, constraint: Constraint) -> None:
        """Add a constraint, replacing one of the same name."""
        clause = constraint_clause(constraint, self.dialect)
        if clause is not None:
            if clause.kind == "PRIMARY KEY":
                self.clauses = [each for each in self.clauses if each.kind != "PRIMARY KEY"]
            if clause.name is not None:
                self.clauses = [each for each in self.clauses if each.kind == "INDEX" or each.name != clause.name]
            self.clauses.append(clause)
            self.changed = True

    def drop_constraint(self, constraint: Constraint, *, if_exists: bool | None = None, **kw: object) -> None:
        """Drop a constraint by its name; a primary key also by its kind, as a table has only one."""
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

    def create_index(self, index: Index, **kw: object) -> None:
        """Add an index."""
        self.clauses.append(index_clause(index, self.dialect))
        self.changed = True

    def drop_index(self, index: Index, *, if_exists: bool | None = None, **kw: object) -> None:
        """Drop an index."""
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
        """Return the new table with that name, with its primary key and no other constraint."""
        key = self._primary_key()
        columns = [copy_column(column) for column in self.columns.values()]
        for column in columns:
            column.primary_key = column.name in key
        return Table(name, MetaData(), *columns, schema=self.batch.schema, comment=self.table.comment, **self.kwargs)

    def sql(self, name: str) -> str:
        """Return the CREATE TABLE statement for a table of that name."""
        compiler, table = ddl_compiler(self.dialect), self.as_table(name)
        lines = [
            self.texts.get(column.name)
            or compiler.get_column_specification(column, first_pk=False) + checks(compiler, column)
            for column in table.columns
        ]
        lines += [clause.sql for clause in self.clauses if self.definition.is_inline(clause)]
        options = compiler.post_create_table(table) if self.definition.options is None else self.definition.options
        body = ",\n\t".join(lines)
        return f"CREATE {self.definition.prefix}TABLE {compiler.preparer.format_table(table)} (\n\t{body}\n){options}"

    def _primary_key(self) -> tuple[str, ...]:
        return next((clause.columns for clause in self.clauses if clause.kind == "PRIMARY KEY"), ())

    def _set_primary_key(self, columns: tuple[str, ...]) -> None:
        scratch = Table(self.batch.table_name, MetaData(), *(Column(name) for name in columns))
        self.add_constraint(PrimaryKeyConstraint(*(scratch.c[name] for name in columns)))


def _detached(column: AnyColumn, table: Table) -> AnyColumn:
    """Return a copy that belongs to no table, with ``autoincrement`` set to whether the table increments it."""
    copied = copy_column(column)
    if copied.identity is None:
        copied.autoincrement = column is table.autoincrement_column
    return copied
