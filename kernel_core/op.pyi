# Written by tests/stubs/generate.py; do not edit.
from .operations.base import BatchOperations, C, F, Operations, T
from .operations.interfaces import RunContext
from .operations.kinds.column.column_op import Default
from .operations.kinds.enum_type.enum_type_op import EnumUse
from .operations.kinds.exclude_constraint import Element
from .operations.kinds.rows import Rows
from .operations.operation import MigrateOperation
from .util.sqla_compat.columns import AnyExpression
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from sqlalchemy.engine import Connection
from sqlalchemy.schema import Column, SchemaItem, Table
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import BindParameter, TextClause, conv
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import TypeEngine
from typing import Any, Literal

def add_column(
    table_name: str,
    column: Column[Any],
    *,
    schema: str | None = None,
    if_not_exists: bool | None = None,
    inline_references: bool | None = None,
    inline_primary_key: bool | None = None,
) -> None:
    """Add a column to a table.

        op.add_column("users", Column("email", String(120), nullable=False, server_default=""))

    Its foreign key, index and unique flag become separate statements. ``if_not_exists`` is for databases with
    ``ADD COLUMN IF NOT EXISTS``.
    """

def add_enum_value(
    name: str, value: str, *, before: str | None = None, after: str | None = None, schema: str | None = None
) -> None:
    """Add a value to an enum type: at the end, or before or after another value (PostgreSQL).

        op.add_enum_value("mood", "ok", after="sad")

    A new value cannot be used in the transaction that adds it (PostgreSQL manual, ALTER TYPE), so the
    transaction of the revision is committed, the value is added in autocommit mode, and a new transaction begins.
    In a transaction that the caller began, it is added there.
    """

def alter_column(
    table_name: str,
    column_name: str,
    *,
    nullable: bool | None = None,
    comment: str | Literal[False] | None = False,
    server_default: Default = False,
    new_column_name: str | None = None,
    type_: TypeEngine[Any] | type[TypeEngine[Any]] | None = None,
    existing_type: TypeEngine[Any] | type[TypeEngine[Any]] | None = None,
    existing_server_default: Default = False,
    existing_nullable: bool | None = None,
    existing_comment: str | None = None,
    schema: str | None = None,
    **kw: object,
) -> None:
    """Change a column; what is not given stays as it is.

        op.alter_column("users", "name", type_=String(200), existing_type=String(80))

    ``existing_*`` are for databases that must repeat the whole column (MySQL, SQL Server). ``server_default`` and
    ``comment`` can be None, which drops them; False, the default, keeps them. A default can be an Identity.
    Further arguments: ``autoincrement``, ``existing_autoincrement`` (MySQL), ``postgresql_using``,
    ``mssql_drop_default``, ``mssql_drop_check``, ``mssql_drop_foreign_key``.
    """

def batch_alter_table(
    table_name: str,
    schema: str | None = None,
    recreate: Literal["auto", "always", "never"] = "auto",
    partial_reordering: Sequence[tuple[str, ...]] | None = None,
    copy_from: Table | None = None,
    table_args: Sequence[SchemaItem] = (),
    table_kwargs: Mapping[str, object] | None = None,
    reflect_args: Sequence[SchemaItem] = (),
    reflect_kwargs: Mapping[str, object] | None = None,
    naming_convention: Mapping[str, str] | None = None,
) -> AbstractContextManager[BatchOperations]:
    """Collect changes to one table and run them together at the end of the block.

    If the database can alter the table in place (always, except SQLite), they are ALTER statements; otherwise, and
    with ``recreate="always"``, the table is rebuilt once with its rows, indexes and triggers.

        with op.batch_alter_table("users") as batch_op:
            batch_op.alter_column("name", nullable=False)
            batch_op.drop_column("nick")

    After an error inside the block nothing runs. On SQLite, a batch is committed if the connection was in no
    transaction. Raises BatchError if a rebuild would lose something.
    """

def bulk_insert(table: Table | TableClause, rows: Rows, *, multiinsert: bool = True) -> None:
    """Insert rows, given as dicts; in offline mode their values are rendered into the script.

        users = table("users", column("id", Integer), column("name", String))
        op.bulk_insert(users, [{"id": 1, "name": "ada"}, {"id": 2, "name": "grace"}])

    ``multiinsert=False`` runs one statement a row, so that a value can be SQL, such as ``op.inline_literal(...)``.
    Raises TypeError if the rows are not a list of dicts.
    """

