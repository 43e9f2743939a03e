"""What is logged, printed and reported of a step."""

from __future__ import annotations

from typing import Literal, Protocol

from ..script import Script
from ..script.steps import AnyStep, StampStep, Step
from ..util.logs import Log
from ..util.secrets import redact
from .report import RunEvent
from .run import Run
from .step_info import MigrationInfo, ends_of, info_of

log = Log("runtime.migration")
Kind = Literal["start", "done", "failed"]


class Report(Protocol):
    """Notifies the listener of a run, where there is one, about one step."""

    def __call__(self, kind: Kind, seconds: float, *, more_follow: bool = False) -> None: ...


class OwedReports:
    """The reports of steps of which it is not known yet whether they are done, in their order."""

    def __init__(self) -> None:
        self._owed: list[tuple[int, Report, Kind, float]] = []
        self._started: Report | None = None

    def report(self, report: Report, kind: Kind, done: int, seconds: float = 0.0, *, waits: bool = False) -> None:
        """Report a step, and before it what is owed; later, if it ``waits`` or others do.

        ``done`` is how many steps are done then. The start of a step that runs again was reported before.
        """
        if report is _unheard:
            return
        if kind == "start":
            waits = bool(self._owed)
            if report is self._started:
                return
            self._started = self._started if waits else report
        self._owed.append((done, report, kind, seconds))
        if not waits:
            self.settle(done)

    def settle(self, done: int) -> None:
        """Report what is owed, as far as so many steps are done."""
        if not self._owed:
            return
        owed, self._owed = [each for each in self._owed if each[0] <= done], []
        for place, (_, report, kind, seconds) in enumerate(owed, 1):
            report(kind, seconds, more_follow=place < len(owed))

    def share(self, seconds: float) -> None:
        """Report each step that is owed as done in so many seconds."""
        self._owed = [(done, report, kind, seconds if kind == "done" else 0.0) for done, report, kind, _ in self._owed]

    def forget(self) -> None:
        """Forget what is owed: the steps run again."""
        self._owed.clear()


def report_of(run: Run, step: AnyStep, number: int, total: int) -> Report:
    """Return the function that reports step ``number`` of ``total``."""
    listener = run.listener
    if listener is None:
        return _unheard
    revision = ", ".join(revisions_of(step))

    def report(kind: Kind, seconds: float, *, more_follow: bool = False) -> None:
        doc = run.doc(step.revision_id) if isinstance(step, Step) else ""
        listener(RunEvent(kind, revision, step.direction, doc, number, total, seconds, more_follow))

    return report


def _unheard(kind: Kind, seconds: float, *, more_follow: bool = False) -> None:
    """Report nothing: the run has no listener."""


def announce_step(run: Run, step: AnyStep, script: Script | None, *, is_second: bool) -> MigrationInfo | None:
    """Log a step, or print it as a comment of the offline script; return its description where callbacks need it.

    ``script`` is its revision. ``is_second`` is True for a step that is run again, which is not logged.
    """
    is_logged, as_sql = log.is_enabled(), run.impl.as_sql
    if (is_logged or as_sql) and not run.is_scratch and not is_second:
        _print_step(run, step, script, is_logged=is_logged, as_sql=as_sql)
    return info_of(step, run.script.map) if run.callbacks and run.script is not None else None


def _print_step(run: Run, step: AnyStep, script: Script | None, *, is_logged: bool, as_sql: bool) -> None:
    source, goal = ends_of(step, script, run.script)
    doc = script.doc if script is not None else ""
    change = f"{', '.join(source)} -> {', '.join(goal)}{', ' if doc else ''}{doc}"
    if is_logged:
        # Alembic logs stamps by this name.
        name = step.direction if isinstance(step, Step) else "stamp_revision"
        log.info("%s", redact(f"Running {name} {change}"))
    if as_sql:
        run.impl.static_output(" ".join(f"-- Running {step.direction} {change}".split()))


def revisions_of(step: AnyStep) -> tuple[str, ...]:
    """Return the ids by which a report names a step."""
    if isinstance(step, StampStep):
        return step.added or step.removed
    return (step.revision_id,)
