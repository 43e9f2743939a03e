"""Record the source files of the project's imported modules, and detect which of them have changed since.

A kernel imports a module once: it keeps the old code after an edit, a ``git pull`` or a failed ``%autoreload``. The
files are recorded when the extension is loaded and after each cell.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType

_NEVER = frozenset({"__main__", "__mp_main__", "IPython", "alembic", "kernel_core", "mig_ipython", "sqlalchemy"})
"""Packages that never belong to a project, wherever they are installed."""

_COARSE = 2_000_000_000
"""Nanoseconds; a file modified this recently when it was recorded may change again with the same time stamp."""


@dataclass(frozen=True, slots=True)
class _FileState:
    """The state of a file when it was recorded; ``digest`` is None where the file may be newer than its module."""

    mtime_ns: int
    size: int
    digest: bytes | None
    recorded_ns: int

    def is_unchanged(self, path: str) -> bool:
        try:
            now = os.stat(path)
        except OSError:
            return False
        if self.digest is None:
            return False
        same = (now.st_mtime_ns, now.st_size) == (self.mtime_ns, self.size)
        if same and self.recorded_ns - self.mtime_ns > _COARSE:
            return True
        return digest_of(path) == self.digest


@dataclass(frozen=True, slots=True)
class _ModuleRecord:
    """A module, its source file (None for a namespace package), and the Python files in the folders of a package."""

    module: ModuleType
    path: str | None
    file: _FileState | None
    listings: Mapping[str, frozenset[str]]


class SourceFiles:
    """The modules of a project and the files that they were imported from."""

    def __init__(self) -> None:
        self._records: dict[str, _ModuleRecord] = {}
        self._last: dict[str, ModuleType] = {}
        """The imported modules at the last call of `record`; most cells change few of them or none."""

    def record(self, *, may_be_older: bool = False) -> None:
        """Record every module imported since the last call; ``may_be_older``: some may have been imported long ago."""
        modules = sys.modules.copy()
        if modules == self._last:
            return
        changed = [name for name, module in modules.items() if self._last.get(name) is not module]
        for name in changed:
            known = self._records.get(name)
            if (known is None or known.module is not modules[name]) and is_of_project(name, modules[name]):
                self.add(name, modules[name], may_be_older=may_be_older)
        # Only now, as an interrupt may have come in between. The modules, not their ids: the id of a removed module may
        # be that of a new one.
        self._last = modules

    def add(self, name: str, module: ModuleType, *, may_be_older: bool = False) -> None:
        """Record one module with its file as it is on disk now."""
        path = getattr(module, "__file__", None)
        self._records[name] = _ModuleRecord(
            module, path, _file_state(path, may_be_older) if path else None, _listings(module)
        )

    def loaded(self) -> dict[str, ModuleType]:
        """Return the modules of the project that are imported now, by name."""
        return {name: one.module for name, one in self._records.items() if sys.modules.get(name) is one.module}

    def modules(self) -> dict[str, ModuleType]:
        """Return every recorded module, by name."""
        return {name: one.module for name, one in self._records.items()}

    def changed(self, folders: Iterable[str] = ()) -> dict[str, str]:
        """Return the files that differ from what the modules in ``sys.modules`` were imported from, as path -> fact.

        The fact is ``changed``, ``may have changed``, ``was deleted``, ``is new`` or ``is another module``: an
        environment imports from ``folders`` first, and the module of that name was imported from another place.
        """
        return self.changed_files(
            folders, [name for name, module in self.modules().items() if sys.modules.get(name) is module]
        )

    def changed_files(self, folders: Iterable[str] = (), names: Iterable[str] | None = None) -> dict[str, str]:
        """Return the same for the modules ``names``, by default for all that were recorded, imported now or not."""
        found: dict[str, str] = {}
        for name in self._records if names is None else names:
            one = self._records[name]
            if one.path and one.file and not one.file.is_unchanged(one.path):
                found[one.path] = _fact(one.path, one.file)
            for folder, files in one.listings.items():
                found |= {os.path.join(folder, each): "is new" for each in _python_files(folder) - files}
            if one.path and "." not in name:
                found |= dict.fromkeys(_other_files(name, one.path, folders), "is another module")
        return found


def may_be_of_project(name: str) -> bool:
    """Return whether a module of that absolute name may belong to a project, wherever it is found."""
    return name.partition(".")[0] not in _NEVER


def is_importable(name: str) -> bool:
    """Return whether a module of that name may be imported again: it is neither ours nor a file of an environment."""
    return may_be_of_project(name) and not name.startswith("_mig_")


def is_of_project(name: str, module: object) -> bool:
    """Return whether a module belongs to the project: it is not installed, not Python's, not made in the notebook."""
    if not isinstance(module, ModuleType) or not is_importable(name):
        return False
    path = module.__dict__.get("__file__")
    if path is None:  # a namespace package is of the project where its folders are
        folders = list(getattr(module, "__path__", ()))
        return bool(folders) and not any(map(is_installed, folders))
    return isinstance(path, str) and path.endswith(".py") and os.path.isabs(path) and not is_installed(path)


