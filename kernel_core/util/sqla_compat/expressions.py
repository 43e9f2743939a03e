"""SQL expressions, and server defaults among them, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import literal, text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Computed, DefaultClause, FetchedValue, Identity
from sqlalchemy.sql.compiler import DDLCompiler, IdentifierPreparer, SQLCompiler
from sqlalchemy.sql.ddl import BaseDDLElement
from sqlalchemy.sql.elements import BindParameter, ClauseElement, ColumnElement, TextClause
from sqlalchemy.types import TypeEngine

from ..exc import UnsupportedOperation
from ..sql import without_parameters, without_typed_parameters


def sql_text(element: object, dialect: Dialect | None = None) -> str:
    """Return an SQL expression as text with literal values; a str unchanged."""
    if isinstance(element, str):
        return element
    if isinstance(element, TextByDialect):
        element = element.on("default" if dialect is None else dialect.name)
    if isinstance(element, TextClause) and not has_values(element):
        return element.text.replace(r"\:", ":")
    if isinstance(element, ClauseElement):
        return str(element.compile(dialect=dialect, compile_kwargs={"literal_binds": True, "include_table": False}))
    return str(element)


def shown_sql(expression: Any) -> str:
    """Return `sql_text`, or the SQL with the names of its parameters if a value cannot be written as text.

    SQL that differs between dialects is that of the first one where there is none for all.
    """
    if isinstance(expression, TextByDialect):
        return by_dialect(expression.texts, "default") or next(iter(expression.texts.values()))
    try:
        return sql_text(expression)
    except SQLAlchemyError:
        return str(expression)


class TextByDialect(TextClause):
    """SQL text that differs between dialects; ``texts`` has it by their names, ``default`` is for all others."""

    inherit_cache = False

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)
        super().__init__(without_parameters(next(iter(self.texts.values()))))

    def on(self, dialect_name: str) -> TextClause:
        """Return the text for one dialect; raises UnsupportedOperation if there is none."""
        found = by_dialect(self.texts, dialect_name)
        if found is None:
            raise UnsupportedOperation(
                f"The SQL {self.text!r} is known for {', '.join(self.texts)} only, not for {dialect_name}."
            )
        return literal_text(found)


@compiles(TextByDialect)
def _text_by_dialect(element: TextByDialect, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.on(compiler.dialect.name), **kw)


def by_dialect(texts: Mapping[str, str], dialect_name: str) -> str | None:
    """Return the text for a dialect, else the default one; MariaDB has that of MySQL before the default."""
    names = (dialect_name, *(["mysql"] if dialect_name == "mariadb" else []), "default")
    return next((texts[name] for name in names if name in texts), None)


def literal_sql(element: ClauseElement, dialect: Dialect) -> str:
    """Return an expression or a statement as SQL text with literal values; columns of an expression have no table."""
    if isinstance(element, BaseDDLElement):
        return str(element.compile(dialect=dialect))
    options = {"literal_binds": True} | ({"include_table": False} if isinstance(element, ColumnElement) else {})
    return str(element.compile(dialect=dialect, compile_kwargs=options))


def text_parameters(element: TextClause, *, every: bool = False) -> dict[str, BindParameter[Any]]:
    """Return the parameters of SQL text that have a value, by name; with ``every`` also those that have none."""
    return {name: each for name, each in element._bindparams.items() if every or not each.required}


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


def quoted_table(schema: str | None, name: str, dialect: Dialect) -> str:
    """Return the name of a table or an index with its schema, as `quoted_name`."""
    parts = (name,) if schema is None else (schema, name)
    return ".".join(quoted_name(part, dialect) for part in parts)


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


def inline_literal(value: object, type_: TypeEngine[Any] | None) -> BindParameter[object]:
    """Return a value that is rendered into the SQL text also when the statement is executed."""
    return literal(value, type_, literal_execute=True)


def has_parameters(element: TextClause) -> bool:
    """Return whether SQL text has parameters."""
    return bool(element._bindparams)


def ddl_compiler(dialect: Dialect) -> DDLCompiler:
    """Return a compiler for parts of statements: columns, defaults, constraints."""
    nothing: Any = None
    return dialect.ddl_compiler(dialect, nothing)
