"""Writes a squashed revision and deletes what it replaces; interrupted, either the old or the new set is read.

The old files are copied to the folder of replaced files first. Then the squashed file takes the place of the last old
one, in one step: after that it hides the others, which are deleted last. `finish` does so after an interruption.
"""

from __future__ import annotations

import os
import shutil

from ..script import Script, ScriptDirectory
from ..script.header import read_bytes
from ..script.replaced import delete, files_in, folder_of
from ..util.exc import CommandError
from ..util.files import replace_bytes
from .source import Squashed


def write(scripts: ScriptDirectory, made: Squashed) -> str:
    """Write a squashed revision in place of its range, and return its path.

    Raises CommandError if the files of the range have changed since it was made, or their folder would be read as one
    of version files.
    """
    with scripts.writing():
        scripts.reload()
        finish(scripts)
        last = made.range.last
        folder = folder_of(last.path, last.revision, scripts.folders)
        _refuse_changed(scripts, made)
        _refuse_read(scripts, folder)
        _copy(made, folder)
        replace_bytes(last.path, made.text.encode())
        scripts.reload()
        finish(scripts)
    return last.path


def finish(scripts: ScriptDirectory) -> tuple[str, ...]:
    """Delete version files that a squashed revision replaces and that are kept in its folder; return their paths.

    They are there only after an interruption, or where another git branch brought them back.
    """
    gone: list[str] = []
    for script in scripts.map:
        if not isinstance(script, Script) or not script.replaces:
            continue
        folder = folder_of(script.path, script.revision, scripts.folders)
        for path in files_in(folder):
            old = _in_versions(scripts, script, path)
            if old is not None:
                os.unlink(old)
                gone.append(old)
    if gone:
        scripts.reload()
    return tuple(gone)


def _in_versions(scripts: ScriptDirectory, squashed: Script, path: str) -> str | None:
    """Return the path of the version file of which ``path`` is the copy; None unless both have the same bytes."""
    for folder in (os.path.dirname(squashed.path), *scripts.folders):
        other = os.path.join(folder, os.path.basename(path))
        if os.path.isfile(other) and other != squashed.path and read_bytes(other) == read_bytes(path):
            return other
    return None


def _refuse_changed(scripts: ScriptDirectory, made: Squashed) -> None:
    for script in made.range.scripts:
        now = scripts.map.get_revision(script.revision) if script.revision in scripts.map else None
        if not isinstance(now, Script) or now.path != script.path or now.source != made.sources[script.revision]:
            raise CommandError(f"{script.path} has changed meanwhile. Nothing was written. Run it again.")


def _refuse_read(scripts: ScriptDirectory, folder: str) -> None:
    """Refuse a folder that is read as one of version files, by this program or by Alembic."""
    home = os.path.dirname(folder)
    for each in scripts.folders:
        below = folder.startswith(os.path.join(each, ""))
        if each in (folder, home) or (below and scripts.recursive_version_locations):
            raise CommandError(
                f"{home}, where the replaced files are kept, is read as a folder of version files. "
                "Nothing was written. Put the version files into a folder of their own."
            )


def _copy(made: Squashed, folder: str) -> None:
    """Copy the files of the range to the folder, which appears with all of them at once."""
    names = [os.path.basename(each.path) for each in made.range.scripts]
    if len(set(names)) != len(names):
        raise CommandError("Two files of the range have the same name. Nothing was written. Rename one of them.")
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    temporary = os.path.join(os.path.dirname(folder), f".{os.path.basename(folder)}.{os.urandom(4).hex()}.tmp")
    os.mkdir(temporary)
    try:
        for script in made.range.scripts:
            shutil.copy2(script.path, os.path.join(temporary, os.path.basename(script.path)))
        if os.path.isdir(folder):  # of an interrupted attempt, or of a squash of this revision before
            for path in files_in(folder):
                target = os.path.join(temporary, os.path.basename(path))
                if not os.path.exists(target):
                    shutil.copy2(path, target)
            delete(folder)
        os.replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def prune(scripts: ScriptDirectory, revision: str) -> tuple[str, ...]:
    """Delete the files that a squashed revision replaces, and return their paths.

    The caller must know that no database is still inside the range: such a database could no longer be upgraded.
    """
    with scripts.writing():
        scripts.reload()
        finish(scripts)
        script = scripts.get_revision(revision)
        if script is None or not script.replaces:
            raise CommandError(f"{revision} is not a squashed revision. Nothing was deleted.")
        folder = folder_of(script.path, script.revision, scripts.folders)
        found = files_in(folder)
        if not found:
            raise CommandError(f"The files that {script.revision} replaces are not in {folder}. Nothing was deleted.")
        delete(folder)
    scripts.reload()
    return tuple(found)