def is_package_installed(module: ModuleType) -> bool:
    """Return whether a module was installed, by pip for example: it is neither the project's nor Python's own."""
    path = file_of(module)
    return path is not None and (path.startswith(_PACKAGES) or any(mark in path for mark in _MARKS))


def file_of(module: ModuleType) -> str | None:
    """Return the path of a module's source file."""
    path = module.__dict__.get("__file__")
    return path if isinstance(path, str) else None


def _folders(*names: str) -> tuple[str, ...]:
    return tuple({os.path.join(folder, "") for name in names if (folder := sysconfig.get_path(name))})


_PACKAGES = _folders("purelib", "platlib")
_INSTALLED = (*_PACKAGES, *_folders("stdlib", "platstdlib"), os.path.join(os.path.dirname(os.__file__), ""))
_MARKS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def is_installed(path: str) -> bool:
    """Return whether a path is in a folder of installed packages or of Python's own modules."""
    return path.startswith(_INSTALLED) or any(mark in os.path.join(path, "") for mark in _MARKS)


def _fact(path: str, recorded: _FileState) -> str:
    if not os.path.exists(path):
        return "was deleted"
    return "changed" if recorded.digest is not None else "may have changed"


def _file_state(path: str, may_be_older: bool) -> _FileState | None:
    try:
        now = os.stat(path)
    except OSError:
        return None
    digest = None if may_be_older and _may_be_newer(path, now) else digest_of(path)
    return _FileState(now.st_mtime_ns, now.st_size, digest, time.time_ns())


def _may_be_newer(path: str, now: os.stat_result) -> bool:
    """Return whether a file may have changed after the kernel imported it, by the time stamp in its ``.pyc``.

    Without a ``.pyc``, a file that was modified after the process began may have.
    """
    recorded = _compiled_from(path)
    if recorded is None:
        return now.st_mtime > _process_began()
    return recorded != (int(now.st_mtime) & 0xFFFFFFFF, now.st_size & 0xFFFFFFFF)


def _process_began() -> float:
    """Return when this process began, in seconds since 1970; infinity where that is not known without more imports."""
    psutil = sys.modules.get("psutil")  # ipykernel has it
    return float(psutil.Process().create_time()) if psutil is not None else math.inf


def _compiled_from(path: str) -> tuple[int, int] | None:
    """Return the time stamp and the size of the source that was compiled, None where that is not recorded."""
    try:
        with open(importlib.util.cache_from_source(path), "rb") as stream:
            header = stream.read(16)
    except (OSError, NotImplementedError):
        return None
    if len(header) < 16 or header[4:8] != bytes(4):  # a .pyc that is checked by a hash records no time
        return None
    return int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:16], "little")


def digest_of(path: str) -> bytes:
    """Return what identifies the content of a file; b"" where it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return hashlib.blake2b(stream.read(), digest_size=16).digest()
    except OSError:
        return b""


def _listings(module: ModuleType) -> dict[str, frozenset[str]]:
    folders = module.__dict__.get("__path__")
    if folders is None:
        return {}
    return {folder: _python_files(folder) for folder in list(folders)}


def _python_files(folder: str) -> frozenset[str]:
    try:
        return frozenset(name for name in os.listdir(folder) if name.endswith(".py"))
    except OSError:
        return frozenset()


def _other_files(name: str, path: str, folders: Iterable[str]) -> Iterator[str]:
    """Yield the file of the same module in the first of ``folders`` that has one, where it is not ``path``."""
    for folder in folders:
        for candidate in (os.path.join(folder, name, "__init__.py"), os.path.join(folder, f"{name}.py")):
            if os.path.isfile(candidate):
                if not os.path.samefile(candidate, path) if os.path.exists(path) else True:
                    yield candidate
                return


source_files = SourceFiles()
"""The source files of this kernel's modules."""


def record_imports(*_: object) -> None:
    """Record the modules imported since the last call; IPython calls this after each cell."""
    try:
        source_files.record()
    except KeyboardInterrupt as error:
        from ...errors import shorten_interrupt

        error.add_note("The cell has ended.")
        shorten_interrupt(error)
        raise
