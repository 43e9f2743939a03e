"""For a while, ``alembic`` and ``alembic.x`` are the same module objects as this package and its ``x``.

    with alias():
        from alembic import op          # kernel_core.op
        from alembic.operations import ops

`ScriptDirectory` puts this round ``env.py`` and version files, so that existing environments run unchanged. A really
installed Alembic is laid aside with all its imported parts and comes back as it was. `install` does the same for the
whole process. This file stands outside the floors: it imports nothing of the engine, and any floor may use it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

NAME = "alembic"
_HOME = __name__.rpartition(".")[0]


class _Same(Loader):
    """Hands out a module of the engine in place of making one."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just written the alias into the module; it was executed under its own name long ago.
        module.__spec__ = self.spec


class _Finder(MetaPathFinder):
    """Answers each import of ``alembic.x`` with the engine's ``x``."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_ours(fullname):
            return None
        own = _HOME + fullname[len(NAME) :]
        if importlib.util.find_spec(own) is None:
            return None
        return ModuleSpec(fullname, _Same(importlib.import_module(own)))


class _State:
    """How many are inside, and what is laid aside for them; sys.modules is one for the whole process."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.depth = 0
        self.aside: dict[str, ModuleType] = {}
        self.finder = _Finder()
        self.installed = False

    def enter(self) -> None:
        with self.lock:
            self.depth += 1
            if self.depth > 1:
                return
            self.aside = {name: sys.modules.pop(name) for name in _loaded()}
            for name, module in list(sys.modules.items()):
                if name == _HOME or name.startswith(f"{_HOME}."):
                    sys.modules[NAME + name[len(_HOME) :]] = module
            sys.meta_path.insert(0, self.finder)

    def leave(self) -> None:
        with self.lock:
            self.depth -= 1
            if self.depth:
                return
            sys.meta_path.remove(self.finder)
            for name in _loaded():
                del sys.modules[name]
            sys.modules.update(self.aside)
            self.aside = {}


def _is_ours(name: str) -> bool:
    return name == NAME or name.startswith(f"{NAME}.")


def _loaded() -> list[str]:
    return [name for name in list(sys.modules) if _is_ours(name)]


_state = _State()


@contextmanager
def alias() -> Iterator[None]:
    """Let ``alembic`` mean this engine inside the ``with``; it may be entered again, also from other threads.

    The last one to leave brings back what was there. Another thread that imports ``alembic`` meanwhile gets the engine.
    """
    _state.enter()
    try:
        yield
    finally:
        _state.leave()


def install() -> None:
    """Let ``alembic`` mean this engine until the process ends; a second call changes nothing."""
    with _state.lock:
        if not _state.installed:
            _state.installed = True
            _state.enter()


def uninstall() -> None:
    """Take `install` back."""
    with _state.lock:
        if _state.installed:
            _state.installed = False
            _state.leave()
