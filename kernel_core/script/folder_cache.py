"""A cache of version folders: a file is read again only if its stat has changed.

A long-lived kernel reads the same folders many times. Each time they are listed (one `os.scandir`); a file whose stamp
is the same is not opened, and if none has changed, the graph of revisions is the same object.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..util.exc import BrokenScript, ComputedIdentifier
from .compiled import read_compiled
from .files import Listing, Stamp
from .header import read_header
from .revision import RevisionMap
from .version import Script

KEPT = 16
"""The number of environments that are kept."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Folders of version files, how they are listed, and the import path for files that are run."""

    folders: tuple[str, ...]
    recursive: bool = False
    sourceless: bool = False
    imports_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderContents:
    """The files of the folders, what was read in each, and the graph of their revisions.

    ``unsure`` are the paths of files that may have changed since with the same stamp.
    """

    listing: Listing
    found: list[Script | BrokenScript]
    unsure: frozenset[str]
    map: RevisionMap


_kept: dict[Folders, FolderContents] = {}


def contents_of(place: Folders) -> FolderContents:
    """Return the current content of the folders; raises EnvironmentMissing if one cannot be listed."""
    before = _kept.pop(place, None)
    listing = Listing()
    for folder in place.folders:
        listing.add_folder(folder, place.recursive, place.sourceless)
    if before is None or before.unsure or before.listing != listing:
        snapshot = _read(listing, before, place.imports_from)
    else:
        snapshot = before
    _kept[place] = snapshot
    while len(_kept) > KEPT:
        _kept.pop(next(iter(_kept)), None)
    return snapshot


def run_computed(place: Folders) -> RevisionMap:
    """Return the graph with the identifiers that version files compute, which are run for it.

    Only for commands that run files of the environment anyway; errors of a file are in `RevisionMap.broken`.
    """
    snapshot = contents_of(place)
    if not any(isinstance(each, ComputedIdentifier) for each in snapshot.found):
        return snapshot.map
    found = [_run(each, place) if isinstance(each, ComputedIdentifier) else each for each in snapshot.found]
    return _graph_of(snapshot.listing, found, snapshot.unsure, is_first=False).map


def _run(computed: ComputedIdentifier, place: Folders) -> Script | BrokenScript:
    try:
        return Script.run(computed.path, place.imports_from)
    except BrokenScript as error:
        return error


def forget() -> None:
    """Empty the cache, so that all files are read again."""
    _kept.clear()


def _read(listing: Listing, before: FolderContents | None, imports_from: tuple[str, ...]) -> FolderContents:
    """Read the files that are new or may have changed; the old graph is kept if nothing differs."""
    known = {path: position for position, path in enumerate(before.listing.paths)} if before else {}
    found: list[Script | BrokenScript] = []
    unsure: set[str] = set()
    changed = before is None or len(known) != len(listing)
    for position, path in enumerate(listing.paths):
        stamp = listing.stamp(position)
        old = known.get(path)
        if before and old is not None and path not in before.unsure and before.listing.stamp(old) == stamp:
            found.append(before.found[old])
            continue
        now = time.time_ns()
        each = _read_one(path, stamp, imports_from)
        if not _is_past(stamp, now):
            unsure.add(path)
        if before and old is not None and _same(before.found[old], each):
            each = before.found[old]
        else:
            changed = True
        found.append(each)
    if before is None or changed:
        return _graph_of(listing, found, frozenset(unsure), is_first=before is None)
    return FolderContents(listing, found, frozenset(unsure), before.map)


def _graph_of(
    listing: Listing, found: list[Script | BrokenScript], unsure: frozenset[str], is_first: bool
) -> FolderContents:
    """Build the graph; scripts of another graph are copied, because that graph must not change."""
    if not is_first:
        found = [each.unbound() if isinstance(each, Script) else each for each in found]
    ordered = sorted(found, key=_path)
    scripts = [each for each in ordered if isinstance(each, Script)]
    broken = [each for each in ordered if isinstance(each, BrokenScript)]
    return FolderContents(listing, found, unsure, RevisionMap(scripts, broken, tolerant=True))


def _path(found: Script | BrokenScript) -> str:
    return found.path


def _read_one(path: str, stamp: Stamp, imports_from: tuple[str, ...]) -> Script | BrokenScript:
    try:
        header = read_header(path, stamp[1]) if path.endswith(".py") else read_compiled(path)
        return Script(header, imports_from)
    except BrokenScript as error:
        # A traceback would keep the text of the file alive.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)


def _is_past(stamp: Stamp, now: int) -> bool:
    """Return whether a change after ``now`` gives a different stamp: file times have a limited resolution."""
    changed, size, _ = stamp
    step = 50_000_000 if changed % 1_000_000 else 2_000_000_000
    return size >= 0 and changed + step < now


def _same(one: Script | BrokenScript, other: Script | BrokenScript) -> bool:
    if isinstance(one, BrokenScript) or isinstance(other, BrokenScript):
        return str(one) == str(other)
    return one.header == other.header
