"""How each step of a plan is run: alone or together with its neighbours, and when its version row is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection

from ..script.steps import AnyStep, Step
from ..util.exc import CommandError
from ..util.sqla_compat import has_schema_hooks, logs_statements, statement_listeners
from .run import Run
from .side_effects import names_with_side_effects, only_changes_schema


@dataclass(frozen=True, slots=True)
class Way:
    """How a step is run.

    ``only_schema`` is True if the version file is known to only change the schema. ``keep_open`` leaves the transaction
    open for the next step. ``writes_late`` writes the version row at the end of the transaction. ``is_locked`` is True
    while the run lock is held. ``queues`` lets its statements wait for those of the next steps. ``probes`` finds out
    after a failure whether the revision's own code has committed. ``is_second`` is True for a step that is run again
    alone, ``is_logged`` for one that was logged before; ``attempt`` counts, from 1, how often it was tried.
    """

    only_schema: bool
    keep_open: bool
    writes_late: bool
    is_locked: bool
    queues: bool
    probes: bool
    is_second: bool = False
    is_logged: bool = False
    attempt: int = 1


def ways(run: Run, steps: Sequence[AnyStep], kw: Mapping[str, object], *, is_locked: bool) -> tuple[Way, ...]:
    """Return how each of the steps is run; ``kw`` is what their functions get."""
    shares, late = _can_share_transactions(run), _can_write_late(run)
    queues = late and _can_queue(run)
    shares = shares and (queues or not run.transactions.one_for_all)
    queues = queues and shares
    pure = _schema_only_steps(run, steps, kw, shares=shares)

    @cache  # hardly any two steps differ
    def way(is_pure: bool, keep_open: bool, is_revision: bool) -> Way:
        return Way(
            is_pure,
            keep_open=keep_open,
            writes_late=late and is_pure,
            is_locked=is_locked,
            queues=queues and is_pure,
            probes=is_revision and not is_pure,
        )

    followed = (*(shares and each for each in pure[1:]), False)
    return tuple(
        way(is_pure, is_pure and is_followed, isinstance(step, Step))
        for step, is_pure, is_followed in zip(steps, pure, followed, strict=False)
    )


def _can_share_transactions(run: Run) -> bool:
    """Return whether steps may share a transaction: it is this run's own, and no observer reads between steps."""
    if run.connection is None or run.borrowed or run.autocommits:
        return False
    return not run.has_observers and run.impl.can_group(run.connection)


def _can_write_late(run: Run) -> bool:
    """Return whether the rows of several steps in one transaction may be written at its end: nothing reads them."""
    is_own = run.connection is not None and not run.borrowed
    return is_own and not run.has_observers and not has_schema_hooks()


def _can_queue(run: Run) -> bool:
    """Return whether statements may be sent together: the driver can, and nobody hears or logs each of them."""
    connection = run.connection
    if not isinstance(connection, Connection) or not run.may_report_late or not run.impl.can_queue(connection):
        return False
    own = 2 if run.lock_watch.is_listening else 0  # before and after each statement
    return statement_listeners(connection) == own and not logs_statements(connection)


def _schema_only_steps(
    run: Run, steps: Sequence[AnyStep], kw: Mapping[str, object], *, shares: bool
) -> tuple[bool, ...]:
    """Return for each step whether it only changes the schema; False where that makes no difference."""
    matters = not kw and (shares or type(run.impl).marks_transactions)
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
