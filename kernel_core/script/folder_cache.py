"""A cache of version folders: a file is read again only if its stat has changed.

A long-lived kernel reads the same folders many times. Each time they are listed (one `os.scandir`); a file whose stamp
is the same is not opened, and if none has changed, the graph of revisions is the same object. A new process begins with
the headers that an earlier one recorded (`header_index`).
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from operator import attrgetter

from ..util.collector import without_collector
from ..util.exc import BrokenScript, ComputedIdentifier
from .compiled import read_compiled
from .files import Listing, Stamp
from .header import REPLACES, Header
from .header_forms import read_header
from .header_index import WORTHWHILE, read_index, write_index
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
        with without_collector():
            snapshot = _read(listing, before, place.imports_from)
    else:
        snapshot = before
    _kept[place] = snapshot
    while len(_kept) > KEPT:
        _kept.pop(next(iter(_kept)), None)
    return snapshot


def run_computed(snapshot: FolderContents, place: Folders) -> RevisionMap:
    """Return the graph with the identifiers that version files compute, which are run for it.

    Only for commands that run files of the environment anyway; errors of a file are in `RevisionMap.broken`.
    """
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
    if before is None:
        return _read_first(listing, imports_from)
    known = {path: position for position, path in enumerate(before.listing.paths)}
    found: list[Script | BrokenScript] = []
    unsure: set[str] = set()
    changed = len(known) != len(listing)
    begun = time.time_ns()
    for position, path in enumerate(listing.paths):
        stamp = listing.stamp(position)
        old = known.get(path)
        if old is not None and path not in before.unsure and before.listing.stamp(old) == stamp:
            found.append(before.found[old])
            continue
        each = _script(_read_one(path, stamp), imports_from)
        if not _is_past(stamp, begun):
            unsure.add(path)
        if old is not None and _same(before.found[old], each):
            each = before.found[old]
        else:
            changed = True
        found.append(each)
    if changed:
        return _graph_of(listing, found, frozenset(unsure), is_first=False)
    return FolderContents(listing, found, frozenset(unsure), before.map)


def _read_first(listing: Listing, imports_from: tuple[str, ...]) -> FolderContents:
    """Read the files whose headers no earlier process has recorded, and record them for later ones."""
    recorded: dict[str, tuple[Stamp, Header]] = {}
    for folder, positions in listing.folders:
        index = read_index(folder)
        if index is None:
            continue
        if len(positions) == len(listing) and index.paths == listing.paths and index.numbers == listing.numbers:
            listing.paths = index.paths  # the headers have these objects: each path is in memory once
            scripts: list[Script | BrokenScript] = [Script(header, imports_from) for header in index.headers]
            return _graph_of(listing, scripts, frozenset(), True)
        recorded.update(index.by_path())
    found: list[Header | BrokenScript] = []
    unsure: set[str] = set()
    unrecorded: set[int] = set()
    begun = time.time_ns()
    for position, path in enumerate(listing.paths):
        stamp = listing.stamp(position)
        known = recorded.get(path)
        if known is not None and known[0] == stamp:
            found.append(known[1])
            listing.paths[position] = known[1].path
        else:
            found.append(_read_one(path, stamp))
            unrecorded.add(position)
            if not _is_past(stamp, begun):
                unsure.add(path)
    if len(unrecorded) >= WORTHWHILE:
        _record(listing, found, unsure, unrecorded)
    return _graph_of(listing, [_script(each, imports_from) for each in found], frozenset(unsure), is_first=True)


def _record(
    listing: Listing, found: list[Header | BrokenScript], unsure: set[str], unrecorded: Collection[int]
) -> None:
    """Write the index of each folder of which many headers are not recorded."""
    for folder, positions in listing.folders:
        headers = {
            position: each
            for position, each in zip(positions, found[positions.start : positions.stop], strict=True)
            if isinstance(each, Header) and each.path not in unsure
        }
        if sum(position in headers for position in unrecorded) >= WORTHWHILE:
            write_index(folder, [(listing.stamp(position), header) for position, header in headers.items()])


def _graph_of(
    listing: Listing, found: list[Script | BrokenScript], unsure: frozenset[str], is_first: bool
) -> FolderContents:
    """Build the graph; scripts of another graph are copied, because that graph must not change."""
    if not is_first:
        found = [each.unbound() if isinstance(each, Script) else each for each in found]
    ordered = sorted(found, key=attrgetter("path"))
    scripts = _without_replaced([each for each in ordered if isinstance(each, Script)])
    broken = [each for each in ordered if isinstance(each, BrokenScript)]
    return FolderContents(listing, found, unsure, RevisionMap(scripts, broken, tolerant=True))


def _without_replaced(scripts: list[Script]) -> list[Script]:
    """Leave out the files that a squashed one replaces: they are there only where writing it was interrupted."""
    squashed = {each.revision: each.replaces for each in scripts if REPLACES in each.lines}
    hidden = {name for own, replaces in squashed.items() for name in replaces if name != own}
    return [each for each in scripts if each.revision not in hidden] if hidden else scripts


def _read_one(path: str, stamp: Stamp) -> Header | BrokenScript:
    try:
        return read_header(path, stamp[1]) if path.endswith(".py") else read_compiled(path)
    except BrokenScript as error:
        # A traceback would keep the text of the file alive.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)


def _script(each: Header | BrokenScript, imports_from: tuple[str, ...]) -> Script | BrokenScript:
    return Script(each, imports_from) if isinstance(each, Header) else each


def _is_past(stamp: Stamp, begun: int) -> bool:
    """Return whether a change after ``begun`` gives a different stamp: file times have a limited resolution."""
    modified, size, _, inode_changed = stamp
    changed = max(modified, inode_changed)
    step = 50_000_000 if changed % 1_000_000 else 2_000_000_000
    return size >= 0 and changed + step < begun


def _same(one: Script | BrokenScript, other: Script | BrokenScript) -> bool:
    if isinstance(one, BrokenScript) or isinstance(other, BrokenScript):
        return str(one) == str(other)
    return one.header == other.header
