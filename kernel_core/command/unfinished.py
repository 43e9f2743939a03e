"""The commands for a revision that was stopped half-way, on databases that cannot roll it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..runtime.report import RunReport
from .environment import Config, run, scripts_of

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from ..runtime.journal.undo import Abandoned
    from ..runtime.migration import MigrationContext


def resume(config: Config, *, was_executed: bool | None = None, accepts_edits: bool = False) -> RunReport:
    """Finish the revision that is unfinished: run its statements that were not executed before, and none twice.

    ``was_executed`` answers for a statement that the catalog does not show as executed or not;
    ``accepts_edits`` runs a version file that was edited since. A database without an unfinished revision is not
    changed. Raises UnfinishedRevision where one of the two is needed, and UpgradeFailed where a statement fails.
    """
    from ..runtime.journal.replay import Resume  # noqa: PLC0415 - it needs SQLAlchemy; heads and history don't

    return run(config, scripts_of(config), _nothing_new, creates=False, resume=Resume(was_executed, accepts_edits))


def abandon(config: Config, *, force: bool = False, forget: bool = False) -> tuple[Abandoned, ...]:
    """Undo what was executed of the revision that is unfinished, and return it, one result for each database.

    The reverses of its operations are run, newest first. Raises UnfinishedRevision, and changes nothing, if a
    statement has no reverse, such as SQL or a dropped table; with ``force`` the rest is undone. ``forget`` undoes
    nothing and only removes the notes, for a database that was repaired by hand.
    """
    from ..runtime.journal.undo import Abandon  # noqa: PLC0415 - it needs SQLAlchemy; heads and history don't

    contexts: list[MigrationContext] = []

    def plan(_heads: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        contexts.append(context)
        return ()

    run(config, scripts_of(config), plan, creates=False, abandon=Abandon(force, forget))
    return tuple(context.abandoned for context in dict.fromkeys(contexts) if context.abandoned is not None)


def _nothing_new(_heads: tuple[str, ...], _context: MigrationContext) -> tuple[()]:
    """Return the plan of a run that only finishes what was begun."""
    return ()
