"""Write operations as the Python of a version file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy.schema import (
    Column,
    Constraint,
    CreateSchema,
    CreateSequence,
    DropSchema,
    DropSequence,
    FetchedValue,
    Sequence,
)
from sqlalchemy.sql.elements import ClauseElement, conv, quoted_name
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import TypeEngine

from ..operations.containers import ModifyTableOps, OpContainer
from ..operations.operation import Code, MigrateOperation
from ..util.dispatch import Dispatcher
from .context import OMITTED, AutogenContext
from .layout import INDENT, WIDTH, call, keyword, lay_out, literal
from .schemasource import (
    column_source,
    constraint_source,
    construct_source,
    default_source,
    table_source,
    text_source,
)
from .typesource import type_source

renderers = Dispatcher()
"""What writes an operation: functions of (autogen_context, operation) that return a line or several.

    @renderers.dispatch_for(CreateViewOp)
    def render_create_view(autogen_context, op):
        return f"op.create_view({op.name!r}, {op.query!r})"
"""


class Writer:
    """The `SourceWriter` that operations are handed: the prefixes, the dialect and the hooks of a context."""

    def __init__(self, context: AutogenContext) -> None:
        self.context = context
        self.sa = str(context.opts["sqlalchemy_module_prefix"])
        """What stands before a name of SQLAlchemy, usually ``sa.``."""

    @property
    def batch_table(self) -> str | None:
        return self.context.batch_table

    @property
    def prefix(self) -> str:
        """What stands before a directive: ``op.``, inside a batch ``batch_op.``."""
        return "batch_op." if self.batch_table is not None else str(self.context.opts["alembic_module_prefix"])

    def call(self, directive: str, /, *args: object, **kwargs: object) -> Code:
        written = {name: self.value(value) for name, value in kwargs.items()} if kwargs else None
        positional = [self.value(arg) for arg in args]
        if OMITTED in positional:
            if directive != "create_table":
                return OMITTED
            positional = [each for each in positional if each is not OMITTED]
        return call(self.prefix + directive, positional, written)

    def value(self, value: Any) -> str:
        kind: Any = type(value)
        return _way_of(kind)(value, self)

    def _text(self, value: str) -> str:
        """Write a text; a name that is final as ``op.f(...)``, one with its own quoting as ``sa.quoted_name(...)``."""
        if isinstance(value, conv):
            return call(f"{self.prefix}f", [literal(value)])
        if isinstance(value, quoted_name) and value.quote is not None:
            return call(f"{self.sa}quoted_name", [literal(value)], {"quote": repr(value.quote)})
        return literal(value)

    def _collection(self, value: Any) -> str:
        if isinstance(value, Mapping):
            pairs = ((self.value(key), self.value(item)) for key, item in value.items())
            return Code("{", tuple(_pair(key, item) for key, item in pairs), "}")
        parts = tuple(self.value(item) for item in value)
        if isinstance(value, tuple):
            return f"({parts[0]},)" if len(parts) == 1 else Code("(", parts)
        if isinstance(value, list):
            return Code("[", parts, "]")
        return Code("{", tuple(sorted(parts)), "}") if parts else f"{type(value).__name__}()"


@lru_cache(maxsize=512)
def _way_of(cls: type) -> Callable[[Any, Writer], str]:
    """Return what writes the values of a class; the first kind that fits counts."""
    return next((way for kinds, way in _WAYS if issubclass(cls, kinds)), lambda value, _: repr(value))


_WAYS: tuple[tuple[Any, Callable[[Any, Writer], str]], ...] = (
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


@renderers.dispatch_for(MigrateOperation)
def render_operation(autogen_context: AutogenContext, operation: MigrateOperation) -> str | list[str]:
    """Let an operation write itself; a renderer registered for its own class wins over this."""
    return operation.render(Writer(autogen_context))


@renderers.dispatch_for(OpContainer)
def render_container(autogen_context: AutogenContext, container: OpContainer) -> list[str]:
    """Write the operations of a container one after the other."""
    lines: list[str] = []
    for operation in container.ops:
        if lines and _is_batch(autogen_context, operation):
            lines.append("")
        written = _statements(autogen_context, operation)
        if lines and lines[-1].startswith(INDENT) and written:
            lines.append("")
        lines.extend(written)
    return lines


@renderers.dispatch_for(ModifyTableOps)
def render_table_changes(autogen_context: AutogenContext, container: ModifyTableOps) -> list[str]:
    """Write the changes to one table: plain directives, or one batch block with ``render_as_batch``."""
    if not _is_batch(autogen_context, container):
        return render_container(autogen_context, container)
    write = Writer(autogen_context)
    arguments = (write.value(container.table_name), keyword("schema", write.value(container.schema)))
    opening = Code(f"with {write.prefix}batch_alter_table(", arguments, ") as batch_op:")
    block: list[str] = []
    behind: list[MigrateOperation] = []
    with _batch(autogen_context, container.table_name):
        for operation in container.ops:
            for statement in _statements(autogen_context, operation, behind):
                block.extend(_laid_out(autogen_context, statement, INDENT))
    if block:
        block = [*_laid_out(autogen_context, opening), *block]
    for operation in behind:
        for statement in _statements(autogen_context, operation):
            block.extend(_laid_out(autogen_context, statement))
    return block


def _is_batch(context: AutogenContext, operation: MigrateOperation) -> bool:
    return isinstance(operation, ModifyTableOps) and bool(context.opts["render_as_batch"]) and bool(operation.ops)


@contextmanager
def _batch(context: AutogenContext, table_name: str) -> Iterator[None]:
    outer, context.batch_table = context.batch_table, table_name
    try:
        yield
    finally:
        context.batch_table = outer


def _statements(
    context: AutogenContext, operation: MigrateOperation, behind: list[MigrateOperation] | None = None
) -> list[str]:
    """Return what the operation's renderer gives, each text a statement that is not laid out yet.

    ``behind`` takes the operations that a batch cannot have inside.
    """
    if behind is not None and getattr(operation, "outside_batch", False):
        behind.append(operation)
        return []
    written = renderers.dispatch(operation)(context, operation)
    statements = [each for each in ([written] if isinstance(written, str) else written) if each is not OMITTED]
    for further in getattr(operation, "followed_by", ()):
        statements += _statements(context, further, behind)
    remark = getattr(operation, "remark", "")  # an add-on's operation may be of no class of ours
    return [f"# {' '.join(remark.split())}", *statements] if remark else statements


def _width(context: AutogenContext) -> int:
    """A version file has these lines inside ``def upgrade():``."""
    return int(context.opts.get("line_length", WIDTH)) - len(INDENT)


def _laid_out(context: AutogenContext, statement: str, indent: str = "") -> list[str]:
    return lay_out(statement, _width(context), indent=indent)


def render_op(autogen_context: AutogenContext, operation: MigrateOperation) -> list[str]:
    """Return the lines that invoke one operation or all of a container, not indented."""
    return [
        line.rstrip()
        for statement in _statements(autogen_context, operation)
        for line in _laid_out(autogen_context, statement)
    ]


def render_op_text(autogen_context: AutogenContext, operation: MigrateOperation) -> str:
    """Return `render_op` as one text; ``""`` for an empty container.

    >>> render_op_text(AutogenContext(None, autogenerate=False), OpContainer())
    ''
    """
    return "\n".join(render_op(autogen_context, operation))


def render_body(autogen_context: AutogenContext, operations: OpContainer) -> str:
    """Return the body of a function, ``pass`` if there is nothing: the first line as it is, the others indented."""
    lines: Iterable[str] = render_op(autogen_context, operations) or ["pass"]
    return "\n".join(f"{INDENT}{line}" if line else "" for line in lines).removeprefix(INDENT)


def __getattr__(name: str) -> Any:
    """Find what published add-ons take from here (see `foreign`)."""
    if not name.startswith("__"):
        from .foreign import NAMES  # noqa: PLC0415 - it is written on this module, and hardly anybody asks

        if name in NAMES:
            return NAMES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
