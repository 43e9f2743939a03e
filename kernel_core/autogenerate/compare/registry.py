"""Where users add comparisons of their own to the built-in ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..context import AutogenContext

F = TypeVar("F", bound=Callable[..., Any])


class Comparators:
    """Functions that run after the built-in comparison of a schema, a table or a column.

        @comparators.dispatch_for("schema")
        def compare_views(autogen_context, upgrade_ops, schemas):
            upgrade_ops.ops.append(CreateViewOp(...))

    ``"schema"`` gets (autogen_context, upgrade_ops, schemas); ``"table"`` (autogen_context, modify_table_ops, schema,
    table name, reflected table or None, model's table or None); ``"column"`` (autogen_context, alter_column_op, schema,
    table name, column name, reflected column, model's column). A qualifier is a dialect's name.
    """

    def __init__(self) -> None:
        self._functions: dict[str, list[tuple[str, Callable[..., Any]]]] = {}

    def dispatch_for(self, target: str, qualifier: str = "default", replace: bool = False) -> Callable[[F], F]:
        """Add the decorated function; with ``replace`` it takes the place of those that were added before."""

        def register(function: F) -> F:
            functions = self._functions.setdefault(target, [])
            if replace:
                functions[:] = [entry for entry in functions if entry[0] != qualifier]
            functions.append((qualifier, function))
            return function

        return register

    def has(self, target: str) -> bool:
        """Tell whether some function was added for ``target``."""
        return bool(self._functions.get(target))

    def dispatch(self, target: str, qualifier: str = "default") -> Callable[..., None]:
        """Return one function that calls all those for ``target``, in the order in which they were added."""
        functions = [function for name, function in self._functions.get(target, ()) if name in ("default", qualifier)]

        def run_all(*args: Any, **kw: Any) -> None:
            for function in functions:
                function(*args, **kw)

        return run_all

    def run(self, target: str, context: AutogenContext, *args: Any) -> None:
        """Call the functions for ``target`` that are meant for this context's dialect."""
        self.dispatch(target, context.dialect.name)(context, *args)


comparators = Comparators()
"""The one registry; documented as ``autogenerate.comparators``."""
