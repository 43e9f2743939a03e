"""Finish or undo a revision of which only a part is committed."""

from __future__ import annotations

from kernel_core import command
from kernel_core.runtime.report import OnStep

from ..views.report import RunReport, Said
from ..workspace.env_run import env_config
from ..workspace.heads import computed_targets
from ..workspace.workspace import Workspace
from .execution import by_target, checked, lock_settings


def resume(
    workspace: Workspace,
    *,
    was_executed: bool | None = None,
    accepts_edits: bool = False,
    on_step: OnStep | None = None,
) -> RunReport:
    """Finish the unfinished revision of the connected database; see `command.resume`."""
    targets = computed_targets(workspace)
    try:
        with env_config(workspace) as config:
            config.attributes |= lock_settings(workspace)
            config.attributes["on_step"] = checked(workspace, on_step, targets)
            done = command.resume(config, was_executed=was_executed, accepts_edits=accepts_edits)
    finally:
        workspace.refresh()
    verb = done.steps[0].direction if done.steps else "upgrade"
    return RunReport(verb, done.steps, done.before, done.after, workspace.where, targets=by_target(targets, done))


def abandon(workspace: Workspace, *, force: bool = False, forget: bool = False) -> Said:
    """Undo what was executed of the unfinished revision of the connected database; see `command.abandon`."""
    try:
        with env_config(workspace) as config:
            config.attributes |= lock_settings(workspace)
            found = command.abandon(config, force=force, forget=forget)
    finally:
        workspace.refresh()
    if not found:
        return Said(f"{workspace.where}: no revision is unfinished.")
    rows = [("undone", sentence) for each in found for sentence in each.undone]
    rows += [("stays", statement) for each in found for statement in each.remains]
    names = ", ".join(dict.fromkeys(each.revision for each in found))
    return Said(f"{workspace.where}: {names} is abandoned.", ("", "statement"), tuple(rows))
