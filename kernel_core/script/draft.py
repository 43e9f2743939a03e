"""A version file before it is written: everything that can be refused is refused first."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ..util.exc import CommandError, RevisionError
from . import write
from .rev_ids import as_tuple, compact_ids, split_targets
from .revision import RevisionMap
from .write import FILE_TEMPLATE

__all__ = ["FILE_TEMPLATE", "Draft", "RevisionRequest"]


class Environment(Protocol):
    """The part of a `ScriptDirectory` that a draft uses."""

    dir: str
    file_template: str
    truncate_slug_length: int
    folders: tuple[str, ...]
    timezone: str | None
    recursive_version_locations: bool

    @property
    def map(self) -> RevisionMap: ...


VERSION_WIDTH = 32
"""The width of the version table's column, unless it was widened."""


@dataclass(frozen=True, slots=True)
class RevisionRequest:
    """A request for a new revision: the arguments of `ScriptDirectory.generate_revision`.

    ``arguments`` are those of the template.
    """

    revid: str
    message: str | None
    head: str | Sequence[str] | None = None
    splice: bool = False
    branch_labels: str | Collection[str] | None = None
    version_path: str | os.PathLike[str] | None = None
    file_template: str | None = None
    depends_on: str | Sequence[str] | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    keeps_id: bool = False
    """Whether the id is that of a revision which this one replaces, so that it may have any valid characters."""


class Draft:
    """A new revision, checked against the existing ones; see `ScriptDirectory.generate_revision`.

    ``revision`` is its id, ``path`` that of its file. Raises CommandError for anything that cannot be written as
    requested.
    """

    def __init__(self, environment: Environment, request: RevisionRequest) -> None:
        self._environment, self._request = environment, request
        self._map = environment.map
        self.revision = request.revid if request.keeps_id else write.checked_id(request.revid)
        self._refuse_long_id()
        if self.revision in self._map:
            raise RevisionError(f"Revision {self.revision} exists already. Choose another id.")
        parents = self._parents(request.head, request.splice)
        moment = _now(environment.timezone)
        self.path = self._place(parents, moment)
        self._identifiers = {
            "up_revision": self.revision,
            "down_revision": compact_ids(parents),
            "branch_labels": self._labels(request.branch_labels),
            "depends_on": compact_ids(self._dependencies(request.depends_on)),
            "create_date": moment,
        }

    def text(self) -> str:
        """Return the text of the file, rendered from ``script.py.mako``."""
        values = {"imports": "", "upgrades": "", "downgrades": "", **self._request.arguments, **self._identifiers}
        template = os.path.join(self._environment.dir, "script.py.mako")
        return write.script_text(template, self.path, self._request.message, values)

    def _refuse_long_id(self) -> None:
        """Refuse an id that is longer than the version table's column, unless the history has an id of that length."""
        width = max(VERSION_WIDTH, *map(len, self._map.ids), 0)
        if len(self.revision) > width:
            raise CommandError(
                f"Revision id {self.revision} has {len(self.revision)} characters, and the version table holds "
                f"{width}. Nothing was written. Choose a shorter id."
            )

    def _parents(self, head: str | Sequence[str] | None, splice: bool) -> tuple[str, ...]:
        named = split_targets("head" if head is None else head)
        if self._map.broken and any(part in ("head", "heads") for part in named):
            raise CommandError(
                f"The head is not certain while a version file cannot be read: {self._map.broken[0]} "
                "Correct it, or name the parent of the new revision."
            )
        parents = self._map.resolve(named)
        for parent in parents:
            if not splice and parent not in self._map.heads:
                raise RevisionError(
                    f"Revision {parent} is not a head. Add --splice (splice=True) to make a branch from it."
                )
        return parents

    def _dependencies(self, depends_on: str | Sequence[str] | None) -> tuple[str, ...]:
        """Return the dependencies as they are written: a label unchanged, any other name as a full id."""
        if not depends_on:
            return ()
        written: list[str] = []
        for part in split_targets(depends_on):
            written += (part,) if part in self._map.labels else self._map.resolve(part)
        return tuple(dict.fromkeys(written))

    def _labels(self, labels: str | Collection[str] | None) -> tuple[str, ...] | None:
        checked = tuple(dict.fromkeys(map(write.checked_label, as_tuple(labels))))
        for label in checked:
            if label in self._map.labels or label in self._map:
                raise RevisionError(f'"{label}" names a branch or a revision already. Choose another label.')
        return checked or None

    def _place(self, parents: tuple[str, ...], moment: datetime) -> str:
        """Return the path of the new file."""
        environment, request = self._environment, self._request
        folder, template = (
            self._folder(request.version_path, parents),
            request.file_template or environment.file_template,
        )
        name = write.file_name(template, self.revision, request.message, moment, environment.truncate_slug_length)
        path = write.version_path(folder, name)
        if not environment.recursive_version_locations and os.path.dirname(path) != os.path.realpath(folder):
            raise CommandError(f"{name} would be in a folder that is not read. Set recursive_version_locations.")
        return path

    def _folder(self, asked: str | os.PathLike[str] | None, parents: tuple[str, ...]) -> str:
        folders = self._environment.folders
        if asked is not None:
            folder = os.path.abspath(asked)
            if folder not in folders:
                raise CommandError(f"{folder} is not one of version_locations: {', '.join(folders)}.")
            return folder
        if len(folders) == 1:
            return folders[0]
        for parent in parents:
            path = getattr(self._map.get_revision(parent), "path", "")
            for folder in folders:
                if path and os.path.commonpath((folder, path)) == folder:
                    return folder
        raise CommandError(
            f"There are several version_locations; name one by --version-path (version_path): {', '.join(folders)}."
        )


def _now(timezone: str | None) -> datetime:
    """Return the current time in a timezone; raises CommandError if it is not known."""
    if not timezone:
        return datetime.now()  # noqa: DTZ005 - local time, as in Alembic's files
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only few environments ask for it

    for name in (timezone, timezone.upper(), timezone.title()):
        try:
            return datetime.now(ZoneInfo(name))
        except (KeyError, ValueError, OSError):
            continue
    raise CommandError(f"The timezone {timezone!r} is not known here. Correct it, or install tzdata.")
