"""The directives of ``op`` and of a batch: each is a method made from the class method of an operation."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Literal, TypeVar, cast

from sqlalchemy.engine import Connection
from sqlalchemy.schema import SchemaItem, Table
from sqlalchemy.sql.elements import BindParameter, conv

from ..util.dispatch import Dispatcher
from ..util.event_loop import await_on
from ..util.exc import InvalidValue
from ..util.proxy import Current
from ..util.sqla_compat import AnyType, inline_literal
from .batch import Batch, BatchOptions, batch_of, recording
from .interfaces import Implementation, RunContext
from .operation import MigrateOperation
from .registry import remember_operation
from .schema_objects import SchemaObjects
from .watching import watcher

C = TypeVar("C", bound=type[MigrateOperation])
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

current_operations: Current[Operations] = Current("current_operations")
"""The Operations behind `kernel_core.op`."""


class AbstractOperations:
    """The base class of `Operations` and `BatchOperations`: the registry of directives and implementations."""

    _implementations: ClassVar[Dispatcher] = Dispatcher()

    def __init__(self, migration_context: RunContext, impl: Implementation | None = None) -> None:
        self.migration_context = migration_context
        self.impl = migration_context.impl if impl is None else impl
        self.schema_obj = SchemaObjects(migration_context)

    @classmethod
    def register_operation(cls, name: str, sourcename: str | None = None) -> Callable[[C], C]:
        """Register the decorated operation class for a directive ``name``, made from its class method ``sourcename``.

        The class method has the directive's name unless ``sourcename`` is given.


        @Operations.register_operation("create_sequence")
        class CreateSequenceOp(MigrateOperation): ...
        """

        def register(operation_class: C) -> C:
            source = getattr(operation_class, sourcename or name)
            setattr(cls, name, _directive(name, source))
            remember_operation(operation_class)
            return operation_class

        return register

    @classmethod
    def implementation_for(cls, op_cls: type[MigrateOperation], replace: bool = False) -> Callable[[F], F]:
        """Register the decorated function, called with (operations, operation), as the implementation of ``op_cls``.

        Raises ValueError if the class has an implementation, as every operation of this package has, and ``replace`` is
        not given.
        """
        if op_cls.__module__.startswith(f"{__package__}.") and op_cls is not MigrateOperation and not replace:
            raise InvalidValue(f"{op_cls.__name__} has an implementation already. Pass replace=True to change it.")
        return cls._implementations.dispatch_for(op_cls, replace=replace)

    def invoke(self, operation: MigrateOperation) -> Any:
        """Run an operation and return the result of its implementation."""
        watching = watcher.get()
        if watching is not None:
            return watching.operation(self, operation, lambda: self._run_unwatched(operation))
        return self._run_unwatched(operation)

    def _run_unwatched(self, operation: MigrateOperation) -> Any:
        """Run an operation as `invoke` does where no `Watcher` observes it.

        One that runs outside of the transaction gets an autocommit block; but a batch only collects it.
        """
        run = self._implementations.dispatch(operation)
        # An add-on's class may lack both attributes.
        if getattr(operation, "outside_transaction", False) and not isinstance(self, BatchOperations):
            with self.migration_context.autocommit_block():
                result = run(self, operation)
        else:
            result = run(self, operation)
        for further in getattr(operation, "followed_by", ()):
            self.invoke(further)
        return result

    def get_context(self) -> Any:
        """Return the MigrationContext."""
        return self.migration_context

    def get_bind(self) -> Connection:
        """Return the connection; in offline mode an object that prints the statements and returns no rows."""
        return cast("Connection", self.migration_context.impl.bind)

    def run_async(self, async_function: Callable[..., Awaitable[T]], *args: object, **kw_args: object) -> T:
        """Run ``await async_function(connection, *args, **kw_args)`` and return its result.

        The connection is an AsyncConnection over this run's own, in the same transaction::

            async def fill(connection): ...
            op.run_async(fill)

        Raises InvalidValue in offline mode, and if the engine is not async.
        """
        connection = self.migration_context.connection
        if connection is None:
            raise InvalidValue("run_async() needs a connection, and offline mode has none. Use op.execute().")
        if not connection.dialect.is_async:
            raise InvalidValue(
                f"run_async() needs an async engine; {connection.dialect.name}+{connection.dialect.driver} is not one. "
                "Call the function of a plain Connection with op.get_bind() instead."
            )
        return await_on(connection, async_function, *args, **kw_args)

    def f(self, name: str) -> conv:
        """Mark a name as final: the naming convention is not applied to it."""
        return conv(name)

    def inline_literal(self, value: object, type_: AnyType | None = None) -> BindParameter[object]:
        """Return a value that is rendered into the SQL text, also in online mode."""
        return inline_literal(value, type_)


class Operations(AbstractOperations):
    """The directives that version files call as ``op``.

    ``migration_context`` may be any `MigrationContext`, so that the directives also work without an environment::

        op = Operations(MigrationContext.configure(connection))
        op.add_column("users", Column("email", String(120)))
    """

    @classmethod
    @contextmanager
    def context(cls, migration_context: RunContext) -> Iterator[Operations]:
        """Return a block inside which ``kernel_core.op`` has the directives of this context."""
        with current_operations.installed(cls(migration_context)) as operations:
            yield operations

    @contextmanager
    def batch_alter_table(
        self,
        table_name: str,
        schema: str | None = None,
        recreate: Literal["auto", "always", "never"] = "auto",
        partial_reordering: Sequence[tuple[str, ...]] | None = None,
        copy_from: Table | None = None,
        table_args: Sequence[SchemaItem] = (),
        table_kwargs: Mapping[str, object] | None = None,
        reflect_args: Sequence[SchemaItem] = (),
        reflect_kwargs: Mapping[str, object] | None = None,
        naming_convention: Mapping[str, str] | None = None,
    ) -> Iterator[BatchOperations]:
        """Collect changes to one table and run them together at the end of the block.

        If the database can alter the table in place (always, except SQLite), they are ALTER statements; otherwise, and
        with ``recreate="always"``, the table is rebuilt once with its rows, indexes and triggers.

            with op.batch_alter_table("users") as batch_op:
                batch_op.alter_column("name", nullable=False)
                batch_op.drop_column("nick")

        After an error inside the block nothing runs. On SQLite, a batch is committed if the connection was in no
        transaction. Raises BatchError if a rebuild would lose something.
        """
        options = BatchOptions(
            recreate=recreate,
            copy_from=copy_from,
            partial_reordering=tuple(partial_reordering or ()),
            table_args=tuple(table_args),
            table_kwargs=dict(table_kwargs or {}),
            reflect_args=tuple(reflect_args),
            reflect_kwargs=dict(reflect_kwargs or {}),
            naming_convention=dict(naming_convention or {}),
        )
        batch = Batch(table_name, self.impl.translated(schema), options)
        with self.impl.batch_transaction():
            collected = BatchOperations(self.migration_context, recording(self.impl, batch))
            yield collected
            watching = watcher.get()
            if watching is None:
                batch.flush(self.impl)
            else:
                watching.batch(collected, batch, lambda: batch.flush(self.impl))


class BatchOperations(AbstractOperations):
    """The directives inside ``with op.batch_alter_table(...)``: those of `Operations` without the table's name."""

    @property
    def table_name(self) -> str:
        """Name of the batch's table."""
        return batch_of(self.impl).table_name

    @property
    def schema(self) -> str | None:
        """Schema of the batch's table, None for the default one."""
        return batch_of(self.impl).schema


