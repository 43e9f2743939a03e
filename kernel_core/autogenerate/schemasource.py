"""Write columns, constraints, defaults and SQL text as Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

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
    key_of_type,
    referent,
)
from .context import AutogenContext
from .layout import INDENT, call, joined, keyword, literal
from .typesource import type_source

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import ExcludeConstraint


class Writer(SourceWriter, Protocol):
    """The `SourceWriter` of a context; `writer.Writer` implements it with the functions of this module."""

    context: AutogenContext
    known_types: dict[object, str]
    """The types that were written already, by `key_of_type`; none where a hook or the dialect is asked for each."""
    sa: str
    """The prefix of names of SQLAlchemy, usually ``sa.``."""


Construct = CreateSchema | DropSchema | CreateSequence | DropSequence | Sequence

_HOOK_NAMES: tuple[tuple[type[Constraint], str], ...] = (
    (PrimaryKeyConstraint, "primary_key"),
    (ForeignKeyConstraint, "foreign_key"),
    (UniqueConstraint, "unique"),
    (CheckConstraint, "check"),
)


_IMPLIED_AUTOINCREMENT = ("auto", "ignore_fk")


def column_source(column: AnyColumn, write: Writer, room: int = 0) -> str:
    """Return ``sa.Column(...)`` without keys, indexes and uniqueness, which are written as separate statements.

    It is a `Code`, unless it is no longer than ``room``.
    """
    if write.has_render_hook:
        by_hook = write.context.render_by_hook("column", column)
        if by_hook is not False:
            return by_hook
    type_ = column.type
    parts = [literal(column.name), write.known_types.get(key_of_type(type_)) or type_source(type_, write.context)]
    if column.server_default is not None or column.computed or column.identity:
        parts.append(_default_part(column, write))
    if column.autoincrement not in _IMPLIED_AUTOINCREMENT:
        parts.append(f"autoincrement={bool(column.autoincrement)}")
    parts.append("nullable=True" if column.nullable else "nullable=False")
    if column.system:
        parts.append("system=True")
    if column.comment:
        parts.append(keyword("comment", literal(column.comment)))
    for name, value in dialect_options(column):
        parts.append(keyword(name, write.value(value)))
    return joined(f"{write.sa}Column(", parts, room)


def _default_part(column: AnyColumn, write: Writer) -> str:
    """Return the argument of ``Column`` that is its server default, ``sa.Computed`` or ``sa.Identity``."""
    generated = column.computed or column.identity
    if generated is not None:
        return default_source(generated, write)
    return keyword("server_default", default_source(column.server_default, write))


def default_source(default: object, write: Writer) -> str:
    """Return a server default: a literal, ``sa.text(...)``, ``sa.Computed``, ``sa.Identity``, ``sa.FetchedValue``."""
    if write.has_render_hook:
        by_hook = write.context.render_by_hook("server_default", default)
        if by_hook is not False:
            return by_hook
    argument = default_argument(default)
    if type(argument) is str:
        return literal(argument)
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
    stated = {name: getattr(identity, name) for name in _IDENTITY_OPTIONS}
    # SQLAlchemy 2.1 deprecates on_null= and order= in favour of oracle_on_null= and oracle_order=.
    of_dialects = getattr(identity, "dialect_kwargs", None)
    stated |= {"on_null": identity.on_null, "order": identity.order} if of_dialects is None else of_dialects
    given = {name: write.value(value) for name, value in stated.items() if value is not None}
    return call(f"{write.sa}Identity", (), {"always": repr(identity.always), **given})


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


def constraint_source(constraint: Constraint, write: Writer, room: int = 0) -> str:
    """Return a constraint as it is written in ``create_table``: a `Code`, unless it is no longer than ``room``.

    Raises CommandError for an unknown kind of constraint.
    """
    if write.has_render_hook:
        by_hook = _constraint_by_hook(constraint, write)
        if by_hook is not False:
            return by_hook
    if isinstance(constraint, ForeignKeyConstraint):
        return _foreign_key_source(constraint, write, room)
    if isinstance(constraint, (PrimaryKeyConstraint, UniqueConstraint)):
        columns = [literal(column.name) for column in constraint]
        options = _options(constraint, _TIMING, write)
        return joined(f"{write.sa}{type(constraint).__name__}(", columns + options, room)
    if isinstance(constraint, CheckConstraint):
        condition = literal(_sql(constraint.sqltext, write))
        return joined(f"{write.sa}CheckConstraint(", (condition, *_options(constraint, _TIMING, write)), room)
    if is_exclude_constraint(constraint):
        return _exclude_source(constraint, write)
    raise CommandError(
        f"A {type(constraint).__name__} cannot be written as Python. Write it with the render_item hook."
    )


def _constraint_by_hook(constraint: Constraint, write: Writer) -> str | Literal[False]:
    hook_name = next((name for cls, name in _HOOK_NAMES if isinstance(constraint, cls)), None)
    return False if hook_name is None else write.context.render_by_hook(hook_name, constraint)


def _exclude_source(constraint: ExcludeConstraint, write: Writer) -> str:
    write.context.imports.add("from sqlalchemy.dialects import postgresql")
    elements = [
        write.value((str(element.name) if isinstance(element, Column) else element, operator))
        for element, operator in excluded(constraint)
    ]
    options = _options(constraint, ("where", "using", *_TIMING), write)
    if constraint.ops:
        options.append(keyword("ops", write.value(dict(constraint.ops))))
    return Code("postgresql.ExcludeConstraint(", (*elements, *options))


def _foreign_key_source(constraint: ForeignKeyConstraint, write: Writer, room: int) -> str:
    schema, table, names = referent(constraint)
    prefix = f"{schema}.{table}" if schema else table
    local: list[str] = []
    referred: list[str] = []
    for key, referred_name in zip(constraint.elements, names, strict=True):
        column: AnyColumn | None = key.parent  # None where the constraint belongs to no table yet
        name = constraint.column_keys[len(local)] if column is None else str(column.name)
        local.append(write.value(name))
        referred.append(literal(f"{prefix}.{referred_name}"))
    options = _options(constraint, ("onupdate", "ondelete", *_TIMING, "match"), write)
    if constraint.use_alter:
        options.append("use_alter=True")
    inner = room - len(INDENT)  # a list is broken one level deeper
    columns = joined("[", local, inner, "]"), joined("[", referred, inner, "]")
    return joined(f"{write.sa}ForeignKeyConstraint(", (*columns, *options), room)


_TIMING = ("deferrable", "initially")


def _options(constraint: Constraint, options: tuple[str, ...], write: Writer) -> list[str]:
    """Return the name of a constraint, those options that are set and the dialects' options, as keyword arguments."""
    found = []
    if constraint.name is not None:
        name = final_name(constraint, write.context.dialect)
        if name is not None:
            found.append(keyword("name", write.value(name)))
    for option in options:
        value = getattr(constraint, option, None)
        if value is not None:
            found.append(keyword(option, write.value(value)))
    for option, value in dialect_options(constraint):
        if value not in (None, [], ()):
            found.append(keyword(option, write.value(value)))
    return found
