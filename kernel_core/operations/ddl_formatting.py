"""Parts of DDL statements as a compiler formats them: names, types, defaults, columns, ALTER TABLE."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import ForeignKeyConstraint, String, text
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import Column, DDLElement
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.sql.elements import quoted_name

from ..util.exc import UnsupportedOperation
from ..util.sqla_compat import AnyColumn, AnyType, default_argument, table_of_column


class CannotCompile(UnsupportedOperation, CompileError):
    """The database has no such statement; a CompileError too, which callers of Alembic catch."""

    __str__ = Exception.__str__


class AlterTable(DDLElement):
    """The base class of ALTER TABLE statements."""

    inherit_cache = False

    def __init__(self, table_name: str, schema: str | quoted_name | None = None) -> None:
        self.table_name, self.schema = table_name, schema


def format_table_name(compiler: DDLCompiler, name: str, schema: str | None) -> str:
    """Return the quoted name of a table, with its schema.

    A connection's ``schema_translate_map`` applies, as in SQLAlchemy's own statements.
    """
    quoted = compiler.preparer.quote(name)
    translated = (compiler.schema_translate_map or {}).get(schema, schema)
    return f"{compiler.preparer.quote_schema(translated)}.{quoted}" if translated else quoted


def format_column_name(compiler: DDLCompiler, name: str) -> str:
    """Return the quoted name of a column."""
    return compiler.preparer.quote(name)


def format_type(compiler: DDLCompiler, type_: AnyType) -> str:
    """Return a type as SQL of this database."""
    return compiler.dialect.type_compiler_instance.process(type_)


def format_server_default(compiler: DDLCompiler, default: object) -> str:
    """Return a server default as SQL, as it follows DEFAULT."""
    argument = default_argument(default)
    if isinstance(argument, str) or argument is None:
        column: AnyColumn = Column("x", server_default=argument)
    else:
        column = Column("x", server_default=argument if hasattr(argument, "compile") else text(str(argument)))
    return compiler.get_column_default_string(column) or ""


def alter_table(compiler: DDLCompiler, name: str, schema: str | None) -> str:
    """Return ``ALTER TABLE t``, with which every such statement begins."""
    return f"ALTER TABLE {format_table_name(compiler, name, schema)}"


def alter_column(compiler: DDLCompiler, name: str) -> str:
    """Return ``ALTER COLUMN c``."""
    return f"ALTER COLUMN {format_column_name(compiler, name)}"


def drop_column(compiler: DDLCompiler, name: str, if_exists: bool | None = None, **kw: object) -> str:
    """Return ``DROP COLUMN c``."""
    return f"DROP COLUMN {'IF EXISTS ' if if_exists else ''}{format_column_name(compiler, name)}"


def add_column(
    compiler: DDLCompiler,
    column: AnyColumn,
    if_not_exists: bool | None = None,
    inline_references: bool | None = None,
    inline_primary_key: bool | None = None,
    *,
    words: str = "ADD COLUMN",
    **kw: object,
) -> str:
    """Return ``ADD COLUMN c INTEGER ...``; ``words`` is the keyword of this database.

    ``inline_references`` and ``inline_primary_key`` include the column's foreign keys and PRIMARY KEY.
    """
    exists = " IF NOT EXISTS" if if_not_exists else ""
    key = " PRIMARY KEY" if inline_primary_key and column.primary_key else ""
    keys = references(compiler, column) if inline_references else ""
    return f"{words}{exists} {column_specification(compiler, column, **kw)}{checks(compiler, column)}{key}{keys}"


def checks(compiler: DDLCompiler, column: AnyColumn) -> str:
    """Return the CHECK constraints of a column as part of its definition, sorted, since a column keeps no order."""
    stated = sorted((compiler.process(each) or "").strip() for each in column.constraints)
    return "".join(f" {clause}" for clause in stated if clause)


def inline_foreign_keys(column: AnyColumn) -> list[ForeignKeyConstraint]:
    """Return the foreign keys of this column alone, which can be part of its definition."""
    found = [key.constraint for key in column.foreign_keys if key.constraint is not None]
    return sorted((each for each in found if len(each.columns) == 1), key=lambda each: str(each.name))


def inlined(column: AnyColumn, inline_references: bool | None) -> bool | None:
    """Return whether a foreign key is part of the column's definition; if there are several, they are constraints."""
    return inline_references and len(inline_foreign_keys(column)) < 2


def references(compiler: DDLCompiler, column: AnyColumn) -> str:
    """Return the foreign keys of a column as part of its definition: REFERENCES without the column's name."""
    clauses = []
    for constraint in inline_foreign_keys(column):
        columns = ", ".join(compiler.preparer.quote(name) for name in constraint.column_keys)
        stated = compiler.process(constraint)
        if stated is None:
            raise UnsupportedOperation(
                f"{compiler.dialect.name} has no foreign keys between schemas ({column.name}). Leave it out."
            )
        clauses.append(stated.strip().replace(f"FOREIGN KEY({columns}) ", "", 1))
    return "".join(f" {clause}" for clause in clauses)


def format_text(compiler: DDLCompiler, words: str | None) -> str:
    """Return a string literal of this database; NULL for None."""
    return "NULL" if words is None else compiler.sql_compiler.render_literal_value(words, String())


def quote_dotted(name: str, quote: Callable[[str], str]) -> str:
    """Return a dotted name with each of its parts quoted; a ``quoted_name`` is quoted as a whole."""
    return quote(name) if isinstance(name, quoted_name) else ".".join(quote(part) for part in name.split("."))


def column_specification(compiler: DDLCompiler, column: AnyColumn, **kw: object) -> str:
    """Return the definition of a column as in CREATE TABLE: name, type, default, nullability."""
    with table_of_column(column):
        return compiler.get_column_specification(column, first_pk=False, **kw)
