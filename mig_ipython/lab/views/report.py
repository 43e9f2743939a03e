"""The report on what students handed in: a table for each student and exercise, as text, HTML and CSV."""

from __future__ import annotations

import csv
import html as escaping
import io
from collections.abc import Iterable
from dataclasses import dataclass

from kernel_core.util.counts import counted
from kernel_core.util.secrets import redact

from ...views.html import Html, details, plain_list, table, tag
from ...views.style import CSS, PAGE_CSS
from ...views.text import table as text_table
from ...views.view import View
from .style import box, state_of

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one student in one exercise.

    ``passed``: the snapshot passes the checks; ``claimed``: the record says passed, and its snapshot does not pass.
    ``mistakes`` are the names of the wrong answers, the commonest first.
    """

    student: str
    exercise: str
    title: str
    passed: bool
    claimed: bool = False
    tries: int = 0
    hints: int = 0
    solution_shown: bool = False
    minutes: int | None = None
    when: str = ""
    mistakes: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """Sign and word."""
        return state_of(self.passed, self.tries, self.claimed)

    @property
    def described(self) -> str:
        """Sign, word, tries, help and time: ``✓ solved, 2 tries, 1 hint, 4 min``."""
        words = [self.state]
        words += [counted(self.tries, "try", "tries")] if self.tries else []
        words += [counted(self.hints, "hint")] if self.hints else []
        words += ["solution shown"] if self.solution_shown else []
        words += [f"{self.minutes} min"] if self.minutes is not None else []
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class ExerciseSummary:
    """One exercise over all students; ``tries`` and ``minutes`` are medians of those who solved it.

    ``mistakes`` are the commonest wrong answers: name, how often, and the hint that was given.
    """

    exercise: str
    title: str
    solved: int
    tried: int
    students: int
    tries: int | None = None
    minutes: int | None = None
    mistakes: tuple[tuple[str, int, str], ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class ReportView(View):
    """The report; ``results`` are of those students and exercises where something was tried."""

    students: tuple[str, ...]
    exercises: tuple[ExerciseSummary, ...]
    results: tuple[Result, ...]
    problems: tuple[tuple[str, str], ...] = ()

    def lead(self) -> str:
        """Return one line: how many students, and how many exercises they solved."""
        solved, claimed = sum(each.passed for each in self.results), sum(each.claimed for each in self.results)
        doubtful = f", {claimed} not verified" if claimed else ""
        return f"{counted(len(self.students), 'student')}, {counted(solved, 'exercise')} solved{doubtful}"

    def text(self) -> str:
        lines = [self.lead(), "", text_table(_OF_STUDENTS, self._student_rows())]
        if self.exercises:
            lines += ["", text_table(_OF_EXERCISES, self._exercise_rows())]
        if self.results:
            lines += ["", text_table(_OF_RESULTS, self._result_rows())]
        if self.problems:
            lines += ["", "Not read:", *(f"  {student}: {problem}" for student, problem in self.problems)]
        return "\n".join(lines)

    def html(self) -> Html:
        return box(*self._parts(), label="Report")

    def page(self) -> str:
        """Return a whole HTML document: nothing in it is active, and it loads nothing."""
        policy = f'<meta http-equiv="Content-Security-Policy" content="{escaping.escape(_POLICY)}">'
        style = f"<style>{CSS}{PAGE_CSS}{_WIDE}</style>"
        window = '<meta name="viewport" content="width=device-width">'
        head = f'<meta charset="utf-8">{policy}{window}<title>Report of the workshop</title>{style}'
        body = tag("main", tag("h1", "Report of the workshop"), *self._parts(), class_="mig-view")
        return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'

    def csv(self) -> str:
        """Return the results as CSV, one line for each student and exercise.

        A text that a spreadsheet would take for a formula begins with an apostrophe.
        """
        stream = io.StringIO()
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(_OF_CSV)
        for each in self.results:
            row = (
                each.student,
                each.exercise.partition(".")[0],
                each.exercise,
                each.title,
                "yes" if each.passed else "not verified" if each.claimed else "no",
                each.tries,
                each.hints,
                "yes" if each.solution_shown else "no",
                "" if each.minutes is None else each.minutes,
                each.when,
                "; ".join(each.mistakes),
            )
            writer.writerow([harmless(value) for value in row])
        return stream.getvalue()

    def _parts(self) -> Iterable[object]:
        yield tag("p", self.lead(), class_="mig-lead")
        yield table(_OF_STUDENTS, self._student_rows(), "Students")
        if self.exercises:
            yield table(_OF_EXERCISES, self._exercise_rows(), "Exercises, with the commonest wrong answers")
        if self.results:
            yield details("Each student and exercise", table(_OF_RESULTS, self._result_rows()), shown=True)
        if self.problems:
            yield details("Not read", plain_list(f"{student}: {problem}" for student, problem in self.problems))

    def _student_rows(self) -> Iterable[tuple[object, ...]]:
        for student in self.students:
            own = [each for each in self.results if each.student == student]
            solved, claimed = sum(each.passed for each in own), sum(each.claimed for each in own)
            minutes = sum(each.minutes or 0 for each in own)
            yield (
                student,
                f"{solved} of {len(self.exercises)}",
                claimed or "",
                sum(each.tries for each in own),
                sum(each.hints for each in own),
                sum(each.solution_shown for each in own) or "",
                minutes or "",
            )

    def _exercise_rows(self) -> Iterable[tuple[object, ...]]:
        for each in self.exercises:
            counted = (
                (name, "once" if number == 1 else f"{number} times", hint) for name, number, hint in each.mistakes
            )
            mistakes = " ".join(f"{name} ({often}): {hint.replace('`', '')}" for name, often, hint in counted)
            yield (
                each.exercise,
                each.title,
                f"{each.solved} of {each.students}",
                "" if each.tries is None else each.tries,
                "" if each.minutes is None else each.minutes,
                mistakes,
            )

    def _result_rows(self) -> Iterable[tuple[object, ...]]:
        for each in self.results:
            yield (each.student, each.exercise, each.title, each.described, each.when, ", ".join(each.mistakes))


def harmless(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula.

    https://owasp.org/www-community/attacks/CSV_Injection

    >>> harmless("=1+1")
    "'=1+1"
    """
    if not isinstance(value, str):
        return value
    text = redact(value)
    return f"'{text}" if text.lstrip(" \u00a0\ufeff")[:1] in _FORMULA or text[:1] in _FORMULA else text


_FORMULA = frozenset("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")
_OF_STUDENTS = ("student", "solved", "not verified", "tries", "hints", "solutions shown", "minutes")
_OF_EXERCISES = ("exercise", "title", "solved", "tries (median)", "minutes (median)", "commonest wrong answers")
_OF_RESULTS = ("student", "exercise", "title", "result", "last checked (UTC)", "wrong answers")
_OF_CSV = (
    *("student", "lesson", "exercise", "title", "solved", "tries", "hints", "solution shown", "minutes"),
    *("last checked (UTC)", "wrong answers"),
)
_WIDE = "main.mig-view{max-width:80em}"
