"""The version folders as they were last seen in this process: a file is read again only where its stat has changed.

A long-lived kernel asks for the same folders again and again. Each time they are listed (one `os.scandir`); a file
whose stamp is the same is not opened, and where none has changed, the graph of revisions is the very same object.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..util.exc import BrokenScript
from .compiled import read_compiled
from .files import Stamp, stamped_files
from .header import Header, read_header
from .revision import Revision, RevisionMap

KEPT = 16
"""So many environments are remembered."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which files are looked at."""

    folders: tuple[str, ...]
    recursive: bool = False
    sourceless: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """One file as it was read; ``sure`` if a later change cannot have left its stamp as it is."""

    stamp: Stamp | None
    sure: bool
    found: Header | BrokenScript


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of a place, in their order, and the graph that they make."""

    files: Mapping[str, Seen]
    map: RevisionMap


_kept: dict[Place, Snapshot] = {}


def look(place: Place, make: Callable[[Header], Revision]) -> Snapshot:
    """Return what the folders of ``place`` hold now; ``make`` turns a header into a revision.

    Raises EnvironmentMissing where a folder cannot be listed.
    """
    before = _kept.pop(place, None)
    known: Mapping[str, Seen] = before.files if before else {}
    files: dict[str, Seen] = {}
    changed = before is None
    for folder in place.folders:
        for path, stamp in stamped_files(folder, place.recursive, place.sourceless):
            old = known.get(path)
            if old is not None and old.sure and old.stamp == stamp:
                files[path] = old
                continue
            files[path] = seen = _read(path, stamp)
            changed = changed or old is None or not _same(old.found, seen.found)
    if before is None or changed or len(files) != len(known):
        snapshot = Snapshot(files, _map(files, make))
    else:
        snapshot = Snapshot(files, before.map)
    _kept[place] = snapshot
    while len(_kept) > KEPT:
        _kept.pop(next(iter(_kept)), None)
    return snapshot


def forget() -> None:
    """Forget every folder, so that the next look reads all files."""
    _kept.clear()


def _map(files: Mapping[str, Seen], make: Callable[[Header], Revision]) -> RevisionMap:
    headers = [seen.found for seen in files.values() if isinstance(seen.found, Header)]
    broken = [seen.found for seen in files.values() if isinstance(seen.found, BrokenScript)]
    return RevisionMap(map(make, headers), broken, tolerant=True)


def _read(path: str, stamp: Stamp | None) -> Seen:
    found: Header | BrokenScript
    now = time.time_ns()
    try:
        found = read_header(path) if path.endswith(".py") else read_compiled(path)
    except BrokenScript as error:
        # A traceback would keep the text of the file alive.
        found = error.with_traceback(None)
        found.__cause__ = found.__context__ = None
    return Seen(stamp, stamp is not None and _is_past(stamp[0], now), found)


def _is_past(changed: int, now: int) -> bool:
    """Whether a change after ``now`` gives another time than ``changed``: clocks of files tick in steps."""
    step = 50_000_000 if changed % 1_000_000 else 2_000_000_000
    return changed + step < now


def _same(one: Header | BrokenScript, other: Header | BrokenScript) -> bool:
    if isinstance(one, BrokenScript) or isinstance(other, BrokenScript):
        return str(one) == str(other)
    return one == other
