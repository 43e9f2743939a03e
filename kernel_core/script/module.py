"""Run a file as a module of its own, by its path, with the folders on ``sys.path`` that it imports from."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourcelessFileLoader
from types import ModuleType
from typing import Any

from ..alias import alias
from ..util.exc import BrokenScript, CommandError
from .header import check_syntax, read_source


class Runs:
    """Counts the commands that may run version files: a module that was loaded for an earlier one is stale."""

    def __init__(self) -> None:
        self.count = 0

    def begin(self) -> None:
        """Begin a run."""
        self.count += 1


runs = Runs()


class _Borrowed:
    """How many blocks need each folder that was put on ``sys.path``; the path is one for all threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users: dict[str, int] = {}

    def take(self, folders: Iterable[str]) -> list[str]:
        """Put on the path what is not on it, in this order, and return what to give back."""
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
    """Put folders first on ``sys.path`` inside the block, as absolute paths; those that are on it already stay.

    Blocks may overlap, also in several threads: a folder goes when the last of them that put it there ends.
    """
    taken = _borrowed.take(dict.fromkeys(map(os.path.abspath, folders)))
    try:
        yield
    finally:
        _borrowed.give_back(taken)


class _FreshLoader(importlib.machinery.SourceFileLoader):
    """Runs what the file holds now: a bytecode cache would miss a change made within the same second."""

    def get_code(self, fullname: str) -> Any:
        return self.source_to_code(self.get_data(self.path), self.path)


def load_module(path: str, stem: str) -> ModuleType:
    """Run the file at ``path`` as a module of its own, in which ``alembic`` is this engine, and return it.

    Raises BrokenScript (path, line, reason) where its syntax or anything on its top level fails.
    """
    if path.endswith(".py"):
        check_syntax(read_source(path), path)
    try:
        with alias():
            return execute(path, stem)
    except CommandError:
        raise
    except Exception as error:
        import traceback  # noqa: PLC0415 - it takes 6 ms

        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        reason = f"cannot be loaded ({type(error).__name__}: {error})."
        raise BrokenScript(path, lines[-1] if lines else None, reason) from error


def execute(path: str, stem: str) -> ModuleType:
    """Run the file at ``path`` and return its module; what it raises is passed on."""
    from hashlib import blake2b  # noqa: PLC0415 - heads and history run nothing
    from importlib.util import module_from_spec, spec_from_file_location  # noqa: PLC0415 - the same

    name = f"_mig_{blake2b(path.encode(errors='surrogateescape'), digest_size=6).hexdigest()}_{stem}"
    loader = _FreshLoader(name, path) if path.endswith(".py") else SourcelessFileLoader(name, path)
    spec = spec_from_file_location(name, path, loader=loader)
    if spec is None or spec.loader is None:
        raise BrokenScript(path, None, "cannot be loaded as Python.")
    module = module_from_spec(spec)
    # Dataclasses and mapped classes look their module up by name, also later, while upgrade() runs.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
