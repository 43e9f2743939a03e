"""Modules that forward to a current object: `kernel_core.op` and `kernel_core.context`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Current(Generic[T]):
    """The current object of a thread or an asyncio task.

    with current.installed(operations):
        current.get()
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._var: ContextVar[T | None] = ContextVar(name, default=None)
        self.get: Callable[[], T | None] = self._var.get
        """Returns the current object; None outside a run."""

    def set(self, value: T | None) -> None:
        """Make ``value`` the current object."""
        self._var.set(value)

    @contextmanager
    def installed(self, value: T) -> Iterator[T]:
        """Make ``value`` the current object inside the block, and restore the previous one after it."""
        before = self._var.get()
        self._var.set(value)
        try:
            yield value
        finally:
            self._var.set(before)


class ProxyModule(ModuleType):
    """A module that has every public name of the current object.

    Set ``_current`` (a `Current`), ``_kind`` (its class) and ``_absent`` (the end of the error outside a run) in the
    module, then ``sys.modules[__name__].__class__ = ProxyModule``. ``_proxy`` reads and sets the current object.
    """

    _current: Current[object]
    _kind: type
    _absent: str

    @property
    def _proxy(self) -> object:
        return self._current.get()

    @_proxy.setter
    def _proxy(self, value: object) -> None:
        self._current.set(value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if callable(getattr(self._kind, name, None)):
            # Found in the module from now on: each version file reads it from there.
            forward = vars(self)[name] = _Forward(self, self._current, self._kind, name)
            return forward
        if not hasattr(self._kind, name) and (self._current.get() is None or not hasattr(self._current.get(), name)):
            raise AttributeError(f"{self.__name__} has nothing called {name!r}.")
        return getattr(self.now(name), name)

    def now(self, name: str) -> object:
        """Return the current object; raises NameError outside a run."""
        current = self._current.get()
        if current is None:
            raise NameError(f"{self.__name__}.{name} was used outside a migration run. {self._absent}")
        return current

    def __dir__(self) -> list[str]:
        return sorted(name for name in dir(self._kind) if not name.startswith("_"))


class _Forward:
    """A method of the object that is current when it is called, so that ``from op import add_column`` works."""

    __doc__ = property(lambda self: self.__wrapped__.__doc__)

    def __init__(self, module: ProxyModule, current: Current[object], kind: type, name: str) -> None:
        self._module, self._current, self._kind, self._name = module, current, kind, name
        self.__name__ = name

    @property
    def __wrapped__(self) -> Callable[..., object]:
        """The method that its class has now: add-ons may register another one."""
        method: Callable[..., object] = getattr(self._kind, self._name)
        return method

    def __call__(self, *args: object, **kw: object) -> object:
        current = self._current.get()
        return getattr(self._module.now(self._name) if current is None else current, self._name)(*args, **kw)

    def __repr__(self) -> str:
        return f"<{self._module.__name__}.{self._name}>"
