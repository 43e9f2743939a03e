"""Conversion between a MetaData and the state that operations change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.schema import Column, Constraint
from sqlalchemy.sql.elements import ClauseElement, TextClause
from sqlalchemy.sql.visitors import replacement_traverse

from ..operations.add_constraint import AddConstraintOp
from ..operations.kinds.constraint import CreateForeignKeyOp, CreatePrimaryKeyOp, CreateUniqueConstraintOp
from ..operations.named_columns import Addition
from ..operations.operation import MigrateOperation
from ..operations.schema_state import SchemaState, TableState
from ..operations.unnamed_constraints import register_name_rules
from ..util.sqla_compat import (
    AnyColumn,
    append_constraint,
    copy_column,
    copy_constraint,
    copy_plain_column,
    has_rule,
    mark_primary_key,
    plain_shape,
)
from .constraint_names import NAME_RULES

for _dialect_name, _rules in NAME_RULES.items():
    register_name_rules(_dialect_name, _rules)

_OVER_COLUMNS: Mapping[type, type[Constraint]] = {
    CreateUniqueConstraintOp: UniqueConstraint,
    CreatePrimaryKeyOp: PrimaryKeyConstraint,
}


def apply(metadata: MetaData, operations: Iterable[MigrateOperation], dialect: Dialect | None = None) -> MetaData:
    """Return a copy of ``metadata`` to which the operations are applied; ``metadata`` itself is not changed.

        apply(metadata, [AddColumnOp("users", Column("age", Integer()))])

    Raises UnknownEffect for an operation whose effect is not known, such as SQL that is not about rows.
    """
    state = state_of(metadata, dialect)
    for operation in operations:
        operation.apply_to(state)
        for further in operation.followed_by:
            further.apply_to(state)
    return metadata_of(state)


def state_of(
    metadata: MetaData | None = None, dialect: Dialect | None = None, *, like: MetaData | None = None
) -> SchemaState:
    """Return the state of a MetaData, an empty one for None.

    Its naming convention, or that of ``like``, applies to what is added later; names in the MetaData are as they are.
    """
    source = metadata if like is None else like
    convention: Any = None if source is None else source.naming_convention
    state = SchemaState(dialect or DefaultDialect(), MetaData(naming_convention=convention))
    for table in () if metadata is None else metadata.tables.values():
        state.add_table(table, constraint_of=AddConstraintOp.from_constraint)
    return state


def metadata_of(state: SchemaState) -> MetaData:
    """Return a new MetaData with the tables and sequences of a state."""
    convention: Any = state.convention.naming_convention
    metadata = MetaData(naming_convention=convention)
    for each in state.tables.values():
        _add_table(metadata, each, state)
    for (schema, name), options in state.sequences.items():
        Sequence(name, schema=schema, metadata=metadata, **options)
    return metadata


def _add_table(metadata: MetaData, state: TableState, schema: SchemaState) -> None:
    columns = {name: _copied(each) for name, each in state.columns.items()}
    marked = None if has_rule(metadata, PrimaryKeyConstraint) else _marked_key(state, columns)
    table = Table(
        state.name,
        metadata,
        *columns.values(),
        schema=state.schema,
        comment=state.comment,
        prefixes=list(state.prefixes),
        **state.options,
    )
    for each in state.constraints:
        if each is marked:
            continue
        own = _own_constraint(each)
        if own is None:
            own = copy_constraint(each.to_constraint(schema.context), target_table=table)
        append_constraint(table, own)
    for each in state.indexes:
        parts = [_part(part, table) for part in each.parts]
        Index(each.index_name, *parts, unique=each.unique, _table=table, **each.kw)


def _copied(column: AnyColumn) -> AnyColumn:
    return copy_column(column) if plain_shape(column) is None else copy_plain_column(column)


def _marked_key(state: TableState, columns: Mapping[str, AnyColumn]) -> Addition | None:
    """Return the primary key if it has no name, in the order of the columns; they are marked, so that a Table makes it.

    None for any other.
    """
    for each in state.constraints:
        if type(each) is not CreatePrimaryKeyOp or each.constraint_name is not None or each.kw:
            continue
        if each.columns == [name for name in columns if name in each.columns]:
            for name in each.columns:
                mark_primary_key(columns[name])
            return each
    return None


def _own_constraint(operation: Any) -> Constraint | None:
    """Return the constraint of an operation that only names columns; None for any other.

    It is made without the tables that `to_constraint` makes for it, and becomes the same when it is added to a table.
    """
    over_columns = _OVER_COLUMNS.get(type(operation))
    if over_columns is not None and all(isinstance(name, str) for name in operation.columns):
        return over_columns(*operation.columns, **{**operation.kw, "name": operation.constraint_name})
    if type(operation) is not CreateForeignKeyOp:
        return None
    place = [name for name in (operation.referent_schema, operation.referent_table) if name]
    options: dict[str, Any] = dict(operation.kw)
    return ForeignKeyConstraint(
        operation.local_cols,
        [".".join([*place, name]) for name in operation.remote_cols],
        name=operation.constraint_name,
        onupdate=operation.onupdate,
        ondelete=operation.ondelete,
        **options,
    )


def _part(part: Any, table: Table) -> Any:
    """Return an element of an index over the columns of ``table``: a column, SQL text, or an expression."""
    if isinstance(part, str):
        return table.c.get(part, part)
    if isinstance(part, TextClause) or not isinstance(part, ClauseElement):
        return part

    def own(element: Any, **_: object) -> Any:
        return table.c.get(element.name) if isinstance(element, Column) else None

    return replacement_traverse(part, {}, own)
