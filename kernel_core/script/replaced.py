"""The files of revisions that a squashed one replaces, for databases that are inside its range.

A squashed revision has the id of the last revision of its range, and names all of them in ``replaces``. Their files are
in the folder ``replaced/<id>`` next to the folder of the version files. A database that is at one of them sees the old
files instead of the squashed one; all others see the squashed one only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from .folder_cache import Folders, contents_of
from .revision import RevisionMap
from .version import Script

FOLDER = "replaced"


def folder_of(path: str, revision: str, folders: Iterable[str]) -> str:
    """Return the folder of the files that a squashed revision replaces; ``path`` is its own file."""
    above = os.path.dirname(os.path.dirname(path))
    if os.path.basename(above) == FOLDER:  # it was replaced itself
        return os.path.join(above, revision)
    home = next((folder for folder in folders if path.startswith(os.path.join(folder, ""))), os.path.dirname(path))
    return os.path.join(os.path.dirname(home), FOLDER, revision)


def seen_at(revisions: RevisionMap, heads: Iterable[str], place: Folders) -> RevisionMap:
    """Return the graph for a database at ``heads``: with the old files of the ranges that it is inside of."""
    wanted = frozenset(heads)
    while missing := [name for name in wanted if name not in revisions]:
        found = next(((each, old) for each in _replacing(revisions, missing) if (old := old_files(each, place))), None)
        if found is None:
            break
        squashed, old = found
        kept = [each.unbound() for each in revisions if isinstance(each, Script) and each is not squashed]
        twice = [each.unbound() for several in revisions.duplicates.values() for each in several]  # type: ignore[attr-defined]
        revisions = RevisionMap([*kept, *twice, *old], revisions.broken, tolerant=True)
    return revisions


def squashed_of(revisions: RevisionMap, names: Iterable[str]) -> Script | None:
    """Return the squashed revision that replaces one of ``names``, None without one."""
    return next(_replacing(revisions, names), None)


def _replacing(revisions: RevisionMap, names: Iterable[str]) -> Iterator[Script]:
    wanted = frozenset(names)
    return (each for each in revisions if isinstance(each, Script) and wanted & set(each.replaces))


def replaced_ids(revisions: RevisionMap) -> frozenset[str]:
    """Return the ids that are replaced by another one: those inside of the range of a squashed revision."""
    names = {name for each in revisions if isinstance(each, Script) and each.replaces for name in each.replaces}
    return frozenset(name for name in names if name not in revisions)


def replaced_in(revisions: RevisionMap, text: str) -> Iterator[str]:
    """Yield the replaced ids that a target or a range names, in full or by a beginning that no other id has.

    ``c3:d4`` and ``c3+1`` name them; ``head-1`` does not.
    """
    replaced = replaced_ids(revisions)
    for part in re.split(r"[:,\s]+", text) if replaced else ():
        name = re.sub(r"[+-][0-9]+$", "", part).rpartition("@")[2]
        if name in replaced:
            yield name
        elif name and name not in revisions.labels and not any(each.startswith(name) for each in revisions.ids):
            matching = [each for each in replaced if each.startswith(name)]
            yield from matching if len(matching) == 1 else ()


def old_files(squashed: Script, place: Folders) -> list[Script]:
    """Return the revisions that a squashed one replaces, of which the files are there."""
    folder = folder_of(squashed.path, squashed.revision, place.folders)
    found = contents_of(Folders((folder,), False, place.sourceless, place.imports_from)).found
    return [each.unbound() for each in found if isinstance(each, Script)]


def old_sources(squashed: Script) -> list[str]:
    """Return the paths of the source files that a squashed revision replaces, as far as they are there."""
    return [path for path in files_in(folder_of(squashed.path, squashed.revision, ())) if path.endswith(".py")]


def squashed_sources(script: Script) -> list[str]:
    """Return the path of the squashed revision's file, for the replaced file of the last revision of its range.

    It has the id and the name of that file. [] for any other version file.
    """
    folder, name = os.path.split(script.path)
    home, revision = os.path.split(folder)
    if os.path.basename(home) != FOLDER or revision != script.revision or not name.endswith(".py"):
        return []
    places = (os.path.join(place, name) for place, _, names in os.walk(os.path.dirname(home)) if name in names)
    return [path for path in places if FOLDER not in path.split(os.sep)[len(home.split(os.sep)) - 1 :]]


def files_in(folder: str) -> list[str]:
    """Return the paths of the files in a folder of replaced files, without hidden ones."""
    if not os.path.isdir(folder):
        return []
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if not name.startswith((".", "__")))


def delete(folder: str) -> None:
    """Delete a folder of replaced files; it is gone at once, whenever this is stopped."""
    gone = os.path.join(os.path.dirname(folder), f".{os.path.basename(folder)}.{os.urandom(4).hex()}.gone")
    os.replace(folder, gone)
    import shutil  # noqa: PLC0415 - heads and history don't need it

    shutil.rmtree(gone, ignore_errors=True)
