"""Every place where SQLAlchemy's versions differ, or where only a private name serves; nowhere else."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import sqlalchemy
from sqlalchemy import ForeignKey, MetaData, Table, literal
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import NoReferenceError
from sqlalchemy.schema import (
    Column,
    Computed,
    Constraint,
    DefaultClause,
    ExecutableDDLElement,
    FetchedValue,
    ForeignKeyConstraint,
    Identity,
    sort_tables_and_constraints,
)
from sqlalchemy.sql.compiler import DDLCompiler, IdentifierPreparer, SQLCompiler
from sqlalchemy.sql.elements import ClauseElement, TextClause, conv
from sqlalchemy.sql.sqltypes import _Binary
from sqlalchemy.types import JSON, NullType, String, TypeEngine

from .sqltext import refuse_loose_sql, warn_of_cut_name

SQLALCHEMY_VERSION = tuple(int(part) for part in sqlalchemy.__version__.split(".")[:2])


def copy_column(column: Column[Any]) -> Column[Any]:
    """Return a copy that belongs to no table; foreign keys that are still loose come along."""
    return column._copy()


def copy_constraint(constraint: Constraint, **kw: Any) -> Constraint:
    """Return a copy that belongs to no table."""
    copied: Constraint = constraint._copy(**kw)
    return copied


def changed_column(column: Column[Any], **changes: Any) -> Column[Any]:
    """Return a copy of ``column`` with another ``name``, ``type``, ``nullable``, ``server_default`` or ``comment``."""
    changed = copy_column(column)
    for attribute, value in changes.items():
        if attribute == "name":
            changed.name = changed.key = value
        elif attribute == "server_default":
            _set_default(changed, value)
        else:
            setattr(changed, attribute, value)
    return changed


def _set_default(column: Column[Any], value: Any) -> None:
    column.computed = column.identity = None
    if value is None or isinstance(value, FetchedValue):
        column.server_default = value
    else:
        column.server_default = DefaultClause(value)
    if isinstance(value, Computed):
        column.computed = value
    elif isinstance(value, Identity):
        column.identity = value


def default_argument(default: Any) -> Any:
    """Return what was passed as ``server_default=``: a str, SQL text, an expression, Computed, Identity or None."""
    if isinstance(default, DefaultClause) and not isinstance(default, (Computed, Identity)):
        return default.arg
    return default


def default_sql(default: Any, dialect: Dialect | None = None) -> str:
    """Return a server default as SQL: a str in SQL quotes, an expression as it compiles, ``""`` for none."""
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


def sql_text(element: Any, dialect: Dialect | None = None) -> str:
    """Return a SQL expression as text with its values written out; a str comes back unchanged."""
    if isinstance(element, str):
        return element
    if isinstance(element, TextClause) and not element._bindparams:
        return element.text.replace(r"\:", ":")
    if isinstance(element, ClauseElement):
        return str(element.compile(dialect=dialect, compile_kwargs={"literal_binds": True, "include_table": False}))
    return str(element)


def is_type_bound(constraint: Constraint) -> bool:
    """Tell whether a CHECK belongs to a Boolean or Enum type, which creates it by itself."""
    return bool(getattr(constraint, "_type_bound", False))


@contextmanager
def table_of_column(column: Column[Any]) -> Iterator[None]:
    """Give a loose column a table for a moment, because a compiler asks it for one."""
    current: Table | None = column.table
    if current is not None:
        yield
        return
    nothing: Any = None
    column.table = Table("x", MetaData())
    try:
        yield
    finally:
        column.table = nothing


def ddl_compiler(dialect: Dialect) -> DDLCompiler:
    """Return a compiler that spells parts of statements: columns, defaults, constraints."""
    nothing: Any = None
    return dialect.ddl_compiler(dialect, nothing)


def referred_name(key: ForeignKey) -> str:
    """Return what a foreign key names: ``schema.table.column``."""
    return key._get_colspec()


def inline_literal(value: Any, type_: Any) -> Any:
    """Return a value that is written into the SQL text even when the statement is run."""
    return literal(value, type_, literal_execute=True)


def should_create(constraint: Constraint, dialect: Dialect) -> bool:
    """Tell whether a constraint is made on this database: where a Boolean or Enum is native, its CHECK is not."""
    rule = getattr(constraint, "_create_rule", None)
    return rule is None or bool(rule(ddl_compiler(dialect)))


def type_constraints(
    type_: Any, table_name: str, column_name: str, schema: str | None, metadata: MetaData | None = None
) -> list[Constraint]:
    """Return the constraints that a type makes by itself on a column of that name; ``metadata`` has the conventions."""
    if type_ is None:
        return []
    column: Column[Any] = Column(column_name, type_)
    table = Table(table_name, metadata or MetaData(), column, schema=schema)
    return [constraint for constraint in table.constraints if is_type_bound(constraint)]


def same_affinity(before: TypeEngine[Any], after: TypeEngine[Any]) -> bool:
    """Tell whether two types are of one kind (two strings, two integers), so that values need no cast between them."""
    return before._type_affinity is after._type_affinity


def type_repr(type_: Any) -> str:
    """Return the type's ``repr``, with the ``create_type=False`` that SQLAlchemy 2.0 leaves out of it."""
    text = repr(type_)
    if getattr(type_, "create_type", True) or "create_type" in text:
        return text
    return f"{text.removesuffix(')')}, create_type=False)"


