"""Drops of tables, columns and indexes, whose downgrades use SQL for what SQLAlchemy cannot express."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.schema import Constraint, ForeignKeyConstraint, Index, Table

from ...operations.kinds.column import DropColumnOp
from ...operations.kinds.constraint import DropConstraintOp
from ...operations.kinds.execute_sql import ExecuteSQLOp
from ...operations.kinds.index import DropIndexOp
from ...operations.kinds.table import CreateTableOp, DropTableOp
from ...util.sql import sequences_in, without_parameters
from ...util.sqla_compat import AnyColumn, quoted_name, quoted_table, referent
from ..context import AutogenContext
from ..databases.catalog import ColumnInfo, ConstraintInfo, Key, TableInfo
from .copies import column_alone, drop_index, statement_after, table_alone
from .reflect import Database


def dropped_table(
    context: AutogenContext, database: Database, table: Table, without: Collection[Constraint]
) -> DropTableOp:
    """Return the operation that drops a table of the database; ``without`` are constraints that are dropped before."""
    info, rules = database.infos[table.schema, str(table.name)], context.rules
    added_later = {each.name for each in info.foreign_keys if each.definition is not None or each.inherited}
    later = {*without, *(each for each in table.foreign_key_constraints if each.name in added_later)}
    copied = table_alone(table, context.dialect, later)
    for column in copied.columns:
        item = info.columns[str(column.name)]
        column.type = rules.complete_type(info, item)
        _without_numbers(column, item)
    drop = DropTableOp.from_table(copied)
    creation = drop.reverse()
    rest = _without_keys(info, {str(each.name) for each in without})
    completing = map(statement_after, rules.completing_statements(connection_of(context), rest, copied))
    unreadable = ((name, str(info.unreadable[name])) for name in sorted(info.unreadable))
    indexes = [rules.index_from(name, sql, database.table(info.key)) for name, sql in unreadable]
    creations = (dropped_index(context, info, index).reverse() for index in indexes)
    stored_sql = rules.create_table_sql(connection_of(context), rest, _as_it_runs(context, creation))
    further = () if rules.stores_whole_tables and stored_sql is not None else (*completing, *creations)
    return drop.reversed_by(creation.changed(stored_sql=stored_sql, followed_by=further))


def _without_numbers(column: AnyColumn, item: ColumnInfo) -> None:
    """Remove SERIAL or identity from a column that gets its sequence by separate statements."""
    if item.numbering is not None:
        column.autoincrement = False if column.primary_key else "auto"
        column.identity = column.server_default = None


def _without_keys(info: TableInfo, names: Collection[str]) -> TableInfo:
    """Return the table without some foreign keys, which are added again when all tables exist."""
    if not names:
        return info
    return replace(info, foreign_keys=[each for each in info.foreign_keys if str(each.name) not in names])


def _as_it_runs(context: AutogenContext, creation: CreateTableOp) -> Table | None:
    """Return the table that the operation creates; None where the naming convention refuses an unnamed constraint."""
    try:
        return creation.to_table(context.migration_context)
    except InvalidRequestError:
        return None


def dropped_column(context: AutogenContext, info: TableInfo, column: AnyColumn) -> DropColumnOp:
    """Return the operation that drops a column of the database."""
    schema, table = info.key
    item = info.columns[str(column.name)]
    copied = column_alone(column)
    copied.type = context.rules.complete_type(info, item)
    _without_numbers(copied, item)
    drop = DropColumnOp.from_column_and_tablename(schema, table, copied)
    statements = context.rules.column_statements(connection_of(context), info, item)
    if not statements:
        return drop
    return drop.reversed_by(drop.reverse().changed(followed_by=tuple(map(statement_after, statements))))


def dropped_index(context: AutogenContext, info: TableInfo, index: Index) -> DropIndexOp:
    """Return the operation that drops an index of the database."""
    drop = drop_index(index)
    return drop.reversed_by(drop.reverse().changed(stored_sql=context.rules.create_index_sql(info, index)))


def with_complete_reverse(
    context: AutogenContext, key: Key, item: ConstraintInfo, drop: DropConstraintOp
) -> DropConstraintOp:
    """Return a drop whose downgrade also restores what no directive can: NOT VALID, NO INHERIT, comment, tablespace."""
    statements = context.rules.constraint_statements(key, item)
    if statements.addition is not None:
        place, name = quoted_table(*key, context.dialect), quoted_name(str(item.name), context.dialect)
        again = ExecuteSQLOp(
            without_parameters(statements.addition), reverse_sql=f"ALTER TABLE {place} DROP CONSTRAINT {name}"
        ).changed(outside_batch=True, followed_by=tuple(map(statement_after, statements.completing)))
        return drop.changed(undone_by=lambda _: [again])
    if not statements.completing:
        return drop
    addition = drop.reverse()
    completing = map(statement_after, statements.completing)
    return drop.reversed_by(addition.changed(followed_by=(*addition.followed_by, *completing)))


def ancestors(database: Database, key: Key) -> set[Key]:
    """Return the tables of which a table is a partition or a child, directly or not."""
    found: set[Key] = set()
    waiting = list(database.infos[key].inherits)
    while waiting:
        parent = waiting.pop()
        if parent not in found and parent in database.infos:
            found.add(parent)
            waiting += database.infos[parent].inherits
    return found


def parents_first(
    database: Database, sortable: Sequence[tuple[Table | None, list[ForeignKeyConstraint]]]
) -> list[tuple[Table | None, list[ForeignKeyConstraint]]]:
    """Sort tables so that each follows those without which it cannot be created, and after which it cannot be dropped.

    A child follows its parents, a foreign key to a partitioned table its partitions, and a default the table whose
    column owns the sequence.
    """
    tables = {(table.schema, str(table.name)): (table, keys) for table, keys in sortable if table is not None}
    if not tables:
        return list(sortable)
    partitions: dict[Key, list[Key]] = {}
    for key in tables:
        for parent in ancestors(database, key) if database.infos[key].is_partition else ():
            partitions.setdefault(parent, []).append(key)
    owners = {
        (info.key[0], column.sequence.name): info.key
        for info in database.infos.values()
        for column in info.columns.values()
        if column.sequence is not None
    }

    def needed(key: Key) -> Iterable[Key]:
        referred: list[Key] = [(schema, name) for schema, name, _ in map(referent, tables[key][1])]
        after = [each for target in referred if target != key for each in (target, *partitions.get(target, ()))]
        columns = database.infos[key].columns.values()
        defaults = [each.key(database.default_schema) for column in columns for each in sequences_in(column.default)]
        return (*database.infos[key].inherits, *after, *(owners[each] for each in defaults if each in owners))

    in_order = depth_first(tables, needed)
    return [*(tables[key] for key in in_order), *(each for each in sortable if each[0] is None)]


def depth_first(keys: Collection[Key], needed: Callable[[Key], Iterable[Key]]) -> list[Key]:
    """Return the keys in an order where each follows those that it needs, but for the first one of a circle.

    Needed keys that are not among ``keys`` are left out. No inner function calls itself: it would be in a reference
    cycle that keeps all compared tables in memory until the garbage collector runs.
    """
    found: list[Key] = []
    begun: set[Key] = set()
    entered: list[tuple[Key | None, Iterator[Key]]] = [(None, iter(keys))]
    while entered:
        key, others = entered[-1]
        following = next((other for other in others if other in keys and other not in begun), None)
        if following is not None:
            begun.add(following)
            entered.append((following, iter(needed(following))))
            continue
        entered.pop()
        if key is not None:
            found.append(key)
    return found


def connection_of(context: AutogenContext) -> Connection:
    """Return the connection of a comparison, which always has one."""
    assert context.connection is not None, "autogenerate has a connection"
    return context.connection
