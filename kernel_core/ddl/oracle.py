"""Oracle: columns by MODIFY, comments by COMMENT ON, statements end with a line with a slash; DDL commits implicitly.

https://docs.oracle.com/en/database/oracle/oracle-database/23/sqlrf/ALTER-TABLE.html
"""

from __future__ import annotations

import re

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.sql.elements import ClauseElement

from ..operations.ddl_formatting import (
    add_column,
    alter_table,
    format_column_name,
    format_server_default,
    format_table_name,
    format_text,
    format_type,
)
from ..operations.kinds.column import (
    AddColumn,
    AlterColumn,
    ColumnComment,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    ColumnType,
    IdentityColumnDefault,
)
from ..util.exc import UnsupportedOperation
from .impl import DefaultImpl
from .type_comparison import synonyms_of


class OracleImpl(DefaultImpl):
    """Oracle's DDL and its differences."""

    __dialect__ = "oracle"
    has_journal = True
    widening = "MODIFY {name} VARCHAR2({length})"
    locks_rows = True
    command_terminator = ""
    type_synonyms = synonyms_of("oracle")
    identity_attrs_ignore = ()
    creates_schemas = False
    script_breaks = re.compile(r"^[ \t]*\.?[ \t]*$|;[ \t]*$|^[ \t]*#.*$", re.MULTILINE)

    _has_set_define_off = False

    @property
    def batch_separator(self) -> str:
        """The line that runs a statement in SQL*Plus: the option ``oracle_batch_separator``; empty for none."""
        return str(self.context_opts.get("oracle_batch_separator", "/"))

    def static_output(self, text: str) -> None:
        """Print a statement and the separator; a comment needs none."""
        super().static_output(text)
        if self.batch_separator and not text.startswith("--"):
            super().static_output(self.batch_separator)

    def _check_script(self, construct: ClauseElement, words: str) -> None:
        self._refuse_separator(construct, words, self.batch_separator, "oracle_batch_separator")

    def _print_client_settings(self, words: str) -> None:
        """Switch off substitution variables: SQL*Plus would prompt for one at each ``&``, also inside quotes.

        https://docs.oracle.com/en/database/oracle/oracle-database/23/sqpug/SET-system-variable-summary.html
        """
        if "&" in words and not self._has_set_define_off:
            self._has_set_define_off = True
            super().static_output("SET DEFINE OFF")

    def emit_begin(self) -> None:
        self.static_output("SET TRANSACTION READ WRITE")

    def emit_commit(self) -> None:
        self.static_output("COMMIT")


@compiles(AddColumn, "oracle")
def _add_column(element: AddColumn, compiler: DDLCompiler, **kw: object) -> str:
    if element.if_not_exists:
        raise UnsupportedOperation(
            f"Oracle has no ADD IF NOT EXISTS ({element.table_name}.{element.column.name}). Leave out if_not_exists."
        )
    words = add_column(
        compiler, element.column, None, element.inline_references, element.inline_primary_key, words="ADD"
    )
    return f"{alter_table(compiler, element.table_name, element.schema)} {words}"


def _modify(element: AlterColumn, compiler: DDLCompiler, change: str) -> str:
    name = format_column_name(compiler, element.column_name)
    return f"{alter_table(compiler, element.table_name, element.schema)} MODIFY {name} {change}"


@compiles(ColumnNullable, "oracle")
def _column_nullable(element: ColumnNullable, compiler: DDLCompiler, **kw: object) -> str:
    return _modify(element, compiler, "NULL" if element.nullable else "NOT NULL")


@compiles(ColumnType, "oracle")
def _column_type(element: ColumnType, compiler: DDLCompiler, **kw: object) -> str:
    return _modify(element, compiler, format_type(compiler, element.type_))


@compiles(ColumnDefault, "oracle")
def _column_default(element: ColumnDefault, compiler: DDLCompiler, **kw: object) -> str:
    default = "NULL" if element.default is None else format_server_default(compiler, element.default)
    return _modify(element, compiler, f"DEFAULT {default}")


@compiles(IdentityColumnDefault, "oracle")
def _identity_default(element: IdentityColumnDefault, compiler: DDLCompiler, **kw: object) -> str:
    if element.default is None:
        return _modify(element, compiler, "DROP IDENTITY")
    return _modify(element, compiler, compiler.process(element.default))


@compiles(ColumnName, "oracle")
def _column_name(element: ColumnName, compiler: DDLCompiler, **kw: object) -> str:
    before, after = (format_column_name(compiler, name) for name in (element.column_name, element.newname))
    return f"{alter_table(compiler, element.table_name, element.schema)} RENAME COLUMN {before} TO {after}"


@compiles(ColumnComment, "oracle")
def _column_comment(element: ColumnComment, compiler: DDLCompiler, **kw: object) -> str:
    table = format_table_name(compiler, element.table_name, element.schema)
    name = format_column_name(compiler, element.column_name)
    return f"COMMENT ON COLUMN {table}.{name} IS {format_text(compiler, element.comment or '')}"
