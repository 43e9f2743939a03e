"""PostgreSQL: DDL is transactional; a type may need ``USING``; enum types live apart from tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Column, Index, Table
from sqlalchemy.dialects.postgresql import NamedType
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Constraint, Identity
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

from ...operations.ddl_formatting import alter_table, format_column_name, format_type
from ...operations.kinds.column import ColumnDefault, ColumnType, Conversion, IdentityColumnDefault
from ...util.sqla_compat import literal_text
from ..columnchange import ColumnChange
from ..impl import DefaultImpl
from ..index_expressions import with_valid_parts
from ..recreate import TableDefinition
from ..type_comparison import synonyms_of
from .casts import conversion, is_plain_default, kept_default
from .definition import table_definition
from .generated_names import PostgresqlNames
from .run_lock import AdvisoryLock
from .sequences import move_sequences
from .serial import becomes_identity, becomes_serial, sequence_of, serial_default


class PostgresqlImpl(DefaultImpl):
    """PostgreSQL's own ways."""

    __dialect__ = "postgresql"
    transactional_ddl = True
    marks_transactions = True
    locks_rows = True
    type_synonyms = synonyms_of("postgresql")

    def generated_names(self, connection: Connection | None) -> PostgresqlNames:
        return PostgresqlNames(connection)

    def run_lock(self, connection: Connection, table: Table, *, borrowed: bool) -> AdvisoryLock:
        return AdvisoryLock(connection, table, self.translated(table.schema), borrowed=borrowed)

    def add_column(self, table_name: str, column: Column[Any], **kw: Any) -> Iterable[Constraint] | None:
        """Add a column, and before it the enum type or domain that it uses, where that is not there."""
        self.create_type(column.type)
        return super().add_column(table_name, column, **kw)

    def change_column(self, change: ColumnChange) -> None:
        """Change a column; an identity or default that the new type or nullability contradicts goes first."""
        old, new = change.existing_server_default, change.server_default
        sequence = sequence_of(new)
        if isinstance(old, Identity) and sequence is not None:
            becomes_serial(self, change, sequence)
            change = replace(change, existing_server_default=new, server_default=False)
        elif isinstance(old, Identity) and new is not False and not isinstance(new, Identity):
            self.execute(IdentityColumnDefault(*change.place, None, self, **change.known))
            change = replace(change, existing_server_default=None, server_default=False if new is None else new)
        elif isinstance(new, Identity) and is_plain_default(old) and sequence_of(old) is None:
            self.execute(ColumnDefault(*change.place, None, **change.known))
            change = replace(change, existing_server_default=None)
        elif new is False and change.type_ is not None and change.options.get("postgresql_using"):
            change = replace(change, server_default=kept_default(old))
        super().change_column(change)

    def change_default(self, change: ColumnChange) -> None:
        """Change a default; what a sequence has counted goes on where the column becomes an identity."""
        sequence = sequence_of(change.existing_server_default)
        if isinstance(change.server_default, Identity) and sequence is not None:
            becomes_identity(self, change, sequence)
        else:
            super().change_default(change)

    def implied_default(self, column: Column[Any]) -> ClauseElement | None:
        """Return the ``nextval`` default of a column that becomes SERIAL."""
        return serial_default(column)

    def column_type(self, change: ColumnChange, type_: TypeEngine[Any]) -> ClauseElement:
        """Return the change of type, with the ``postgresql_using`` expression that turns old values into new."""
        self.create_type(type_)
        using = change.options.get("postgresql_using")
        return PostgresqlColumnType(*change.place, type_, using=None if using is None else str(using), **change.known)

    def conversion(self, column_name: str, before: TypeEngine[Any], after: TypeEngine[Any]) -> Conversion | None:
        """Return the USING expression for a change of type that has no assignment cast."""
        return conversion(self.dialect, column_name, before, after)

    def create_type(self, type_: TypeEngine[Any]) -> None:
        """Make an enum type or domain, where it is not there."""
        own = type_.dialect_impl(self.dialect)
        if isinstance(own, NamedType) and getattr(own, "create_type", True):
            own.create(self.bind, checkfirst=not self.as_sql)

    def create_index(self, index: Index, **kw: Any) -> None:
        """Create an index, its expressions in the parentheses that they need here."""
        super().create_index(with_valid_parts(index, self.dialect), **kw)

    # Move and copy

    def table_definition(self, connection: Connection, table_name: str, schema: str | None) -> TableDefinition:
        """Return constraints, indexes, triggers and the rest in PostgreSQL's own words."""
        return table_definition(connection, self.checking_dialect.identifier_preparer, table_name, schema)

    def insert_option(self, new: Table) -> str:
        """Let the rows keep the values of an identity that is otherwise always given by the server."""
        return "OVERRIDING SYSTEM VALUE " if any(column.identity is not None for column in new.columns) else ""

    def swap_tables(self, old: str, new: str, schema: str | None) -> None:
        """Drop the old table and give its name to the new one; what counts its rows goes on counting."""
        renamed = (
            [] if self.as_sql or self.connection is None else move_sequences(self, self.connection, old, new, schema)
        )
        super().swap_tables(old, new, schema)
        for sql in renamed:
            self.execute_sql(sql)


class PostgresqlColumnType(ColumnType):
    """``ALTER COLUMN c TYPE x USING expression``."""

    def __init__(
        self, name: str, column_name: str, type_: TypeEngine[Any], *, using: str | None = None, **kw: Any
    ) -> None:
        super().__init__(name, column_name, type_, **kw)
        self.using = using


@compiles(PostgresqlColumnType, "postgresql")
def visit_column_type(element: PostgresqlColumnType, compiler: DDLCompiler, **kw: Any) -> str:
    """Say ALTER COLUMN TYPE, with how the values are converted."""
    name = format_column_name(compiler, element.column_name)
    using = f" USING {_expression(compiler, element.using)}" if element.using else ""
    table = alter_table(compiler, element.table_name, element.schema)
    return f"{table} ALTER COLUMN {name} TYPE {format_type(compiler, element.type_)}{using}"


def _expression(compiler: DDLCompiler, words: str) -> str:
    """Return SQL of a person's own as it stands in a statement; a colon in it is a colon."""
    return compiler.sql_compiler.process(literal_text(words))
