"""The version folders as they were last seen in this process: a file is read again only where its stat has changed.

A long-lived kernel asks for the same folders again and again. Each time they are listed (one `os.scandir`); a file
whose stamp is the same is not opened, and where none has changed, the graph of revisions is the very same object.
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
"""So many environments are remembered."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Which files are looked at, and from where they import when they are run."""

    folders: tuple[str, ...]
    recursive: bool = False
    sourceless: bool = False
    imports_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderContents:
    """The files of a place, what was read in each, and the graph that they make.

    ``unsure`` are the paths of those that might have changed since without another stamp.
    """

    listing: Listing
    found: list[Script | BrokenScript]
    unsure: frozenset[str]
    map: RevisionMap


_kept: dict[Folders, FolderContents] = {}


def contents_of(place: Folders) -> FolderContents:
    """Return what the folders of ``place`` hold now; raises EnvironmentMissing where a folder cannot be listed."""
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
    """Return the graph in which a version file that computes its identifiers has those that it gives itself when run.

    Only for commands that run files of the environment anyway; what a file raises is in `RevisionMap.broken`.
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
    """Forget every folder, so that the next look reads all files."""
    _kept.clear()


def _read(listing: Listing, before: FolderContents | None, imports_from: tuple[str, ...]) -> FolderContents:
    """Read what is new or may have changed; the old graph stays where all of it says the same."""
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
    """Make the graph; scripts that another graph has already are copied, as that one shall stay what it is."""
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
    """Whether a change after ``now`` gives another stamp than this: clocks of files tick in steps."""
    changed, size, _ = stamp
    step = 50_000_000 if changed % 1_000_000 else 2_000_000_000
    return size >= 0 and changed + step < now


def _same(one: Script | BrokenScript, other: Script | BrokenScript) -> bool:
    if isinstance(one, BrokenScript) or isinstance(other, BrokenScript):
        return str(one) == str(other)
    return one.header == other.header
