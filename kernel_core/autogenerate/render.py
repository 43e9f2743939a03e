"""Write operations as the Python of a version file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import cast

from sqlalchemy import Index, Table
from sqlalchemy.schema import Constraint

from ..operations.batch import BatchOptions
from ..operations.containers import BatchOps, ModifyTableOps, OpContainer
from ..operations.kinds.table import CreateTableOp
from ..operations.operation import Code, MigrateOperation
from ..util.dispatch import Dispatcher
from ..util.exc import CommandError
from ..util.sqla_compat import AnyColumn, AnyType
from .context import OMITTED, AutogenContext
from .layout import INDENT, WIDTH, keyword, lay_out
from .schemasource import column_source, constraint_source, default_source
from .typesource import type_source
from .writer import Writer

renderers = Dispatcher()
"""The functions that write operations: of (autogen_context, operation), returning one line or a list of lines.

    @renderers.dispatch_for(CreateViewOp)
    def render_create_view(autogen_context, op):
        return f"op.create_view({op.name!r}, {op.query!r})"
"""


@renderers.dispatch_for(MigrateOperation)
def render_operation(autogen_context: AutogenContext, operation: MigrateOperation) -> str | list[str]:
    """Call the operation's ``render``; a renderer registered for its class takes precedence over this."""
    return operation.render(Writer(autogen_context))


@renderers.dispatch_for(OpContainer)
def render_container(autogen_context: AutogenContext, container: OpContainer) -> list[str]:
    """Return the lines of the operations of a container."""
    return list(_of_container(Writer(autogen_context), container))


def _of_container(write: Writer, container: OpContainer) -> Iterator[str]:
    """Yield the lines of the operations of a container, those of one operation after the other."""
    last: str | None = None
    for operation in container.ops:
        if last is not None and _is_batch(write.context, operation):
            yield (last := "")
        written = [*_statements(write, operation)]
        if last is not None and last.startswith(INDENT) and written:
            yield ""
        if written:
            yield from written
            last = written[-1]


@renderers.dispatch_for(ModifyTableOps)
def render_table_changes(autogen_context: AutogenContext, container: ModifyTableOps) -> list[str]:
    """Return the lines of the changes to one table: directives, or one batch block with ``render_as_batch``."""
    if not _is_batch(autogen_context, container):
        return render_container(autogen_context, container)
    write = Writer(autogen_context)
    arguments = [write.value(container.table_name), keyword("schema", write.value(container.schema))]
    if isinstance(container, BatchOps):
        arguments += [keyword(name, text) for name, text in _batch_options(write, container)]
    opening = Code(f"with {write.prefix}batch_alter_table(", tuple(arguments), ") as batch_op:")
    block: list[str] = []
    after_batch: list[MigrateOperation] = []
    with _batch(autogen_context, container.table_name):
        for operation in container.ops:
            for statement in _statements(write, operation, after_batch):
                block.extend(_laid_out(autogen_context, statement, INDENT))
    if block:
        block = [*_laid_out(autogen_context, opening), *block]
    for operation in after_batch:
        for statement in _statements(write, operation):
            block.extend(_laid_out(autogen_context, statement))
    return block


def _is_batch(context: AutogenContext, operation: MigrateOperation) -> bool:
    """Return whether an operation is written as a batch: changes with ``render_as_batch``, a `BatchOps` always."""
    if not isinstance(operation, ModifyTableOps) or not operation.ops:
        return False
    return isinstance(operation, BatchOps) or bool(context.opts["render_as_batch"])


def _batch_options(write: Writer, batch: BatchOps) -> Iterator[tuple[str, str]]:
    """Yield name and source of each option of a batch that is not the default.

    Raises CommandError for a table to copy from and for functions, which have no source.
    """
    default = BatchOptions()
    for each in fields(BatchOptions):
        value = getattr(batch.options, each.name)
        if value == getattr(default, each.name):
            continue
        if any(isinstance(one, Table | Index) or callable(one) for one in _values_in(value)):
            raise CommandError(
                f"The batch of {batch.shown_table} cannot be written as code: its {each.name} has no source. "
                f"Leave {each.name} out, or write the batch by hand."
            )
        yield each.name, write.value(value)


def _values_in(value: object) -> Iterator[object]:
    """Yield the values in nested collections."""
    several = value.values() if isinstance(value, Mapping) else value
    if isinstance(several, Iterable) and isinstance(value, list | tuple | set | Mapping):
        for each in several:
            yield from _values_in(each)
    else:
        yield value


@contextmanager
def _batch(context: AutogenContext, table_name: str) -> Iterator[None]:
    outer, context.batch_table = context.batch_table, table_name
    try:
        yield
    finally:
        context.batch_table = outer