def context(migration_context: RunContext) -> AbstractContextManager[Operations]:
    """Return a block inside which ``kernel_core.op`` has the directives of this context."""

def create_check_constraint(
    constraint_name: str | None,
    table_name: str,
    condition: str | AnyExpression,
    *,
    schema: str | None = None,
    **kw: object,
) -> None:
    """Add a CHECK constraint.

    op.create_check_constraint("ck_users_age", "users", "age >= 0")
    """

def create_enum_type(name: str, labels: Sequence[str], *, schema: str | None = None) -> None:
    """Create an enum type (PostgreSQL).

        op.create_enum_type("mood", ["sad", "ok", "happy"])

    Columns then use it with ``postgresql.ENUM("sad", "ok", "happy", name="mood", create_type=False)``.
    """

def create_exclude_constraint(constraint_name: str | None, table_name: str, *elements: Element, **kw: Any) -> None:
    """Add an exclude constraint (PostgreSQL).

        op.create_exclude_constraint("ex_bookings", "bookings", ("room", "="), ("during", "&&"), using="gist")

    Further arguments: ``where``, ``using`` (by default ``gist``), ``ops``, ``deferrable``,
    ``initially``, ``schema``.
    """

def create_foreign_key(
    constraint_name: str | None,
    source_table: str,
    referent_table: str,
    local_cols: Sequence[str],
    remote_cols: Sequence[str],
    *,
    onupdate: str | None = None,
    ondelete: str | None = None,
    deferrable: bool | None = None,
    initially: str | None = None,
    match: str | None = None,
    source_schema: str | None = None,
    referent_schema: str | None = None,
    **kw: object,
) -> None:
    """Add a foreign key.

        op.create_foreign_key("fk_orders_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")

    Further arguments: ``use_alter`` and those of the dialects.
    """

def create_index(
    index_name: str | None,
    table_name: str,
    columns: Sequence[str | TextClause | AnyExpression],
    *,
    schema: str | None = None,
    unique: bool = False,
    if_not_exists: bool | None = None,
    **kw: object,
) -> None:
    """Create an index.

        op.create_index("ix_users_name", "users", ["name", text("lower(email)")])

    The dialects' arguments (``postgresql_where=`` and so on) are those of ``Index``.
    """

def create_primary_key(
    constraint_name: str | None, table_name: str, columns: Sequence[str], *, schema: str | None = None, **kw: object
) -> None:
    """Add a primary key to a table that has none.

    op.create_primary_key("pk_users", "users", ["id"])
    """

def create_table(table_name: str, *columns: SchemaItem, if_not_exists: bool | None = None, **kw: Any) -> Table:
    """Create a table and return it, ready for inserts.

        op.create_table("users", Column("id", Integer, primary_key=True), Column("name", String(80)))

    ``schema``, ``comment``, ``prefixes``, ``info`` and the dialects' arguments are those of ``Table``.
    """

def create_table_comment(
    table_name: str, comment: str | None, *, existing_comment: str | None = None, schema: str | None = None
) -> None:
    """Set the comment of a table.

        op.create_table_comment("users", "who may log in", existing_comment="people")

    A downgrade restores ``existing_comment``; SQL Server needs it to change an existing comment.
    """

def create_unique_constraint(
    constraint_name: str | None, table_name: str, columns: Sequence[str], *, schema: str | None = None, **kw: object
) -> None:
    """Add a unique constraint.

        op.create_unique_constraint("uq_users_email", "users", ["email"])

    Further arguments: ``deferrable``, ``initially``, those of the dialects, and ``postgresql_using_index``: the
    name of a unique index that exists, which becomes the constraint's.
    """

def drop_column(
    table_name: str, column_name: str, *, schema: str | None = None, if_exists: bool | None = None, **kw: Any
) -> None:
    """Drop a column from a table.

    op.drop_column("users", "nick")
    """

def drop_constraint(
    constraint_name: str,
    table_name: str,
    type_: Literal["check", "foreignkey", "primary", "unique"] | None = None,
    *,
    schema: str | None = None,
    if_exists: bool | None = None,
) -> None:
    """Drop a constraint by its name; MySQL and SQLite also need its kind.

    op.drop_constraint("uq_users_email", "users", type_="unique")
    """

