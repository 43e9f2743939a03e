"""The default implementation of operations on a database, which each dialect's class overrides in parts."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Literal

from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, String, Table, schema
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.schema import Computed, Constraint, Identity
from sqlalchemy.sql.elements import ClauseElement

from ..operations.batch import Batch
from ..operations.ddl_formatting import inline_foreign_keys, inlined
from ..operations.direct_ddl import AddColumnOptions
from ..operations.kinds.column import (
    AddColumn,
    ColumnComment,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    ColumnType,
    ComputedColumnDefault,
    Conversion,
    DropColumn,
    IdentityColumnDefault,
)
from ..operations.kinds.rename_table import RenameTable
from ..util.exc import UnsupportedOperation
from ..util.sqla_compat import AnyColumn, AnyType, is_type_bound, should_create
from .cancelling import Cancelling
from .columnchange import ColumnChange
from .comparison import ComparesSchemas, ComparisonResult
from .lock_wait import LockWaitReader, OnLockWait, ignored
from .recreate.hooks import RecreatesTables
from .recreate.recreation import Recreation
from .run_lock import RunLock
from .statements import RunsStatements

__all__ = ["ComparisonResult", "DefaultImpl"]


class DefaultImpl(RunsStatements, ComparesSchemas, RecreatesTables):
    """The DDL of most databases; a dialect's class overrides what is different there.

    A subclass names its dialect, which registers it::

        class SnowflakeImpl(DefaultImpl):
            __dialect__ = "snowflake"
            transactional_ddl = True

    ``locks_rows`` is whether the database has SELECT ... FOR UPDATE.
    """

    __dialect__: ClassVar[str] = "default"
    needs_batch: ClassVar[bool] = False
    keeps_lengths: ClassVar[bool] = True
    """Whether the database refuses or truncates a string that is longer than its column."""
    widening: ClassVar[str] = "ALTER COLUMN {name} TYPE VARCHAR({length})"
    """The part of ALTER TABLE that makes a string column longer; for the remedy in an error message."""
    locks_rows: ClassVar[bool] = False

    on_lock_wait: OnLockWait = staticmethod(ignored)
    """Takes the reports of a database that is asked again until it is not locked; a run sets its own function."""

    _by_dialect: ClassVar[dict[str, type[DefaultImpl]]] = {}

    def __init_subclass__(cls, **kw: Any) -> None:
        super().__init_subclass__(**kw)
        if "__dialect__" in cls.__dict__:
            DefaultImpl._by_dialect[cls.__dialect__] = cls

    @classmethod
    def get_by_dialect(cls, dialect: Dialect) -> type[DefaultImpl]:
        """Return the class for a dialect; `DefaultImpl` for an unknown one."""
        return cls._by_dialect.get(dialect.name, DefaultImpl)

    # The version table

    def version_table_impl(
        self, *, version_table: str, version_table_schema: str | None, version_table_pk: bool, **kw: object
    ) -> Table:
        """Return the version table; a dialect may need other types."""
        table = Table(
            version_table, MetaData(), Column("version_num", String(32), nullable=False), schema=version_table_schema
        )
        if version_table_pk:
            table.append_constraint(PrimaryKeyConstraint("version_num", name=f"{version_table}_pkc"))
        return table

    def run_lock(
        self, connection: Connection, table: Table, *, borrowed: bool, looks_for: tuple[str, ...] = ()
    ) -> RunLock | None:
        """Return the lock that a run on this version table holds, None if the database has none.

        ``borrowed``: the connection is in a transaction that belongs to the caller. ``looks_for`` names tables in the
        schema of the version table of which the lock may find out, in the same round trip, whether they exist.
        """
        return None

    def cancelling(self, connection: Connection) -> AbstractContextManager[Cancelling | None]:
        """Return a context manager whose value cancels the statement that the connection runs; None if it cannot.

        It is called in a signal handler or by a thread, while the connection waits for the statement.
        """
        return nullcontext()

    def lock_waits(self, connection: Connection) -> LockWaitReader | None:
        """Return what reads, in another thread, for which lock the connection waits; None if that cannot be read."""
        return None

    def limited_lock_waits(self, connection: Connection, seconds: float) -> AbstractContextManager[None]:
        """Return a context manager that limits how long each statement waits for a lock of another session."""
        raise UnsupportedOperation(
            f"statement_lock_timeout is set, and {self.dialect.name} has no such limit here. Remove the setting."
        )

    # Tables

    def create_table(self, table: Table, **kw: Any) -> None:
        """Create a table with its types, indexes and comments."""
        events = {"checkfirst": not self.as_sql, "_ddl_runner": self}
        table.dispatch.before_create(table, self.bind, **events)
        self.execute(schema.CreateTable(table, **kw))
        table.dispatch.after_create(table, self.bind, **events)
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            self.create_index(index)
        if self.dialect.supports_comments and not self.dialect.inline_comments:
            if table.comment:
                self.create_table_comment(table)
            for column in table.columns:
                if column.comment:
                    self.create_column_comment(column)

    def drop_table(self, table: Table, **kw: Any) -> None:
        """Drop a table."""
        events = {"checkfirst": not self.as_sql, "_ddl_runner": self}
        table.dispatch.before_drop(table, self.bind, **events)
        self.execute(schema.DropTable(table, **kw))
        table.dispatch.after_drop(table, self.bind, **events)

    def rename_table(self, old_table_name: str, new_table_name: str, schema: str | None = None) -> None:
        """Rename a table."""
        self.execute(RenameTable(old_table_name, new_table_name, schema=schema))

    def create_table_comment(self, table: Table) -> None:
        """Set a table's comment."""
        self.execute(schema.SetTableComment(table))

    def change_table_comment(self, table: Table, existing_comment: str) -> None:
        """Change the comment of a table; most databases use the same statement as for a new comment."""
        self.create_table_comment(table)

    def drop_table_comment(self, table: Table) -> None:
        """Drop a table's comment."""
        self.execute(schema.DropTableComment(table))

    def create_column_comment(self, column: AnyColumn) -> None:
        """Set a column's comment."""
        self.execute(schema.SetColumnComment(column))

    # Columns

    def add_column(
        self,
        table_name: str,
        column: AnyColumn,
        *,
        schema: str | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
        **kw: object,
    ) -> Iterable[Constraint] | None:
        """Add a column; return the constraints inside the statement, which the caller must not add again."""
        self.execute(
            AddColumn(
                table_name,
                column,
                schema=schema,
                if_not_exists=if_not_exists,
                inline_references=inlined(column, inline_references),
                inline_primary_key=inline_primary_key,
            )
        )
        if column.comment and self.dialect.supports_comments and not self.dialect.inline_comments:
            self.create_column_comment(column)
        return inline_foreign_keys(column) if inlined(column, inline_references) else None

    def plain_addition(self, table_name: str, column: AnyColumn, options: AddColumnOptions) -> AddColumn | None:
        """Return the one statement that adds a plain column; None where `add_column` has to query the database."""
        return AddColumn(table_name, column, *options)

    def drop_column(
        self,
        table_name: str,
        column: AnyColumn,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        **kw: object,
    ) -> None:
        """Drop a column."""
        self.execute(DropColumn(table_name, column, schema=schema, if_exists=if_exists))

    def alter_column(
        self,
        table_name: str,
        column_name: str,
        *,
        nullable: bool | None = None,
        server_default: Any = False,
        name: str | None = None,
        type_: AnyType | None = None,
        schema: str | None = None,
        autoincrement: bool | None = None,
        comment: str | Literal[False] | None = False,
        existing_comment: str | None = None,
        existing_type: AnyType | None = None,
        existing_server_default: Any = None,
        existing_nullable: bool | None = None,
        existing_autoincrement: bool | None = None,
        **kw: Any,
    ) -> None:
        """Change the given properties of a column, by `change_column`; ``kw`` are options of a dialect."""
        self.change_column(
            ColumnChange(
                table_name,
                column_name,
                nullable=nullable,
                server_default=server_default,
                name=name,
                type_=type_,
                schema=schema,
                autoincrement=autoincrement,
                comment=comment,
                existing_comment=existing_comment,
                existing_type=existing_type,
                existing_server_default=existing_server_default,
                existing_nullable=existing_nullable,
                existing_autoincrement=existing_autoincrement,
                options=kw,
            )
        )

    def change_column(self, change: ColumnChange) -> None:
        """Change a column, with one statement per property; the name is changed last."""
        default, known = change.server_default, change.known
        plain = not change.generated(Computed, Identity)
        if default is not False and change.type_ is not None and plain:
            # ALTER COLUMN ... TYPE also converts the default, and fails where that does not fit the new type.
            self.execute(ColumnDefault(*change.place, None, **known))
        if change.type_ is not None:
            self.execute(self.column_type(change, change.type_))
        if change.nullable is not None:
            self.execute(ColumnNullable(*change.place, change.nullable, **known))
        if default is not False and not (default is None and change.type_ is not None and plain):
            self.change_default(change)
        if change.comment is not False and self.dialect.supports_comments:
            self.execute(ColumnComment(*change.place, change.comment or None, **known))
        if change.name is not None:
            self.execute(ColumnName(*change.place, change.name, **known))

    def change_default(self, change: ColumnChange) -> None:
        """Change a column's default, computed expression or identity; a dialect may need several statements."""
        self.execute(self.column_default(change))

    def sees_all_schemas(self) -> bool:
        """Return whether the list of schemas is complete, rather than limited by this user's privileges."""
        return True

    def implied_default(self, column: AnyColumn) -> ClauseElement | None:
        """Return the server default that CREATE TABLE gives a column implicitly; most databases give none."""
        return None

    def conversion(self, column_name: str, before: AnyType, after: AnyType) -> Conversion | None:
        """Return the conversion of values that ALTER needs for a change of type; None where it needs none."""
        return None

    def column_default(self, change: ColumnChange) -> ClauseElement:
        """Return the statement that changes a default, a computed expression or an identity."""
        if change.generated(Computed):
            return ComputedColumnDefault(*change.place, change.server_default, **change.known)
        if change.generated(Identity):
            return IdentityColumnDefault(*change.place, change.server_default, self, **change.known)
        return ColumnDefault(*change.place, change.server_default, **change.known)

    def column_type(self, change: ColumnChange, type_: AnyType) -> ClauseElement:
        """Return the statement that changes the type; a dialect may use the change's options."""
        return ColumnType(*change.place, type_, **change.known)

    # Move and copy

    def rebuild(self, batch: Batch) -> None:
        """Create a new table with the changes, copy the rows, and replace the old table by it."""
        Recreation(self, batch).run()

    # Constraints and indexes

    def add_constraint(self, const: Constraint, **kw: Any) -> None:
        """Add a constraint, unless it is the CHECK of a type that this database does not need.

        The index in ``using_index`` becomes the constraint's on PostgreSQL; here the constraint gets its own.
        """
        kw.pop("using_index", None)
        if should_create(const, self.dialect):
            self.execute(schema.AddConstraint(const, **kw))

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Drop a constraint by its name; the CHECK of a type only where this database has it."""
        if is_type_bound(const) and not should_create(const, self.dialect):
            return
        if not isinstance(const.name, str):
            raise UnsupportedOperation(
                f"A constraint of {const.table.name} has no name and cannot be dropped by one. "
                "Name it, or give its MetaData a naming convention."
            )
        self.execute(schema.DropConstraint(const, **kw))

    def create_index(self, index: Index, **kw: Any) -> None:
        """Create an index."""
        self.execute(schema.CreateIndex(index, **kw))

    def drop_index(self, index: Index, **kw: Any) -> None:
        """Drop an index."""
        self.execute(schema.DropIndex(index, **kw))
