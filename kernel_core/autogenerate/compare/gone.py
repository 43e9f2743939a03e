"""Dropped tables and columns, with what re-creates them: as SQL where SQLAlchemy cannot express it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy.dialects import mysql
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import Column, Constraint, CreateTable, Index, MetaData, Table

from ...ddl.mysql.definition import column_text
from ...ddl.sqlite.equivalence import are_equivalent
from ...ddl.sqlite.identifiers import in_schema
from ...operations.kinds.column import DropColumnOp
from ...operations.kinds.constraint import DropConstraintOp
from ...operations.kinds.execute_sql import ExecuteSQLOp
from ...operations.kinds.index import DropIndexOp
from ...operations.kinds.table import DropTableOp
from ...util.sql import grammar_of, normal_sql, string_literal, without_parameters
from ..context import AutogenContext
from ..databases.catalog import Info, Key, TableInfo
from ..databases.sqlite.indexes import is_written_as, written_index
from .copies import column_alone, drop_index, table_alone
from .reflect import Database


def dropped_table(
    context: AutogenContext, database: Database, table: Table, without: Collection[Constraint]
) -> DropTableOp:
    """Return the operation that drops a table of the database; ``without`` are constraints that are dropped before."""
    info = database.infos[table.schema, str(table.name)]
    stated_later = {each["name"] for each in info.foreign_keys if "definition" in each or each.get("inherited")}
    later = {*without, *(each for each in table.foreign_key_constraints if each.name in stated_later)}
    copied = table_alone(table, context.dialect, later)
    for column in copied.columns:
        column.type = _full_type(info, info.columns[str(column.name)])
    drop = DropTableOp.from_table(copied)
    creation = drop.reverse()
    if info.sql is not None:
        creation.stored_sql = _stored_sql(context, info, creation.to_table())
    elif info.is_partition:
        creation.stored_sql = _partition_sql(context, info, copied)
    creation.followed_by = tuple(map(_statement, _completing(context, info, copied)))
    creation.followed_by += tuple(_written(database, info, name).reverse() for name in sorted(info.unreadable))
    return drop


def dropped_column(context: AutogenContext, info: TableInfo, column: Column[Any]) -> DropColumnOp:
    """Return the operation that drops a column of the database."""
    schema, table = info.key
    item = info.columns[str(column.name)]
    copied = column_alone(column)
    copied.type = _full_type(info, item)
    drop = DropColumnOp.from_column_and_tablename(schema, table, copied)
    whole = _whole_column(context, info, item)
    drop.reverse().followed_by = () if whole is None else (_statement(whole),)
    return drop


def complete_reverse(context: AutogenContext, key: Key, item: Info, drop: DropConstraintOp) -> None:
    """Let a downgrade restore what no directive states of a constraint: NOT VALID, NO INHERIT, a comment."""
    preparer, name = context.dialect.identifier_preparer, item.get("name")
    if context.dialect.name != "postgresql" or name is None:
        return
    place = preparer.format_table(Table(key[1], MetaData(), schema=key[0]))
    comment = _comment_on(context, f"{preparer.quote(name)} ON {place}", item)
    if "definition" in item and not str(item["definition"]).startswith("EXCLUDE"):
        added = f"ALTER TABLE {place} ADD CONSTRAINT {preparer.quote(name)} {item['definition']}"
        drop.undone_by = lambda _: [_statement(sql) for sql in (added, *comment)]
    else:
        drop.reverse().followed_by += tuple(map(_statement, comment))


def _comment_on(context: AutogenContext, constraint: str, item: Info) -> list[str]:
    comment = str(item.get("comment") or "")
    literal = string_literal(comment, grammar_of(context.dialect))
    return [f"COMMENT ON CONSTRAINT {constraint} IS {literal}"] if comment else []


def _statement(sql: str) -> ExecuteSQLOp:
    operation = ExecuteSQLOp(without_parameters(sql))
    operation.outside_batch = True
    return operation


def dropped_index(context: AutogenContext, info: TableInfo, index: Index) -> DropIndexOp:
    """Return the operation that drops an index of the database."""
    drop = drop_index(index)
    sql = next((item.get("sql") for item in info.indexes if item["name"] == index.name), None)
    if sql is not None and not is_written_as(index, sql, context.dialect):
        drop.reverse().stored_sql = in_schema(sql, info.key[0])
    return drop


def _written(database: Database, info: TableInfo, name: str) -> DropIndexOp:
    sql = str(info.unreadable[name])
    drop = drop_index(written_index(name, sql, database.table(info.key)))
    drop.reverse().stored_sql = in_schema(sql, info.key[0])
    return drop


def _stored_sql(context: AutogenContext, info: TableInfo, table: Table) -> str | None:
    """Return the stored CREATE TABLE of SQLite where the one that SQLAlchemy makes would make another table."""
    try:
        made = str(CreateTable(table).compile(dialect=context.dialect))
    except CompileError:  # a virtual table, whose columns have no types
        made = ""
    return None if are_equivalent(str(info.sql), made) else in_schema(str(info.sql), info.key[0])


def _partition_sql(context: AutogenContext, info: TableInfo, table: Table) -> str:
    """Return the CREATE TABLE of a partition; columns, keys and indexes are its parent's."""
    preparer = context.dialect.identifier_preparer
    schema, name = info.inherits[0]
    parent = preparer.format_table(Table(name, MetaData(), schema=schema))
    by = info.options.get("postgresql_partition_by")
    further = f" PARTITION BY {by}" if by else ""
    return f"CREATE TABLE {preparer.format_table(table)} PARTITION OF {parent} {info.partition_bound}{further}"