def type_variants(type_: Any) -> dict[str, Any]:
    """Return dialect name -> type of what ``with_variant`` was told."""
    return dict(getattr(type_, "_variant_mapping", None) or {})


def without_variants(type_: Any) -> Any:
    """Return the type that ``with_variant`` was called on."""
    if not type_variants(type_):
        return type_
    plain = type_.copy()
    plain._variant_mapping = type(type_._variant_mapping)()
    return plain


def final_name(constraint: Any, dialect: Dialect) -> str | None:
    """Return the name of a constraint or index as the database will know it: `conv` where a convention made it.

    None where it has no name and no convention gives it one.
    """
    name = constraint.name
    if name is None:
        return None
    formatted = dialect.identifier_preparer.format_constraint(constraint, _alembic_quote=False)
    if formatted is None:
        return None
    plain = str(formatted)
    return conv(plain) if isinstance(name, conv) or plain != str(name) else plain


def referent(constraint: ForeignKeyConstraint) -> tuple[str | None, str, tuple[str, ...]]:
    """Return schema, table and columns that a foreign key points at, also where that table is not known."""
    schema: str | None = None
    table = ""
    columns: list[str] = []
    for element in constraint.elements:
        try:
            column = element.column
            schema, table = column.table.schema, str(column.table.name)
            columns.append(str(column.name))
        except NoReferenceError:
            schema, table, column_name = element._column_tokens
            columns.append(str(column_name or element.parent.name))
    return schema, str(table), tuple(columns)


def sorted_tables(tables: Iterable[Table]) -> list[tuple[Table | None, list[ForeignKeyConstraint]]]:
    """Return tables, parents first, each with the foreign keys that can be made with it.

    The last entry, without a table, has the keys that close a circle.
    """
    found: Any = sort_tables_and_constraints(sorted(tables, key=lambda table: table.key))  # type: ignore[no-untyped-call]
    return [(table, list(keys)) for table, keys in found]


def is_made_on(item: Any, dialect: Dialect) -> bool:
    """Tell whether an index or constraint is made on this database; ``ddl_if`` may say otherwise."""
    condition = getattr(item, "_ddl_if", None)
    return condition is None or bool(condition._should_execute(None, item, None, dialect=dialect))


def table_prefixes(table: Table) -> list[str]:
    """Return the words between CREATE and TABLE."""
    return [str(prefix) for prefix in table._prefixes]


def dialect_options(item: Any) -> Iterable[tuple[str, Any]]:
    """Return the dialects' options that a table, column, constraint or index was given, as ``mysql_engine="x"``."""
    return item.dialect_kwargs.items() if "dialect_options" in vars(item) else ()


def has_parameters(element: TextClause) -> bool:
    """Tell whether SQL text has parameters of its own."""
    return bool(element._bindparams)


def excluded(constraint: Any) -> list[tuple[Any, str]]:
    """Return the (expression, operator) pairs of a PostgreSQL ExcludeConstraint."""
    return [(expression, operator) for expression, _, operator in constraint._render_exprs]


def await_on(connection: Connection, function: Callable[..., Any], *args: Any, **kw: Any) -> Any:
    """Return what an async function returns that is given an AsyncConnection over ``connection``."""
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine  # noqa: PLC0415 - a browser kernel has no greenlet
    from sqlalchemy.util import await_only  # noqa: PLC0415 - the same

    return await_only(function(AsyncConnection(AsyncEngine(connection.engine), connection), *args, **kw))


def for_running(dialect: Dialect) -> Dialect:
    """Return the dialect as it writes DDL that is run: the same words, or an error instead of words with another sense.

    Compiling raises CommandError for SQL that would not stay in its place, and warns of a name that will be cut.
    """
    written: Any = copy.copy(dialect)
    written.preparer = _checking_preparer(dialect.preparer)  # type: ignore[arg-type]
    written.ddl_compiler = _checking_ddl_compiler(dialect.ddl_compiler)  # type: ignore[arg-type]
    written.statement_compiler = _checking_compiler(dialect.statement_compiler)  # type: ignore[arg-type]
    return _settled(written)


