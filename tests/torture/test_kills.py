"""A process killed before any driver call, or at any moment, leaves a database that the next run completes.

After each kill the database is completed and compared, catalog and rows, with one on which nothing was killed.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterable

import pytest
import rows
from clean_runs import DOWN, UP, CleanRuns, Verb
from databases import KINDS
from recovery import not_abandoned, violation
from results import Tally
from scale import scaled, spread

KILLED_TWICE = 50
"""Calls, evenly spread, after which the process that repairs the database is killed as well."""
RANDOM_MOMENTS = {"sqlite": 300, "postgresql": 150, "mysql": 150}
BOTH_WAYS = pytest.mark.parametrize("verb", [UP, DOWN], ids=["up", "down"])


def every_call(clean: CleanRuns, verb: Verb) -> Iterable[int]:
    """Return the numbers of the driver calls of a run, and one more; a part of them where a fraction is run."""
    every = len(clean.calls[verb]) + 1
    return spread(every, scaled(every))


def kill_before(clean: CleanRuns, verb: Verb, number: int) -> str:
    """Kill a run before a driver call; return what happened, for a message."""
    clean.prepare(verb)
    ended = clean.start(*verb, at=number).wait()
    assert ended.was_killed or len(ended.calls) < number, ended.printed
    return f"{verb[0]}, killed before call {number} or so, {clean.calls[verb][number - 1 : number]}: "


def killed_before(clean: CleanRuns, verb: Verb, calls: Iterable[int], tally: Tally, *, may_resume: bool) -> None:
    """Kill a run before each of these driver calls, and let the next one complete it."""
    for number in calls:
        happened = kill_before(clean, verb, number)
        wrong = violation(clean, verb, may_resume=may_resume)
        tally.add(wrong and happened + wrong)


def killed_at_random(clean: CleanRuns, verb: Verb, count: int, tally: Tally, *, may_resume: bool) -> None:
    """Kill a run after random times, and let the next one complete it."""
    moments = random.Random(14)
    for _ in range(count):
        clean.prepare(verb)
        run = clean.start(*verb)
        seconds = moments.uniform(0, clean.seconds[verb])
        time.sleep(seconds)
        run.signal(signal.SIGKILL)
        run.wait()
        wrong = violation(clean, verb, may_resume=may_resume)
        tally.add(wrong and f"{verb[0]}, killed after {seconds:.4f} s: {wrong}")


# ---- a revision in a transaction needs nothing but the next run ------------------------------------------------------


@pytest.mark.slow
def test_after_a_kill_at_some_driver_calls_the_next_run_completes_it(transactions, tally):
    killed_before(transactions, UP, spread(len(transactions.calls[UP]), 2), tally, may_resume=False)
    tally.check()


@pytest.mark.torture
@BOTH_WAYS
def test_after_a_kill_before_any_driver_call_the_next_run_completes_it(transactions, verb, tally):
    killed_before(transactions, verb, every_call(transactions, verb), tally, may_resume=False)
    tally.done(rows.KILLED_IN_TRANSACTIONS, transactions.database.kind)


@pytest.mark.torture
@BOTH_WAYS
def test_after_a_kill_at_a_random_moment_the_next_run_completes_it(transactions, verb, tally):
    count = scaled(RANDOM_MOMENTS[transactions.database.kind] // 2)
    killed_at_random(transactions, verb, count, tally, may_resume=False)
    tally.done(rows.KILLED_AT_RANDOM_IN_TRANSACTIONS, transactions.database.kind)


# ---- what commits statement by statement is completed with the journal -----------------------------------------------


@pytest.mark.sweep
@pytest.mark.parametrize("database", KINDS[2:], indirect=True)
def test_after_a_kill_at_some_driver_calls_resume_completes_it(blocks, tally):
    killed_before(blocks, UP, spread(len(blocks.calls[UP]), 2), tally, may_resume=True)
    tally.check()


@pytest.mark.torture
@BOTH_WAYS
def test_after_a_kill_before_any_driver_call_resume_completes_it(blocks, verb, tally):
    killed_before(blocks, verb, every_call(blocks, verb), tally, may_resume=True)
    tally.done(rows.KILLED, blocks.database.kind)


@pytest.mark.torture
@BOTH_WAYS
def test_after_a_kill_at_a_random_moment_resume_completes_it(blocks, verb, tally):
    count = scaled(RANDOM_MOMENTS[blocks.database.kind] // 2)
    killed_at_random(blocks, verb, count, tally, may_resume=True)
    tally.done(rows.KILLED_AT_RANDOM, blocks.database.kind)


@pytest.mark.torture
@BOTH_WAYS
def test_resume_can_be_killed_as_well_and_the_next_one_completes_it(blocks, verb, tally):
    choose = random.Random(14)
    for number in spread(len(blocks.calls[verb]), scaled(KILLED_TWICE)):
        happened = kill_before(blocks, verb, number)
        wrong = violation(blocks, verb, may_resume=True, kill_resume=choose)
        tally.add(wrong and happened + wrong)
    tally.done(rows.RESUME_KILLED, blocks.database.kind)


# ---- or abandoned ----------------------------------------------------------------------------------------------------


def abandoned(
    clean: CleanRuns, verb: Verb, calls: Iterable[int], tally: Tally, choose: random.Random | None = None
) -> None:
    """Kill a run before each of these driver calls, and abandon what it left; count where there was something left."""
    for number in calls:
        happened = kill_before(clean, verb, number)
        wrong = not_abandoned(clean, verb, kill_abandon=choose)
        if wrong is not None:
            tally.add(wrong and happened + wrong)


@pytest.mark.torture
@BOTH_WAYS
def test_after_a_kill_before_any_driver_call_abandon_restores_the_catalog(blocks, verb, tally):
    abandoned(blocks, verb, every_call(blocks, verb), tally)
    tally.done(rows.ABANDONED, blocks.database.kind)


@pytest.mark.torture
@BOTH_WAYS
def test_abandon_can_be_killed_as_well_and_the_next_one_goes_on(blocks, verb, tally):
    calls = spread(len(blocks.calls[verb]), scaled(KILLED_TWICE))
    abandoned(blocks, verb, calls, tally, random.Random(14))
    tally.done(rows.ABANDON_KILLED, blocks.database.kind)
