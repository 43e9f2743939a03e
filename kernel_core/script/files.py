"""Where version files are found."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from typing import TypeAlias

from ..util.exc import EnvironmentMissing

Stamp: TypeAlias = tuple[int, int, int]
"""What tells one state of a file from another: when it was changed (ns), its size, its inode."""

_OWN_TAG = f".{sys.implementation.cache_tag}"


def version_files(folder: str, recursive: bool = False, sourceless: bool = False) -> Iterator[str]:
    """Yield the paths of the version files in ``folder``, sorted by name; hidden files and ``__init__.py`` are none."""
    return (path for path, _ in stamped_files(folder, recursive, sourceless))


def stamped_files(
    folder: str, recursive: bool = False, sourceless: bool = False, above: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Stamp | None]]:
    """Yield the version files of a folder with their stamps, None where a file has none (a link to nowhere).

    With ``sourceless`` also those of which only the compiled form exists, here or in ``__pycache__``. Raises
    EnvironmentMissing where the folder cannot be listed.
    """
    entries = _entries(folder)
    names = {entry.name for entry in entries}
    for entry in entries:
        name = entry.name
        if name.startswith(".") or name in ("__init__.py", "__init__.pyc", "__pycache__"):
            continue
        if name.endswith(".py") or (sourceless and name.endswith((".pyc", ".pyo")) and name[:-1] not in names):
            yield entry.path, _stamp(entry)
        elif recursive and entry.is_dir():
            way = above | {os.path.realpath(folder)}
            if os.path.realpath(entry.path) not in way:
                yield from stamped_files(entry.path, True, sourceless, way)
    if sourceless and "__pycache__" in names:
        yield from _cached(os.path.join(folder, "__pycache__"), names)


def _cached(folder: str, beside: set[str]) -> Iterator[tuple[str, Stamp | None]]:
    """Yield, for each module that has no other form, its compiled one: of this Python where there is a choice."""
    chosen: dict[str, os.DirEntry[str]] = {}
    for entry in _entries(folder):
        stem, _, rest = entry.name.partition(".")
        if not rest.endswith("pyc") or {f"{stem}.py", f"{stem}.pyc"} & beside or stem == "__init__":
            continue
        if stem not in chosen or f".{rest}".startswith(f"{_OWN_TAG}."):
            chosen[stem] = entry
    return ((entry.path, _stamp(entry)) for entry in chosen.values())


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=_name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise EnvironmentMissing(f"{folder} cannot be listed ({error.strerror or error}).", folder) from error


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    try:
        found = entry.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def located(location: str) -> str:
    """Return the folder that ``script_location`` names: a path, or ``package:folder``."""
    package, colon, folder = location.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z_]\w+(\.[A-Za-z_]\w*)*", package):
        return os.path.abspath(location)
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        found = None
    if found is None or not found.submodule_search_locations:
        raise EnvironmentMissing(f"script_location is {location}, and no package {package} can be found.", location)
    return os.path.join(os.path.abspath(next(iter(found.submodule_search_locations))), *folder.split("/"))
