"""The statements that change columns, and the SQL that most databases have for them."""

from __future__ import annotations

from typing import TypedDict, Unpack

from sqlalchemy import quoted_name
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import DDLCompiler

from ....util.sqla_compat import AnyColumn, AnyType
from ...ddl_formatting import (
    AlterTable,
    CannotCompile,
    add_column,
    alter_column,
    alter_table,
    drop_column,
    format_column_name,
    format_server_default,
    format_table_name,
    format_text,
    format_type,
)
from .column_op import Default


class AddColumn(AlterTable):
    """``ALTER TABLE t ADD COLUMN c ...``."""

    def __init__(
        self,
        name: str,
        column: AnyColumn,
        schema: str | quoted_name | None = None,
        if_not_exists: bool | None = None,
        inline_references: bool | None = None,
        inline_primary_key: bool | None = None,
    ) -> None:
        super().__init__(name, schema=schema)
        self.column, self.if_not_exists = column, if_not_exists
        self.inline_references, self.inline_primary_key = inline_references, inline_primary_key


class DropColumn(AlterTable):
    """``ALTER TABLE t DROP COLUMN c``."""

    def __init__(self, name: str, column: AnyColumn, schema: str | None = None, if_exists: bool | None = None) -> None:
        super().__init__(name, schema=schema)
        self.column, self.if_exists = column, if_exists


class ExistingColumn(TypedDict, total=False):
    """The keyword arguments of `AlterColumn`: the table's schema, and the column as it is."""

    schema: str | None
    existing_type: AnyType | None
    existing_nullable: bool | None
    existing_server_default: Default
    existing_comment: str | None


class AlterColumn(AlterTable):
    """``ALTER TABLE t ALTER COLUMN c ...``; ``existing_*`` are for databases that must repeat them."""

    def __init__(
        self,
        name: str,
        column_name: str,
        schema: str | None = None,
        existing_type: AnyType | None = None,
        existing_nullable: bool | None = None,
        existing_server_default: Default = None,
        existing_comment: str | None = None,
    ) -> None:
        super().__init__(name, schema=schema)
        self.column_name, self.existing_type, self.existing_nullable = column_name, existing_type, existing_nullable
        self.existing_server_default = None if existing_server_default is False else existing_server_default
        self.existing_comment = existing_comment


class ColumnNullable(AlterColumn):
    """``ALTER COLUMN c SET NOT NULL`` or ``DROP NOT NULL``."""

    def __init__(self, name: str, column_name: str, nullable: bool, **kw: Unpack[ExistingColumn]) -> None:
        super().__init__(name, column_name, **kw)
        self.nullable = nullable


class ColumnType(AlterColumn):
    """``ALTER COLUMN c TYPE t``."""

    def __init__(self, name: str, column_name: str, type_: AnyType, **kw: Unpack[ExistingColumn]) -> None:
        super().__init__(name, column_name, **kw)
        self.type_ = type_


class ColumnName(AlterColumn):
    """``RENAME c TO d``."""

    def __init__(self, name: str, column_name: str, newname: str, **kw: Unpack[ExistingColumn]) -> None:
        super().__init__(name, column_name, **kw)
        self.newname = newname


class ColumnDefault(AlterColumn):
    """``ALTER COLUMN c SET DEFAULT x`` or ``DROP DEFAULT``."""

    def __init__(self, name: str, column_name: str, default: Default, **kw: Unpack[ExistingColumn]) -> None:
        super().__init__(name, column_name, **kw)
        self.default = default


class ComputedColumnDefault(ColumnDefault):
    """Make a column computed, or not computed any more; no database can, so that it raises CannotCompile."""


class IdentityColumnDefault(ColumnDefault):
    """Make a column an identity column, change its options, or drop the identity.

    ``default`` is the new Identity, or None; ``existing_server_default`` the current one.
    """

    def __init__(
        self,
        name: str,
        column_name: str,
        default: Default,
        impl: object = None,
        **kw: Unpack[ExistingColumn],
    ) -> None:
        super().__init__(name, column_name, default, **kw)
        self.impl = impl


