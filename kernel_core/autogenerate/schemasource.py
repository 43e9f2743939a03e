"""Write columns, constraints, defaults and SQL text as Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.schema import (
    CheckConstraint,
    Column,
    Computed,
    Constraint,
    CreateSchema,
    CreateSequence,
    DropSchema,
    DropSequence,
    FetchedValue,
    ForeignKeyConstraint,
    Identity,
    PrimaryKeyConstraint,
    Sequence,
    UniqueConstraint,
)
from sqlalchemy.sql.elements import ClauseElement, TextClause
from sqlalchemy.sql.expression import TableClause

from ..ddl.overrides import is_overridden
from ..operations.kinds.sequence import options_of
from ..operations.operation import Code, SourceWriter
from ..util.exc import CommandError
from ..util.sql import default_expression, without_parameters
from ..util.sqla_compat import (
    AnyColumn,
    ddl_sql,
    default_argument,
    dialect_options,
    excluded,
    final_name,
    has_parameters,
    is_exclude_constraint,
    referent,
)
from .context import AutogenContext, names
from .layout import call, keyword, literal
from .typesource import type_source

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import ExcludeConstraint


class Writer(SourceWriter, Protocol):
    """The `SourceWriter` of a context; `writer.Writer` implements it with the functions of this module."""

    context: AutogenContext
    sa: str
    """The prefix of names of SQLAlchemy, usually ``sa.``."""


Construct = CreateSchema | DropSchema | CreateSequence | DropSequence | Sequence

_HOOK_NAMES: tuple[tuple[type[Constraint], str], ...] = (
    (PrimaryKeyConstraint, "primary_key"),
    (ForeignKeyConstraint, "foreign_key"),
    (UniqueConstraint, "unique"),
    (CheckConstraint, "check"),
)


def column_source(column: AnyColumn, write: Writer) -> str:
    """Return ``sa.Column(...)`` without keys, indexes and uniqueness, which are written as separate statements."""
    if write.context.has_render_hook:
        by_hook = write.context.render_by_hook("column", column)
        if by_hook is not False:
            return by_hook
    parts = [literal(column.name), type_source(column.type, write.context)]
    generated = column.computed or column.identity
    if generated is not None:
        parts.append(default_source(generated, write))
    elif column.server_default is not None:
        parts.append(keyword("server_default", default_source(column.server_default, write)))
    if column.autoincrement not in ("auto", "ignore_fk"):
        parts.append(f"autoincrement={bool(column.autoincrement)}")
    parts.append("nullable=True" if column.nullable else "nullable=False")
    if column.system:
        parts.append("system=True")
    if column.comment:
        parts.append(keyword("comment", literal(column.comment)))
    for name, value in dialect_options(column):
        parts.append(keyword(name, write.value(value)))
    return Code(f"{write.sa}Column(", tuple(parts))


def default_source(default: object, write: Writer) -> str:
    """Return a server default: a literal, ``sa.text(...)``, ``sa.Computed``, ``sa.Identity``, ``sa.FetchedValue``."""
    by_hook = write.context.render_by_hook("server_default", default)
    if by_hook is not False:
        return by_hook
    argument = default_argument(default)
    if argument is None or isinstance(argument, bool):
        return repr(argument)
    if isinstance(argument, str):
        return literal(argument)
    if isinstance(argument, Computed):
        kwargs = {} if argument.persisted is None else {"persisted": repr(argument.persisted)}
        return call(f"{write.sa}Computed", [literal(_sql(argument.sqltext, write))], kwargs)
    if isinstance(argument, Identity):
        return _identity_source(argument, write)
    if isinstance(argument, Sequence):
        return construct_source(argument, write)
    if isinstance(argument, FetchedValue):
        return f"{write.sa}FetchedValue()"
    return text_source(argument, write, is_server_default=True)


_IDENTITY_OPTIONS = (
    "start",
    "increment",
    "minvalue",
    "maxvalue",
    "nominvalue",
    "nomaxvalue",
    "cycle",
    "cache",
)


def _identity_source(identity: Identity, write: Writer) -> str:
    kwargs = {"always": repr(identity.always)} | _options(identity, _IDENTITY_OPTIONS, write)
    # SQLAlchemy 2.1 deprecates on_null= and order= in favour of oracle_on_null= and oracle_order=.
    of_dialects = getattr(identity, "dialect_kwargs", None)
    if of_dialects is None:
        kwargs |= _options(identity, ("on_null", "order"), write)
    else:
        kwargs |= {name: write.value(value) for name, value in of_dialects.items() if value is not None}
    return call(f"{write.sa}Identity", (), kwargs)


def construct_source(construct: Construct, write: Writer) -> str:
    """Return ``sa.schema.CreateSchema("sales")`` and the like; of a Sequence, the options that are set."""
    if isinstance(construct, Sequence):
        arguments = {"schema": construct.schema, **options_of(construct)}
        stated = {name: write.value(value) for name, value in arguments.items() if value is not None}
        return call(f"{write.sa}Sequence", [literal(str(construct.name))], stated)
    flags = {name: "True" for name in ("if_not_exists", "if_exists", "cascade") if getattr(construct, name, False)}
    return call(f"{write.sa}schema.{type(construct).__name__}", [write.value(construct.element)], flags)


def table_source(table: TableClause, write: Writer) -> Code:
    """Return ``sa.table("users", sa.column("id", sa.Integer()))``: enough of a table for INSERT."""
    columns = [call(f"{write.sa}column", [literal(str(column.name)), write.value(column.type)]) for column in table.c]
    options = {} if table.schema is None else {"schema": literal(str(table.schema))}
    return call(f"{write.sa}table", [literal(str(table.name)), *columns], options)


def text_source(element: ClauseElement, write: Writer, *, is_server_default: bool = False) -> str:
    """Return ``sa.text("...")`` for a SQL expression, with its values inlined."""
    sql = _sql(element, write, is_server_default=is_server_default)
    return call(
        f"{write.sa}text", [literal(default_expression(sql, write.context.dialect) if is_server_default else sql)]
    )


def _sql(element: ClauseElement | str, write: Writer, *, is_server_default: bool = False) -> str:
    """Return SQL for ``text()``: colons that would start a parameter are escaped."""
    if isinstance(element, ClauseElement) and is_overridden(write.context.impl, "render_ddl_sql_expr"):
        return without_parameters(write.context.impl.render_ddl_sql_expr(element, is_server_default=is_server_default))
    if isinstance(element, TextClause) and not has_parameters(element):
        return element.text
    return without_parameters(ddl_sql(element, write.context.dialect))


def constraint_source(constraint: Constraint, write: Writer) -> str:
    """Return a constraint as it is written in ``create_table``.

    Raises CommandError for an unknown kind of constraint.
    """
    if write.context.has_render_hook:
        hook_name = next((name for cls, name in _HOOK_NAMES if isinstance(constraint, cls)), None)
        by_hook = write.context.render_by_hook(hook_name, constraint) if hook_name is not None else False
        if by_hook is not False:
            return by_hook
    if isinstance(constraint, ForeignKeyConstraint):
        return _foreign_key_source(constraint, write)
    if isinstance(constraint, (PrimaryKeyConstraint, UniqueConstraint)):
        options = _name(constraint, write) | _options(constraint, ("deferrable", "initially"), write)
        args = [write.value(name) for name in names(constraint.columns)]
        return call(f"{write.sa}{type(constraint).__name__}", args, options | _dialect_options(constraint, write))
    if isinstance(constraint, CheckConstraint):
        options = _name(constraint, write) | _options(constraint, ("deferrable", "initially"), write)
        condition = literal(_sql(constraint.sqltext, write))
        return call(f"{write.sa}CheckConstraint", [condition], options | _dialect_options(constraint, write))
    if is_exclude_constraint(constraint):
        return _exclude_source(constraint, write)
    raise CommandError(
        f"A {type(constraint).__name__} cannot be written as Python. Write it with the render_item hook."
    )


def _exclude_source(constraint: ExcludeConstraint, write: Writer) -> str:
    write.context.imports.add("from sqlalchemy.dialects import postgresql")
    elements = [
        write.value((str(element.name) if isinstance(element, Column) else element, operator))
        for element, operator in excluded(constraint)
    ]
    kwargs = _name(constraint, write) | _options(constraint, ("where", "using", "deferrable", "initially"), write)
    if constraint.ops:
        kwargs["ops"] = write.value(dict(constraint.ops))
    return call("postgresql.ExcludeConstraint", elements, kwargs)


def _foreign_key_source(constraint: ForeignKeyConstraint, write: Writer) -> str:
    schema, table, columns = referent(constraint)
    prefix = f"{schema}.{table}" if schema else table
    args = [
        _list(write, [str(key.parent.name) if key.parent is not None else name for key, name in _keys(constraint)]),
        _list(write, [f"{prefix}.{column}" for column in columns]),
    ]
    options = ("onupdate", "ondelete", "deferrable", "initially", "match")
    kwargs = _name(constraint, write) | _options(constraint, options, write) | _dialect_options(constraint, write)
    if constraint.use_alter:
        kwargs["use_alter"] = "True"
    return call(f"{write.sa}ForeignKeyConstraint", args, kwargs)


def _list(write: Writer, values: list[str]) -> str:
    return Code("[", tuple([literal(each) if type(each) is str else write.value(each) for each in values]), "]")


def _keys(constraint: ForeignKeyConstraint) -> list[tuple[Any, str]]:
    return list(zip(constraint.elements, constraint.column_keys, strict=True))


def _name(constraint: Constraint, write: Writer) -> dict[str, str]:
    name = final_name(constraint, write.context.dialect)
    return {} if name is None else {"name": write.value(name)}


def _options(item: object, options: tuple[str, ...], write: Writer) -> dict[str, str]:
    """Return the source of those options that are set on an object."""
    return {option: write.value(value) for option in options if (value := getattr(item, option, None)) is not None}


def _dialect_options(constraint: Constraint, write: Writer) -> dict[str, str]:
    return {name: write.value(value) for name, value in dialect_options(constraint) if value not in (None, [], ())}
