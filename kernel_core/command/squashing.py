"""One revision in place of a range, and the end of the files that it replaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..script import ScriptDirectory
from ..script.replaced import seen_at
from ..util.exc import CommandError
from .commuting import target_of
from .environment import Config, scripts_of
from .inspecting import heads_by_database
from .printing import print_files

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from ..squash import Squashed


def squash(
    config: Config,
    rev_range: str,
    message: str | None = None,
    *,
    show: bool = False,
    optimize: bool = True,
    run: bool | None = None,
) -> Squashed:
    """Write one revision in place of the range ``A:B``, both included; it has the id of ``B``.

        squash(config, "1f2e:3a4b").proof.compared

    The files of the range are kept in the folder ``replaced``, so that a database inside the range is upgraded by them.
    The new revision is compared with the range first: computed from the files, and by running both on scratch
    databases of the kind that ``env.py`` configures (not with ``run=False``). With ``show`` nothing is written.

    Raises CommandError, and writes nothing, if the range is not one line of revisions, if others build on its inside,
    or if the result would differ.
    """
    from ..squash import squashed, write  # noqa: PLC0415 - it needs SQLAlchemy

    scripts = scripts_of(config)
    target = target_of(config, scripts)
    scripts.follow(())
    made = squashed(
        scripts,
        rev_range,
        target.dialect,
        message=message,
        start=target.start,
        scratch=None if run is False else target.scratch,
        why_not="switched off by --no-run" if run is False else target.why,
        optimizes=optimize,
        template_args={"config": config},
    )
    if not show:
        print_files(config, [write(scripts, made)])
    return made


@dataclass(frozen=True, slots=True)
class Pruned:
    """The deleted files that a squashed revision replaced, and what was ``checked`` before, as sentences."""

    paths: tuple[str, ...]
    checked: tuple[str, ...]


def prune(config: Config, revision: str) -> Pruned:
    """Delete the files that the squashed ``revision`` replaces.

        prune(config, "3a4b").paths

    Raises CommandError, and deletes nothing, if a database of ``env.py`` is still inside the range, or cannot be
    reached. Databases to which this run of ``env.py`` does not connect are not known.
    """
    from ..squash import prune as delete_replaced  # noqa: PLC0415 - it needs SQLAlchemy

    scripts = scripts_of(config)
    places = heads_by_database(config, scripts)
    scripts.follow(())
    checked = refuse_inside(scripts, revision, [(place.target, place.needed) for place in places])
    return Pruned(delete_replaced(scripts, revision), checked)


def refuse_inside(
    scripts: ScriptDirectory, revision: str, places: Sequence[tuple[str, tuple[str, ...]]]
) -> tuple[str, ...]:
    """Return which databases do not need the files that a squashed revision replaces, and that others are not known.

    Raises CommandError for one that needs them.
    """
    script: Any = scripts.get_revision(revision)
    inside = set(script.replaces[:-1]) if script is not None else set()
    for target, heads in places:
        seen = seen_at(scripts.map, heads, scripts.place)
        names = sorted(set(heads) & inside) or [name for name in heads if name not in seen]
        if names:
            raise CommandError(
                f"{target} is at {', '.join(names)}, inside the range of {revision}. Nothing was deleted. "
                "Upgrade it first."
            )
    found = [f"checked: {target} is at {', '.join(heads) or 'base'}, not inside the range" for target, heads in places]
    return (*found, "not checked: databases to which env.py did not connect now; one inside the range needs the files")
