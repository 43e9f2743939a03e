"""Directives of a batch, derived from those of ``op``: the same call without the table's name and schema."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .base import BatchOperations
from .operation import MigrateOperation

C = TypeVar("C", bound=type[MigrateOperation])

_TABLE = ("table_name", "source_table")
_SCHEMA = ("schema", "source_schema")
_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def batch_directive(name: str, doc: str, extra: Sequence[str] = ()) -> Callable[[C], C]:
    """Give an operation class the class method ``batch_<name>``, and register it as the batch's directive ``name``.

    Its signature is that of the class method ``name`` without the table and the schema, which the batch fills in, and
    with the ``extra`` keyword arguments, None by default, which are passed on where they are given.

        @Operations.register_operation("create_index")
        @batch_directive("create_index", "Create an index on the table of the batch.")
        class CreateIndexOp(MigrateOperation): ...
    """

    def register(operation_class: C) -> C:
        setattr(operation_class, f"batch_{name}", classmethod(_derived(operation_class, name, doc, extra)))
        return BatchOperations.register_operation(name, f"batch_{name}")(operation_class)

    return register


def _derived(operation_class: type[MigrateOperation], name: str, doc: str, extra: Sequence[str]) -> Callable[..., Any]:
    """Return the function behind ``batch_<name>``."""
    source = vars(operation_class)[name].__func__
    parameters = inspect.signature(source).parameters
    positional = [each.name for each in parameters.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
    table = next((each for each in _TABLE if each in parameters), None)
    schema = next((each for each in _SCHEMA if each in parameters), None)
    place = positional.index(table) - 2 if table is not None else 0  # not counting cls and operations
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    if schema is None and table is not None and takes_any:
        schema = "schema"
    filled = [each for each in (table, schema) if each is not None]

    def directive(cls: Any, operations: BatchOperations, *args: object, **kw: object) -> Any:
        refused = next((each for each in filled if each in kw), None)
        if refused is not None:
            raise TypeError(f"{name}() in a batch has no argument {refused!r}: the batch is about one table.")
        kw = {key: value for key, value in kw.items() if key not in extra or value is not None}
        if schema is not None:
            kw[schema] = operations.schema
        if table is not None and len(args) < place:
            kw[table] = operations.table_name
        elif table is not None:
            args = (*args[:place], operations.table_name, *args[place:])
        return getattr(cls, name)(operations, *args, **kw)

    directive.__name__, directive.__doc__, directive.__module__ = f"batch_{name}", doc, source.__module__
    directive.__qualname__ = f"{operation_class.__qualname__}.batch_{name}"
    vars(directive)["__signature__"] = _batch_signature(source, filled, extra)
    return directive


def _batch_signature(source: Callable[..., Any], filled: Sequence[str], extra: Sequence[str]) -> inspect.Signature:
    """Return the signature of ``source`` without what is ``filled`` in by the batch, and with what is ``extra``."""
    whole = inspect.signature(source)
    kept = [each for each in whole.parameters.values() if each.name not in filled]
    kept[1] = kept[1].replace(annotation="BatchOperations")
    added = [inspect.Parameter(each, _KEYWORD, default=None, annotation="str | None") for each in extra]
    end = next((number for number, each in enumerate(kept) if each.kind is each.VAR_KEYWORD), len(kept))
    return whole.replace(parameters=[*kept[:end], *added, *kept[end:]])
