"""The data files that version files read, found by the names that are written in their source: nothing is run."""

from __future__ import annotations

import ast
import glob
import os
from collections.abc import Iterable, Iterator

from .source_files import digest_of

_LONGEST = 200
"""The number of characters of the longest string that may be the name of a file."""

_MOST = 1000
"""So many files of one pattern are looked at."""

_SQLITE = b"SQLite format 3\0"
_WRITTEN = (".log", ".py")
"""Files that a run may write itself, and those that `imports.files_with_imports` finds."""


def data_files(sources: Iterable[str], folders: Iterable[str] = ()) -> dict[str, bytes]:
    """Return the digests of the existing files that Python files name in a string, other than databases and logs.

        data_files(["migrations/versions/1f2e_seed.py"], ["."])

    Names and patterns (``*.csv``) are looked up next to the Python file, in the two folders above, in ``folders``, and
    in folders that the file names, as in ``Path(__file__).parent / "seeds" / "users.csv"``. A name that is computed is
    not found.
    """
    found, in_folders = dict[str, bytes](), _Folders()
    for source in sources:
        folder = os.path.dirname(os.path.abspath(source))
        above = (folder, os.path.dirname(folder), os.path.dirname(os.path.dirname(folder)))
        names = list(dict.fromkeys(_strings(source)))
        places = list(dict.fromkeys((*above, *map(os.path.abspath, folders))))
        named = list(in_folders.named(places, names))
        named += in_folders.named([path for each in named if os.path.isdir(path := os.path.join(*each))], names)
        for path in (each for place, name in named for each in _files(place, name)):
            if path not in found and not path.endswith(_WRITTEN) and not _is_database(path):
                found[path] = digest_of(path)
    return found


class _Folders:
    """What is in folders, each of them read once."""

    def __init__(self) -> None:
        self._entries: dict[str, frozenset[str]] = {}

    def named(self, folders: Iterable[str], names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield each folder with each name that may be a file in it."""
        strings = tuple(names)
        return ((folder, name) for folder in folders for name in strings if self._may_have(folder, name))

    def _may_have(self, folder: str, name: str) -> bool:
        """Return False where no entry of a folder begins the name of a file: most strings name none."""
        first = name.replace("\\", "/").partition("/")[0]
        if first in ("", ".", "..") or glob.has_magic(first) or ":" in first:
            return True
        entries = self._entries.get(folder)
        if entries is None:
            try:
                entries = frozenset(map(str.casefold, os.listdir(folder)))
            except OSError:
                entries = frozenset()
            self._entries[folder] = entries
        return first.casefold() in entries


def _strings(source: str) -> Iterator[str]:
    """Yield the strings in a Python file that may be names of files or folders."""
    try:
        with open(source, encoding="utf-8", errors="replace") as stream:
            tree = ast.parse(stream.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if 0 < len(text) <= _LONGEST and text.isprintable() and text.strip("./\\ "):
                yield text


def _files(place: str, name: str) -> Iterator[str]:
    """Yield the files of a name or pattern in a folder."""
    path = os.path.normpath(os.path.join(place, name))
    if os.path.isfile(path):
        yield path
    elif "." in name and glob.has_magic(name) and "**" not in name:
        matching = sorted(glob.glob(os.path.join(glob.escape(place), name)))
        yield from (os.path.normpath(each) for each in matching[:_MOST] if os.path.isfile(each))


def _is_database(path: str) -> bool:
    """Return whether a file is a SQLite database, which is compared otherwise."""
    try:
        with open(path, "rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False
