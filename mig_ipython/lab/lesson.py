"""A lesson as the student's notebook uses it: exercises, checks, hints, solutions and prepared states.

It is read from the sealed file that ``python -m mig_ipython.lab build`` writes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from kernel_core.util.exc import CommandError

from .folder import Contents
from .sealed import Json, seal, unseal

FORMAT = 1
FOLDER = os.path.join(os.path.dirname(__file__), "lessons")
"""The lessons of this package."""


@dataclass(frozen=True, slots=True)
class Check:
    """One inspection of the state after an answer; ``accepted`` are the fingerprints of the values that pass.

    ``says`` is true of the state where it passes.
    """

    look: str
    spec: Mapping[str, Json]
    says: str
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wrong:
    """A mistake and its hint: a named detector, or a look whose value is one of ``values`` (fingerprints)."""

    name: str
    hint: str
    when: str = ""
    look: str = ""
    spec: Mapping[str, Json] = field(default_factory=dict)
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise; ``number`` is lesson and place: ``"3.2"``. ``before`` is the exercise that precedes it, or "".

    ``event`` is code that runs once before the exercise begins: what somebody else does to the database or to the
    history. ``cell`` is the unanswered text of the student's cell.
    """

    number: str
    title: str
    minutes: int
    hints: tuple[str, ...]
    checks: tuple[Check, ...]
    wrong: tuple[Wrong, ...]
    solution: str
    before: str = ""
    event: str = ""
    cell: str = ""

    @property
    def salt(self) -> str:
        """What the fingerprints of this exercise are salted with."""
        return f"mig_ipython.lab {self.number} {self.title}"


@dataclass(frozen=True)
class Lesson:
    """One lesson; ``sealed_states`` are its prepared states (`seal_states`).

    ``source`` is the hash of the Markdown that it was built from.
    """

    number: int
    slug: str
    title: str
    minutes: int
    exercises: tuple[Exercise, ...]
    sealed_states: tuple[str, ...]
    source: str = ""

    @cached_property
    def _states(self) -> dict[str, dict[str, Json]]:
        return cast("dict[str, dict[str, Json]]", unseal(self.sealed_states))

    def state(self, name: str) -> Contents:
        """Return a prepared state: ``start``, ``end``, or that in which the exercise of this number begins.

        Raises CommandError where the lesson has none of this name.
        """
        states = self._states["states"]
        if name not in states:
            raise CommandError(f"Lesson {self.number} has no prepared state {name}. Build it again.")
        return Contents.unpacked(states[name], self._states["blobs"])

    def exercise(self, number: str) -> Exercise:
        """Return an exercise by its number; raises CommandError naming those there are."""
        for one in self.exercises:
            if one.number == number:
                return one
        known = ", ".join(one.number for one in self.exercises)
        raise CommandError(f"Lesson {self.number} has no exercise {number}. It has {known}.")


def seal_states(states: Mapping[str, Contents]) -> tuple[str, ...]:
    """Return prepared states as lines of sealed text; a text or a table's rows in several states are there once."""
    blobs: dict[str, Json] = {}
    packed = {name: contents.packed(blobs) for name, contents in states.items()}
    return tuple(seal({"states": packed, "blobs": blobs}))


def lesson_number(exercise: str) -> int:
    """Return the lesson of an exercise, ``3`` for ``"3.2"``; raises CommandError for another text."""
    found = re.fullmatch(r"(\d+)\.\d+", exercise)
    if found is None:
        example = f"{exercise}.1" if exercise.isdigit() else "3.2"
        raise CommandError(f"{exercise!r} is not an exercise. Type lesson and place, such as {example}.")
    return int(found[1])


def find_lesson(number: int, *folders: str) -> Lesson:
    """Return a lesson by its number, from the first folder that has it, else this package; raises CommandError."""
    return read_lesson(file_of(number, *folders))


