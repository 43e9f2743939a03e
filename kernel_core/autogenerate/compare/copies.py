"""Copies of schema objects for operations: with their final names, without parts that have separate operations."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Boolean
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import (
    CheckConstraint,
    Column,
    Constraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    SchemaItem,
    Table,
    UniqueConstraint,
)
from sqlalchemy.sql.base import SchemaEventTarget
from sqlalchemy.sql.elements import conv

from ...ddl.index_expressions import unbound_options, unbound_parts
from ...operations.kinds.constraint import CreateForeignKeyOp, CreateUniqueConstraintOp, DropConstraintOp
from ...operations.kinds.execute_sql import ExecuteSQLOp
from ...operations.kinds.index import CreateIndexOp, DropIndexOp
from ...operations.schema_objects import SchemaObjects
from ...operations.table_items import order_in_code
from ...util.sql import without_parameters
from ...util.sqla_compat import (
    AnyColumn,
    AnyType,
    copy_column,
    copy_constraint,
    excluded,
    final_name,
    has_rule,
    is_exclude_constraint,
    is_type_bound,
    new_exclude_constraint,
    referent,
    sorted_constraints,
    table_prefixes,
)
from ..context import AutogenContext, names
from ..databases.catalog import Arguments
from .reflected_objects import STATEMENTS


def bare_column(column: AnyColumn) -> AnyColumn:
    """Return a copy of a column without its index, its uniqueness and its foreign keys."""
    copied = copy_column(column)
    copied.index = copied.unique = None
    copied.key = copied.name
    return copied


def column_alone(column: AnyColumn) -> AnyColumn:
    """Return a `bare_column` as the only part of a table of the same name."""
    copied = bare_column(column)
    Table(column.table.name, MetaData(), copied, schema=column.table.schema)
    return copied


def table_alone(table: Table, dialect: Dialect, without: Collection[Constraint] = ()) -> Table:
    """Return a copy of a table without indexes, in a new MetaData; ``without`` are constraints that are added later."""
    copied = Table(
        table.name,
        MetaData(),
        *(bare_column(column) for column in table.columns),
        schema=table.schema,
        comment=table.comment,
        prefixes=table_prefixes(table),
        info=dict(table.info),
        **table.dialect_kwargs,
    )
    for constraint in _constraints_of(table, without):
        copied.append_constraint(constraint_alone(constraint, dialect))
    return copied


def _constraints_of(table: Table, without: Collection[Constraint]) -> list[Constraint]:
    return [
        constraint
        for constraint in sorted_constraints(table)
        if constraint not in without
        and not is_type_bound(constraint)
        and (not isinstance(constraint, PrimaryKeyConstraint) or constraint.columns)
    ]


def _is_copied(type_: AnyType) -> bool:
    """Return whether SQLAlchemy copies a type with its column, and the copy may be written otherwise."""
    return type(type_) is not Boolean and isinstance(type_, SchemaEventTarget)


_WRITTEN_ALIKE = frozenset({PrimaryKeyConstraint, UniqueConstraint, ForeignKeyConstraint, CheckConstraint})


def items_to_write(table: Table, dialect: Dialect, without: Collection[Constraint] = ()) -> list[SchemaItem] | None:
    """Return columns and constraints that are written as the same code as those of `table_alone`, in the same order.

    They are those of ``table``, not to be changed; types that SQLAlchemy copies with a column are copied. None where
    the code might be another one.
    """
    constraints = _constraints_of(table, without)
    if any(type(each) is not Column for each in table.columns):
        return None
    if any(type(each) not in _WRITTEN_ALIKE or getattr(each, "use_alter", False) for each in constraints):
        return None
    columns = [bare_column(each) if _is_copied(each.type) else each for each in table.columns]
    return [*columns, *sorted(constraints, key=lambda each: order_in_code(each, final_name(each, dialect)))]


def constraint_alone(constraint: Constraint, dialect: Dialect) -> Constraint:
    """Return a copy of a constraint that has its columns by name and belongs to no table."""
    options: Arguments = {
        "name": final_name(constraint, dialect),
        "deferrable": constraint.deferrable,
        "initially": constraint.initially,
        "info": dict(constraint.info),
        **constraint.dialect_kwargs,
    }
    if isinstance(constraint, ForeignKeyConstraint):
        schema, table, columns = referent(constraint)
        prefix = f"{schema}.{table}" if schema else table
        options |= {"onupdate": constraint.onupdate, "ondelete": constraint.ondelete, "match": constraint.match}
        local = names(key.parent for key in constraint.elements)
        return ForeignKeyConstraint(local, [f"{prefix}.{column}" for column in columns], **options)
    if isinstance(constraint, PrimaryKeyConstraint):
        return PrimaryKeyConstraint(*names(constraint.columns), **options)
    if isinstance(constraint, UniqueConstraint):
        return UniqueConstraint(*names(constraint.columns), **options)
    if is_exclude_constraint(constraint):
        parts = [
            (str(part.name) if isinstance(part, Column) else part, operator) for part, operator in excluded(constraint)
        ]
        own = {"where": constraint.where, "using": constraint.using, "ops": constraint.ops}
        return new_exclude_constraint(*parts, **options, **own)
    copied = copy_constraint(constraint)
    if isinstance(constraint, CheckConstraint):
        copied.name = options["name"]
    return copied


def create_index(index: Index, dialect: Dialect) -> CreateIndexOp:
    """Return the operation that creates an index; its expressions become text, which belongs to no table."""
    # Add-ons read the Column objects of the models (GeoAlchemy2 their types).
    columns = [
        element if isinstance(element, Column) else part
        for element, part in zip(index.expressions, unbound_parts(index, dialect), strict=True)
    ]
    return CreateIndexOp.from_index(index).changed(
        columns=columns, kw=unbound_options(index), index_name=final_name(index, dialect)
    )


def drop_index(index: Index) -> DropIndexOp:
    """Return the operation that drops a reflected index, with what re-creates it."""
    drop = DropIndexOp.from_index(index)
    if STATEMENTS not in index.info:
        return drop
    completing = tuple(map(statement_after, index.info[STATEMENTS]))
    return drop.reversed_by(drop.reverse().changed(followed_by=completing))


def statement_after(sql: str) -> ExecuteSQLOp:
    """Return the operation that runs SQL which completes what was just created, outside a batch."""
    return ExecuteSQLOp(without_parameters(sql)).changed(outside_batch=True)


def create_unique(constraint: UniqueConstraint, dialect: Dialect) -> CreateUniqueConstraintOp:
    """Return the operation that adds a unique constraint."""
    return CreateUniqueConstraintOp.from_constraint(constraint).changed(constraint_name=final_name(constraint, dialect))


def create_foreign_key(constraint: ForeignKeyConstraint, dialect: Dialect) -> CreateForeignKeyOp:
    """Return the operation that adds a foreign key."""
    operation = CreateForeignKeyOp.from_constraint(constraint)
    return operation.changed(
        constraint_name=final_name(constraint, dialect),
        local_cols=names(key.parent for key in constraint.elements),
        kw={name: value for name, value in operation.kw.items() if name != "use_alter"},
    )


def drop_constraint(constraint: Constraint, context: AutogenContext) -> DropConstraintOp:
    """Return the operation that drops a reflected constraint, by the name that the database's ``impl`` knows it by.

    Where a naming convention would change that name, it is final, and the downgrade re-creates the constraint by it.
    """
    operation = DropConstraintOp.from_constraint(constraint)
    if operation.constraint_name is not None:
        return operation
    assert context.impl is not None, "autogenerate has a connection"
    name = context.impl.constraint_name(constraint)
    if name is None or not has_rule(SchemaObjects(context.migration_context).metadata(), type(constraint)):
        return operation.changed(constraint_name=name)
    addition = operation.reverse().changed(constraint_name=conv(name))
    return operation.changed(constraint_name=conv(name)).reversed_by(addition)