def for_scripts(dialect: Dialect) -> Dialect:
    """Return the dialect as it writes statements that are read, not run.

    A percent sign in them is one percent sign, and values are written out that SQLAlchemy knows as parameters only.
    Compiling refuses and warns as with `for_running`.
    """
    written: Any = for_running(dialect)
    written.statement_compiler = _script_compiler(written.statement_compiler)
    written.paramstyle, written.positional = "named", False
    if dialect.name == "postgresql":  # standard_conforming_strings is on; SQLAlchemy 2.0 asks the server first
        written._backslash_escapes = False
    return _settled(written)


def _settled(written: Any) -> Dialect:
    """Let the parts of a copied dialect belong to the copy."""
    written.__dict__.pop("_type_memos", None)
    written.identifier_preparer = written.preparer(written)
    written.type_compiler_instance = written.type_compiler = type(written.type_compiler_instance)(written)
    return written  # type: ignore[no-any-return]


def compiled_by(element: ExecutableDDLElement, dialect: Dialect, check: Callable[[str], object]) -> Any:
    """Return the same statement, which compiles by ``dialect`` on whatever connection it is run.

    A statement is thus compiled once, and looked at on its way: ``check`` gets the text and may raise.
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
    """Return a compiler that refuses SQL which does not stay the part of a statement that it is."""

    class CheckingCompiler(compiler):  # type: ignore[valid-type, misc]
        def visit_textclause(self, textclause: TextClause, *args: Any, **kw: Any) -> str:
            words = str(super().visit_textclause(textclause, *args, **kw))
            if self.statement is None:  # a part of DDL, not a statement that a person wrote
                refuse_loose_sql(words, self.dialect)
            return words

    return CheckingCompiler


@functools.cache
def _script_compiler(compiler: type[SQLCompiler]) -> type[SQLCompiler]:
    """Return a compiler that also writes JSON, bytes, and values whose type is not known."""

    class ScriptCompiler(compiler):  # type: ignore[valid-type, misc]
        def render_literal_value(self, value: Any, type_: Any) -> str:
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
    """Return a preparer that warns of a name which the database will cut."""

    class CheckingPreparer(preparer):  # type: ignore[valid-type, misc]
        def quote(self, ident: str, *args: Any, **kw: Any) -> str:
            if len(ident) * 4 > self.dialect.max_identifier_length:
                warn_of_cut_name(ident, self.dialect)
            return super().quote(ident, *args, **kw)  # type: ignore[no-any-return]

    return CheckingPreparer


@functools.cache
def _checking_ddl_compiler(compiler: type[DDLCompiler]) -> type[DDLCompiler]:
    """Return a compiler that refuses a server default which goes on as something else."""

    class CheckingDDLCompiler(compiler):  # type: ignore[valid-type, misc]
        def get_column_default_string(self, column: Column[Any]) -> str | None:
            words: str | None = super().get_column_default_string(column)
            if words is not None:
                refuse_loose_sql(words, self.dialect, "server default", alone=True)
            return words

    return CheckingDDLCompiler


_BYTES = {"postgresql": r"'\x{}'", "mssql": "0x{}", "oracle": "HEXTORAW('{}')"}


def sqlite_type(dialect: Dialect, declared: str) -> TypeEngine[Any]:
    """Return the type that reflection has for a declared type of SQLite."""
    told: Any = dialect
    found: TypeEngine[Any] = told._resolve_type_affinity(declared.upper())
    return found


class PostgresqlTypes:
    """The types that reflection has for PostgreSQL's ``format_type()``: one object for each spelling.

    ``enums`` and ``domains`` are ``ReflectedEnum`` and ``ReflectedDomain``.
    """

    def __init__(self, dialect: Dialect, enums: Iterable[dict[str, Any]], domains: Iterable[dict[str, Any]]) -> None:
        self._dialect: Any = dialect
        self._known: dict[Any, TypeEngine[Any]] = {}
        self._domains = {_type_name(domain): domain for domain in domains}
        self._enums = {_type_name(enum): enum for enum in enums}

    def type(
        self, formatted: str, described: str, collation: str | None, collation_schema: str | None
    ) -> TypeEngine[Any]:
        """Return a column's type; NullType, with a warning that names what is ``described``, where it is not known."""
        key = (formatted, collation, collation_schema)
        found = self._known.get(key)
        if found is None:
            found = self._reflected(formatted, described, collation, collation_schema)
            if not isinstance(found, NullType):
                self._known[key] = found
        return found

    def _reflected(self, formatted: str, described: str, *collation: str | None) -> TypeEngine[Any]:
        if SQLALCHEMY_VERSION < (2, 1):
            found = self._dialect._reflect_type(formatted, self._domains, self._enums, described, collation[0])
        else:
            named = SimpleNamespace(domains=self._domains, enums=self._enums)
            found = self._dialect._reflect_type(formatted, named, described, *collation)
        return found  # type: ignore[no-any-return]

    def domain_of(self, type_: TypeEngine[Any]) -> dict[str, Any] | None:
        """Return the domain that a column's type is, which may give the column a default and NOT NULL."""
        if type_.__visit_name__ != "DOMAIN":
            return None
        domain: Any = type_
        return self._domains.get((domain.schema, domain.name) if domain.schema else (domain.name,))


