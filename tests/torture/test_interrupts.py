"""Ctrl-C before any driver call, or at any moment: a clean end, and a sentence that is true.

The sentence names the current revision, and what remains of the one that was stopped. Both are compared with the database.
"""

from __future__ import annotations

import random
import re
import signal
import time

import pytest
import rows
from clean_runs import DOWN, UP, CleanRuns, Verb
from databases import difference
from recovery import violation
from results import Tally
from runs import Ended
from scale import scaled, spread

from tests.patience import patience

pytestmark = pytest.mark.torture

BOTH_WAYS = pytest.mark.parametrize("verb", [UP, DOWN], ids=["up", "down"])
RANDOM_MOMENTS = 150
LONGEST = 2
"""Seconds after which an interrupted run must have ended."""

_NAMED = re.compile(r"the database is at (\w+)\.")
_REMAINS = re.compile(r"\bstays?\b|\bis not known\b")
"""What a sentence says of a revision that left a part of itself, or may have."""


def untrue(clean: CleanRuns, verb: Verb, ended: Ended, seconds: float | None) -> list[str]:
    """Return what is wrong with the end of an interrupted run: its exit code, a traceback, a sentence, its time."""
    wrong = []
    if ended.status not in (0, 130):
        wrong.append(f"exit code {ended.status}")
    if "Traceback" in ended.printed or "FAILED" in ended.printed:
        wrong.append("an error is shown")
    at = "".join(clean.database.heads()) or "base"
    wrong += [f"says {said}, is at {at}" for said in _NAMED.findall(ended.printed) if said != at]
    found = clean.database.fingerprint()
    if not _REMAINS.search(ended.printed):
        wrong += [
            f"of {at}: {each}"
            for each in difference(_without_versions(found), _without_versions(clean.between[verb][at]))
        ]
    if seconds is not None and seconds > patience(LONGEST):
        wrong.append(f"{seconds:.1f} s until the end")
    return [*wrong, ended.printed] if wrong else []


def _without_versions(found):
    """Leave the version table out: before its first row it may exist or not."""
    return frozenset(each for each in found if "alembic_version" not in f"{each}")


def every_call(clean: CleanRuns, verb: Verb):
    """Return the numbers of the driver calls of a run, and one more; a part of them where a fraction is run."""
    every = len(clean.calls[verb]) + 1
    return spread(every, scaled(every))


def interrupted(clean: CleanRuns, verb: Verb, tally: Tally, *, may_resume: bool) -> None:
    """Interrupt a run before each of its driver calls."""
    for number in every_call(clean, verb):
        clean.prepare(verb)
        ended = clean.start(*verb, at=number, action="interrupt").wait()
        tally.took(ended.seconds or 0.0)
        wrong = untrue(clean, verb, ended, ended.seconds)
        if later := violation(clean, verb, may_resume=may_resume):
            wrong.append(later)
        text = clean.calls[verb][number - 1 : number]
        tally.add("\n".join([f"{verb[0]}, interrupted before call {number} or so, {text}:", *wrong]) if wrong else "")


def interrupted_at_random(clean: CleanRuns, verb: Verb, count: int, tally: Tally, *, may_resume: bool) -> None:
    """Interrupt a run after random times."""
    moments = random.Random(14)
    for _ in range(count):
        clean.prepare(verb)
        run = clean.start(*verb)
        after = moments.uniform(0, clean.seconds[verb])
        time.sleep(after)
        run.signal(signal.SIGINT)
        sent = time.monotonic()
        ended = run.wait()
        seconds = time.monotonic() - sent
        tally.took(seconds)
        wrong = untrue(clean, verb, ended, seconds)
        if later := violation(clean, verb, may_resume=may_resume):
            wrong.append(later)
        tally.add("\n".join([f"{verb[0]}, interrupted after {after:.4f} s:", *wrong]) if wrong else "")


def on_a_connection(clean: CleanRuns, verb: Verb, tally: Tally) -> None:
    """Interrupt a run on a connection that is used afterwards, before each of its driver calls."""
    for number in every_call(clean, verb):
        clean.prepare(verb)
        ended = clean.start(*verb, at=number, action="interrupt", way="connection").wait()
        found = re.findall(r"Found: (\w+)", ended.printed)
        wrong = ended.status not in (0, 130) or "Traceback" in ended.printed
        wrong = wrong or any(said not in found for said in _NAMED.findall(ended.printed))
        different = difference(clean.database.fingerprint(), clean.after[verb])
        text = clean.calls[verb][number - 1 : number]
        said = "\n".join([f"{verb[0]}, interrupted before call {number} or so, {text}: {ended.printed}", *different])
        tally.add(said if wrong or different else "")


# ---- revisions in transactions ---------------------------------------------------------------------------------------


@BOTH_WAYS
def test_an_interrupt_before_any_driver_call_stops_with_a_true_sentence(transactions, verb, tally):
    interrupted(transactions, verb, tally, may_resume=False)
    tally.done(rows.INTERRUPTED_IN_TRANSACTIONS, transactions.database.kind)


@BOTH_WAYS
def test_an_interrupt_before_any_driver_call_leaves_a_usable_connection(transactions, verb, tally):
    on_a_connection(transactions, verb, tally)
    tally.done(rows.CONNECTION_INTERRUPTED, transactions.database.kind)


@BOTH_WAYS
def test_an_interrupt_at_a_random_moment_stops_with_a_true_sentence(transactions, verb, tally):
    interrupted_at_random(transactions, verb, scaled(RANDOM_MOMENTS), tally, may_resume=False)
    tally.done(rows.INTERRUPTED_AT_RANDOM_IN_TRANSACTIONS, transactions.database.kind)


# ---- autocommit blocks, or no transactional DDL ----------------------------------------------------------------------


@BOTH_WAYS
def test_in_blocks_an_interrupt_before_any_driver_call_stops_with_a_true_sentence(blocks, verb, tally):
    interrupted(blocks, verb, tally, may_resume=True)
    tally.done(rows.INTERRUPTED, blocks.database.kind)


@BOTH_WAYS
def test_in_blocks_an_interrupt_before_any_driver_call_leaves_a_usable_connection(blocks, verb, tally):
    on_a_connection(blocks, verb, tally)
    tally.done(rows.CONNECTION_INTERRUPTED, blocks.database.kind)


@BOTH_WAYS
def test_in_blocks_an_interrupt_at_a_random_moment_stops_with_a_true_sentence(blocks, verb, tally):
    interrupted_at_random(blocks, verb, scaled(RANDOM_MOMENTS), tally, may_resume=True)
    tally.done(rows.INTERRUPTED_AT_RANDOM, blocks.database.kind)
