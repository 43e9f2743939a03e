"""What has changed since a plan was shown: what is confirmed is that plan, and nothing else may run."""

from __future__ import annotations

from ..views.plan import Plan
from ..workspace.heads import heads_if_connected
from ..workspace.origin import Origin
from ..workspace.workspace import Host
from .confirmation import MOVED
from .planning import plan as plan_of


class PlanChanges:
    """Compares the notebook, its database and the version files with what a plan was made from.

    changes = PlanChanges(session, plan)
    changes.moved() or changes.found()
    """

    def __init__(self, host: Host, plan: Plan) -> None:
        self._host, self._plan = host, plan
        workspace = host.workspace()
        self._origin, self._heads = Origin.of(workspace), heads_if_connected(workspace)

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
        return self.moved() or _difference(
            self._plan, plan_of(self._host.workspace(), self._plan.verb, self._plan.target)
        )


def _difference(shown: Plan, now: Plan) -> str:
    """Return what a plan would do that was not shown, in a sentence; "" where there is nothing."""
    if [step.revision for step in shown.steps] != [step.revision for step in now.steps]:
        return "Other revisions would run than when this question was asked."
    edited = [new.revision for old, new in zip(shown.steps, now.steps, strict=True) if old.source != new.source]
    if edited:
        return f"{', '.join(edited)} {'was' if len(edited) == 1 else 'were'} edited since this question was asked."
    known = {(loss.table, loss.sentence) for loss in shown.losses}
    for loss in now.losses:
        if (loss.table, loss.sentence) not in known:
            return f"More would be lost than when this question was asked: {loss}."
    if shown.by_target != now.by_target:
        return MOVED
    return ""
