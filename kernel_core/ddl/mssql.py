"""SQL Server: constraints go before their column, names by sp_rename, comments by extended properties, scripts by GO.

https://learn.microsoft.com/sql/t-sql/statements/alter-table-transact-sql
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Computed, Constraint, Identity
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.expression import TableClause

from ..operations.ddl_formatting import (
    AlterTable,
    add_column,
    alter_column,
    alter_table,
    format_column_name,
    format_server_default,
    format_table_name,
    format_type,
    inline_foreign_keys,
    inlined,
)
from ..operations.kinds.column import (
    AddColumn,
    AlterColumn,
    ColumnComment,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    ColumnType,
)
from ..operations.kinds.rename_table import RenameTable
from ..util.exc import UnsupportedOperation
from ..util.messaging import warn
from ..util.sqla_compat import AnyColumn, AnyType
from .columnchange import ColumnChange
from .impl import DefaultImpl
from .type_comparison import synonyms_of

Kind = Literal["default", "check", "foreign_key"]


class MSSQLImpl(DefaultImpl):
    """SQL Server's DDL and its differences."""

    __dialect__ = "mssql"
    widening = "ALTER COLUMN {name} VARCHAR({length}) NOT NULL"
    transactional_ddl = True
    type_synonyms = synonyms_of("mssql")
    identity_attrs_ignore = ("order", "on_null", "minvalue", "maxvalue", "nominvalue", "nomaxvalue", "cycle", "cache")

    _has_warned_of_variables = False

    @property
    def batch_separator(self) -> str:
        """The line that ends a batch of a script: the option ``mssql_batch_separator``; empty for none."""
        return str(self.context_opts.get("mssql_batch_separator", "GO"))

    def print_statement(self, words: str, construct: ClauseElement) -> None:
        """Print a statement, and the separator after it."""
        super().print_statement(words, construct)
        self._separate()

    def _check_script(self, construct: ClauseElement, words: str) -> None:
        self._refuse_separator(construct, words, self.batch_separator, "mssql_batch_separator")

    def _print_client_settings(self, words: str) -> None:
        """Print a remark: sqlcmd would replace ``$(x)`` by a variable, also inside quotes.

        No statement switches that off, only an option of sqlcmd. https://learn.microsoft.com/sql/tools/sqlcmd/sqlcmd-utility
        """
        if "$(" in words and not self._has_warned_of_variables:
            self._has_warned_of_variables = True
            self.static_output("-- Run this script with sqlcmd -x: $(...) in it are not variables of sqlcmd.")

    def _separate(self) -> None:
        if self.batch_separator:
            self.static_output(self.batch_separator)

    def emit_begin(self) -> None:
        self.static_output("BEGIN TRANSACTION;")

    def emit_commit(self) -> None:
        super().emit_commit()
        self._separate()

    def _default_schema(self) -> str:
        """Return the schema for extended properties, which require one: the connection's, offline ``dbo``."""
        return self.dialect.default_schema_name or "dbo"

    def _in_schema(self, table: Table) -> Table:
        """Return the table, or a copy with the default schema where it has none."""
        if table.schema is not None:
            return table
        return table.to_metadata(type(table.metadata)(), schema=self._default_schema())

    # Tables

    def create_table_comment(self, table: Table) -> None:
        """Set the comment of a table that has none."""
        super().create_table_comment(self._in_schema(table))

    def change_table_comment(self, table: Table, existing_comment: str) -> None:
        """Change a comment: update its extended property."""
        place = self._in_schema(table)
        self.execute(ExtendedProperty("update", place.comment, place.name, place.schema))

    def drop_table_comment(self, table: Table) -> None:
        """Drop a table's comment."""
        super().drop_table_comment(self._in_schema(table))

    def create_column_comment(self, column: AnyColumn) -> None:
        """Set the comment of a column that has none."""
        schema = column.table.schema or self._default_schema()
        self.execute(ExtendedProperty("add", column.comment, column.table.name, schema, column.name))

    # Columns

    def add_column(
        self,
        table_name: str,
        column: AnyColumn,
        *,
        schema: str | None = None,
        inline_references: bool | None = None,
        **kw: Any,
    ) -> Iterable[Constraint] | None:
        """Add a column, then its comment, which is an extended property."""
        inline_references = inlined(column, inline_references)
        kw |= {"schema": schema, "inline_references": inline_references}
        kw = {name: value for name, value in kw.items() if value is not None}
        self.execute(AddColumn(table_name, column, **kw))
        if column.comment:
            self.execute(
                ExtendedProperty("add", column.comment, table_name, schema or self._default_schema(), column.name)
            )
        return inline_foreign_keys(column) if inline_references else None

    def drop_column(self, table_name: str, column: AnyColumn, *, schema: str | None = None, **kw: Any) -> None:
        """Drop a column; before it, by ``mssql_drop_default`` and so on, the constraints that refer to it."""
        self._drop_column_constraints(table_name, column.name, schema, kw)
        super().drop_column(table_name, column, schema=schema, **kw)

    def _drop_column_constraints(
        self, table_name: str, column_name: str, schema: str | None, options: Mapping[str, object]
    ) -> None:
        kinds: tuple[Kind, ...] = ("default", "check", "foreign_key")
        for kind in kinds:
            if options.get(f"mssql_drop_{kind}"):
                self.execute(DropColumnConstraint(table_name, column_name, kind, schema=schema))

    def change_column(self, change: ColumnChange) -> None:
        """Change a column: type and nullability by one statement; a default is a constraint to drop and add.

        https://learn.microsoft.com/sql/t-sql/statements/alter-table-transact-sql#alter-column
        """
        default, known = change.server_default, change.known
        if default is not False and change.generated(Computed, Identity):
            self.execute(self.column_default(change))
        replaced = default is None or (default is not False and change.existing_server_default is not False)
        options = {**change.options, "mssql_drop_default": True} if replaced else change.options
        self._drop_column_constraints(*change.place, change.schema, options)
        if change.type_ is not None:
            if change.nullable is not None:
                known["existing_nullable"] = change.nullable
            if known.get("existing_nullable") is None:
                warn(
                    f"{'.'.join(change.place)} allows NULL after this: ALTER COLUMN of SQL Server with a type and "
                    "without nullability. Pass nullable= or existing_nullable=."
                )
            self.execute(ColumnType(*change.place, change.type_, **known))
        elif change.nullable is not None:
            if change.existing_type is None:
                raise UnsupportedOperation(
                    f"SQL Server needs the type of {'.'.join(change.place)} to change its nullability, "
                    "and it is not known. Pass existing_type=."
                )
            self.execute(ColumnNullable(*change.place, change.nullable, **known))
        if change.comment is not False:
            placed = known | {"schema": change.schema or self._default_schema()}
            self.execute(ColumnComment(*change.place, change.comment or None, **placed))
        if default is not False and default is not None:
            self.execute(ColumnDefault(*change.place, default, **known))
        if change.name is not None:
            self.execute(ColumnName(*change.place, change.name, **known))

    # Rows

    def bulk_insert(
        self, table: Table | TableClause, rows: Sequence[Mapping[str, object]], multiinsert: bool = True
    ) -> None:
        """Insert rows; offline with IDENTITY_INSERT on where they may have values for the identity column.

        Online SQLAlchemy does that.
        """
        if not self.as_sql or not _has_identity_values(table, rows):
            super().bulk_insert(table, rows, multiinsert=multiinsert)
            return
        self.execute(IdentityInsert(table, "ON"))
        super().bulk_insert(table, rows, multiinsert=multiinsert)
        self.execute(IdentityInsert(table, "OFF"))


