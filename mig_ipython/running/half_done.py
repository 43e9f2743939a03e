"""Finish or undo a revision of which only a part is committed."""

from __future__ import annotations

from collections.abc import Collection

from kernel_core import command
from kernel_core.runtime.report import OnStep

from ..views.report import RunReport, Said
from ..workspace.env_run import env_config
from ..workspace.heads import computed_targets, database_heads
from ..workspace.workspace import Workspace
from .execution import by_target, checked, lock_settings, not_committed, refuse_undone


def resume(
    workspace: Workspace,
    *,
    was_executed: bool | None = None,
    accepts_edits: bool = False,
    on_step: OnStep | None = None,
) -> RunReport:
    """Finish the unfinished revision of the connected database; see `command.resume`.

    Raises the errors of the engine, and CommandError where the database is not at the reported revision afterwards.
    """
    targets = computed_targets(workspace)
    try:
        with env_config(workspace, creates=False) as config:
            config.attributes |= lock_settings(workspace) | {"must_run": True}
            config.attributes["on_step"] = checked(workspace, on_step, targets)
            done = command.resume(config, was_executed=was_executed, accepts_edits=accepts_edits)
        refuse_undone(workspace, done)
    finally:
        workspace.refresh()
    verb = done.steps[0].direction if done.steps else "upgrade"
    return RunReport(verb, done.steps, done.before, done.after, workspace.where, targets=by_target(targets, done))


def abandon(workspace: Workspace, *, force: bool = False, forget: bool = False) -> Said:
    """Undo what was executed of the unfinished revision of the connected database; see `command.abandon`.

    Raises the errors of the engine, and CommandError where the revision is still unfinished afterwards.
    """
    try:
        with env_config(workspace, creates=False) as config:
            config.attributes |= lock_settings(workspace) | {"must_run": True}
            found = command.abandon(config, force=force, forget=forget)
        _refuse_unfinished_still(workspace, [each.revision for each in found])
    finally:
        workspace.refresh()
    if not found:
        return Said(f"{workspace.where}: no revision is unfinished.")
    rows = [("undone", sentence) for each in found for sentence in each.undone]
    rows += [("stays", statement) for each in found for statement in each.remains]
    names = ", ".join(dict.fromkeys(each.revision for each in found))
    return Said(f"{workspace.where}: {names} is abandoned.", ("", "statement"), tuple(rows))


def _refuse_unfinished_still(workspace: Workspace, abandoned: Collection[str]) -> None:
    """Raise CommandError where the database, read again, still has one of the revisions as unfinished."""
    if not abandoned:
        return
    for _, journal in database_heads(workspace).journals:
        if journal.unfinished is not None and journal.unfinished.revision in abandoned:
            fact = f"{journal.unfinished.revision} is still unfinished, although it was reported as abandoned"
            raise not_committed(workspace, fact)
