"""What ``%mig_lab`` does: lessons are started, exercises answered and checked, hints and solutions shown.

The working folder of lesson 3 is ``workshop/lesson_3`` beside the notebook; the kernel's working folder is changed to
it, so that ``flights.db`` and ``migrations`` are found by their names.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from IPython.utils.capture import capture_output

from kernel_core.util.exc import CommandError

from ..session import Session
from .cells import is_empty, run_blocks
from .checking import checked
from .findings import Outcome
from .folder import Contents
from .lesson import Exercise, Lesson, find_lesson, lesson_number, lesson_numbers
from .opening import open_folder
from .progress import Progress, now
from .sealed import Json
from .starting import Start, beginning
from .state import State
from .views.outcome import Checked
from .views.progress import ProgressView, Row
from .views.sentences import Sentences

TRIES_BEFORE_SOLUTION = 3


class Workshop:
    """The workshop of one notebook; ``root`` is the folder of the notebook."""

    def __init__(self, session: Session, root: str) -> None:
        self.session, self.root = session, root
        self.folder = os.path.join(root, "workshop")
        self.progress = Progress(self.folder)
        self._lesson: Lesson | None = None

    # ---- lessons ---------------------------------------------------------------------------------------------------

    def start(self, number: int) -> Sentences:
        """Make the folder of a lesson as it is at its beginning, and open it; results are kept."""
        lesson = self._load(number)
        self._write(lesson, lesson.state("start"))
        self._set_position(lesson, "start", solved=True)
        solved = sum(self.progress.entry(one.number).passed for one in lesson.exercises)
        done = f" {solved} of them solved." if solved else ""
        return Sentences(
            (
                f"Lesson {lesson.number}: {lesson.title}",
                f"{len(lesson.exercises)} exercises, about {lesson.minutes} minutes.{done}",
                f"The working folder is `workshop/lesson_{lesson.number}`; its files are as the lesson begins.",
                *([self.progress.notice] if self.progress.notice else []),
            )
        )

    def reset(self, what: str) -> Sentences:
        """Make the folder as it is at the beginning of a lesson, or of an exercise."""
        if what.isdigit():
            lesson = self._load(int(what))
            for one in lesson.exercises:
                self._start(lesson, one).forget()
            self.start(lesson.number)
            return Sentences((f"Lesson {what} is at its beginning. Your results are kept.",))
        lesson, exercise = self._exercise(what)
        self._write(lesson, self._start(lesson, exercise).prepared())
        self._start(lesson, exercise).forget()
        self._set_position(lesson, exercise.number, solved=False)
        return Sentences((f"Exercise {what} is at its beginning: {exercise.title}", "Your results are kept."))

    # ---- exercises -------------------------------------------------------------------------------------------------

    def answer(self, number: str, body: str) -> Checked:
        """Run the body of an exercise's cell from the state in which the exercise begins, and check the result."""
        shell = self.session.shell
        if shell is None:
            raise CommandError("%%mig_lab runs in IPython or Jupyter. Start a notebook, and type it there.")
        lesson, exercise = self._exercise(number)
        note = self._begin(lesson, exercise)
        if is_empty(body) or body.strip() == exercise.cell.strip():
            self._set_position(lesson, number, solved=False)
            return Checked(number, exercise.title, passed=False, note=note)
        error = run_blocks(shell, body)
        return self._check(lesson, exercise, note, error)

    def begin(self, number: str) -> Sentences:
        """Make the folder as an exercise begins: the student's own state after the event, else the prepared one."""
        lesson, exercise = self._exercise(number)
        note = self._begin(lesson, exercise)
        self._set_position(lesson, number, solved=False)
        return Sentences((f"Exercise {number} begins here: {exercise.title}", *([note] if note else [])))

    def after(self, number: str, body: str) -> Sentences | None:
        """Run the body of a cell if an exercise is solved, and return nothing; else return a sentence that says so."""
        lesson, exercise = self._exercise(number)
        if not self._is_past(lesson, exercise):
            return Sentences((f"This cell needs exercise {number}: {exercise.title}", "Solve it, then run this again."))
        if self.session.shell is not None:
            open_folder(self.session, self.folder_of(lesson))
            run_blocks(self.session.shell, body)
        return None

    def _is_past(self, lesson: Lesson, exercise: Exercise) -> bool:
        """Return whether the folder is in a state after the exercise."""
        position = self.progress.positions.get(str(lesson.number), {})
        numbers = [one.number for one in lesson.exercises]
        last = position.get("exercise")
        if last not in numbers:
            return False
        place, here = numbers.index(str(last)), numbers.index(exercise.number)
        return place > here or (place == here and bool(position.get("solved")))

    def check(self, number: str) -> Checked:
        """Check the state of the folder as it is now."""
        lesson, exercise = self._exercise(number)
        position = self.progress.positions.get(str(lesson.number), {})
        if position.get("exercise") != number:
            self._begin(lesson, exercise)
        return self._check(lesson, exercise)

    def hint(self, number: str) -> Sentences:
        """Return the next hint, after those that were shown."""
        _, exercise = self._exercise(number)
        shown = min(self.progress.entry(number).hints + 1, len(exercise.hints))
        self.progress.change(number, hints=shown)
        hints = [f"{place}. {hint}" for place, hint in enumerate(exercise.hints[:shown], 1)]
        left = len(exercise.hints) - shown
        more = f"{left} more: run it again." if left else f"These are all. The solution: `%mig_lab solution {number}`"
        return Sentences((f"Hints for exercise {number}: {exercise.title}", *hints, more), label="Hints")

    def solution(self, number: str, *, confirmed: bool = False) -> Sentences:
        """Return the solution; before three tries or three hints it must be confirmed."""
        _, exercise = self._exercise(number)
        entry = self.progress.entry(number)
        tried = entry.passed or entry.tries >= TRIES_BEFORE_SOLUTION or entry.hints >= len(exercise.hints)
        if not (tried or confirmed):
            return Sentences(
                (
                    f"The solution of exercise {number} is shown after {TRIES_BEFORE_SOLUTION} tries or all hints.",
                    f"Next hint: `%mig_lab hint {number}`. To see it now: `%mig_lab solution {number} --yes`",
                )
            )
        if not entry.passed:
            self.progress.change(number, solution_shown=True)
        return Sentences((f"One solution of exercise {number}: {exercise.title}",), exercise.solution, "Solution")

    def show_progress(self) -> ProgressView:
        """Return the results of all lessons."""
        lessons = []
        for number in lesson_numbers(self._own_lessons):
            lesson = find_lesson(number, self._own_lessons)
            rows = tuple(self._row(exercise) for exercise in lesson.exercises)
            lessons.append((f"Lesson {number}, {lesson.title}", rows))
        return ProgressView(tuple(lessons), self.progress.notice)

    def _row(self, exercise: Exercise) -> Row:
        entry = self.progress.entry(exercise.number)
        return Row(
            exercise.number, exercise.title, entry.passed, entry.tries, entry.hints, solution_shown=entry.solution_shown
        )

    # ---- the state of the folder -----------------------------------------------------------------------------------

    @property
    def _own_lessons(self) -> str:
        """The folder of a teacher's own lessons."""
        return os.path.join(self.root, "lessons")

    def _load(self, number: int) -> Lesson:
        if self._lesson is None or self._lesson.number != number:
            self._lesson = find_lesson(number, self._own_lessons)
        return self._lesson

    def _exercise(self, number: str) -> tuple[Lesson, Exercise]:
        lesson = self._load(lesson_number(number))
        return lesson, lesson.exercise(number)

    def folder_of(self, lesson: Lesson) -> str:
        """Return the working folder of a lesson."""
        return os.path.join(self.folder, f"lesson_{lesson.number}")

    def _start(self, lesson: Lesson, exercise: Exercise) -> Start:
        return Start(lesson, exercise, os.path.join(self.folder, ".begun"))

    def _begin(self, lesson: Lesson, exercise: Exercise) -> str:
        """Make the folder as it is where the exercise begins; return the sentence that says so, or ""."""
        folder = self.folder_of(lesson)
        position = self.progress.positions.get(str(lesson.number), {})
        self._run_event(exercise, position, folder)
        begun = beginning(self._start(lesson, exercise), position, Contents.read(folder))
        if begun.contents is not None:
            begun.contents.write(folder)
        open_folder(self.session, folder, reload=not begun.is_own)
        return begun.note

    def _run_event(self, exercise: Exercise, position: Mapping[str, Json], folder: str) -> None:
        """Run the event of an exercise in the student's own solved state of the exercise before it."""
        is_own = bool(position.get("solved")) and position.get("exercise") == (exercise.before or "start")
        if exercise.event and is_own and self.session.shell is not None:
            open_folder(self.session, folder)
            with capture_output():
                run_blocks(self.session.shell, exercise.event)

    def _write(self, lesson: Lesson, contents: Contents) -> None:
        contents.write(self.folder_of(lesson))
        open_folder(self.session, self.folder_of(lesson), reload=True)

    def _set_position(self, lesson: Lesson, exercise: str, *, solved: bool) -> None:
        digest = Contents.read(self.folder_of(lesson)).digest()
        self.progress.positions[str(lesson.number)] = {"exercise": exercise, "solved": solved, "digest": digest}
        self.progress.write()

    # ---- the check -------------------------------------------------------------------------------------------------

    def _check(self, lesson: Lesson, exercise: Exercise, note: str = "", error: BaseException | None = None) -> Checked:
        folder = self.folder_of(lesson)
        os.chdir(folder)
        models = self.session.workspace().unambiguous_models()
        after = State.read(folder, models.several[0] if models is not None else None)
        text = f"{type(error).__name__}: {error}" if error is not None else ""
        outcome = checked(exercise, lambda: self._before(lesson, exercise), after, text)
        record = self._record(exercise, outcome, after)
        self._set_position(lesson, exercise.number, solved=outcome.passed)
        return Checked(
            exercise.number,
            exercise.title,
            outcome.passed,
            outcome.findings,
            hint=outcome.hint,
            note=note,
            raised=error is not None,
            record=record,
        )

    def _before(self, lesson: Lesson, exercise: Exercise) -> State:
        """Return the state in which the exercise began."""
        with tempfile.TemporaryDirectory() as folder:
            self._start(lesson, exercise).contents().write(folder)
            return State.read(folder)

    def _record(self, exercise: Exercise, outcome: Outcome, after: State) -> dict[str, Json]:
        """Keep the result and return it; a solved exercise stays solved, with the state that solved it."""
        known = self.progress.entry(exercise.number)
        moment, snapshot = now(), after.to_json()
        if outcome.passed or not known.passed:
            known = self.progress.change(
                exercise.number,
                passed=outcome.passed,
                tries=known.tries if known.passed else known.tries + 1,
                when=moment,
                hint_given=outcome.mistake,
                fingerprints=outcome.fingerprints,
                snapshot=snapshot,
            )
        return {
            "exercise": exercise.number,
            "passed": outcome.passed,
            "when": moment,
            "tries": known.tries,
            "hints": known.hints,
            "solution_shown": known.solution_shown,
            "hint_given": outcome.mistake,
            "fingerprints": list(outcome.fingerprints),
            "snapshot": snapshot,
        }


_workshops: WeakKeyDictionary[Session, Workshop] = WeakKeyDictionary()


def workshop_of(session: Session) -> Workshop:
    """Return the workshop of a notebook: that of its working folder, or of the folder that holds ``workshop/``."""
    root = _root(os.getcwd())
    known = _workshops.get(session)
    if known is None or known.root != root:
        known = _workshops[session] = Workshop(session, root)
    return known


def _root(folder: str) -> str:
    """Return the folder of the notebook; the working folder may be that of a lesson."""
    parent = os.path.dirname(folder)
    is_lesson = os.path.basename(folder).startswith("lesson_") and os.path.basename(parent) == "workshop"
    return os.path.dirname(parent) if is_lesson else folder