@AbstractOperations.implementation_for(MigrateOperation)
def apply_operation(operations: AbstractOperations, operation: MigrateOperation) -> Any:
    """Call ``operation.apply()``, the implementation of every class that has none registered for itself."""
    return operation.apply(operations)


def _directive(name: str, source: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method that calls the class method ``source`` with itself as ``operations``."""
    signature = inspect.signature(source)
    known = signature.parameters.keys()

    @functools.wraps(source)
    def directive(self: AbstractOperations, *args: object, **kw: object) -> Any:
        if kw and not kw.keys() <= known:
            _refuse_old_names(name, known, kw)
        return source(self, *args, **kw)

    directive.__name__ = name
    parameters = list(signature.parameters.values())
    self_parameter = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    vars(directive)["__signature__"] = signature.replace(parameters=[self_parameter, *parameters[1:]])
    return directive


_OLD_NAMES = {
    "name": ("new_column_name", "constraint_name", "index_name", "table_name"),
    "source": ("source_table", "table_name"),
    "table": ("table_name",),
    "tablename": ("table_name",),
    "referent": ("referent_table",),
    "cols": ("columns",),
    "condition": ("condition",),
    "type": ("type_",),
    "column": ("column_name",),
    "old": ("old_table_name",),
    "new": ("new_table_name",),
}


def _refuse_old_names(directive: str, parameters: Collection[str], given: Iterable[str]) -> None:
    """Raise TypeError for an argument's name of an old Alembic, or a misspelt one, instead of ignoring it."""
    for unknown in sorted(set(given).difference(parameters)):
        now = next((name for name in _OLD_NAMES.get(unknown, ()) if name in parameters), None)
        if now is not None:
            raise TypeError(f"{directive}() has no argument {unknown!r}; its name is {now!r}.")
        near = difflib.get_close_matches(unknown, parameters, 1, cutoff=0.85)
        if near:
            raise TypeError(f"{directive}() has no argument {unknown!r}; the nearest is {near[0]!r}.")
