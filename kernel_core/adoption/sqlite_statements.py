"""CREATE TABLE and CREATE INDEX of SQLite as text: SQLite itself reads them, in an empty database in memory.

A baseline has the stored text of tables that SQLAlchemy would create differently (STRICT, AUTOINCREMENT, ON CONFLICT).
"""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, StaticPool, Table, create_engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.base import Executable

from ..operations.add_constraint import AddConstraintOp
from ..operations.schema_state import SchemaState, index_operation
from ..runtime.migration import MigrationContext
from ..util.exc import UnknownEffect
from ..util.sql import tokens
from ..util.sqla_compat import sql_text
from .reading import comparing, database_of, reflected


def creates(sql: Executable | str) -> bool:
    """Return whether a statement only creates a table or an index: not from a query, and not a temporary one."""
    words = [token.keyword for token in tokens(sql_text(sql), sqlite.dialect())]
    if ";" in sql_text(sql).rstrip().rstrip(";") or words[:1] != ["CREATE"]:
        return False
    if words[1:2] == ["TABLE"]:
        return not any(each in ("SELECT", "AS") for each in words[2:5])
    return words[1:2] == ["INDEX"] or words[1:3] == ["UNIQUE", "INDEX"]


def created_by(sql: str, state: SchemaState) -> None:
    """Add to a state the table or the index that a statement creates; raises UnknownEffect if SQLite refuses it."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            _add(connection, sql, state)
    except DBAPIError as error:
        raise UnknownEffect(f"SQL: {' '.join(sql.split())[:80]}: {error.orig}") from None
    finally:
        engine.dispose()


def _add(connection: Connection, sql: str, state: SchemaState) -> None:
    is_table = tokens(sql, connection.dialect)[1].keyword == "TABLE"
    if not is_table:
        _create_bare_tables(connection, state)
    connection.exec_driver_sql(sql)
    database = database_of(comparing(MigrationContext.configure(connection), MetaData()))
    found = reflected(database).tables
    for schema, name in database.infos:  # the other tables are placeholders for foreign keys
        table = found[f"{schema}.{name}" if schema else name]
        if is_table:
            state.add_table(table, constraint_of=AddConstraintOp.from_constraint)
        else:
            _add_indexes(table, state)


def _create_bare_tables(connection: Connection, state: SchemaState) -> None:
    """Create the tables of a state with the names of their columns alone."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    for table in state.tables.values():
        if table.schema is None and table.columns:
            connection.exec_driver_sql(f"CREATE TABLE {quote(table.name)} ({', '.join(map(quote, table.columns))})")


def _add_indexes(table: Table, state: SchemaState) -> None:
    found = state.table((table.schema, table.name))
    found.indexes += [index_operation(index) for index in table.indexes]
