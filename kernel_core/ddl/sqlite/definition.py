"""The definition of a table of SQLite: its stored SQL, and that of the indexes, triggers and views that use it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Index, Table
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from ...util.exc import BatchError
from ...util.sql import mentions, tokens
from .create_table import TableText, parse_table
from .identifiers import quote


@dataclass(frozen=True, slots=True)
class StoredTable:
    """The parsed CREATE TABLE of a table, and the SQL of its indexes and triggers and of views that use it, by name."""

    text: TableText
    indexes: dict[str, str] = field(default_factory=dict)
    triggers: dict[str, str] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)

    def is_free(self, column: str) -> bool:
        """Return whether DROP COLUMN allows this column: it is not the last one, and no other SQL mentions it."""
        if not self.text.has_column(column) or len(self.text.columns) == 1:
            return False
        own = self.text.column(column)
        if any(clause.kind in ("PRIMARY KEY", "UNIQUE", "FOREIGN KEY", "CHECK") for clause in own.clauses):
            return False
        others = [clause.text for other in self.text.columns if other is not own for clause in other.clauses]
        texts = [*others, *(clause.text for clause in self.text.constraints)]
        texts += [*self.indexes.values(), *self.triggers.values(), *self.views.values()]
        return not any(mentions(tokens(text, "sqlite"), column) for text in texts)


def stored_definition(connection: Connection | None, table_name: str, schema: str | None = None) -> StoredTable:
    """Read a table from ``sqlite_master``.

    Raises BatchError where the table does not exist, or cannot be rebuilt (a virtual table).
    """
    master = f"{quote(schema)}.sqlite_master" if schema else "sqlite_master"
    assert connection is not None, "the stored definition is read from a live database"
    rows = connection.exec_driver_sql(f"SELECT type, name, tbl_name, sql FROM {master} WHERE sql IS NOT NULL").all()
    text: TableText | None = None
    kinds: dict[str, dict[str, str]] = {"index": {}, "trigger": {}, "view": {}}
    for type_, name, owner, sql in rows:
        if type_ == "table" and name.lower() == table_name.lower():
            try:
                text = parse_table(sql)
            except ValueError as error:
                raise BatchError(f"Table {table_name!r} cannot be rebuilt: {error}.") from None
        elif (type_ in ("index", "trigger") and owner.lower() == table_name.lower()) or (
            type_ == "view" and mentions(tokens(sql, "sqlite"), table_name)
        ):
            kinds[type_][name] = sql
    if text is None:
        raise BatchError(f"Table {table_name!r} does not exist in this database. Check its name.")
    return StoredTable(text, kinds["index"], kinds["trigger"], kinds["view"])


def compiled_definition(table: Table, dialect: Dialect) -> StoredTable:
    """Return the definition of a Table of SQLAlchemy (``copy_from``), as the database would store it."""
    text = parse_table(str(CreateTable(table).compile(dialect=dialect)))
    return StoredTable(text, {str(index.name): index_sql(index, dialect) for index in table.indexes})


def index_sql(index: Index, dialect: Dialect) -> str:
    """Return the CREATE INDEX statement."""
    return str(CreateIndex(index).compile(dialect=dialect))
