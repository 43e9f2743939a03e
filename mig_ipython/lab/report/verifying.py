"""Verify a result by its snapshot: the checks of the exercise are made again on what was recorded."""

from __future__ import annotations

from typing import cast

from ..checking import observe
from ..lesson import Exercise
from ..progress import Entry
from ..sealed import Json, fingerprint
from ..state import State


def is_verified(exercise: Exercise, entry: Entry) -> bool:
    """Return whether the snapshot of an entry passes every check of its exercise.

    Nor may an applied file be edited, as in the notebook; whether that was before the exercise is not in a snapshot.
    That the entry says so counts for nothing. A snapshot is a file of the student's: who writes one that fits must
    know the values that the checks look at, which are in no file of theirs, or have copied another student's.
    """
    if not entry.snapshot or not exercise.checks:
        return False
    try:
        state = State.from_json(entry.snapshot)
        return not state.edited and all(
            fingerprint(cast("Json", observe(check.look, check.spec, state).value), exercise.salt) in check.accepted
            for check in exercise.checks
        )
    except Exception:  # noqa: BLE001 - a snapshot may hold anything; what cannot be looked at is not verified
        return False
