"""The project's files that version files and ``env.py`` import, found by their text: nothing is run or imported."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache

from .source_files import digest_of, is_installed, may_be_of_project

_IMPORT = re.compile(
    r"(?:^|[;:])[ \t]*(?:import[ \t]+(?P<modules>[^\n#;]+)"
    r"|from[ \t]+(?P<dots>\.*)[ \t]*(?P<package>[\w.]*)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n#;]+))"
    r"|import_module\(\s*(['\"])(?P<named>[\w.]+)\5",
    re.MULTILINE,
)
_COMPUTED = re.compile(r"\b(?:import_module|__import__|run_module)\(\s*(?!['\"])")
_NAME = re.compile(r"(['\"])([^\W\d]\w*(?:\.[^\W\d]\w*)*)\1")


def files_with_imports(paths: Iterable[str], folders: Iterable[str] = ()) -> dict[str, bytes]:
    """Return the digests of the files at ``paths`` and of the project's files that they import, directly or not.

        before = files_with_imports(["migrations/env.py"], ["src"])
        changed = before != files_with_imports(["migrations/env.py"], ["src"])

    Modules are looked up in ``folders`` and then on ``sys.path``, without what is installed and without this extension
    and its engine. Imports inside of functions count. Where a name is computed, each string of that file that is the
    name of a module counts.
    """
    looked_up = dict.fromkeys(os.path.abspath(folder) for folder in (*folders, *sys.path))
    places = tuple(folder for folder in looked_up if not is_installed(os.path.join(folder, "")))
    files_of = cache(_files_of)  # most files import the same few modules
    found: dict[str, bytes] = {}
    waiting = [os.path.abspath(path) for path in paths]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = digest_of(path)
        for dots, name in _modules(_text(path)):
            if dots or may_be_of_project(name):
                above = (os.path.abspath(os.path.join(path, *[".."] * dots)),) if dots else places
                waiting += [each for each in files_of(name, above) if each not in found]
    return found


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read().replace("\\\n", " ")
    except OSError:
        return ""


def _modules(text: str) -> Iterator[tuple[int, str]]:
    """Yield each imported module as (leading dots, dotted name); a name imported from a package may be a module too."""
    for found in _IMPORT.finditer(text):
        if found["named"]:
            yield 0, found["named"]
        elif found["modules"]:
            yield from ((0, name) for name in _names(found["modules"]))
        else:
            dots, package = len(found["dots"]), found["package"]
            yield dots, package
            yield from ((dots, f"{package}.{name}".lstrip(".")) for name in _names(found["names"]))
    if _COMPUTED.search(text):
        yield from ((0, found[2]) for found in _NAME.finditer(text))


def _names(listed: str) -> list[str]:
    """Return the names of a list such as ``(a as b, c)``."""
    lines = (line.partition("#")[0] for line in listed.strip("() \t").splitlines())
    return [words[0] for each in ",".join(lines).split(",") if (words := each.split())]


def _files_of(name: str, folders: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files that an import of a dotted name runs: those of its packages, and its own."""
    parts = [part for part in name.split(".") if part]
    for folder in folders:
        found, place = [], folder
        for part in parts:
            place = os.path.join(place, part)
            found += [path for path in (os.path.join(place, "__init__.py"), f"{place}.py") if os.path.isfile(path)][:1]
        if found:
            return tuple(found)
    return ()
