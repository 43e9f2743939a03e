"""The results of all students: for each exercise whether it is solved, with which help, in how many minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kernel_core.util.exc import CommandError

from ..common_mistakes import common_mistakes
from ..lesson import Exercise, Lesson, find_lesson, lesson_numbers
from ..progress import Entry
from ..views.report import ExerciseSummary, ReportView, Result
from .reading import Submission, read_submissions
from .verifying import is_verified

_LONGEST_MINUTES = 120
"""A longer time between two exercises was a break."""
_MOST_TRIES = 9_999


@dataclass(frozen=True, slots=True)
class _Best:
    """The entry of an exercise that counts, and whether its snapshot passes."""

    entry: Entry
    verified: bool


def report_on(folder: str, lessons: str = "lessons") -> ReportView:
    """Return the report on a folder of submissions; ``lessons`` is the folder of a teacher's own lessons.

    Raises CommandError where the folder cannot be read, or holds no submission.
    """
    known = [find_lesson(number, lessons) for number in lesson_numbers(lessons)]
    try:
        found = results_of(read_submissions(folder), known)
    except OSError as error:
        raise CommandError(f"{folder} cannot be read: {error.strerror}. Name the folder of submissions.") from error
    if not found.students:
        raise CommandError(f"{folder} has no submissions: no folder of a student, no notebook and no progress.json.")
    return found


def results_of(submissions: Iterable[Submission], lessons: Iterable[Lesson]) -> ReportView:
    """Return the report on submissions, for the exercises that at least one student has tried."""
    exercises = {each.number: each for lesson in lessons for each in lesson.exercises}
    results: list[Result] = []
    students: list[str] = []
    problems: list[tuple[str, str]] = []
    mistakes: dict[str, Counter[str]] = {}
    for submission in submissions:
        students.append(submission.student)
        problems += [(submission.student, each) for each in submission.problems]
        best, unknown = _best_entries(submission.records, exercises)
        problems += [(submission.student, f"exercise {each} is in no lesson here.") for each in unknown]
        starts = _starts(best)
        for number, found in ((each, best[each]) for each in exercises if each in best):
            counted = _mistakes(found.entry, exercises[number])
            mistakes.setdefault(number, Counter()).update(counted)
            results.append(_result(submission.student, exercises[number], found, starts.get(number), counted))
    tried = [number for number in exercises if any(each.exercise == number for each in results)]
    summaries = [
        _summary(exercises[number], results, mistakes.get(number, Counter()), len(students)) for number in tried
    ]
    return ReportView(tuple(students), tuple(summaries), tuple(results), tuple(problems))


def _best_entries(records: Iterable[Entry], exercises: Mapping[str, Exercise]) -> tuple[dict[str, _Best], list[str]]:
    """Return the entry that counts for each exercise (one that is verified, else the latest), and unknown numbers."""
    best: dict[str, _Best] = {}
    unknown: list[str] = []
    for entry in records:
        exercise = exercises.get(entry.exercise)
        if exercise is None:
            if entry.exercise not in unknown:
                unknown.append(entry.exercise)
            continue
        known = best.get(entry.exercise)
        if known is not None and known.entry.snapshot == entry.snapshot and known.entry.tries >= entry.tries:
            continue  # the same result, in the notebook and in the progress file
        found = _Best(entry, is_verified(exercise, entry))
        if known is None or (found.verified, found.entry.when) > (known.verified, known.entry.when):
            best[entry.exercise] = found
    return best, unknown[:5]


def _result(
    student: str, exercise: Exercise, found: _Best, start: datetime | None, mistakes: Mapping[str, int]
) -> Result:
    entry, end = found.entry, _time(found.entry.when)
    minutes = round((end - start).total_seconds() / 60) if start and end else None
    return Result(
        student=student,
        exercise=exercise.number,
        title=exercise.title,
        passed=found.verified,
        claimed=entry.passed and not found.verified,
        tries=max(0, min(entry.tries, _MOST_TRIES)),
        hints=max(0, min(entry.hints, len(exercise.hints))),
        solution_shown=entry.solution_shown,
        minutes=minutes if minutes is not None and 0 <= minutes <= _LONGEST_MINUTES else None,
        when=end.isoformat(sep=" ", timespec="minutes")[:16] if end else "",
        mistakes=tuple(name for name, _ in Counter(mistakes).most_common()),
    )


def _starts(best: Mapping[str, _Best]) -> dict[str, datetime]:
    """Return when a student began each exercise: when another one was last checked before its own first check."""
    ends = sorted(filter(None, (_time(each.entry.when) for each in best.values())))
    found: dict[str, datetime] = {}
    for number, each in best.items():
        first = _time(each.entry.first) or _time(each.entry.when)
        if first is not None:
            before = [end for end in ends if end < first]
            is_near = before and (first - before[-1]).total_seconds() <= _LONGEST_MINUTES * 60
            found[number] = before[-1] if is_near else first
    return found


def _mistakes(entry: Entry, exercise: Exercise) -> dict[str, int]:
    """Return how often a student made each of the mistakes that the exercise knows."""
    known = {each.name for each in (*exercise.wrong, *common_mistakes(exercise))}
    counted = entry.mistakes or ({entry.hint_given: 1} if entry.hint_given else {})
    return {
        name: max(1, min(number, _MOST_TRIES))
        for name, number in counted.items()
        if name in known and isinstance(number, int)
    }


def _summary(exercise: Exercise, results: Iterable[Result], mistakes: Counter[str], students: int) -> ExerciseSummary:
    own = [each for each in results if each.exercise == exercise.number]
    hints = {each.name: each.hint for each in (*exercise.wrong, *common_mistakes(exercise))}
    tries = sorted(each.tries for each in own if each.passed)
    minutes = sorted(each.minutes for each in own if each.minutes is not None and each.passed)
    return ExerciseSummary(
        exercise=exercise.number,
        title=exercise.title,
        solved=sum(each.passed for each in own),
        tried=len(own),
        students=students,
        tries=tries[len(tries) // 2] if tries else None,
        minutes=minutes[len(minutes) // 2] if minutes else None,
        mistakes=tuple((name, number, hints[name]) for name, number in mistakes.most_common(3)),
    )


def _time(text: str) -> datetime | None:
    """Return a time of a record, None where it is none; one without a zone is taken as UTC."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=None) if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
