"""What the statement classes share: ALTER TABLE, and the spelling of names, types and defaults inside a compiler."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.schema import Column, DDLElement
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import TypeEngine

from ..util.sqla_compat import default_argument, table_of_column


class AlterTable(DDLElement):
    """An ALTER TABLE statement on the table of that name."""

    inherit_cache = False

    def __init__(self, table_name: str, schema: str | quoted_name | None = None) -> None:
        self.table_name, self.schema = table_name, schema


def format_table_name(compiler: DDLCompiler, name: str, schema: str | None) -> str:
    """Return the table's name as the database wants it quoted, with its schema."""
    quoted = compiler.preparer.quote(name)
    return f"{compiler.preparer.quote_schema(schema)}.{quoted}" if schema else quoted


def format_column_name(compiler: DDLCompiler, name: str) -> str:
    """Return a column's name as the database wants it quoted."""
    return compiler.preparer.quote(name)


def format_type(compiler: DDLCompiler, type_: TypeEngine[Any]) -> str:
    """Return the type as this database spells it."""
    return compiler.dialect.type_compiler_instance.process(type_)


def format_server_default(compiler: DDLCompiler, default: Any) -> str:
    """Return what stands behind DEFAULT."""
    argument = default_argument(default)
    if isinstance(argument, str) or argument is None:
        column: Column[Any] = Column("x", server_default=argument)
    else:
        column = Column("x", server_default=argument if hasattr(argument, "compile") else text(str(argument)))
    return compiler.get_column_default_string(column) or ""


def alter_table(compiler: DDLCompiler, name: str, schema: str | None) -> str:
    """Return the beginning of every such statement."""
    return f"ALTER TABLE {format_table_name(compiler, name, schema)}"


def column_specification(compiler: DDLCompiler, column: Column[Any], **kw: Any) -> str:
    """Return the column as it stands in CREATE TABLE: name, type, default, nullability."""
    with table_of_column(column):
        return compiler.get_column_specification(column, first_pk=False, **kw)
