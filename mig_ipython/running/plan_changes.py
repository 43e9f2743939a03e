"""What has changed since a plan was shown: what is confirmed is that plan, and nothing else may run."""

from __future__ import annotations

import os

from kernel_core.util.folders import shown_path

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
        self._files = _files_that_run(workspace, plan)

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
        return _difference(self._plan, now) or _edited(self._files, _files_that_run(workspace, now))


def _files_that_run(workspace: Workspace, plan: Plan) -> dict[str, bytes]:
    """Return the digests of the files that a run of the plan executes, and of data files that they name."""
    environment, scripts = workspace.environment, workspace.scripts(plan.target)
    versions = [script.path for step in plan.steps if (script := scripts.get_revision(step.revision)) is not None]
    folders = (*workspace.import_folders, environment.project_folder)
    executed = files_with_imports([scripts.env_py_location, *versions], folders)
    return executed | data_files(files_with_imports(versions, folders), (*folders, os.getcwd()))


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
