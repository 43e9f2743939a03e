"""Ctrl-C before any driver call, or at any moment: a clean end, and a sentence that is true.

The sentence names the current revision, and what remains of the one that was stopped. Both are compared with the database.
"""

from __future__ import annotations

import random
import re
import signal
import time
from collections.abc import Iterable

import pytest
from clean_runs import DOWN, UP, CleanRuns, Verb
from databases import difference
from recovery import violation
from runs import Ended
from scale import none, scaled, spread

pytestmark = pytest.mark.torture

BOTH_WAYS = pytest.mark.parametrize("verb", [UP, DOWN], ids=["up", "down"])
RANDOM_MOMENTS = 150
LONGEST = 10
"""Seconds after which an interrupted run must have ended, also on a busy machine."""

_NAMED = re.compile(r"the database is at (\w+)\.")
_REMAINS = re.compile(r"\bstays?\b|\bis not known\b")
"""What a sentence says of a revision that left a part of itself, or may have."""


def untrue(clean: CleanRuns, verb: Verb, ended: Ended) -> list[str]:
    """Return what is wrong with the end of an interrupted run: its exit code, a traceback, a sentence."""
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
    if ended.seconds is not None and ended.seconds > LONGEST:
        wrong.append(f"{ended.seconds:.1f} s until the end")
    return [*wrong, ended.printed] if wrong else []


def _without_versions(found):
    """Leave the version table out: before its first row it may exist or not."""
    return frozenset(each for each in found if "alembic_version" not in f"{each}")


def interrupted(clean: CleanRuns, verb: Verb, calls: Iterable[int], figures, *, may_resume: bool) -> list[str]:
    """Interrupt a run before each of these driver calls; return the violations."""
    violations, slowest = [], 0.0
    for number in calls:
        clean.prepare(verb)
        ended = clean.start(*verb, at=number, action="interrupt").wait()
        slowest = max(slowest, ended.seconds or 0.0)
        wrong = untrue(clean, verb, ended)
        if later := violation(clean, verb, may_resume=may_resume):
            wrong.append(later)
        if wrong:
            text = clean.calls[verb][number - 1 : number]
            violations.append("\n".join([f"{verb[0]}, interrupted before call {number} or so, {text}:", *wrong]))
    figures("slowest stop, seconds", round(slowest, 2))
    return violations


def interrupted_at_random(clean: CleanRuns, verb: Verb, count: int, figures, *, may_resume: bool) -> list[str]:
    """Interrupt a run after random times; return the violations."""
    violations, slowest, moments = [], 0.0, random.Random(14)
    for _ in range(count):
        clean.prepare(verb)
        run = clean.start(*verb)
        seconds = moments.uniform(0, clean.seconds[verb])
        time.sleep(seconds)
        run.signal(signal.SIGINT)
        sent = time.monotonic()
        ended = run.wait()
        slowest = max(slowest, time.monotonic() - sent)
        wrong = untrue(clean, verb, ended)
        if later := violation(clean, verb, may_resume=may_resume):
            wrong.append(later)
        if wrong:
            violations.append("\n".join([f"{verb[0]}, interrupted after {seconds:.4f} s:", *wrong]))
    figures("slowest stop, seconds", round(slowest, 2))
    return violations


def on_a_connection(clean: CleanRuns, verb: Verb, calls: Iterable[int]) -> list[str]:
    """Interrupt a run on a connection that is used afterwards, before each of these calls; return the violations."""
    violations = []
    for number in calls:
        clean.prepare(verb)
        ended = clean.start(*verb, at=number, action="interrupt", way="connection").wait()
        found = re.findall(r"Found: (\w+)", ended.printed)
        wrong = ended.status not in (0, 130) or "Traceback" in ended.printed
        wrong = wrong or any(said not in found for said in _NAMED.findall(ended.printed))
        if wrong or difference(clean.database.fingerprint(), clean.after[verb]):
            text = clean.calls[verb][number - 1 : number]
            violations.append(f"{verb[0]}, interrupted before call {number} or so, {text}: {ended.printed}")
    return violations


@BOTH_WAYS
def test_an_interrupt_before_any_driver_call_stops_with_a_true_sentence(transactions, verb, record_property):
    every = len(transactions.calls[verb]) + 1
    none(interrupted(transactions, verb, spread(every, scaled(every)), record_property, may_resume=False))


@BOTH_WAYS
def test_an_interrupt_before_any_driver_call_leaves_a_usable_connection(transactions, verb):
    every = len(transactions.calls[verb]) + 1
    none(on_a_connection(transactions, verb, spread(every, scaled(every))))


@BOTH_WAYS
def test_an_interrupt_at_a_random_moment_stops_with_a_true_sentence(transactions, verb, record_property):
    count = scaled(RANDOM_MOMENTS)
    none(interrupted_at_random(transactions, verb, count, record_property, may_resume=False))


@BOTH_WAYS
def test_in_blocks_an_interrupt_before_any_driver_call_stops_with_a_true_sentence(blocks, verb, record_property):
    every = len(blocks.calls[verb]) + 1
    none(interrupted(blocks, verb, spread(every, scaled(every)), record_property, may_resume=True))


@BOTH_WAYS
def test_in_blocks_an_interrupt_at_a_random_moment_stops_with_a_true_sentence(blocks, verb, record_property):
    count = scaled(RANDOM_MOMENTS)
    none(interrupted_at_random(blocks, verb, count, record_property, may_resume=True))
