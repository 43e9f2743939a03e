"""Between a MetaData and the state that operations change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Index, MetaData, Sequence, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.schema import Column
from sqlalchemy.sql.elements import ClauseElement, TextClause
from sqlalchemy.sql.visitors import replacement_traverse

from ..operations.add_constraint import AddConstraintOp
from ..operations.operation import MigrateOperation
from ..operations.schema_state import SchemaState, TableState
from ..util.sqla_compat import copy_column, copy_constraint


def apply(metadata: MetaData, operations: Iterable[MigrateOperation], dialect: Dialect | None = None) -> MetaData:
    """Return the MetaData that a database of ``metadata`` has after the operations; the one given stays as it is.

        apply(metadata, [AddColumnOp("users", Column("age", Integer()))])

    Raises UnknownEffect for an operation whose effect is not known, such as SQL that is not about rows.
    """
    state = state_of(metadata, dialect)
    for operation in operations:
        operation.apply_to(state)
        for further in operation.followed_by:
            further.apply_to(state)
    return metadata_of(state)


def state_of(metadata: MetaData | None = None, dialect: Dialect | None = None) -> SchemaState:
    """Return the state of a MetaData, an empty one for None; its naming convention applies to what is added."""
    convention: Any = None if metadata is None else metadata.naming_convention
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
    columns = [copy_column(column) for column in state.columns.values()]
    table = Table(
        state.name,
        metadata,
        *columns,
        schema=state.schema,
        comment=state.comment,
        prefixes=list(state.prefixes),
        **state.options,
    )
    for each in state.constraints:
        table.append_constraint(copy_constraint(each.to_constraint(schema.context), target_table=table))
    for each in state.indexes:
        parts = [_part(part, table) for part in each.parts]
        Index(each.index_name, *parts, unique=each.unique, _table=table, **each.kw)


def _part(part: Any, table: Table) -> Any:
    """Return an element of an index over the columns of ``table``: a column, SQL text, or an expression."""
    if isinstance(part, str):
        return table.c.get(part, part)
    if isinstance(part, TextClause) or not isinstance(part, ClauseElement):
        return part

    def own(element: Any, **_: object) -> Any:
        return table.c.get(element.name) if isinstance(element, Column) else None

    return replacement_traverse(part, {}, own)
