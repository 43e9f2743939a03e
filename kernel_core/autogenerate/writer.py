"""Write the arguments of operations as Python: literals, names, collections, and objects of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy.schema import (
    CheckConstraint,
    Column,
    Constraint,
    CreateSchema,
    CreateSequence,
    DropSchema,
    DropSequence,
    FetchedValue,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    Sequence,
    UniqueConstraint,
)
from sqlalchemy.sql.elements import ClauseElement, conv, quoted_name
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import TypeEngine

from ..operations.operation import Code
from .constants import value_source
from .context import OMITTED, AutogenContext
from .layout import INDENT, WIDTH, call, literal
from .schemasource import (
    column_source,
    constraint_source,
    construct_source,
    default_source,
    table_source,
    text_source,
)
from .typesource import renders_types, type_source

_DEEPEST = 6 * len(INDENT) + 1
"""The space that a line needs besides an argument: a function, a block, four levels of parentheses, a comma."""


class Writer:
    """The `SourceWriter` given to ``MigrateOperation.render``, with the prefixes, dialect and hooks of a context."""

    def __init__(self, context: AutogenContext) -> None:
        self.context = context
        self.has_render_hook = context.has_render_hook
        self.known_types: dict[object, str] = (
            {} if self.has_render_hook or renders_types(context) else context.type_sources
        )
        self.sa = str(context.opts["sqlalchemy_module_prefix"])
        """The prefix of names of SQLAlchemy, usually ``sa.``."""
        self.room = int(context.opts.get("line_length", WIDTH)) - _DEEPEST
        """The length up to which a column or constraint among the arguments of a directive is never broken."""

    @property
    def batch_table(self) -> str | None:
        return self.context.batch_table

    @property
    def prefix(self) -> str:
        """The prefix of a directive: ``op.``, inside a batch ``batch_op.``."""
        context = self.context
        return "batch_op." if context.batch_table is not None else str(context.opts["alembic_module_prefix"])

    def call(self, directive: str, /, *args: object, **kwargs: object) -> Code:
        positional = _sources(args, self)
        if self.has_render_hook and OMITTED in positional:  # only a hook omits anything
            if directive != "create_table":
                return OMITTED
            positional = [each for each in positional if each is not OMITTED]
        return call(self.prefix + directive, positional, self._named(kwargs) if kwargs else None)

    def _named(self, arguments: Mapping[str, object]) -> dict[str, str]:
        return {name: self.value(value) for name, value in arguments.items()}

    def value(self, value: object) -> str:
        return literal(value) if type(value) is str else _SOURCE_FUNCTIONS[type(value)](value, self)

    def _text(self, value: str) -> str:
        """Write a text; a name that is final as ``op.f(...)``, one with its own quoting as ``sa.quoted_name(...)``."""
        if isinstance(value, conv):
            # The name of a constraint that no naming convention may name is empty.
            return Code(f"{self.prefix}f(", (literal(value),)) if value else "None"
        if isinstance(value, quoted_name) and value.quote is not None:
            return call(f"{self.sa}quoted_name", [literal(value)], {"quote": repr(value.quote)})
        return literal(value)

    def _collection(self, value: Iterable[object]) -> str:
        if isinstance(value, Mapping):
            pairs = ((self.value(key), self.value(item)) for key, item in value.items())
            return Code("{", tuple(_pair(key, item) for key, item in pairs), "}")
        parts = tuple(self.value(item) for item in value)
        if isinstance(value, tuple):
            return f"({parts[0]},)" if len(parts) == 1 else Code("(", parts)
        if isinstance(value, list):
            return Code("[", parts, "]")
        return Code("{", tuple(sorted(parts)), "}") if parts else f"{type(value).__name__}()"


_SourceFunction = Callable[[Any, Writer], str]


_CLASSES_KEPT = 512


class _SourceFunctions(dict[type, _SourceFunction]):
    """The functions that write values, by the class of the value: that of the first matching entry."""

    def __missing__(self, cls: type) -> _SourceFunction:
        functions = (function for kinds, function in _FUNCTIONS_OF_KINDS if issubclass(cls, kinds))
        function = next(functions, lambda value, write: value_source(value, write.context.imports))
        if len(self) < _CLASSES_KEPT:  # a notebook defines its classes again and again
            self[cls] = function
        return function


_SOURCE_FUNCTIONS = _SourceFunctions({str: lambda value, _: literal(value)})


_PLAIN_CONSTRAINTS = frozenset({PrimaryKeyConstraint, ForeignKeyConstraint, UniqueConstraint, CheckConstraint})


def _sources(arguments: Iterable[Any], write: Writer) -> list[str]:
    """Return the sources of the positional arguments of a directive, most of which fit on a line of their own."""
    found, room = [], write.room
    for each in arguments:
        kind = type(each)
        if kind is Column:
            found.append(column_source(each, write, room))
        elif kind in _PLAIN_CONSTRAINTS:
            found.append(constraint_source(each, write, room))
        else:
            found.append(_SOURCE_FUNCTIONS[kind](each, write))
    return found


_FUNCTIONS_OF_KINDS: tuple[tuple[Any, _SourceFunction], ...] = (
    (Code, lambda value, _: value),
    (str, lambda value, write: write._text(value)),  # noqa: SLF001 - the table is a part of the writer
    (Column, column_source),
    ((list, tuple, set, frozenset, Mapping), lambda value, write: write._collection(value)),  # noqa: SLF001
    (TypeEngine, lambda value, write: type_source(value, write.context)),
    (type, lambda value, write: type_source(value, write.context) if issubclass(value, TypeEngine) else repr(value)),
    (Constraint, constraint_source),
    ((CreateSchema, DropSchema, CreateSequence, DropSequence, Sequence), construct_source),
    (FetchedValue, default_source),
    (TableClause, table_source),
    (ClauseElement, text_source),
)


def _pair(key: str, item: str) -> str:
    return Code(f"{key}: {item.head}", item.parts, item.tail) if isinstance(item, Code) else f"{key}: {item}"
