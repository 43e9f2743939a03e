"""Dialects whose compilers reject SQL that would change the statement, or that compile for a script."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import literal
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.compiler import DDLCompiler, IdentifierPreparer, SQLCompiler
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.sql.sqltypes import _Binary
from sqlalchemy.types import JSON, NullType, String

from ..sql import default_expression, refuse_loose_sql
from ..truncation import warn_of_truncated_name
from .columns import AnyColumn
from .expressions import has_values, typed_text
from .type_memos import TypeMemos
from .types import AnyType


def for_running(dialect: Dialect) -> Dialect:
    """Return the dialect with compilers for DDL that is run, which reject SQL that would change the statement.

    Compiling raises CommandError for SQL that is not one expression, and warns of a name that will be truncated.
    """
    written: Any = copy.copy(dialect)
    written.preparer = _checking_preparer(dialect.preparer)  # type: ignore[arg-type]
    written.ddl_compiler = _checking_ddl_compiler(dialect.ddl_compiler)  # type: ignore[arg-type]
    written.statement_compiler = _checking_compiler(dialect.statement_compiler)  # type: ignore[arg-type]
    return _settled(written)


def for_scripts(dialect: Dialect) -> Dialect:
    """Return the dialect with compilers for scripts (``--sql``).

    A percent sign is not doubled, and values are rendered as literals, also those that SQLAlchemy only passes as
    parameters. Compiling raises and warns as with `for_running`.
    """
    written: Any = for_running(dialect)
    written.statement_compiler = _script_compiler(written.statement_compiler)
    written.paramstyle, written.positional = "named", False
    if dialect.name == "postgresql":  # standard_conforming_strings is on; SQLAlchemy 2.0 asks the server first
        written._backslash_escapes = False
    return _settled(written)


def _settled(written: Any) -> Dialect:
    """Return a copied dialect with its own preparer, type compiler and memos."""
    written._type_memos = TypeMemos()
    written.identifier_preparer = written.preparer(written)
    written.type_compiler_instance = written.type_compiler = type(written.type_compiler_instance)(written)
    return written  # type: ignore[no-any-return]


def compiled_by(element: ExecutableDDLElement, dialect: Dialect, check: Callable[[str], object]) -> Any:
    """Return the statement so that it is compiled with ``dialect`` on any connection.

    A statement is thus compiled once, and checked when it runs: ``check`` gets the text and can raise.
    """
    same = copy.copy(element)

    def compile_(**kw: Any) -> Any:
        compiled = type(element).compile(element, **{**kw, "dialect": dialect})
        check(str(compiled))
        return compiled

    vars(same)["compile"] = compile_
    return same


@functools.cache
def _checking_compiler(compiler: type[SQLCompiler]) -> type[SQLCompiler]:
    """Return a compiler that rejects SQL in DDL which is not one expression."""

    class CheckingCompiler(compiler):  # type: ignore[valid-type, misc]
        def visit_textclause(self, textclause: TextClause, *args: object, **kw: object) -> str:
            if self.statement is None and textclause._bindparams and not has_values(textclause):
                # DDL has no parameters: a word after a colon without a value is part of the text.
                textclause = typed_text(textclause.text)
            words = str(super().visit_textclause(textclause, *args, **kw))
            if self.statement is None:  # a part of DDL, not a statement that the user wrote
                refuse_loose_sql(words, self.dialect)
            return words

    return CheckingCompiler


@functools.cache
def _script_compiler(compiler: type[SQLCompiler]) -> type[SQLCompiler]:
    """Return a compiler that also renders JSON, bytes and values of unknown types as literals."""

    class ScriptCompiler(compiler):  # type: ignore[valid-type, misc]
        def render_literal_value(self, value: Any, type_: AnyType) -> str:
            if isinstance(type_, NullType) and value is not None:
                type_ = literal(value).type
            if isinstance(type_, JSON):
                return self.render_literal_value(json.dumps(value, ensure_ascii=False), String())
            if isinstance(type_, _Binary) and value is not None:
                return _BYTES.get(self.dialect.name, "X'{}'").format(bytes(value).hex())
            return str(super().render_literal_value(value, type_))

    return ScriptCompiler


@functools.cache
def _checking_preparer(preparer: type[IdentifierPreparer]) -> type[IdentifierPreparer]:
    """Return a preparer that warns of a name that the database will truncate."""

    class CheckingPreparer(preparer):  # type: ignore[valid-type, misc]
        def quote(self, ident: str, force: object = None) -> str:
            if len(ident) * 4 > self.dialect.max_identifier_length:
                warn_of_truncated_name(ident, self.dialect)
            if force is None:
                return preparer.quote(self, ident)
            return preparer.quote(self, ident, force)  # type: ignore[call-arg] # SQLAlchemy 2.0 has it

    return CheckingPreparer


@functools.cache
def _checking_ddl_compiler(compiler: type[DDLCompiler]) -> type[DDLCompiler]:
    """Return a compiler that rejects a server default that is not one expression."""

    class CheckingDDLCompiler(compiler):  # type: ignore[valid-type, misc]
        def get_column_default_string(self, column: AnyColumn) -> str | None:
            words: str | None = super().get_column_default_string(column)
            if words is not None:
                refuse_loose_sql(words, self.dialect, "server default", alone=True)
                return default_expression(words, self.dialect)
            return None

    return CheckingDDLCompiler


_BYTES = {"postgresql": r"'\x{}'", "mssql": "0x{}", "oracle": "HEXTORAW('{}')"}
