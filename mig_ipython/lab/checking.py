"""Check an answer: all looks of the exercise, then the first mistake that fits, of the exercise or of every one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import cast

from kernel_core.util.exc import CommandError

from .common_mistakes import mistakes_for
from .detectors import Context, detectors
from .detectors.history import is_unchanged
from .findings import Finding, Outcome
from .lesson import Check, Exercise, Wrong
from .looks import Observed, looks
from .sealed import Json, fingerprint
from .state import State

_ALSO_AT_THE_BEGINNING = ("nothing_done", "not_upgraded")
"""Detectors whose hint is right where an exercise begins and nothing was done."""


def checked(exercise: Exercise, before: Callable[[], State], after: State, error: str = "") -> Outcome:
    """Return the outcome of an exercise for the state ``after`` an answer.

    ``before`` returns the state in which the exercise began; it is only called where a check fails, or a file was
    edited. ``error`` is the text of the exception that the answer raised.
    """
    began = cache(before)
    after.before = began
    findings = tuple(_finding(check, exercise.salt, after) for check in exercise.checks)
    outcome = Outcome(findings)
    if outcome.passed:
        return _without_edits(exercise, outcome, began, after)
    findings = tuple(
        _untried(finding) if finding.passed and _runs_nothing(check, exercise.salt, began(), after) else finding
        for check, finding in zip(exercise.checks, findings, strict=True)
    )
    outcome = Outcome(findings)
    failed = [check for check, finding in zip(exercise.checks, findings, strict=True) if not finding.passed]
    changed = not is_unchanged(began(), after)
    for wrong in mistakes_for(exercise, failed):
        if (changed or _may_be_unchanged(wrong, exercise.salt, began(), error)) and _fits(
            wrong, exercise.salt, began(), after, error
        ):
            return Outcome(findings, wrong.name, wrong.hint)
    return outcome


def _without_edits(exercise: Exercise, outcome: Outcome, began: Callable[[], State], after: State) -> Outcome:
    """Return the outcome of checks that all passed: not passed where a file was edited since it was applied.

    No other check can see that: this database has what the file was when it ran, other databases get what it is now.
    """
    if not after.edited or not (sentence := detectors["edited_since"](began(), after, Context())):
        return outcome
    found = Finding(False, sentence, fingerprint(cast("Json", sorted(after.edited)), exercise.salt))
    wrong = next(wrong for wrong in mistakes_for(exercise, ()) if wrong.when == "edited_since")
    return Outcome((*outcome.findings, found), wrong.name, wrong.hint)


def observe(look: str, spec: Mapping[str, Json], state: State) -> Observed:
    """Return what a look finds; raises CommandError for an unknown look."""
    if look not in looks:
        raise CommandError(f"There is no look {look!r}. Looks: {', '.join(sorted(looks))}.")
    return looks[look](state, spec)


def _finding(check: Check, salt: str, state: State) -> Finding:
    observed = observe(check.look, check.spec, state)
    mark = fingerprint(cast("Json", observed.value), salt)
    passed = mark in check.accepted
    return Finding(passed, check.says if passed else observed.sentence, mark)


def _untried(finding: Finding) -> Finding:
    return replace(finding, sentence=f"Not tried yet, since no revision has run: {finding.sentence}", tried=False)


def _runs_nothing(check: Check, salt: str, began: State, after: State) -> bool:
    """Return whether a check that runs revisions has run none of the student's.

    A downgrade to where the database still is, or of a revision that was there before, holds whatever the answer is.
    """
    if not set(_applied(after)) <= set(_applied(began)) or began.version != after.version:
        return False
    if check.look == "reversible":
        found = after.revision(str(check.spec.get("revision", "-1")))
        return found is not None and found["hash"] in {each["hash"] for each in began.revisions}
    if check.look == "history_equals":  # it may also hold because a change by hand was undone
        return _finding(check, salt, began).passed
    return check.look == "same_from_start" or str(check.spec.get("at", "")).startswith(("start", "base", "-"))


def _applied(state: State) -> list[tuple[str, str]]:
    """Return the applied revisions with the hash of what each file does."""
    applied = set(state.applied)
    return [(each["id"], each["hash"]) for each in state.revisions if each["id"] in applied]


def _may_be_unchanged(wrong: Wrong, salt: str, began: State, error: str) -> bool:
    """Return whether a mistake can be one of a cell that changed nothing, and not of how the exercise begins."""
    if error:
        return wrong.when == "cell_failed"
    is_of_files = wrong.look in ("file", "script")  # a file of the folder may have changed
    return is_of_files or wrong.when in _ALSO_AT_THE_BEGINNING or not _fits(wrong, salt, began, began, "")


def _fits(wrong: Wrong, salt: str, before: State, after: State, error: str) -> bool:
    if wrong.look:
        return fingerprint(cast("Json", observe(wrong.look, wrong.spec, after).value), salt) in wrong.values
    if wrong.when not in detectors:
        raise CommandError(f"There is no detector {wrong.when!r}. Detectors: {', '.join(sorted(detectors))}.")
    return detectors[wrong.when](before, after, Context(spec=wrong.spec, error=error)) is not None
