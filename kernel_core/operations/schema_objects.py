"""Schema objects from names: tables, columns, constraints and indexes in a scratch MetaData."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import Constraint, SchemaItem
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.types import NULLTYPE

from ..util.sqla_compat import (
    AnyColumn,
    AnyType,
    append_constraint,
    copy_column,
    copy_constraint,
    creation_order,
    referred_name,
    set_creation_order,
    typed_text,
)
from ..util.sqla_compat.columns import AnyExpression
from .interfaces import RunContext

_OF_SQLALCHEMY = dict(MetaData().naming_convention)


class SchemaObjects:
    """Creates schema objects with the naming convention of the target metadata.

    >>> str(SchemaObjects().index("ix", "t", ["a"]).table)
    't'
    """

    def __init__(self, migration_context: RunContext | None = None) -> None:
        self.migration_context = migration_context

    def metadata(self) -> MetaData:
        """Return a fresh MetaData with the target's naming convention."""
        convention = self.naming_convention()
        return MetaData(naming_convention=convention) if convention else MetaData()

    def naming_convention(self) -> Mapping[str, Any] | None:
        """Return the naming convention of the target metadata; None without one."""
        target = self.migration_context.opts.get("target_metadata") if self.migration_context is not None else None
        for candidate in target if isinstance(target, (list, tuple)) else (target,):
            convention: Mapping[str, Any] | None = getattr(candidate, "naming_convention", None)
            if convention:
                return convention
        return None

    def has_convention(self) -> bool:
        """Return whether the target's naming convention is another than SQLAlchemy's, which only names indexes."""
        convention = self.naming_convention()
        return convention is not None and dict(convention) != _OF_SQLALCHEMY

    def table(
        self,
        name: str,
        *items: SchemaItem,
        schema: str | None = None,
        make: Callable[..., Table] = Table,
        **kw: Any,
    ) -> Table:
        """Return a separate table: items of another table are copied, and foreign keys have a table to refer to.

        Copied constraints keep their order. ``make`` replaces the class `Table`.
        """
        metadata = self.metadata()
        columns = [item for item in items if isinstance(item, Column)]
        constraints = [item for item in items if isinstance(item, Constraint)]
        rest = [_loose_index(item) for item in items if not isinstance(item, (Column, Constraint))]
        table = make(name, metadata, *map(loose_column, columns), *rest, schema=schema, **kw)
        for constraint in constraints:
            parent = getattr(constraint, "parent", None)
            if parent is not table:  # a constraint over Column objects was added with them
                own = constraint if parent is None else copy_constraint(constraint, target_table=table)
                append_constraint(table, own)
                set_creation_order(own, creation_order(constraint))
        for key in list(table.foreign_keys):
            self._ensure_target(metadata, key)
        return table

    def column(self, name: str, type_: AnyType | None = None, **kw: Any) -> AnyColumn:
        """Return a column, with NullType unless a type is given."""
        return Column(name, NULLTYPE if type_ is None else type_, **kw)

    def columns_table(self, name: str, columns: Sequence[str], schema: str | None = None) -> Table:
        """Return a table of columns with NullType."""
        return Table(
            name, self.metadata(), *(Column(column, NULLTYPE) for column in dict.fromkeys(columns)), schema=schema
        )

    def primary_key_constraint(
        self, name: str | None, table_name: str, columns: Sequence[str], schema: str | None = None, **kw: Any
    ) -> PrimaryKeyConstraint:
        """Return a primary key on a scratch table."""
        table = self.columns_table(table_name, [*columns, *_included(kw)], schema)
        constraint = PrimaryKeyConstraint(*(table.c[column] for column in columns), name=name, **kw)
        append_constraint(table, constraint)
        return constraint

    def unique_constraint(
        self, name: str | None, table_name: str, columns: Sequence[str], schema: str | None = None, **kw: Any
    ) -> UniqueConstraint:
        """Return a unique constraint on a scratch table."""
        table = self.columns_table(table_name, [*columns, *_included(kw)], schema)
        constraint = UniqueConstraint(*(table.c[column] for column in columns), name=name, **kw)
        append_constraint(table, constraint)
        return constraint

    def check_constraint(
        self,
        name: str | None,
        table_name: str,
        condition: str | TextClause | AnyExpression,
        schema: str | None = None,
        **kw: Any,
    ) -> CheckConstraint:
        """Return a CHECK constraint on a scratch table."""
        condition = typed_text(condition) if isinstance(condition, str) else condition
        table = self.columns_table(table_name, (), schema)
        # The columns of an expression are those of another table, to which the constraint must not be added.
        constraint = CheckConstraint(condition, name=name, _autoattach=False, **kw)
        append_constraint(table, constraint)
        return constraint

    def foreign_key_constraint(
        self,
        name: str | None,
        source: str,
        referent: str,
        local_cols: Sequence[str],
        remote_cols: Sequence[str],
        *,
        source_schema: str | None = None,
        referent_schema: str | None = None,
        **kw: Any,
    ) -> ForeignKeyConstraint:
        """Return a foreign key between two scratch tables; one table if both names are the same."""
        metadata = self.metadata()
        same = (source, source_schema) == (referent, referent_schema)
        local = dict.fromkeys((*local_cols, *(remote_cols if same else ())))
        table = target = Table(source, metadata, *(Column(column, NULLTYPE) for column in local), schema=source_schema)
        if not same:
            remote = (Column(column, NULLTYPE) for column in dict.fromkeys(remote_cols))
            target = Table(referent, metadata, *remote, schema=referent_schema)
        constraint = ForeignKeyConstraint(local_cols, [target.c[column] for column in remote_cols], name=name, **kw)
        append_constraint(table, constraint)
        return constraint

    def constraint(self, name: str | None, table_name: str, type_: str | None, schema: str | None = None) -> Constraint:
        """Return a constraint with that name, to be dropped.

        ``type_`` is check, foreignkey, primary or unique; None if the database needs no type.
        """
        kinds: dict[str | None, Callable[[], Constraint]] = {
            "check": lambda: CheckConstraint(text("TRUE"), name=name),
            "foreignkey": lambda: ForeignKeyConstraint(["x"], [f"{table_name}.x"], name=name),
            "primary": lambda: PrimaryKeyConstraint(name=name),
            "unique": lambda: UniqueConstraint("x", name=name),
            None: lambda: Constraint(name=name),
        }
        if type_ not in kinds:
            known = ", ".join(repr(each) for each in kinds)
            raise TypeError(f"type_ of drop_constraint() is {type_!r}; it must be one of {known}.")
        table = Table(table_name, self.metadata(), Column("x", NULLTYPE), schema=schema)
        constraint: Constraint = kinds[type_]()
        append_constraint(table, constraint)
        return constraint

    def index(
        self,
        name: str | None,
        table_name: str,
        columns: Sequence[str | TextClause | AnyExpression],
        schema: str | None = None,
        **kw: Any,
    ) -> Index:
        """Return an index on a scratch table; columns are names or SQL expressions."""
        names = [str(column) for column in (*columns, *_included(kw)) if isinstance(column, str)]
        table = self.columns_table(table_name, names, schema)
        return Index(name, *(table.c[c] if isinstance(c, str) else c for c in columns), _table=table, **kw)

    def _ensure_target(self, metadata: MetaData, key: ForeignKey) -> None:
        """Create the columns that a foreign key refers to, with NullType."""
        spec = referred_name(key)
        table_key, _, column = spec.rpartition(".")
        schema, _, name = table_key.rpartition(".")
        target = metadata.tables.get(table_key)
        if target is None:
            target = Table(name, metadata, schema=schema or None)
        if column not in target.c:
            target.append_column(Column(column, NULLTYPE))


def _included(options: Mapping[str, Any]) -> list[str]:
    """Return the included columns of an index or constraint: those of ``postgresql_include`` and similar options."""
    found = [column for name, columns in options.items() if name.endswith("_include") for column in columns or ()]
    return [column if isinstance(column, str) else str(column.name) for column in found]


def _loose_index(item: SchemaItem) -> SchemaItem:
    """Return an Index that belongs to a table as one of the same names that does not; other items unchanged."""
    if not isinstance(item, Index) or item.table is None:
        return item
    parts = [each.key if isinstance(each, Column) else each for each in item.expressions]
    return Index(item.name, *parts, unique=item.unique, **item.dialect_kwargs)


def loose_column(column: AnyColumn) -> AnyColumn:
    """Return the column if it belongs to no table, otherwise a copy."""
    return copy_column(column) if column.table is not None else column
