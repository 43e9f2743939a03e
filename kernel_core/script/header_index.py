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
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import repeat
from sys import intern
from types import MappingProxyType
from typing import NamedTuple

from .. import RELEASE
from .files import Stamp
from .header import Header
from .pycache import kept_path, read_kept, write_kept

WORTHWHILE = 50
"""An index is written when at least so many files were read that it did not have."""

_FORMAT = 2  # one more whenever the same file gives another header
_HEAD = f"mig index {RELEASE} {_FORMAT}\n".encode()
_FIELDS = 7
_BETWEEN = "\x1f"  # between the ids of one field; the fields are separated by NUL


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
    except ValueError:  # another program wrote it
        return None


def _decoded(content: memoryview, start: str) -> Index:
    end = 4 + 32 * int.from_bytes(content[:4], "little")
    fields = str(content[end:], "utf-8", "surrogatepass").split("\0")
    names, revisions, downs, labels, needs, lines, docstrings = (fields[each::_FIELDS] for each in range(_FIELDS))
    paths = [start + name for name in names]
    ids = [map(_ids, column) if any(column) else repeat((), len(paths)) for column in (downs, labels, needs)]
    rows = zip(map(intern, revisions), *ids, docstrings, paths, map(_lines, lines), strict=True)
    return Index(paths, array("q", content[4:end].tobytes()), list(map(Header._make, rows)))


def write_index(folder: str, headers: Iterable[tuple[Stamp, Header]]) -> None:
    """Record headers, each with the stamp that its file had before it was read."""
    path = _path_of(folder)
    if path is None:
        return
    numbers = array("q")
    fields: list[str] = []
    source = ""
    for stamp, header in headers:
        row = _row(header)
        if row is not None:
            numbers.extend(stamp)
            fields += row
            source = source or header.path
    if not fields:
        return
    count = len(numbers) // 4
    text = "\0".join(fields).encode("utf-8", "surrogatepass")
    write_kept(path, _HEAD, count.to_bytes(4, "little") + numbers.tobytes() + text, source, same_clock=True)


def _path_of(folder: str) -> str | None:
    return kept_path(os.path.join(folder, "revisions.py"), ".mig", "") if os.name == "posix" else None


def _row(header: Header) -> list[str] | None:
    """Return the fields of a header as texts; None if the separators occur in them."""
    several = (header.down_revision, header.branch_labels, header.depends_on)
    texts = [_BETWEEN.join(ids) for ids in several]
    if _BETWEEN in "".join([each for ids in several for each in ids]):
        return None
    lines = _lines_text(tuple(header.lines.items()))
    row = [os.path.basename(header.path), header.revision, *texts, lines, header.docstring]
    return None if "\0" in "".join(row) else row


@lru_cache(maxsize=256)
def _lines_text(lines: tuple[tuple[str, int], ...]) -> str:
    return ",".join(f"{name}:{line}" for name, line in lines)


def _ids(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    return tuple(map(intern, text.split(_BETWEEN))) if _BETWEEN in text else (intern(text),)


@lru_cache(maxsize=256)
def _lines(text: str) -> Mapping[str, int]:
    pairs = (each.split(":") for each in text.split(",") if each)
    return MappingProxyType({name: int(line) for name, line in pairs})
