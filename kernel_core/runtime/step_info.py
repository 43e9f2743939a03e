"""`MigrationInfo`: the argument ``step`` of the callbacks of ``on_version_apply``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..script import ScriptDirectory
from ..script.revision import Revision, RevisionMap
from ..script.steps import AnyStep, StampStep, Step


@dataclass(frozen=True, slots=True)
class MigrationInfo:
    """One step of a run: ``is_upgrade``, ``is_stamp``, and the revisions on both ends of it.

    "Up" is the end that is further from base, in both directions; "source" is where the step began. A stamp may have
    several revisions at its upper end.
    """

    revision_map: RevisionMap
    is_upgrade: bool
    is_stamp: bool
    up_revision_ids: tuple[str, ...]
    down_revision_ids: tuple[str, ...]

    @property
    def is_migration(self) -> bool:
        """Whether a version file was run: True for every step but a stamp."""
        return not self.is_stamp

    @property
    def up_revision_id(self) -> str | None:
        """The upper end, the first of several; None for base."""
        return self.up_revision_ids[0] if self.up_revision_ids else None

    @property
    def up_revision(self) -> Revision | None:
        """The revision of `up_revision_id`."""
        return self.revision_map.get_revision(self.up_revision_id)

    @property
    def up_revisions(self) -> tuple[Revision, ...]:
        """The revisions of the upper end."""
        return self.revision_map.get_revisions(self.up_revision_ids)

    @property
    def down_revisions(self) -> tuple[Revision, ...]:
        """The revisions of the lower end; () for base."""
        return self.revision_map.get_revisions(self.down_revision_ids)

    @property
    def source_revision_ids(self) -> tuple[str, ...]:
        """Where the step began."""
        return self.down_revision_ids if self.is_upgrade else self.up_revision_ids

    @property
    def source_revisions(self) -> tuple[Revision, ...]:
        """The revisions where the step began."""
        return self.revision_map.get_revisions(self.source_revision_ids)

    @property
    def destination_revision_ids(self) -> tuple[str, ...]:
        """Where the step led."""
        return self.up_revision_ids if self.is_upgrade else self.down_revision_ids

    @property
    def destination_revisions(self) -> tuple[Revision, ...]:
        """The revisions where the step led."""
        return self.revision_map.get_revisions(self.destination_revision_ids)


def info_of(step: AnyStep, revisions: RevisionMap) -> MigrationInfo:
    """Return the MigrationInfo of a step."""
    if isinstance(step, StampStep):
        below = revisions.ancestors(_known(step.before, revisions))
        down = not step.after or (bool(step.before) and step.after < below)
        upper, lower = (step.before, step.after) if down else (step.after, step.before)
        return MigrationInfo(revisions, not down, True, tuple(sorted(upper)), tuple(sorted(lower)))
    parents = parents_of(step, revisions)
    return MigrationInfo(revisions, step.is_upgrade, False, (step.revision_id,), parents)


def parents_of(step: Step, revisions: RevisionMap) -> tuple[str, ...]:
    """Return the parents of the step's revision as written in its file."""
    revision = revisions.get_revision(step.revision_id)
    return revision.down_revisions if revision is not None else ()


def ends_of(
    step: AnyStep, revision: Revision | None, scripts: ScriptDirectory | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return where a step of that revision begins and where it leads, as its MigrationInfo does."""
    if scripts is None:
        return step.removed, step.added
    if isinstance(step, StampStep):
        info = info_of(step, scripts.map)
        return info.source_revision_ids, info.destination_revision_ids
    parents = revision.down_revisions if revision is not None else ()
    return (parents, (step.revision_id,)) if step.is_upgrade else ((step.revision_id,), parents)


def _known(heads: frozenset[str], revisions: RevisionMap) -> list[str]:
    return [head for head in heads if head in revisions]


Callback = Callable[..., object]


def callbacks_of(given: Callback | Iterable[Callback] | None) -> tuple[Callback, ...]:
    """Return the callbacks of ``on_version_apply``, which is one function, several, or None."""
    return (given,) if callable(given) else tuple(given or ())
