"""Runs a file as a separate module, with the folders on ``sys.path`` that it imports from."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.machinery import ModuleSpec, SourceFileLoader, SourcelessFileLoader
from types import CodeType, ModuleType

from ..alias import alias
from ..util.exc import BrokenScript, CommandError
from ..util.mistakes import OWN_MODULE, described, remedy
from .bytecode import code_at


class Runs:
    """Counts the commands that may run version files: modules loaded for an earlier command are stale."""

    def __init__(self) -> None:
        self.count = 0

    def begin(self) -> None:
        """Count the beginning of a command."""
        self.count += 1


runs = Runs()


class _Borrowed:
    """Counts the blocks that need each folder on ``sys.path``, which all threads share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users: dict[str, int] = {}

    def take(self, folders: Iterable[str]) -> list[str]:
        """Put folders on the path unless they are on it, in this order; return what to pass to `give_back`."""
        with self.lock:
            taken = [folder for folder in folders if folder in self.users or folder not in sys.path]
            sys.path[:0] = [folder for folder in taken if folder not in self.users]
            for folder in taken:
                self.users[folder] = self.users.get(folder, 0) + 1
        return taken

    def give_back(self, folders: Iterable[str]) -> None:
        with self.lock:
            for folder in folders:
                self.users[folder] -= 1
                if not self.users[folder]:
                    del self.users[folder]
                    if folder in sys.path:
                        sys.path.remove(folder)


_borrowed = _Borrowed()


@contextmanager
def on_path(folders: Iterable[str]) -> Iterator[None]:
    """Put folders first on ``sys.path`` inside the block, as absolute paths, unless they are on it already.

    Blocks may overlap, also in several threads: a folder is removed at the end of the last one that needs it.
    """
    places = dict.fromkeys(map(os.path.abspath, folders))
    taken = _borrowed.take(places) if places else []
    try:
        yield
    finally:
        if taken:
            _borrowed.give_back(taken)


def load_module(path: str, stem: str, code: CodeType | None = None) -> ModuleType:
    """Run the file at ``path`` as a separate module, in which ``alembic`` is this engine, and return it.

    ``code`` is its code, if known. Raises BrokenScript (path, line, reason) if its syntax is wrong or its top level
    raises an error.
    """
    code = code_at(path) if code is None else code
    try:
        with alias():
            return execute(path, stem, code)
    except CommandError:
        raise
    except Exception as error:
        import traceback  # noqa: PLC0415 - it takes 6 ms

        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        reason = f"cannot be loaded ({described(error).removesuffix('.')}). {remedy(error)}".rstrip()
        raise BrokenScript(path, lines[-1] if lines else None, reason) from error


def execute(path: str, stem: str, code: CodeType) -> ModuleType:
    """Run the code of the file at ``path`` and return its module; raises whatever the code raises."""
    name = f"{OWN_MODULE}{_digest(path[: path.rfind(os.sep)])}_{stem}"
    loader = SourceFileLoader(name, path) if path.endswith(".py") else SourcelessFileLoader(name, path)
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, loader, origin=path)
    module.__spec__.has_location = True
    module.__loader__, module.__file__, module.__package__ = loader, path, ""
    # Dataclasses and mapped classes look their module up by name, also later, while upgrade() runs.
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)  # noqa: S102 - version files are there to be run
    except BaseException:
        del sys.modules[name]
        raise
    return module


@lru_cache(maxsize=64)
def _digest(folder: str) -> str:
    """Return what is in the name of each module of a folder: files of other folders have the same name."""
    from hashlib import blake2b  # noqa: PLC0415 - heads and history run nothing

    return blake2b(folder.encode(errors="surrogateescape"), digest_size=6).hexdigest()
