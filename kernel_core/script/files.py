"""Lists version files, with what shows that one has changed."""

from __future__ import annotations

import os
import re
import sys
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from ..util.exc import EnvironmentMissing

Stamp: TypeAlias = tuple[int, int, int, int]
"""The state of a file: modification time (ns), size, inode, when its inode changed (ns); size -1: it has no stat."""

_OWN_TAG = f".{sys.implementation.cache_tag}"
_HAS_CHANGE_TIME = os.name == "posix"  # on Windows st_ctime is when the file was created
_SIGNED = 0x7FFF_FFFF_FFFF_FFFF
_BY_HANDLE = os.scandir in os.supports_fd


@dataclass(slots=True)
class Listing:
    """The version files of some folders in the order of the file system, each with its stamp.

    Numbers are packed: 10,000 files take 32 bytes each, and two listings are compared fast. ``folders`` are the folders
    with the range of the positions of their ``.py`` files.
    """

    paths: list[str] = field(default_factory=list)
    numbers: array[int] = field(default_factory=lambda: array("q"))
    folders: list[tuple[str, range]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.paths)

    def stamp(self, position: int) -> Stamp:
        """The stamp of the file at ``position``."""
        changed, size, inode, inode_changed = self.numbers[4 * position : 4 * position + 4]
        return changed, size, inode, inode_changed

    def _add(self, path: str, entry: os.DirEntry[str]) -> None:
        self.paths.append(path)
        self.numbers.extend(_stamp(entry))

    def add_folder(
        self, folder: str, recursive: bool = False, sourceless: bool = False, above: frozenset[str] = frozenset()
    ) -> None:
        """Add the version files in ``folder``, without hidden files and ``__init__.py``.

        With ``sourceless`` also those of which only the compiled file exists, here or in ``__pycache__``. Raises
        EnvironmentMissing if the folder cannot be listed.
        """
        start = os.path.join(folder, "")
        others: list[os.DirEntry[str]] = []
        first = len(self.paths)
        with _entries(folder) as entries:
            add, stamped, extend = self.paths.append, _stamp, self.numbers.extend
            for entry in entries:
                name = entry.name
                if name[0] == "." or name == "__init__.py":
                    continue
                if name[-3:] == ".py":
                    add(start + name)
                    extend(stamped(entry))
                elif recursive or sourceless:
                    others.append(entry)
            self.folders.append((folder, range(first, len(self.paths))))
            if sourceless:
                self._add_compiled(start, others)
            folders = [entry.name for entry in others if recursive and entry.is_dir()]
        ancestors = above | {os.path.realpath(folder)} if folders else above
        for name in folders:
            if name != "__pycache__" and os.path.realpath(start + name) not in ancestors:
                self.add_folder(start + name, True, sourceless, ancestors)

    def _add_compiled(self, start: str, others: list[os.DirEntry[str]]) -> None:
        """Add compiled files without a source file here."""
        beside = {path[len(start) : -3] for path in self.paths if path.startswith(start)}
        for entry in others:
            stem, extension = os.path.splitext(entry.name)
            if extension in (".pyc", ".pyo") and stem not in beside and stem != "__init__":
                self._add(start + entry.name, entry)
                beside.add(stem)
        cached = os.path.join(start, "__pycache__")
        with _entries(cached) as entries:
            chosen: dict[str, os.DirEntry[str]] = {}
            for entry in entries:
                stem, _, rest = entry.name.partition(".")
                if not rest.endswith("pyc") or stem in beside or stem == "__init__":
                    continue
                if stem not in chosen or f".{rest}".startswith(f"{_OWN_TAG}."):
                    chosen[stem] = entry  # if there are several, that of this Python
            for entry in chosen.values():
                self._add(os.path.join(cached, entry.name), entry)


def _stamp(entry: os.DirEntry[str]) -> Stamp:
    try:
        found = entry.stat()
    except OSError:
        return 0, -1, 0, 0
    # An inode may take all 64 bits of an unsigned number.
    inode = found.st_ino & _SIGNED
    return found.st_mtime_ns, found.st_size, inode, found.st_ctime_ns if _HAS_CHANGE_TIME else 0


def compiled_of(path: str) -> list[str]:
    """Return the compiled files of a source file that does not exist, that of this Python first."""
    folder, name = os.path.split(path)
    cached = os.path.join(folder, "__pycache__", name.removesuffix(".py"))
    return [each for each in (f"{path}c", f"{cached}{_OWN_TAG}.pyc") if os.path.isfile(each)]


@contextmanager
def _entries(folder: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    """Give the entries of a folder, none if the folder does not exist.

    If the system can, they are read through a handle of the folder, which saves a look-up of its path for each file.
    """
    with ExitStack() as stack:
        entries: Iterator[os.DirEntry[str]] = iter(())
        try:
            where: str | int = folder
            if _BY_HANDLE:
                where = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
                stack.callback(os.close, where)
            entries = stack.enter_context(os.scandir(where))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise EnvironmentMissing(f"{folder} cannot be listed ({error.strerror or error}).", folder) from error
        yield entries


def is_of_package(location: str) -> bool:
    """Return whether a location is a folder of an importable package, ``package:folder``."""
    package, colon, _ = location.partition(":")
    return bool(colon) and re.fullmatch(r"[A-Za-z_]\w+(\.[A-Za-z_]\w*)*", package) is not None


def located(location: str) -> str:
    """Return the folder that ``script_location`` names: a path, or ``package:folder``."""
    if not is_of_package(location):
        return os.path.abspath(location)
    package, _, folder = location.partition(":")
    from importlib.util import find_spec  # noqa: PLC0415 - few environments lie in a package

    try:
        found = find_spec(package)
    except (ImportError, ValueError):
        found = None
    if found is None or not found.submodule_search_locations:
        raise EnvironmentMissing(f"script_location is {location}, and no package {package} can be found.", location)
    return os.path.join(os.path.abspath(next(iter(found.submodule_search_locations))), *folder.split("/"))