def _full_type(info: TableInfo, item: Info) -> Any:
    """Return the type of a column with its collation (SQLite), and JSON as JSON (MariaDB)."""
    type_ = item["type"]
    if item.get("collation") is not None and getattr(type_, "collation", "") is None:
        type_ = type_.copy()
        type_.collation = item["collation"]
    is_json = any(_is_of_json(check) for check in info.checks if check.get("column") == item["name"])
    return mysql.JSON() if is_json else type_


def _is_of_json(check: Info) -> bool:
    return normal_sql(str(check["sqltext"]), "mysql") == normal_sql(f"json_valid(`{check.get('column')}`)", "mysql")


def _completing(context: AutogenContext, info: TableInfo, table: Table) -> Iterator[str]:
    """Yield the statements that give a new table what CREATE TABLE of SQLAlchemy cannot."""
    preparer = context.dialect.identifier_preparer
    place, quote = preparer.format_table(table), preparer.quote
    for column in info.columns.values():
        whole = _whole_column(context, info, column)
        if whole is not None:
            yield whole
    stored = info.options.get("postgresql_with")
    if stored and "postgresql_with" not in table.dialect_kwargs:
        yield f"ALTER TABLE {place} SET ({', '.join(f'{name}={value}' for name, value in stored.items())})"
    constraints: list[Info] = [*info.checks, *info.foreign_keys, *info.uniques, *info.excludes, info.primary_key]
    for item in constraints:
        if item.get("inherited") or context.dialect.name != "postgresql" or item.get("name") is None:
            continue
        if "definition" in item and item not in info.excludes:
            yield f"ALTER TABLE {place} ADD CONSTRAINT {quote(item['name'])} {item['definition']}"
        yield from _comment_on(context, f"{quote(item['name'])} ON {place}", item)


def _whole_column(context: AutogenContext, info: TableInfo, item: Info) -> str | None:
    """Return the MODIFY that states all of a column of MariaDB, where it has parts that SQLAlchemy cannot express."""
    name = item["name"]
    own = [check for check in info.checks if check.get("column") == name and not _is_of_json(check)]
    if not own and not item.get("unreflected"):
        return None
    preparer, connection = context.dialect.identifier_preparer, context.connection
    assert connection is not None, "autogenerate has a connection"
    schema, table = info.key
    place = preparer.format_table(Table(table, MetaData(), schema=schema))
    return f"ALTER TABLE {place} MODIFY {column_text(connection, preparer, table, schema, name)}"
