"""Trying a step again that failed by a lock of another session, where all of it was rolled back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from ..ddl.lock_wait import lock_failure
from ..script.steps import AnyStep
from .failure import FailureState, name_of, outcome, reason
from .run import Run

_FIRST_DELAY, _LAST_DELAY = 0.5, 10.0
"""Seconds before the first and, after it has doubled each time, before any later attempt; half of it is random."""
_SLICE = 0.1


def can_retry(error: BaseException, run: Run, state: FailureState) -> bool:
    """Return whether a step that failed may be tried again.

    It may after a lock timeout, a deadlock or a serialization failure, as often as ``retries`` allows, if nothing of it
    stays: never after a commit in its middle, in AUTOCOMMIT, where DDL is not transactional, or in a transaction that
    holds more than this step.
    """
    if state.attempts > run.lock_watch.settings.retries or not lock_failure(error):
        return False
    if not type(run.impl).marks_transactions or not run.impl.transactional_ddl:
        return False
    is_shared = run.borrowed or run.transactions.one_for_all
    stays = state.autocommits or state.suspended or state.ended or state.rollback_error or state.unfinished
    return state.is_read and not is_shared and not stays


def wait_for_retry(
    error: BaseException, step: AnyStep, run: Run, state: FailureState, check: Callable[[], object]
) -> None:
    """Report that a step is tried again, and wait; ``check`` may end the wait by KeyboardInterrupt."""
    attempt = state.attempts
    settings = run.lock_watch.settings
    longest = min(_LAST_DELAY, _FIRST_DELAY * 2 ** (attempt - 1))
    delay = random.uniform(longest / 2, longest)  # noqa: S311 - spreads the attempts of several runs
    settings.on_wait(
        f"{name_of(step)} failed: {reason(error)} {outcome(run, state)} "
        f"Trying again in {delay:.1f} s ({attempt} of {settings.retries})."
    )
    end = time.monotonic() + delay
    while (left := end - time.monotonic()) > 0:
        check()
        time.sleep(min(_SLICE, left))
    check()
