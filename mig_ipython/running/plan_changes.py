"""What has changed since a plan was shown: what is confirmed is that plan, and nothing else may run."""

from __future__ import annotations

import os
from contextlib import suppress

from kernel_core.util.exc import CommandError
from kernel_core.util.folders import shown_path

from ..errors import MigError
from ..views.plan import Plan
from ..workspace.heads import heads_if_connected
from ..workspace.origin import Origin
from ..workspace.reloading.data_files import data_files
from ..workspace.reloading.imports import files_with_imports
from ..workspace.workspace import Host, Workspace
from .confirmation import MOVED
from .planning import plan as plan_of


class PlanChanges:
    """Compares the notebook, its database and the files that would run with what a plan was made from.

    These files are the version files, ``env.py``, the modules of the project that they import, and the data files that
    the version files and their modules name.

    changes = PlanChanges(session, plan)
    changes.moved() or changes.found()
    """

    def __init__(self, host: Host, plan: Plan) -> None:
        self._host, self._plan = host, plan
        workspace = host.workspace()
        self._origin, self._heads = Origin.of(workspace), heads_if_connected(workspace)
        self._code, self._data = _code_of(workspace, plan), _data_of(workspace, plan)

    def moved(self) -> str:
        """Return that the notebook uses another database or the current revision is another; "" where neither is so."""
        workspace = self._host.workspace()
        left = self._origin.left(workspace, "This question")
        if not left and heads_if_connected(workspace) != self._heads:
            left = MOVED
        return left

    def found(self) -> str:
        """Return what `moved` does, or that other code would run or more would be lost; "" where nothing changed.

        The plan is made again for it. Raises the errors of planning.
        """
        moved = self.moved()
        if moved:
            return moved
        workspace = self._host.workspace()
        now = plan_of(workspace, self._plan.verb, self._plan.target)
        files = _code_of(workspace, now) | _data_of(workspace, now)
        return _difference(self._plan, now) or _edited(self._code | self._data, files)

    def have_run(self) -> None:
        """Take the data files as they are now: the plan was run or rehearsed, and may have written them itself."""
        with suppress(CommandError, MigError, OSError):  # then they count as edited
            self._data = _data_of(self._host.workspace(), self._plan)


def _code_of(workspace: Workspace, plan: Plan) -> dict[str, bytes]:
    """Return the digests of the files that a run of the plan executes."""
    env_py = workspace.scripts(plan.target).env_py_location
    return files_with_imports([env_py, *_versions(workspace, plan)], _folders(workspace))


def _data_of(workspace: Workspace, plan: Plan) -> dict[str, bytes]:
    """Return the digests of the data files that the version files and their modules name."""
    folders = _folders(workspace)
    return data_files(files_with_imports(_versions(workspace, plan), folders), (*folders, os.getcwd()))


def _versions(workspace: Workspace, plan: Plan) -> list[str]:
    scripts = workspace.scripts(plan.target)
    return [script.path for step in plan.steps if (script := scripts.get_revision(step.revision)) is not None]


def _folders(workspace: Workspace) -> tuple[str, ...]:
    return (*workspace.import_folders, workspace.environment.project_folder)


def _edited(before: dict[str, bytes], now: dict[str, bytes]) -> str:
    """Return the sentence that files differ from those when the question was asked; "" where none do."""
    edited = [shown_path(path) for path in before.keys() | now.keys() if before.get(path) != now.get(path)]
    return f"{_were(sorted(edited))} edited since this question was asked." if edited else ""


def _were(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more} {'was' if len(names) == 1 else 'were'}"


def _difference(shown: Plan, now: Plan) -> str:
    """Return what a plan would do that was not shown, in a sentence; "" where there is nothing."""
    if [step.revision for step in shown.steps] != [step.revision for step in now.steps]:
        return "Other revisions would run than when this question was asked."
    edited = [new.revision for old, new in zip(shown.steps, now.steps, strict=True) if old.source != new.source]
    if edited:
        return f"{_were(edited)} edited since this question was asked."
    known = {(loss.table, loss.sentence) for loss in shown.losses}
    for loss in now.losses:
        if (loss.table, loss.sentence) not in known:
            return f"More would be lost than when this question was asked: {loss}."
    if shown.by_target != now.by_target:
        return MOVED
    return ""
