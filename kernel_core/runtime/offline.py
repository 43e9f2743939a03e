"""Prints the steps of a plan as a script: BEGIN and COMMIT, the statements of each revision, its version row.

Nothing is executed, so that no step can be grouped with others, noted in a journal, rolled back or tried again.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..script import Script
from ..script.steps import AnyStep, Step
from .execution import Execution
from .failure import FailureState
from .heads import after
from .interrupts import handled
from .step_reports import Report, announce_step, report_of, revisions_of


class OfflineExecution(Execution):
    """The steps of one plan, printed as a script; ``heads`` are the revisions at which a database is after it."""

    def execute(self, kw: Mapping[str, object], *, is_locked: bool = False) -> None:
        """Print all steps; ``kw`` is passed on to each ``upgrade()``. Raises UpgradeFailed where one fails.

        What the steps before it have printed stays; ``is_locked`` makes no difference, as no database is changed.
        """
        total = len(self.steps)
        with handled(None, self._run.impl) as self._interrupts:
            for number, step in enumerate(self.steps, 1):
                self._print_step(step, report_of(self._run, step, number, total), kw)

    def _print_step(self, step: AnyStep, report: Report, kw: Mapping[str, object]) -> None:
        """Print one step in its transaction, or in the one of the whole script, and report it."""
        heads, script = after(self.heads, step), self._script(step)
        report("start", 0.0)
        try:
            with self._run.transactions.of_revision():
                self._print_in_transaction(step, script, heads, kw)
        except BaseException as raised:  # noqa: BLE001 - _raise raises it, or the error made of it
            report("failed", 0.0)
            self._raise(self._interrupts.cause_of(raised), step, self._state(step))
        self._count_as_done(step, script, heads, 0.0)
        report("done", 0.0)

    def _print_in_transaction(
        self, step: AnyStep, script: Script | None, heads: frozenset[str], kw: Mapping[str, object]
    ) -> None:
        """Run the revision's function, print the change of the version rows, call the callbacks."""
        run = self._run
        run.version_table.lock(self.heads)
        info = announce_step(run, step, script, is_second=False)
        if isinstance(step, Step):
            run.function(step, script)(**kw)
        run.version_table.write(self.heads, heads)
        for callback in run.callbacks:
            callback(step=info, heads=set(heads), run_args=dict(kw))

    def _state(self, step: AnyStep) -> FailureState:
        return FailureState(
            tuple(sorted(self.heads)),
            tuple(each.revision for each in self.done),
            one_for_all=self._run.transactions.one_for_all,
            revision=", ".join(revisions_of(step)),
        )
