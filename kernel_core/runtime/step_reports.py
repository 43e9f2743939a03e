"""What is logged, printed and reported of a step."""

from __future__ import annotations

from typing import Literal, Protocol

from ..script.steps import AnyStep, StampStep, Step
from ..util.logs import Log
from ..util.secrets import redact
from .report import RunEvent
from .run import Run
from .step_info import MigrationInfo, info_of

log = Log("runtime.migration")
Kind = Literal["start", "done", "failed"]


class Report(Protocol):
    """Notifies the listener of a run, where there is one, about one step."""

    def __call__(self, kind: Kind, seconds: float) -> None: ...


def report_of(run: Run, step: AnyStep, number: int, total: int) -> Report:
    """Return the function that reports step ``number`` of ``total``."""
    revision = ", ".join(revisions_of(step))

    def report(kind: Kind, seconds: float) -> None:
        if run.listener is not None:
            doc = run.doc(step.revision_id) if isinstance(step, Step) else ""
            run.listener(RunEvent(kind, revision, step.direction, doc, number, total, seconds))

    return report


def announce_step(run: Run, step: AnyStep, *, is_second: bool) -> MigrationInfo | None:
    """Log a step, or print it as a comment of the script, and return its description for callbacks.

    ``is_second`` is True for a step that is run again, which is not logged.
    """
    prints = (run.as_sql or log.is_enabled()) and not run.is_scratch and not is_second
    if not prints and not run.callbacks:
        return None
    info = info_of(step, run.script.map) if run.script is not None else None
    if not prints:
        return info
    source, goal = (info.source_revision_ids, info.destination_revision_ids) if info else (step.removed, step.added)
    doc = run.doc(step.revision_id) if isinstance(step, Step) else ""
    change = f"{', '.join(source)} -> {', '.join(goal)}{', ' if doc else ''}{doc}"
    # Alembic logs stamps by this name.
    name = step.direction if isinstance(step, Step) else "stamp_revision"
    log.info("%s", redact(f"Running {name} {change}"))
    if run.as_sql:
        run.impl.static_output("-- " + " ".join(f"Running {step.direction} {change}".split()))
    return info


def revisions_of(step: AnyStep) -> tuple[str, ...]:
    """Return the ids by which a report names a step."""
    if isinstance(step, StampStep):
        return step.added or step.removed
    return (step.revision_id,)