def drop_enum_type(name: str, *, schema: str | None = None) -> None:
    """Drop an enum type that no column uses (PostgreSQL).

    op.drop_enum_type("mood")
    """

def drop_index(
    index_name: str,
    table_name: str | None = None,
    *,
    schema: str | None = None,
    if_exists: bool | None = None,
    **kw: Any,
) -> None:
    """Drop an index; MySQL and SQL Server need its table's name.

    op.drop_index("ix_users_name", "users")
    """

def drop_table(table_name: str, *, schema: str | None = None, if_exists: bool | None = None, **kw: Any) -> None:
    """Drop a table.

    op.drop_table("users")
    """

def drop_table_comment(table_name: str, *, existing_comment: str | None = None, schema: str | None = None) -> None:
    """Drop the comment of a table.

    op.drop_table_comment("users", existing_comment="who may log in")
    """

def execute(sqltext: Executable | str, *, execution_options: Mapping[str, object] | None = None) -> None:
    """Run a statement.

        op.execute("UPDATE users SET nick = name")

    A str has no parameters: a colon in it is a colon. Use ``sqlalchemy.text`` or a Core construct for parameters;
    in offline mode their values are rendered into the script.
    """

def f(name: str) -> conv:
    """Mark a name as final: the naming convention is not applied to it."""

def get_bind() -> Connection:
    """Return the connection; in offline mode an object that prints the statements and returns no rows."""

def get_context() -> Any:
    """Return the MigrationContext."""

def implementation_for(op_cls: type[MigrateOperation], replace: bool = False) -> Callable[[F], F]:
    """Register the decorated function, called with (operations, operation), as the implementation of ``op_cls``.

    Raises ValueError if the class has an implementation, as every operation of this package has, and ``replace`` is
    not given.
    """

def inline_literal(value: object, type_: TypeEngine[Any] | None = None) -> BindParameter[object]:
    """Return a value that is rendered into the SQL text, also in online mode."""

def invoke(operation: MigrateOperation) -> Any:
    """Run an operation and return the result of its implementation."""

def register_operation(name: str, sourcename: str | None = None) -> Callable[[C], C]:
    """Register the decorated operation class for a directive ``name``, made from its class method ``sourcename``.

    The class method has the directive's name unless ``sourcename`` is given.


    @Operations.register_operation("create_sequence")
    class CreateSequenceOp(MigrateOperation): ...
    """

def rename_enum_value(name: str, value: str, new_value: str, *, schema: str | None = None) -> None:
    """Rename a value of an enum type (PostgreSQL).

    op.rename_enum_value("mood", "okay", "ok")
    """

def rename_table(old_table_name: str, new_table_name: str, *, schema: str | None = None) -> None:
    """Rename a table.

    op.rename_table("users", "people")
    """

def run_async(async_function: Callable[..., Awaitable[T]], *args: object, **kw_args: object) -> T:
    """Run ``await async_function(connection, *args, **kw_args)`` and return its result.

    The connection is an AsyncConnection over this run's own, in the same transaction::

        async def fill(connection): ...
        op.run_async(fill)

    Raises InvalidValue in offline mode, and if the engine is not async.
    """

def set_enum_values(
    name: str, labels: Sequence[str], *, columns: Sequence[EnumUse] = (), schema: str | None = None
) -> None:
    """Set the values of an enum type and their order; ``columns`` are all that use the type (PostgreSQL).

        op.set_enum_values("mood", ["sad", "happy"], columns=[{"table": "users", "column": "mood"}])

    A column can also have its ``schema``, ``"array": True``, and its server ``default`` (SQL), which is dropped and
    set again. Every row is rewritten; it fails if a row has a value that is not in the list.
    """

def set_table_options(
    table_name: str,
    *,
    engine: str | None = None,
    charset: str | None = None,
    collate: str | None = None,
    row_format: str | None = None,
    schema: str | None = None,
) -> None:
    """Set options of a table (MariaDB, MySQL).

        op.set_table_options("users", engine="InnoDB", charset="utf8mb4", collate="utf8mb4_unicode_ci")

    Another character set or collation also converts the text columns.
    """