def _statements(
    write: Writer, operation: MigrateOperation, after_batch: list[MigrateOperation] | None = None
) -> Iterable[str]:
    """Return the statements of the operation's renderer, not laid out yet.

    Those of a container are made one after the other, so that not all of them are in memory. The operations that cannot
    be in a batch are appended to ``after_batch`` instead.
    """
    outside = getattr(operation, "outside_transaction", False)  # an add-on's operation may have another base class
    if after_batch is not None and (outside or getattr(operation, "outside_batch", False)):
        after_batch.append(operation)
        return []
    renderer = renderers.dispatch(operation)
    if renderer is render_container and not (outside or operation.followed_by or operation.remark):
        return _of_container(write, cast(OpContainer, operation))
    # One Writer serves all operations that are written by their own render().
    written = operation.render(write) if renderer is render_operation else renderer(write.context, operation)
    statements = [each for each in ([written] if isinstance(written, str) else written) if each is not OMITTED]
    if outside and statements:
        statements = _in_autocommit_block(write, statements)
    for further in getattr(operation, "followed_by", ()):
        statements += _statements(write, further, after_batch)
    remark = getattr(operation, "remark", "")
    return [f"# {' '.join(remark.split())}", *statements] if remark else statements


def _in_autocommit_block(write: Writer, statements: list[str]) -> list[str]:
    inner = [line for each in statements for line in _laid_out(write.context, each, INDENT)]
    return [f"with {write.prefix}get_context().autocommit_block():", *inner]


def _laid_out(context: AutogenContext, statement: str, indent: str = "", within: str = "") -> list[str]:
    """Return the lines of a statement inside ``def upgrade():``, of which ``within`` is what is written already."""
    width = int(context.opts.get("line_length", WIDTH)) - len(INDENT)
    return lay_out(statement, width + len(within), indent=within + indent)


def render_op(autogen_context: AutogenContext, operation: MigrateOperation, indent: str = "") -> list[str]:
    """Return the lines that invoke an operation, or those of a container, each behind ``indent``."""
    found: list[str] = []
    for statement in _statements(Writer(autogen_context), operation):
        lines = _laid_out(autogen_context, statement, within=indent)
        found += lines if type(statement) is Code and "\n" not in statement else map(str.rstrip, lines)
    return found


def render_op_text(autogen_context: AutogenContext, operation: MigrateOperation) -> str:
    """Return the lines of `render_op` as one str; ``""`` for an empty container.

    >>> render_op_text(AutogenContext(None, autogenerate=False), OpContainer())
    ''
    """
    return "\n".join(render_op(autogen_context, operation))


def render_body(autogen_context: AutogenContext, operations: OpContainer) -> str:
    """Return the body of a function, or ``pass``: the first line unindented, the others indented."""
    return "\n".join(render_op(autogen_context, operations, INDENT) or ["pass"]).removeprefix(INDENT)


# Alembic's ``autogenerate.render`` has the following functions, whose names begin with an underscore; published add-ons
# import them: GeoAlchemy2, alembic-postgresql-enum, snowflake-sqlalchemy, clickhouse-sqlalchemy and
# pytest-alembic. Nothing here calls them.


def _render_statement(autogen_context: AutogenContext, operation: MigrateOperation) -> str:
    # The registry is not asked: an add-on's own renderer calls this function, to change what it returns.
    return str(render_operation(autogen_context, operation))


_add_column = _drop_column = _alter_column = _render_statement
_add_index = _drop_index = _drop_table = _render_statement


def _add_table(autogen_context: AutogenContext, operation: CreateTableOp) -> str:
    """Return the source of the table that ``to_table`` makes, which an add-on's operation may override."""
    made = CreateTableOp.from_table(operation.to_table(autogen_context.migration_context))
    made.if_not_exists = operation.if_not_exists
    return str(render_operation(autogen_context, made))


def _render_cmd_body(op_container: OpContainer, autogen_context: AutogenContext) -> str:
    return render_op_text(autogen_context, op_container) or "pass"


def _render_column(column: AnyColumn, autogen_context: AutogenContext) -> str:
    return str(column_source(column, Writer(autogen_context)))


def _render_constraint(
    constraint: Constraint, autogen_context: AutogenContext, namespace_metadata: object = None
) -> str:
    return str(constraint_source(constraint, Writer(autogen_context)))


def _repr_type(type_: AnyType, autogen_context: AutogenContext, _skip_variants: bool = False) -> str:
    return str(type_source(type_, autogen_context))


def _render_server_default(default: object, autogen_context: AutogenContext, repr_: bool = True) -> str | None:
    return None if default is None else str(default_source(default, Writer(autogen_context)))


def _alembic_autogenerate_prefix(autogen_context: AutogenContext) -> str:
    return Writer(autogen_context).prefix
