"""CREATE TABLE and CREATE INDEX of SQLite as text: SQLite itself reads them, in an empty database in memory.

A baseline has the stored text of tables that SQLAlchemy would create differently (STRICT, AUTOINCREMENT, ON CONFLICT).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, MetaData, StaticPool, Table, create_engine
from sqlalchemy.exc import DBAPIError

from ..operations.add_constraint import AddConstraintOp
from ..operations.schema_state import SchemaState, index_operation
from ..operations.sql_effects import register_statement_reader
from ..runtime.migration import MigrationContext
from ..util.exc import UnknownEffect
from ..util.sql import tokens


def apply_statement(sql: str, state: SchemaState) -> bool:
    """Add the table or the index that a statement creates; return False for any other statement.

    Raises UnknownEffect if SQLite refuses it.
    """
    words = [token.keyword for token in tokens(sql, "sqlite")]
    if not _creates(words):
        return False
    for table in _read(sql, state, is_table=words[1] == "TABLE"):
        place = (table.schema, str(table.name))
        if words[1] != "TABLE":
            _add_indexes(table, state)
        elif words[2:5] != ["IF", "NOT", "EXISTS"] or place not in state.tables:
            state.add_table(table, constraint_of=AddConstraintOp.from_constraint)
    return True


register_statement_reader("sqlite", apply_statement)


def _creates(words: Sequence[str]) -> bool:
    """Return whether a statement only creates a table or an index: not from a query, and not a temporary one."""
    if words[:2] == ["CREATE", "TABLE"]:
        return "SELECT" not in words and words[-1:] != ["AS"]
    return words[:2] == ["CREATE", "INDEX"] or words[:3] == ["CREATE", "UNIQUE", "INDEX"]


def _read(sql: str, state: SchemaState, *, is_table: bool) -> list[Table]:
    """Return the table that a statement creates, or the tables of a state with the index that it creates."""
    from .reading import comparing, database_of, reflected  # noqa: PLC0415 - most histories have no such statement

    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            if not is_table:
                _create_bare_tables(connection, state)
            connection.exec_driver_sql(sql)
            database = database_of(comparing(MigrationContext.configure(connection), MetaData()))
            _require_keys(connection, {name for _, name in database.infos})
            found = reflected(database).tables
            # The other tables are placeholders for foreign keys.
            return [found[f"{schema}.{name}" if schema else name] for schema, name in database.infos]
    except DBAPIError as error:
        raise UnknownEffect(f"SQL: {' '.join(sql.split())[:80]}: {error.orig}") from None
    finally:
        engine.dispose()


def _require_keys(connection: Connection, names: Collection[str]) -> None:
    """Raise UnknownEffect for a foreign key without columns to another table: it refers to the key of that one."""
    for name in names:
        rows = connection.exec_driver_sql('SELECT "table" FROM pragma_foreign_key_list(?) WHERE "to" IS NULL', (name,))
        for (other,) in rows.all():
            if other not in names:
                raise UnknownEffect(f"SQL: table {name} refers to the primary key of {other}, which is not known")


def _create_bare_tables(connection: Connection, state: SchemaState) -> None:
    """Create the tables of a state with the names of their columns alone."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    for table in state.tables.values():
        if table.schema is None and table.columns:
            connection.exec_driver_sql(f"CREATE TABLE {quote(table.name)} ({', '.join(map(quote, table.columns))})")


def _add_indexes(table: Table, state: SchemaState) -> None:
    found = state.table((table.schema, table.name))
    found.indexes += [index_operation(index) for index in table.indexes]