class ColumnComment(AlterColumn):
    """``COMMENT ON COLUMN t.c IS '...'``."""

    def __init__(self, name: str, column_name: str, comment: str | None, **kw: Unpack[ExistingColumn]) -> None:
        super().__init__(name, column_name, **kw)
        self.comment = comment


@compiles(AddColumn)
def visit_add_column(element: AddColumn, compiler: DDLCompiler, **kw: object) -> str:
    """Compile ADD COLUMN."""
    words = add_column(
        compiler, element.column, element.if_not_exists, element.inline_references, element.inline_primary_key
    )
    return f"{alter_table(compiler, element.table_name, element.schema)} {words}"


@compiles(DropColumn)
def visit_drop_column(element: DropColumn, compiler: DDLCompiler, **kw: object) -> str:
    """Compile DROP COLUMN."""
    words = drop_column(compiler, element.column.name, element.if_exists)
    return f"{alter_table(compiler, element.table_name, element.schema)} {words}"


def _alter(element: AlterColumn, compiler: DDLCompiler, change: str) -> str:
    words = alter_column(compiler, element.column_name)
    return f"{alter_table(compiler, element.table_name, element.schema)} {words} {change}"


@compiles(ColumnNullable)
def visit_column_nullable(element: ColumnNullable, compiler: DDLCompiler, **kw: object) -> str:
    """Compile SET or DROP NOT NULL."""
    return _alter(element, compiler, "DROP NOT NULL" if element.nullable else "SET NOT NULL")


@compiles(ColumnType)
def visit_column_type(element: ColumnType, compiler: DDLCompiler, **kw: object) -> str:
    """Compile ALTER COLUMN ... TYPE."""
    return _alter(element, compiler, f"TYPE {format_type(compiler, element.type_)}")


@compiles(ColumnName)
def visit_column_name(element: ColumnName, compiler: DDLCompiler, **kw: object) -> str:
    """Compile RENAME ... TO."""
    before, after = (format_column_name(compiler, name) for name in (element.column_name, element.newname))
    return f"{alter_table(compiler, element.table_name, element.schema)} RENAME {before} TO {after}"


@compiles(ColumnDefault)
def visit_column_default(element: ColumnDefault, compiler: DDLCompiler, **kw: object) -> str:
    """Compile SET or DROP DEFAULT."""
    if element.default is None:
        return _alter(element, compiler, "DROP DEFAULT")
    return _alter(element, compiler, f"SET DEFAULT {format_server_default(compiler, element.default)}")


@compiles(ComputedColumnDefault)
def visit_computed_column(element: ComputedColumnDefault, compiler: DDLCompiler, **kw: object) -> str:
    """Raise CannotCompile: no database can alter a computed column."""
    raise CannotCompile(
        f"Column {element.column_name!r} of {element.table_name!r} cannot become computed, nor stop being so. "
        "Drop it and add it again."
    )


@compiles(IdentityColumnDefault)
def visit_identity_column(element: IdentityColumnDefault, compiler: DDLCompiler, **kw: object) -> str:
    """Raise CannotCompile: only the statements of some dialects can do it."""
    raise CannotCompile(
        f"Column {element.column_name!r} of {element.table_name!r} cannot become an identity, nor stop being one, "
        f"in place: {compiler.dialect.name} has no ALTER for it. Make a new column, or a new table."
    )


@compiles(ColumnComment)
def visit_column_comment(element: ColumnComment, compiler: DDLCompiler, **kw: object) -> str:
    """Compile COMMENT ON COLUMN."""
    table = format_table_name(compiler, element.table_name, element.schema)
    name = format_column_name(compiler, element.column_name)
    return f"COMMENT ON COLUMN {table}.{name} IS {format_text(compiler, element.comment)}"