def _type_name(named: dict[str, Any]) -> tuple[str, ...]:
    """Return how a type is known: by its name where the search path sees it, else with its schema."""
    return (named["name"],) if named["visible"] else (named["schema"], named["name"])


class MySQLTypes:
    """The types that reflection has for column types of MySQL and MariaDB: one object for each spelling."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect: Any = dialect
        self._known: dict[str, TypeEngine[Any]] = {}

    def type(self, written: str, name: str) -> TypeEngine[Any]:
        """Return the type for what SHOW CREATE TABLE says behind a column's ``name``.

        NullType, with a warning that says the name, where it is not known.
        """
        found = self._known.get(written)
        if found is None:
            quoted = self._dialect.identifier_preparer.quote_identifier(name)
            parsed = self._dialect._tabledef_parser.parse(f"CREATE TABLE `t` (\n  {quoted} {written}\n)", None)
            found = parsed.columns[0]["type"] if parsed.columns else NullType()
            self._known[written] = found
        return found


# ---- models declared again -----------------------------------------------------------------------------------------


def tables_of(metadata: MetaData) -> tuple[dict[str, Table], dict[Any, list[Any]]]:
    """Return what a MetaData holds, for `put_back_tables`."""
    return dict(metadata.tables), {key: list(keys) for key, keys in metadata._fk_memos.items()}


def put_back_tables(metadata: MetaData, held: tuple[dict[str, Table], dict[Any, list[Any]]]) -> None:
    """Make a MetaData hold what it held when `tables_of` was asked, the very same tables in the same order."""
    tables, memos = held
    for table in list(metadata.tables.values()):
        metadata.remove(table)
    metadata._fk_memos.clear()
    for table in tables.values():
        metadata._add_table(table.name, table.schema, table)
    metadata._fk_memos.update({key: list(keys) for key, keys in memos.items()})


def set_target(key: ForeignKey, column: Column[Any]) -> None:
    """Let a foreign key refer to that column: its table was declared anew."""
    key._set_target_column(column)


def declared_classes(registry: Any) -> list[tuple[Any, Table | None]]:
    """Return (class, table) for each class of a declarative registry, by name.

    The table is None for a class whose mapping failed half-way.
    """
    found = ((one.class_, vars(one).get("mapper")) for one in list(registry._managers))
    return sorted(
        ((declared, getattr(mapper, "local_table", None)) for declared, mapper in found),
        key=lambda pair: str(pair[0].__name__),
    )


def class_called(registry: Any, name: str) -> Any:
    """Return the declarative class that strings in relationships find by that name; None where there is none."""
    found = registry._class_registry.get(name)
    return found if isinstance(found, type) else None


def forget_class(registry: Any, mapped: Any) -> None:
    """Let a declarative class be found by its name no more, so that another may have the name."""
    registry._dispose_cls(mapped)


def remember_class(registry: Any, mapped: Any) -> None:
    """Let a declarative class be found by its name again."""
    from sqlalchemy.orm import clsregistry  # noqa: PLC0415 - the ORM is there only where models are mapped

    add = getattr(clsregistry, "_add_class", None) or clsregistry.add_class  # type: ignore[attr-defined]
    add(mapped.__name__, mapped, registry._class_registry)


def retire_class(registry: Any, mapped: Any) -> None:
    """Take a forgotten class from the mapping, so that nothing configures it any more; its instances keep values.

    A class whose mapping failed half-way is taken too.
    """
    from sqlalchemy.orm import instrumentation  # noqa: PLC0415 - as above

    for manager in [one for one in registry._managers if one.class_ is mapped]:
        if "mapper" in vars(manager):
            manager.mapper._set_dispose_flags()
        instrumentation._instrumentation_factory.unregister(mapped)
        registry._managers.pop(manager, None)
