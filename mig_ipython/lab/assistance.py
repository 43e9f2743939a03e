"""Hints, solutions and the list of results."""

from __future__ import annotations

from collections.abc import Iterable

from .lesson import Exercise, Lesson
from .progress import Progress
from .views.progress import ProgressView, Row
from .views.sentences import Sentences

TRIES_BEFORE_SOLUTION = 3


def next_hint(progress: Progress, exercise: Exercise) -> Sentences:
    """Return the next hint of an exercise after those that were shown, and count it."""
    number = exercise.number
    shown = min(progress.entry(number).hints + 1, len(exercise.hints))
    progress.change(number, hints=shown)
    hints = [f"{place}. {hint}" for place, hint in enumerate(exercise.hints[:shown], 1)]
    left = len(exercise.hints) - shown
    more = f"{left} more: run it again." if left else f"These are all. The solution: `%mig_lab solution {number}`"
    return Sentences((f"Hints for exercise {number}: {exercise.title}", *hints, more), label="Hints")


def solution_of(progress: Progress, exercise: Exercise, *, confirmed: bool) -> Sentences:
    """Return the solution of an exercise; before three tries or all hints it must be ``confirmed``."""
    number, entry = exercise.number, progress.entry(exercise.number)
    tried = entry.passed or entry.tries >= TRIES_BEFORE_SOLUTION or entry.hints >= len(exercise.hints)
    if not (tried or confirmed):
        return Sentences(
            (
                f"The solution of exercise {number} is shown after {TRIES_BEFORE_SOLUTION} tries or all hints.",
                f"Next hint: `%mig_lab hint {number}`. To see it now: `%mig_lab solution {number} --yes`",
            )
        )
    if not entry.passed:
        progress.change(number, solution_shown=True)
    return Sentences((f"One solution of exercise {number}: {exercise.title}",), exercise.solution, "Solution")


def results(progress: Progress, lessons: Iterable[Lesson]) -> ProgressView:
    """Return the results of lessons."""
    entries = progress.entries()
    shown = []
    for lesson in lessons:
        rows = []
        for one in lesson.exercises:
            entry = entries.get(one.number)
            rows.append(Row.of(one.number, one.title, entry) if entry else Row(one.number, one.title))
        shown.append((f"Lesson {lesson.number}, {lesson.title}", tuple(rows)))
    return ProgressView(tuple(shown), progress.notice)
