"""The headers of the version files of a folder, kept for the next process.

The index lies beside the byte code of the folder. It never decides which files exist: the folder is listed each time,
and a header is used for a file whose stamp is the recorded one. The stamp contains the time at which the system last
changed the file (``st_ctime``), which copying, ``git checkout``, ``rsync --times`` and ``touch`` cannot set. A file is
not recorded if it changed so shortly before it was read that a further change could have the same stamp.

Not where ``st_ctime`` is another time (Windows), and not on a file system with coarse times or another clock.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from sys import intern
from types import MappingProxyType
from typing import NamedTuple

from .. import RELEASE
from .files import Stamp
from .header import Header
from .pycache import kept_path, read_kept, write_kept

WORTHWHILE = 50
"""An index is written when at least so many files were read that it did not have."""

_FORMAT = 3  # one more whenever the same file gives another header
_HEAD = f"mig index {RELEASE} {_FORMAT}\n".encode()
_FIELDS = 7
_BETWEEN = "\x1f"  # between the ids of one field; the fields are separated by NUL, the last one are all lines


class Index(NamedTuple):
    """Recorded headers with the paths and the stamps of their files, four numbers each, in the order of a listing."""

    paths: list[str]
    numbers: array[int]
    headers: list[Header]

    def by_path(self) -> dict[str, tuple[Stamp, Header]]:
        """Return the stamps and headers by path."""
        numbers = self.numbers
        stamps = zip(numbers[0::4], numbers[1::4], numbers[2::4], numbers[3::4], strict=True)
        return dict(zip(self.paths, zip(stamps, self.headers, strict=True), strict=True))


def read_index(folder: str) -> Index | None:
    """Return the recorded headers of a folder, None without a usable index."""
    path = _path_of(folder)
    content = read_kept(path, _HEAD) if path else None
    try:
        return None if content is None else _decoded(content, os.path.join(folder, ""))
    except (ValueError, KeyError):  # another program wrote it
        return None


def _decoded(content: memoryview, start: str) -> Index:
    count = int.from_bytes(content[:4], "little")
    end = 4 + 32 * count
    *fields, every_lines = str(content[end:], "utf-8", "surrogatepass").split("\0")
    names, revisions, downs, labels, needs, places, docstrings = (
        fields[first : first + count] for first in range(0, _FIELDS * count, count)
    )
    paths = [start + name for name in names]
    ids = [_column(column) if any(column) else repeat((), len(paths)) for column in (downs, labels, needs)]
    lines = {str(place): _lines(text) for place, text in enumerate(every_lines.split(_BETWEEN))}
    rows = zip(map(intern, revisions), *ids, docstrings, paths, map(lines.__getitem__, places), strict=True)
    headers = list(map(tuple.__new__, repeat(Header), rows))  # Header._make, in a fifth of the time
    return Index(paths, array("q", content[4:end].tobytes()), headers)


def write_index(folder: str, headers: Iterable[tuple[Stamp, Header]]) -> None:
    """Record headers, each with the stamp that its file had before it was read."""
    path = _path_of(folder)
    if path is None:
        return
    recorded = list(headers)
    text = _encoded([header for _, header in recorded]) if recorded else None
    if text is None:  # a field has a separator in it
        recorded = [(stamp, header) for stamp, header in recorded if _encoded([header])]
        text = _encoded([header for _, header in recorded]) if recorded else None
    if text is None:
        return
    numbers = array("q", [number for stamp, _ in recorded for number in stamp]).tobytes()
    content = len(recorded).to_bytes(4, "little") + numbers + text.encode("utf-8", "surrogatepass")
    write_kept(path, _HEAD, content, recorded[0][1].path, same_clock=True)


def _path_of(folder: str) -> str | None:
    return kept_path(os.path.join(folder, "revisions.py"), ".mig", "") if os.name == "posix" else None


def _encoded(headers: Sequence[Header]) -> str | None:
    """Return the text that `_decoded` reads; None if the separators occur in a field.

    Most files have their identifiers on the same lines: their field is the place of the lines among all.
    """
    revisions, downs, labels, needs, docstrings, paths, lines = zip(*headers, strict=True)
    every_lines = {id(each): each for each in lines}
    place_of = {key: str(place) for place, key in enumerate(every_lines)}
    several = [[_BETWEEN.join(ids) if ids else "" for ids in column] for column in (downs, labels, needs)]
    fields = [
        *(path[path.rfind(os.sep) + 1 :] for path in paths),
        *revisions,
        *chain.from_iterable(several),
        *[place_of[id(each)] for each in lines],
        *docstrings,
        _BETWEEN.join(",".join(f"{name}:{line}" for name, line in each.items()) for each in every_lines.values()),
    ]
    text = "\0".join(fields)
    between = sum(len(ids) - 1 for ids in chain(downs, labels, needs) if ids)
    is_clear = text.count("\0") == len(fields) - 1 and "".join(chain.from_iterable(several)).count(_BETWEEN) == between
    return text if is_clear else None


def _column(texts: list[str]) -> list[tuple[str, ...]]:
    """Return the ids in each of the fields."""
    return [
        (intern(text),) if text and _BETWEEN not in text else tuple(map(intern, text.split(_BETWEEN))) if text else ()
        for text in texts
    ]


def _lines(text: str) -> Mapping[str, int]:
    pairs = (each.split(":") for each in text.split(",") if each)
    return MappingProxyType({name: int(line) for name, line in pairs})