def file_of(number: int, *folders: str) -> str:
    """Return the sealed file of a lesson; raises CommandError naming the lessons that there are."""
    known: list[int] = []
    for found, path in _files(*folders):
        if found == number:
            return path
        known.append(found)
    listed = ", ".join(map(str, sorted(set(known)))) or "none"
    raise CommandError(f"There is no lesson {number}. Lessons: {listed}.")


def lesson_numbers(*folders: str) -> list[int]:
    """Return the numbers of the lessons of this package and of further folders."""
    return sorted({number for number, _ in _files(*folders)})


def _files(*folders: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the path of each sealed file; those of further folders first."""
    for folder in (*folders, FOLDER):
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            found = re.fullmatch(r"(\d+)_\w+\.json", name)
            if found:
                yield int(found[1]), os.path.join(folder, name)


def read_lesson(path: str) -> Lesson:
    """Return the lesson of a sealed file; raises CommandError where it is damaged or of another version."""
    try:
        with open(path, encoding="utf-8") as stream:
            outer = json.load(stream)
        if outer["format"] != FORMAT:
            raise CommandError(f"{path} has format {outer['format']}; this version reads {FORMAT}. Build it again.")
        return _lesson({**outer, "exercises": unseal(outer["exercises"])})
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise CommandError(f"The lesson {path} cannot be read ({error}). Build it again.") from error


def written(lesson: Lesson) -> str:
    """Return the text of the lesson's file."""
    exercises = cast("Json", [_exercise_json(one) for one in lesson.exercises])
    outer = {
        "format": FORMAT,
        "lesson": lesson.number,
        "slug": lesson.slug,
        "title": lesson.title,
        "minutes": lesson.minutes,
        "source": lesson.source,
        "exercises": seal(exercises),
        "states": list(lesson.sealed_states),
    }
    return json.dumps(outer, indent=1, ensure_ascii=False) + "\n"


def _exercise_json(one: Exercise) -> dict[str, object]:
    return {
        "number": one.number,
        "title": one.title,
        "minutes": one.minutes,
        "hints": list(one.hints),
        "checks": [
            {"look": check.look, "spec": check.spec, "says": check.says, "accepted": list(check.accepted)}
            for check in one.checks
        ],
        "wrong": [
            {
                "name": wrong.name,
                "hint": wrong.hint,
                "when": wrong.when,
                "look": wrong.look,
                "spec": wrong.spec,
                "values": list(wrong.values),
            }
            for wrong in one.wrong
        ],
        "solution": one.solution,
        "before": one.before,
        "event": one.event,
        "cell": one.cell,
    }


def _lesson(found: Mapping[str, object]) -> Lesson:
    exercises = cast("list[dict[str, object]]", found["exercises"])
    return Lesson(
        number=cast("int", found["lesson"]),
        slug=cast("str", found["slug"]),
        title=cast("str", found["title"]),
        minutes=cast("int", found["minutes"]),
        exercises=tuple(map(_exercise, exercises)),
        sealed_states=tuple(cast("list[str]", found["states"])),
        source=str(found.get("source", "")),
    )


def _exercise(found: Mapping[str, object]) -> Exercise:
    checks = cast("list[dict[str, object]]", found["checks"])
    wrong = cast("list[dict[str, object]]", found["wrong"])
    return Exercise(
        number=cast("str", found["number"]),
        title=cast("str", found["title"]),
        minutes=cast("int", found["minutes"]),
        hints=tuple(cast("list[str]", found["hints"])),
        checks=tuple(Check(**{**one, "accepted": tuple(cast("list[str]", one["accepted"]))}) for one in checks),  # type: ignore[arg-type]
        wrong=tuple(Wrong(**{**one, "values": tuple(cast("list[str]", one["values"]))}) for one in wrong),  # type: ignore[arg-type]
        solution=cast("str", found["solution"]),
        before=cast("str", found["before"]),
        event=cast("str", found["event"]),
        cell=cast("str", found["cell"]),
    )