def _has_identity_values(table: Table | TableClause, rows: Sequence[Mapping[str, object]]) -> bool:
    """Return whether rows may have values for the identity column, which a bare ``table()`` does not mark."""
    if not rows:
        return False
    if not isinstance(table, Table):
        return True
    column = table.autoincrement_column
    return column is not None and any(column.key in row for row in rows)


# Statements of SQL Server alone


class ExtendedProperty(AlterTable):
    """Add, update or drop the extended property of a comment."""

    def __init__(
        self,
        verb: Literal["add", "update", "drop"],
        comment: str | None,
        table_name: str,
        schema: str | None,
        column_name: str | None = None,
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.verb, self.comment, self.column_name = verb, comment, column_name


class DropColumnConstraint(AlterTable):
    """Drop a constraint of one column whose name is looked up when the script runs."""

    def __init__(self, table_name: str, column_name: str, kind: Kind, schema: str | None = None) -> None:
        super().__init__(table_name, schema=schema)
        self.column_name, self.kind = column_name, kind


class IdentityInsert(AlterTable):
    """``SET IDENTITY_INSERT t ON``."""

    def __init__(self, table: Table | TableClause, state: Literal["ON", "OFF"]) -> None:
        super().__init__(str(table.name), schema=table.schema)
        self.state = state


def _string(words: str) -> str:
    """Return a string literal of T-SQL; without N it would lose characters that the database's code page lacks."""
    return ("" if words.isascii() else "N") + "'" + words.replace("'", "''") + "'"


@compiles(ExtendedProperty, "mssql")
def _extended_property(element: ExtendedProperty, compiler: DDLCompiler, **kw: object) -> str:
    quote = compiler.preparer.quote
    value = "" if element.verb == "drop" else f", N{_string(element.comment or '').removeprefix('N')}"
    column = "" if element.column_name is None else f", 'column', {quote(element.column_name)}"
    place = (
        f"'schema', {compiler.preparer.quote_schema(str(element.schema))}, 'table', {quote(element.table_name)}{column}"
    )
    return f"execute sp_{element.verb}extendedproperty 'MS_Description'{value}, {place}"


@compiles(ColumnComment, "mssql")
def _column_comment(element: ColumnComment, compiler: DDLCompiler, **kw: object) -> str:
    verb: Literal["add", "update", "drop"] = "update" if element.existing_comment is not None else "add"
    return _extended_property(
        ExtendedProperty(
            "drop" if element.comment is None else verb,
            element.comment,
            element.table_name,
            element.schema,
            element.column_name,
        ),
        compiler,
    )


@compiles(DropColumnConstraint, "mssql")
def _drop_column_constraint(element: DropColumnConstraint, compiler: DDLCompiler, **kw: object) -> str:
    table = format_table_name(compiler, element.table_name, element.schema)
    parent, column = _string(table), _string(element.column_name)
    if element.kind == "foreign_key":
        source = (
            "\nsys.foreign_keys fk join sys.foreign_key_columns fkc\non fk.object_id=fkc.constraint_object_id"
            f"\nwhere fkc.parent_object_id = object_id({parent})"
            f"\nand col_name(fkc.parent_object_id, fkc.parent_column_id) = {column}"
        )
    else:
        source = (
            f" sys.{element.kind}_constraints\nwhere parent_object_id = object_id({parent})"
            f"\nand col_name(parent_object_id, parent_column_id) = {column}"
        )
    return (
        f"declare @const_name varchar(256)\nselect @const_name = QUOTENAME([name]) from{source}"
        f"\nexec({_string(f'alter table {table} drop constraint ')} + @const_name)"
    )


@compiles(IdentityInsert, "mssql")
def _identity_insert(element: IdentityInsert, compiler: DDLCompiler, **kw: object) -> str:
    return f"SET IDENTITY_INSERT {format_table_name(compiler, element.table_name, element.schema)} {element.state}"


# Statements with another syntax on SQL Server


@compiles(AddColumn, "mssql")
def _add_column(element: AddColumn, compiler: DDLCompiler, **kw: object) -> str:
    if not element.if_not_exists:
        words = add_column(
            compiler, element.column, None, element.inline_references, element.inline_primary_key, words="ADD"
        )
        return f"{alter_table(compiler, element.table_name, element.schema)} {words}"
    raise UnsupportedOperation(
        f"SQL Server has no ADD IF NOT EXISTS ({element.table_name}.{element.column.name}). Leave out if_not_exists, "
        "or test COL_LENGTH() in custom SQL."
    )


@compiles(ColumnNullable, "mssql")
def _column_nullable(element: ColumnNullable, compiler: DDLCompiler, **kw: object) -> str:
    assert element.existing_type is not None, "checked before it is compiled"
    return _typed(element, compiler, element.existing_type, element.nullable)


@compiles(ColumnType, "mssql")
def _column_type(element: ColumnType, compiler: DDLCompiler, **kw: object) -> str:
    return _typed(element, compiler, element.type_, element.existing_nullable)


def _typed(element: AlterColumn, compiler: DDLCompiler, type_: AnyType, nullable: bool | None) -> str:
    null = {None: "", True: " NULL", False: " NOT NULL"}[nullable]
    where = f"{alter_table(compiler, element.table_name, element.schema)} {alter_column(compiler, element.column_name)}"
    return f"{where} {format_type(compiler, type_)}{null}"


@compiles(ColumnDefault, "mssql")
def _column_default(element: ColumnDefault, compiler: DDLCompiler, **kw: object) -> str:
    default = format_server_default(compiler, element.default)
    name = format_column_name(compiler, element.column_name)
    return f"{alter_table(compiler, element.table_name, element.schema)} ADD DEFAULT {default} FOR {name}"


@compiles(ColumnName, "mssql")
def _column_name(element: ColumnName, compiler: DDLCompiler, **kw: object) -> str:
    table = format_table_name(compiler, element.table_name, element.schema)
    before = _string(f"{table}.{format_column_name(compiler, element.column_name)}")
    return f"EXEC sp_rename {before}, {format_column_name(compiler, element.newname)}, 'COLUMN'"


@compiles(RenameTable, "mssql")
def _rename_table(element: RenameTable, compiler: DDLCompiler, **kw: object) -> str:
    before = _string(format_table_name(compiler, element.table_name, element.schema))
    return f"EXEC sp_rename {before}, {format_table_name(compiler, element.new_table_name, None)}"
