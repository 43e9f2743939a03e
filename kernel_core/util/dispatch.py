"""Registries of functions: the one for a class (or name) and a database, and the order of several."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, IntEnum
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Dispatcher:
    """A table of functions, keyed by class (or any name) and by qualifier, usually a dialect's name.

        dispatcher = Dispatcher()

        @dispatcher.dispatch_for(CreateTableOp)
        def create_table(...): ...

        dispatcher.dispatch(CreateTableOp("t", []))(...)

    A class without an entry has that of its nearest base class; a qualifier falls back to ``"default"``.
    """

    def __init__(self) -> None:
        self._entries: dict[str, dict[object, Callable[..., Any]]] = {"default": {}}
        """Qualifier -> class or name -> function."""

    def dispatch_for(self, target: object, qualifier: str = "default", replace: bool = False) -> Callable[[F], F]:
        """Register the decorated function for ``target``.

        Raises ValueError if there is one already and ``replace`` is not given.
        """

        def register(function: F) -> F:
            functions = self._entries.setdefault(qualifier, {})
            if target in functions and not replace:
                raise ValueError(
                    f"{target!r} already has a function for {qualifier!r}. Pass replace=True to change it."
                )
            functions[target] = function
            return function

        return register

    def dispatch(self, obj: object, qualifier: str = "default") -> Callable[..., Any]:
        """Return the function for ``obj``: an instance, a class, or a name.

        Raises LookupError if nothing is registered.
        """
        targets: tuple[object, ...]
        if isinstance(obj, str):
            targets = (obj,)
        else:
            targets = (obj if isinstance(obj, type) else type(obj)).__mro__
        usual = self._entries["default"]
        special = self._entries.get(qualifier, usual)
        for target in targets:
            if target in special:
                return special[target]
            if target in usual:
                return usual[target]
        raise LookupError(f"Nothing is registered for {obj!r} ({qualifier}).")

    def branch(self) -> Dispatcher:
        """Return a copy, in which more functions can be registered."""
        copy = Dispatcher()
        copy._entries = {qualifier: dict(functions) for qualifier, functions in self._entries.items()}
        return copy


class DispatchPriority(IntEnum):
    """The order in which functions for the same target are called: ``FIRST``, ``MEDIUM``, ``LAST``."""

    FIRST = 50
    MEDIUM = 25
    LAST = 10


class PriorityDispatchResult(Enum):
    """The result of a function: after ``STOP`` the remaining functions are not called."""

    CONTINUE = "continue"
    STOP = "stop"
