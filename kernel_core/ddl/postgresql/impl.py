"""PostgreSQL: DDL is transactional; a change of type may need ``USING``; enum types are objects of the schema."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from sqlalchemy import Index, Table
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Constraint, Identity
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import ARRAY, TypeDecorator

from ...operations.ddl_formatting import alter_table, format_column_name, format_type
from ...operations.kinds.column import ColumnDefault, ColumnType, Conversion, IdentityColumnDefault
from ...util.sqla_compat import AnyColumn, AnyType, is_of_postgresql, literal_text, values_of_type
from ..cancelling import Cancelling, by_statement
from ..columnchange import ColumnChange
from ..impl import DefaultImpl
from ..index_expressions import with_valid_parts
from ..recreate import TableDefinition
from ..type_comparison import synonyms_of
from .backend import known_process, takes_many_statements
from .casts import conversion, is_value_default, kept_default
from .definition import table_definition
from .generated_names import PostgresqlNames
from .lock_wait import BlockingProcesses, limited_waits
from .run_lock import AdvisoryLock, without_begin
from .sequences import move_sequences
from .serial import becomes_identity, becomes_serial, sequence_of, serial_default
from .using_index import AddConstraintUsingIndex

_LIMIT = (
    "SELECT set_config('statement_timeout', CASE WHEN current_setting('statement_timeout')::interval "
    "BETWEEN '1ms' AND '{milliseconds}ms' THEN current_setting('statement_timeout') ELSE '{milliseconds}ms' END, true)"
)


class PostgresqlImpl(DefaultImpl):
    """PostgreSQL's DDL and its differences."""

    __dialect__ = "postgresql"
    transactional_ddl = True
    marks_transactions = True
    may_fail_in_groups = True
    # More subtransactions than 64 make snapshots of other sessions slow (https://www.postgresql.org/docs/current/subxacts.html).
    group_size = 50
    has_journal = True
    locks_rows = True
    type_synonyms = synonyms_of("postgresql")

    def generated_names(self, connection: Connection | None) -> PostgresqlNames:
        return PostgresqlNames(connection)

    def run_lock(
        self, connection: Connection, table: Table, *, borrowed: bool, looks_for: tuple[str, ...] = ()
    ) -> AdvisoryLock:
        return AdvisoryLock(connection, table, self.translated(table.schema), looks_for, borrowed=borrowed)

    def reading(self, connection: Connection) -> AbstractContextManager[None]:
        """Return a context manager that makes the driver send no BEGIN, and then no COMMIT or ROLLBACK."""
        return without_begin(connection)

    def can_group(self, connection: Connection) -> bool:
        """Return whether revisions may share a transaction; not on databases that are only based on PostgreSQL."""
        return self.dialect.name == "postgresql"

    def can_queue(self, connection: Connection) -> bool:
        """Return whether the driver sends a text without parameters as it is, which the server splits.

        Only where the server reads strings as `direct_ddl` writes them: no backslash may hide the end of one.
        """
        return takes_many_statements(connection)

    def limit_statements(self, seconds: float) -> None:
        """Set a statement_timeout, unless a shorter one is set: the locks of earlier revisions are held meanwhile."""
        words = _LIMIT.format(milliseconds=round(seconds * 1000))
        if self.queue is not None:
            self.queue.first = words
        else:
            self.run_text(words)

    def lock_waits(self, connection: Connection) -> BlockingProcesses | None:
        readable = not connection.dialect.is_async and known_process(connection) is not None
        return BlockingProcesses(connection) if readable else None

    def limited_lock_waits(self, connection: Connection, seconds: float) -> AbstractContextManager[None]:
        return limited_waits(connection, seconds)

    def cancelling(self, connection: Connection) -> AbstractContextManager[Cancelling | None]:
        """Send a cancel request; psycopg waits in a way that lets Python handle signals, psycopg2 does not."""

        def cancel() -> None:
            raw: Any = connection.connection.driver_connection
            raw.cancel()

        driver = connection.dialect.driver
        if driver in ("psycopg", "psycopg2") and not connection.dialect.is_async:
            return nullcontext(Cancelling(cancel, blocks_signals=driver == "psycopg2"))
        process = known_process(connection)
        if process is None:
            return nullcontext()
        return nullcontext(Cancelling(by_statement(connection, f"SELECT pg_cancel_backend({process})")))

    def add_column(self, table_name: str, column: AnyColumn, **kw: Any) -> Iterable[Constraint] | None:
        """Add a column, after creating the enum type or domain that it uses, if that does not exist."""
        self.create_type(column.type)
        return super().add_column(table_name, column, **kw)

    def change_column(self, change: ColumnChange) -> None:
        """Change a column; first drop an identity or default that would conflict with the new one."""
        old, new = change.existing_server_default, change.server_default
        sequence = sequence_of(new)
        if isinstance(old, Identity) and sequence is not None:
            becomes_serial(self, change, sequence)
            change = replace(change, existing_server_default=new, server_default=False)
        elif isinstance(old, Identity) and new is not False and not isinstance(new, Identity):
            self.execute(IdentityColumnDefault(*change.place, None, self, **change.known))
            change = replace(change, existing_server_default=None, server_default=False if new is None else new)
        elif isinstance(new, Identity) and is_value_default(old) and sequence_of(old) is None:
            self.execute(ColumnDefault(*change.place, None, **change.known))
            change = replace(change, existing_server_default=None)
        elif new is False and change.type_ is not None and change.options.get("postgresql_using"):
            change = replace(change, server_default=kept_default(old))
        super().change_column(change)

    def change_default(self, change: ColumnChange) -> None:
        """Change a default; a serial column that becomes an identity keeps its next number."""
        sequence = sequence_of(change.existing_server_default)
        if isinstance(change.server_default, Identity) and sequence is not None:
            becomes_identity(self, change, sequence)
        else:
            super().change_default(change)

    def implied_default(self, column: AnyColumn) -> ClauseElement | None:
        """Return the ``nextval`` default of a column that becomes SERIAL."""
        return serial_default(column)

    def column_type(self, change: ColumnChange, type_: AnyType) -> ClauseElement:
        """Return the change of type, with the ``postgresql_using`` expression that converts the old values."""
        self.create_type(type_)
        using = change.options.get("postgresql_using")
        return PostgresqlColumnType(*change.place, type_, using=None if using is None else str(using), **change.known)

    def conversion(self, column_name: str, before: AnyType, after: AnyType) -> Conversion | None:
        """Return the USING expression for a change of type that has no assignment cast."""
        return conversion(self.dialect, column_name, before, after)

    def create_type(self, type_: AnyType) -> None:
        """Create an enum type or domain, if it does not exist: also that of an array, and in a TypeDecorator."""
        if values_of_type(type_) is not None:  # both are more than plain values
            return
        own: Any = type_.dialect_impl(self.dialect)
        while isinstance(own, (TypeDecorator, ARRAY)):
            inner = own.item_type if isinstance(own, ARRAY) else own.impl_instance
            own = inner.dialect_impl(self.dialect)
        if is_of_postgresql(own, "NamedType") and getattr(own, "create_type", True):
            own.create(self.bind, checkfirst=not self.as_sql)

    def create_index(self, index: Index, **kw: Any) -> None:
        """Create an index, with its expressions in the parentheses that PostgreSQL requires."""
        super().create_index(with_valid_parts(index, self.dialect), **kw)

    def add_constraint(self, const: Constraint, **kw: Any) -> None:
        """Add a constraint, of an index that exists if ``using_index`` names one."""
        index = kw.get("using_index")
        if index is None:
            super().add_constraint(const, **kw)
        else:
            self.execute(AddConstraintUsingIndex(const, index))

    # Move and copy

    def table_definition(self, connection: Connection, table_name: str, schema: str | None) -> TableDefinition:
        """Return constraints, indexes, triggers and so on as PostgreSQL's own SQL."""
        return table_definition(connection, self.checking_dialect.identifier_preparer, table_name, schema)

    def insert_option(self, new: Table) -> str:
        """Return the option by which the rows keep the values of a GENERATED ALWAYS identity."""
        return "OVERRIDING SYSTEM VALUE " if any(column.identity is not None for column in new.columns) else ""

    def swap_tables(self, old: str, new: str, schema: str | None) -> None:
        """Drop the old table and rename the new one to its name; its sequences keep their next numbers."""
        renamed = (
            [] if self.as_sql or self.connection is None else move_sequences(self, self.connection, old, new, schema)
        )
        super().swap_tables(old, new, schema)
        for sql in renamed:
            self.execute_sql(sql)


class PostgresqlColumnType(ColumnType):
    """``ALTER COLUMN c TYPE x USING expression``."""

    def __init__(self, name: str, column_name: str, type_: AnyType, *, using: str | None = None, **kw: Any) -> None:
        super().__init__(name, column_name, type_, **kw)
        self.using = using


@compiles(PostgresqlColumnType, "postgresql")
def visit_column_type(element: PostgresqlColumnType, compiler: DDLCompiler, **kw: object) -> str:
    """Return ALTER COLUMN ... TYPE, with USING where the values need a conversion."""
    name = format_column_name(compiler, element.column_name)
    using = f" USING {_expression(compiler, element.using)}" if element.using else ""
    table = alter_table(compiler, element.table_name, element.schema)
    return f"{table} ALTER COLUMN {name} TYPE {format_type(compiler, element.type_)}{using}"


def _expression(compiler: DDLCompiler, words: str) -> str:
    """Return custom SQL as part of a statement: no colon in it starts a parameter."""
    return compiler.sql_compiler.process(literal_text(words))
