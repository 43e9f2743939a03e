"""SQL expressions, and server defaults among them, as text."""

from __future__ import annotations

from typing import Any

from sqlalchemy import literal, text
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Computed, DefaultClause, FetchedValue, Identity
from sqlalchemy.sql.compiler import DDLCompiler, IdentifierPreparer
from sqlalchemy.sql.elements import BindParameter, ClauseElement, TextClause
from sqlalchemy.types import TypeEngine

from ..sql import without_parameters, without_typed_parameters


def sql_text(element: object, dialect: Dialect | None = None) -> str:
    """Return an SQL expression as text with literal values; a str unchanged."""
    if isinstance(element, str):
        return element
    if isinstance(element, TextClause) and not has_values(element):
        return element.text.replace(r"\:", ":")
    if isinstance(element, ClauseElement):
        return str(element.compile(dialect=dialect, compile_kwargs={"literal_binds": True, "include_table": False}))
    return str(element)


def has_values(element: TextClause) -> bool:
    """Return whether SQL text has a parameter with a value; a word after a colon without one is part of the text."""
    return any(each.value is not None or each.callable is not None for each in element._bindparams.values())


def ddl_sql(element: object, dialect: Dialect) -> str:
    """Return `sql_text` for a statement without parameters, in which percent signs are not doubled."""
    sql = sql_text(element, dialect)
    is_doubled = not isinstance(element, (str, TextClause)) and dialect.paramstyle in ("format", "pyformat")
    return sql.replace("%%", "%") if is_doubled else sql


def qualified_name(name: str, schema: str | None, preparer: IdentifierPreparer) -> str:
    """Return a name after its schema, each quoted where necessary."""
    quoted = preparer.quote(name)
    return f"{preparer.quote_schema(schema)}.{quoted}" if schema else quoted


def quoted_name(name: str, dialect: Dialect) -> str:
    """Return a name, quoted if necessary, for `literal_text`: percent signs are not doubled."""
    preparer = dialect.identifier_preparer
    quoted = preparer.quote(name)
    return quoted.replace("%%", "%") if getattr(preparer, "_double_percents", False) else quoted


def literal_text(sql: str) -> TextClause:
    """Return SQL as a text construct in which no colon starts a parameter."""
    return text(without_parameters(sql))


def typed_text(sql: str) -> TextClause:
    r"""Return user input as a text construct: no colon starts a parameter, and ``\:`` is a colon."""
    return text(without_typed_parameters(sql))


def default_argument(default: object) -> Any:
    """Return the argument of ``server_default=``: a str, SQL text, an expression, Computed, Identity or None."""
    if isinstance(default, DefaultClause) and not isinstance(default, (Computed, Identity)):
        return default.arg
    return default


def default_sql(default: object, dialect: Dialect | None = None) -> str:
    """Return a server default as SQL: a str as a literal, an expression compiled, ``""`` for None."""
    argument = default_argument(default)
    if argument is None or argument is False:
        return ""
    if isinstance(argument, str):
        return "'" + argument.replace("'", "''") + "'"
    if isinstance(argument, Computed):
        return f"GENERATED ALWAYS AS ({sql_text(argument.sqltext, dialect)})"
    if isinstance(argument, Identity):
        return f"GENERATED {'ALWAYS' if argument.always else 'BY DEFAULT'} AS IDENTITY"
    if isinstance(argument, FetchedValue):
        return "set by the database"
    return sql_text(argument, dialect)


def inline_literal(value: object, type_: TypeEngine[Any] | None) -> BindParameter[Any]:
    """Return a value that is rendered into the SQL text also when the statement is executed."""
    return literal(value, type_, literal_execute=True)


def has_parameters(element: TextClause) -> bool:
    """Return whether SQL text has parameters."""
    return bool(element._bindparams)


def ddl_compiler(dialect: Dialect) -> DDLCompiler:
    """Return a compiler for parts of statements: columns, defaults, constraints."""
    nothing: Any = None
    return dialect.ddl_compiler(dialect, nothing)
