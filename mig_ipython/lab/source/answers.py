"""The answers in a lesson's source, and trying them: right ones must pass, wrong ones must get their hint."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from IPython.utils.capture import capture_output

from ...session import session_of
from ..views.outcome import Checked
from ..workshop import workshop_of
from .markdown import LessonSource, name_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to an exercise; ``mistake`` and ``hint`` are those that it must get, "" where it is right."""

    exercise: str
    name: str
    code: str
    mistake: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.exercise} {self.name}"

    def fault(self, result: Checked) -> str:
        """Return what is wrong with the result of this answer, "" where it is as it must be."""
        if not self.mistake:
            return "" if result.passed else "this right answer did not pass"
        if result.passed:
            return "this wrong answer passed"
        given = result.record.get("hint_given")
        if (given, result.hint) != (self.mistake, self.hint):
            return f"this wrong answer got the hint of {given or 'no mistake'}, not that of {self.mistake}"
        return ""


def answers(source: LessonSource, numbers: Sequence[str] = ()) -> Iterator[Answer]:
    """Yield the solution, the other right answers and the wrong ones of each exercise; ``numbers`` are those to try."""
    for one in source.exercises:
        if numbers and one.number not in numbers:
            continue
        yield Answer(one.number, "solution", one.solution)
        for way in one.right_ways:
            yield Answer(one.number, way.name, way.code)
        hints = {name_of(table): str(table["hint"]) for table in one.wrong}
        for way in one.wrong_ways:
            name = way.name.partition(" ")[0]
            yield Answer(one.number, way.name, way.code, name, hints[name])


def try_answers(
    source: LessonSource, sealed: str, shell: InteractiveShell, numbers: Sequence[str] = ()
) -> Iterator[tuple[Answer, Checked]]:
    """Yield each answer with its result; ``sealed`` is the file that was built from the source.

    Each begins in the prepared state of its exercise, in a folder that is removed afterwards.
    """
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.realpath(folder)
        os.mkdir(os.path.join(root, "lessons"))
        shutil.copy(sealed, os.path.join(root, "lessons"))
        os.chdir(root)
        workshop = workshop_of(session_of(shell))  # that of the magics in an answer: it ends the faults that they cause
        try:
            for answer in answers(source, numbers):
                with capture_output():
                    workshop.reset(answer.exercise)
                    result = workshop.answer(answer.exercise, answer.code)
                yield answer, result
        finally:
            os.chdir(here)
