"""An alias: ``alembic`` and ``alembic.x`` are temporarily the module objects of this package and its ``x``.

    with alias():
        from alembic import op          # kernel_core.op
        from alembic.operations import ops

`ScriptDirectory` runs ``env.py`` and version files inside this block, so that existing environments run unchanged. The
alias is for the thread or task inside the block, and for what it imports there; other threads still import an installed
Alembic, whose modules stay as they are. `install` is for the whole process instead. This file is outside the layers: it
imports nothing of the engine, and any layer may use it.
"""

from __future__ import annotations

import builtins
import importlib
import sys
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any

NAME = "alembic"
_BELOW = f"{NAME}."
_HOME = __name__.rpartition(".")[0]

_inside: ContextVar[bool] = ContextVar("_inside", default=False)


def alias() -> AbstractContextManager[None]:
    """Let ``alembic`` be this engine inside the ``with``; the block may be nested, also in other threads.

    A thread started inside has the alias if it runs in a copy of the context (`contextvars.copy_context`). Only import
    statements and `importlib.import_module` know the alias.
    """
    return _Block()


class _Block:
    """The block of `alias`: a class, because one is entered for each version file that is run."""

    def __enter__(self) -> None:
        self._is_nested = _inside.get()
        _switch.enter()
        if not self._is_nested:
            _inside.set(True)

    def __exit__(self, *_: object) -> None:
        if not self._is_nested:
            _inside.set(False)
        _switch.leave()


def install() -> None:
    """Let ``alembic`` be this engine until the process ends; a second call changes nothing.

    The imported modules of an installed Alembic are kept, and put back by `uninstall`.
    """
    _whole.install()


def uninstall() -> None:
    """Undo `install`."""
    _whole.uninstall()


# ---- one name for two packages ---------------------------------------------------------------------------------------


def _is_ours(name: str) -> bool:
    return name == NAME or name.startswith(_BELOW)


def _own(name: str) -> ModuleType:
    """Return the engine's module for ``alembic.x``; raises ModuleNotFoundError with that name if there is none."""
    own = _HOME + name[len(NAME) :]
    try:
        return _import_module(own)
    except ModuleNotFoundError as error:
        if error.name != own:
            raise
        raise ModuleNotFoundError(f"No module named {name!r}", name=name) from None


_import_module = importlib.import_module


def _renaming_import(
    name: str,
    globals: Any = None,
    locals: Any = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> Any:
    """``__import__`` that imports the engine instead of Alembic inside an `alias` block."""
    if level or not name.startswith(NAME) or not _inside.get() or not _is_ours(name):
        return _switch.original(name, globals, locals, fromlist or (), level)
    own = _own(name)
    if not fromlist:
        return sys.modules[_HOME]
    return _switch.original(own.__name__, None, None, fromlist, 0)


def _renaming_import_module(name: str, package: str | None = None) -> ModuleType:
    """`importlib.import_module` that imports the engine instead of Alembic inside an `alias` block."""
    return _own(name) if _inside.get() and _is_ours(name) else _import_module(name, package)


class _Switch:
    """Replaces the two ways of importing while any thread is in an `alias` block."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.is_on = False
        self.original = builtins.__import__
        self.finder = _Finder()

    def enter(self) -> None:
        with self.lock:
            self.users += 1
            if self.users > 1:
                return
            sys.meta_path.append(self.finder)
            importlib.import_module = _renaming_import_module
            if not self.is_on:
                self.original, self.is_on = builtins.__import__, True
                builtins.__import__ = _renaming_import

    def leave(self) -> None:
        with self.lock:
            self.users -= 1
            if self.users:
                return
            sys.meta_path.remove(self.finder)
            if not _whole.is_installed:
                _forget_own()
            if importlib.import_module is _renaming_import_module:
                importlib.import_module = _import_module
            # If other code has wrapped __import__ meanwhile, ours stays below it; outside the blocks it has no effect.
            if builtins.__import__ is _renaming_import:
                builtins.__import__, self.is_on = self.original, False


class _Same:
    """A loader that returns a module of the engine instead of creating one."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def get_code(self, name: str) -> CodeType | None:
        """Return the code of the engine's module, for ``python -m``."""
        loader: Any = self.spec.loader if self.spec is not None else None
        code: CodeType | None = loader.get_code(self.module.__name__) if loader is not None else None
        return code

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just set __spec__ to the alias; the module was executed under its own name before.
        module.__spec__ = self.spec


class _Finder:
    """Finds the engine's ``x`` for an import of ``alembic.x``.

    As the last finder it serves imports in other ways, such as ``python -m``, if no Alembic is installed.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_ours(fullname) or (fullname != NAME and sys.modules.get(NAME) is not sys.modules[_HOME]):
            return None
        try:
            return ModuleSpec(fullname, _Same(_own(fullname)))  # type: ignore[arg-type]
        except ModuleNotFoundError as error:
            if error.name != fullname:
                raise
            return None


def _loaded() -> list[str]:
    # Each run of an env.py asks this. A package is imported before its modules, most names of which begin otherwise.
    if NAME not in sys.modules:
        return []
    return [name for name in list(sys.modules) if name.startswith(NAME) and _is_ours(name)]


def _forget_own() -> None:
    """Remove the aliases of the engine's modules from ``sys.modules``."""
    for name in _loaded():
        if sys.modules[name].__name__ == _HOME + name[len(NAME) :]:
            del sys.modules[name]


class _Whole:
    """The alias for the whole process; keeps the modules of an installed Alembic meanwhile."""

    def __init__(self) -> None:
        self.is_installed = False
        self.aside: dict[str, ModuleType] = {}
        self.finder = _Finder()

    def install(self) -> None:
        with _switch.lock:
            if self.is_installed:
                return
            self.is_installed = True
            self.aside = {name: sys.modules.pop(name) for name in _loaded()}
            for name, module in list(sys.modules.items()):
                if name == _HOME or name.startswith(f"{_HOME}."):
                    sys.modules[NAME + name[len(_HOME) :]] = module
            sys.meta_path.insert(0, self.finder)

    def uninstall(self) -> None:
        with _switch.lock:
            if not self.is_installed:
                return
            self.is_installed = False
            sys.meta_path.remove(self.finder)
            _forget_own()
            sys.modules.update(self.aside)
            self.aside = {}


_switch = _Switch()
_whole = _Whole()
