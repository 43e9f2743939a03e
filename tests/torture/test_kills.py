"""A process killed before any driver call, or at any moment, leaves a database that the next run completes.

After each kill the database is completed and compared, catalog and rows, with one on which nothing was killed.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterable

import pytest
from clean_runs import DOWN, UP, CleanRuns, Verb
from databases import KINDS
from recovery import violation
from scale import none, scaled, spread

RANDOM_MOMENTS = {"sqlite": 300, "postgresql": 150, "mysql": 150}
BOTH_WAYS = pytest.mark.parametrize("verb", [UP, DOWN], ids=["up", "down"])


def killed_before(clean: CleanRuns, verb: Verb, calls: Iterable[int], *, may_resume: bool) -> list[str]:
    """Kill a run before each of these driver calls; return the violations."""
    violations = []
    for number in calls:
        clean.prepare(verb)
        ended = clean.start(*verb, at=number).wait()
        assert ended.was_killed or len(ended.calls) < number, ended.printed
        if wrong := violation(clean, verb, may_resume=may_resume):
            violations.append(
                f"{verb[0]}, killed before call {number} or so, {clean.calls[verb][number - 1 : number]}: {wrong}"
            )
    return violations


def killed_at_random(clean: CleanRuns, verb: Verb, count: int, *, may_resume: bool) -> list[str]:
    """Kill a run after random times; return the violations."""
    violations = []
    moments = random.Random(14)
    for _ in range(count):
        clean.prepare(verb)
        run = clean.start(*verb)
        seconds = moments.uniform(0, clean.seconds[verb])
        time.sleep(seconds)
        run.signal(signal.SIGKILL)
        run.wait()
        if wrong := violation(clean, verb, may_resume=may_resume):
            violations.append(f"{verb[0]}, killed after {seconds:.4f} s: {wrong}")
    return violations


# ---- a revision in a transaction needs nothing but the next run ------------------------------------------------------


def test_after_a_kill_at_some_driver_calls_the_next_run_completes_it(transactions):
    none(killed_before(transactions, UP, spread(len(transactions.calls[UP]), 2), may_resume=False))


@pytest.mark.torture
@BOTH_WAYS
def test_after_a_kill_before_any_driver_call_the_next_run_completes_it(transactions, verb):
    every = len(transactions.calls[verb]) + 1
    none(killed_before(transactions, verb, spread(every, scaled(every)), may_resume=False))


@pytest.mark.torture
@BOTH_WAYS
def test_after_a_kill_at_a_random_moment_the_next_run_completes_it(transactions, verb):
    count = scaled(RANDOM_MOMENTS[transactions.database.kind] // 2)
    none(killed_at_random(transactions, verb, count, may_resume=False))


# ---- what commits statement by statement is completed with the journal -----------------------------------------------


@pytest.mark.sweep
@pytest.mark.parametrize("database", KINDS[2:], indirect=True)
def test_after_a_kill_at_some_driver_calls_resume_completes_it(blocks):
    none(killed_before(blocks, UP, spread(len(blocks.calls[UP]), 2), may_resume=True))


@pytest.mark.torture
@BOTH_WAYS
def test_after_a_kill_before_any_driver_call_resume_completes_it(blocks, verb):
    every = len(blocks.calls[verb]) + 1
    none(killed_before(blocks, verb, spread(every, scaled(every)), may_resume=True))


@pytest.mark.torture
@BOTH_WAYS
def test_after_a_kill_at_a_random_moment_resume_completes_it(blocks, verb):
    count = scaled(RANDOM_MOMENTS[blocks.database.kind] // 2)
    none(killed_at_random(blocks, verb, count, may_resume=True))
