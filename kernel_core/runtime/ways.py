"""How each step of a plan is run: alone or together with its neighbours, and when its version row is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..script.steps import AnyStep, Step
from ..util.exc import CommandError
from ..util.sqla_compat import has_schema_hooks
from .run import Run
from .side_effects import names_with_side_effects, only_changes_schema


@dataclass(frozen=True, slots=True)
class Way:
    """How a step is run.

    ``only_schema`` is True if the version file is known to only change the schema. ``keep_open`` leaves the transaction
    open for the next step. ``writes_late`` writes the version row at the end of the transaction. ``is_locked`` is True
    while the run lock is held. ``probes`` finds out after a failure whether the revision's own code has committed.
    ``is_second`` is True for a step that is run again alone; ``attempt`` counts, from 1, how often it was tried.
    """

    only_schema: bool
    keep_open: bool
    writes_late: bool
    is_locked: bool
    probes: bool
    is_second: bool = False
    attempt: int = 1


def ways(run: Run, steps: Sequence[AnyStep], kw: Mapping[str, object], *, is_locked: bool) -> tuple[Way, ...]:
    """Return how each of the steps is run; ``kw`` is what their functions get."""
    shares, late = _can_share_transactions(run), _can_write_late(run)
    pure = _schema_only_steps(run, steps, kw, shares=shares)
    return tuple(
        Way(
            pure[index],
            keep_open=shares and all(pure[index : index + 2]) and index + 1 < len(pure),
            writes_late=late and pure[index],
            is_locked=is_locked,
            probes=isinstance(step, Step) and not pure[index],
        )
        for index, step in enumerate(steps)
    )


def _can_share_transactions(run: Run) -> bool:
    """Return whether steps may share a transaction: it is this run's own, and no observer reads between steps."""
    if run.connection is None or run.borrowed or run.transactions.one_for_all or run.autocommits:
        return False
    return not run.has_observers and run.impl.can_group(run.connection)


def _can_write_late(run: Run) -> bool:
    """Return whether the rows of several steps in one transaction may be written at its end: nothing reads them."""
    is_own = run.connection is not None and not run.borrowed
    return is_own and not run.has_observers and not has_schema_hooks()


def _schema_only_steps(
    run: Run, steps: Sequence[AnyStep], kw: Mapping[str, object], *, shares: bool
) -> tuple[bool, ...]:
    """Return for each step whether it only changes the schema; False where that makes no difference."""
    matters = not kw and not run.as_sql and (shares or type(run.impl).marks_transactions)
    names = names_with_side_effects() if matters else frozenset()
    return tuple(matters and _only_changes_schema(run, step, names) for step in steps)


def _only_changes_schema(run: Run, step: AnyStep, names: frozenset[str]) -> bool:
    if run.script is None or not isinstance(step, Step):
        return False
    try:
        script = run.script.get_revision(step.revision_id)
        return script is not None and only_changes_schema(script.code, names)
    except CommandError:
        return False  # the step itself fails, and says why
