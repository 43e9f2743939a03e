"""Put the revisions of one head after another head, by changing one ``down_revision``."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from ..script import ScriptDirectory
from ..script.header import read_bytes
from ..script.header_edit import with_parent
from ..script.linear import Move, move_of
from ..util.exc import CommandError
from ..util.files import replace_bytes
from .environment import Config, scripts_of
from .inspecting import DatabaseHeads, heads_by_database
from .printing import print_files


@dataclass(frozen=True, slots=True)
class Rebased:
    """A changed parent: of ``revision`` in ``path``, from ``before`` (None for base) to ``onto``; ``warnings`` are
    sentences about what was not checked, or cannot be restored.
    """

    revision: str
    path: str
    before: str | None
    onto: str
    side: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def rebase(config: Config, head: str, onto: str | None = None) -> Rebased:
    """Put all that only ``head`` has after ``onto`` (by default the one other head), in the files.

        rebase(config, "1f2e").warnings

    One ``down_revision``, and the "Revises:" line of that file, is changed; all else stays byte for byte. Raises
    CommandError, and writes nothing, if a revision of that side is applied in the database of ``env.py``, has a branch
    label, or is built on by others. If the database cannot be reached, a warning says so.
    """
    scripts = scripts_of(config)
    places, warnings = _places(config, scripts)
    return rebased(config, scripts, head, onto, places, warnings)


def rebased(
    config: Config | None,
    scripts: ScriptDirectory,
    head: str,
    onto: str | None,
    places: tuple[DatabaseHeads, ...],
    warnings: tuple[str, ...] = (),
) -> Rebased:
    """Write the change, for databases whose revisions are known; see `rebase`."""
    with scripts.writing():
        scripts.reload()
        scripts.map.require_readable()
        move = move_of(scripts.map, *_ends(scripts, head, onto))
        for place in places:
            _refuse_applied(scripts, move, place)
        script = scripts.get_revision(move.revision)
        assert script is not None, "an id of the map has a file"
        if not script.path.endswith(".py"):
            raise CommandError(f"{script.path} is compiled, so its parent cannot be changed. Nothing was written.")
        changed = with_parent(read_bytes(script.path), script.path, move.onto)
        warnings += _uncommitted(script.path)
        replace_bytes(script.path, changed)
    scripts.reload()
    if config is not None:
        print_files(config, [script.path])
    return Rebased(move.revision, script.path, move.before, move.onto, move.side, warnings)


def _ends(scripts: ScriptDirectory, head: str, onto: str | None) -> tuple[str, str]:
    """Return the ids of both heads."""
    found = scripts.map.resolve(head)
    if len(found) != 1 or found[0] not in scripts.map.heads:
        raise CommandError(f"{head} is not one head of the history: {', '.join(scripts.map.heads)}.")
    others = scripts.map.resolve(onto) if onto else tuple(name for name in scripts.map.heads if name != found[0])
    if len(others) != 1:
        raise CommandError(f"There are {len(others)} other heads: {', '.join(others) or 'none'}. Name one of them.")
    return found[0], others[0]


def _places(config: Config, scripts: ScriptDirectory) -> tuple[tuple[DatabaseHeads, ...], tuple[str, ...]]:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - heads and history don't import it

    try:
        return heads_by_database(config, scripts), ()
    except (SQLAlchemyError, CommandError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        return (), (f"whether a database has applied it was not checked: {reason}",)


def _refuse_applied(scripts: ScriptDirectory, move: Move, place: DatabaseHeads) -> None:
    lost = scripts.map.lost(place.heads)
    if lost is not None:
        raise CommandError(f"{place.target} is at a revision without a file. {lost} Nothing was written.")
    applied = sorted(scripts.map.ancestors(place.heads) & set(move.side))
    if applied or (place.unfinished is not None and place.unfinished.revision in move.side):
        names = ", ".join(applied) or str(place.unfinished and place.unfinished.revision)
        raise CommandError(
            f"{names} is applied in {place.target}, so its parent must stay. Nothing was written. "
            "Downgrade it, rebase the other head, or merge them."
        )


def _uncommitted(path: str) -> tuple[str, ...]:
    """Return a warning if git has a changed or unknown file there, so that it cannot restore the text."""
    command = ["git", "status", "--porcelain", "--ignored", "--", os.path.basename(path)]
    import subprocess  # noqa: PLC0415 - heads and history don't need it

    with suppress(OSError, subprocess.SubprocessError):
        ran = subprocess.run(  # noqa: S603 - a fixed program; the name of a file is behind "--"
            command, cwd=os.path.dirname(path), capture_output=True, text=True, timeout=5, check=False
        )
        if ran.returncode == 0 and ran.stdout.strip():
            return (f"{os.path.relpath(path)} was not committed to git, which cannot restore its text",)
    return ()
