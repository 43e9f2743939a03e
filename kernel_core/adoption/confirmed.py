"""SQL of a revision that is identical to the SQL which would re-create a part of the database: its effect is known.

Autogenerate writes such statements after a table for what no operation states: settings of a column, a constraint that
is NOT VALID, a CHECK inside a column of MariaDB. Their effect is then known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, MetaData, Table
from sqlalchemy.schema import Constraint

from ..autogenerate.compare.dropped import connection_of, dropped_table
from ..autogenerate.compare.reflect import Database
from ..autogenerate.databases.catalog import CheckInfo, ConstraintInfo, TableInfo
from ..operations.add_constraint import AddConstraintOp
from ..operations.named_columns import plain_column
from ..operations.schema_state import SchemaState
from ..schema.reading import check_of
from ..util.sql import without_parameters
from ..util.sqla_compat import sorted_tables

Effect = Callable[[SchemaState], None]
"""Changes a state as the statement changes a database."""


def confirmed_statements(database: Database, metadata: MetaData) -> Mapping[str, Effect]:
    """Return the effect of each statement that completes a table of the database, by its text."""
    found: dict[str, Effect] = {}
    circles = _keys_of_circles(database)
    for key, info in database.infos.items():
        table = metadata.tables[f"{key[0]}.{key[1]}" if key[0] else key[1]]
        for sql, effect in _of_table(database, info, table, [each for each in circles if each.table is table]):
            found.setdefault(sql, effect)
            found.setdefault(without_parameters(sql), effect)
    return found


def _keys_of_circles(database: Database) -> list[ForeignKeyConstraint]:
    """Return the foreign keys that are added when all tables exist."""
    if not database.context.dialect.supports_alter:
        return []
    sortable = sorted_tables(database.table(key) for key in database.infos)
    return [key for table, keys in sortable if table is None for key in keys]


def _of_table(
    database: Database, info: TableInfo, table: Table, without: Collection[Constraint]
) -> Iterator[tuple[str, Effect]]:
    rules, connection = database.context.rules, connection_of(database.context)
    created = dropped_table(database.context, database, table, without).reverse().stored_sql
    if created is not None:
        later = {each.name for each in without}
        yield created, _creating(table, info, later, has_indexes=rules.stores_whole_tables)
    items: list[ConstraintInfo] = [*info.checks, *info.foreign_keys, *info.uniques, *info.excludes, info.primary_key]
    for item in items:
        statements = rules.constraint_statements(info.key, item)
        if statements.addition is not None:
            yield statements.addition, _adding(table, _named(table, item))
        yield from ((sql, _nothing) for sql in statements.completing)
    for column in info.columns.values():
        checks = [check_of(each) for each in info.checks if each.column == column.name]
        effect = _restating(table, column.name, checks)
        yield from ((sql, effect) for sql in rules.column_statements(connection, info, column)[-1:])
    yield from ((sql, _nothing) for index in info.indexes for sql in index.statements)
    yield from ((sql, _nothing) for sql in rules.completing_statements(connection, info, table))


def _named(table: Table, item: ConstraintInfo) -> Constraint | None:
    if isinstance(item, CheckInfo):
        return check_of(item)
    return next((each for each in table.constraints if each.name == item.name), None)


def _nothing(state: SchemaState) -> None:
    """Change nothing: the statement is about something that no comparison reads."""


def _creating(table: Table, info: TableInfo, without: Collection[object], *, has_indexes: bool) -> Effect:
    """Return the effect of CREATE TABLE where no operation states it: a partition, a virtual table of SQLite.

    The indexes are separate statements, or those of the partitioned table; so are constraints that have a definition.
    """
    items: list[ConstraintInfo] = [*info.checks, *info.foreign_keys, *info.uniques, info.primary_key]
    later = {*without, *(item.name for item in items if item.definition is not None)}

    def effect(state: SchemaState) -> None:
        state.add_table(table, constraint_of=AddConstraintOp.from_constraint)
        made = state.table((table.schema, str(table.name)))
        if not has_indexes:
            made.indexes.clear()
        made.constraints[:] = [each for each in made.constraints if each.constraint_name not in later]

    return effect


def _adding(table: Table, constraint: Constraint | None) -> Effect:
    def effect(state: SchemaState) -> None:
        if constraint is not None:
            _add(state, table, [constraint])

    return effect


def _restating(table: Table, column: str, checks: list[CheckConstraint]) -> Effect:
    def effect(state: SchemaState) -> None:
        found = state.table((table.schema, table.name))
        found.column(column)
        found.columns[column] = plain_column(table.columns[column])
        _add(state, table, checks)

    return effect


def _add(state: SchemaState, table: Table, constraints: list[Constraint] | list[CheckConstraint]) -> None:
    found = state.table((table.schema, table.name))
    for each in constraints:
        if getattr(each, "parent", None) is None:
            Table(table.name, MetaData(), each, schema=table.schema)
    state.add_constraints(
        found, [state.as_it_is(AddConstraintOp.from_constraint(each), type(each)) for each in constraints]
    )
