"""What ``%mig_lab`` does: lessons are started, exercises answered and checked.

The working folder of lesson 3 is ``workshop/lesson_3`` beside the notebook; the kernel's working folder is changed to
it, so that ``flights.db`` and ``migrations`` are found by their names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from kernel_core.util.counts import counted
from kernel_core.util.exc import CommandError

from ..session import Session
from .assistance import next_hint, results, solution_of
from .cells import is_empty, run_blocks
from .checking import checked
from .claim import Claim
from .faults import Faults, Request
from .findings import Outcome
from .folder import Contents
from .lesson import Exercise, Lesson, find_lesson, lesson_number, lesson_numbers
from .opening import DATABASE, clear_lesson
from .progress import FILE, Entry, Progress, now
from .sealed import Json
from .state import DatabaseUnreadable, State
from .views.faults import FaultsPanel
from .views.outcome import Checked
from .views.progress import ProgressView
from .views.sentences import Sentences
from .working_folder import START, WorkingFolder

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Workshop:
    """The workshop of one notebook; ``root`` is the folder of the notebook."""

    def __init__(self, session: Session, root: str) -> None:
        self.session, self.root = session, root
        self.folder = os.path.join(root, "workshop")
        self.progress = Progress(self.folder)
        self._lesson: Lesson | None = None
        self.faults = Faults()
        self.claim = Claim(self.folder)

    # ---- lessons ---------------------------------------------------------------------------------------------------

    def start(self, number: int, *, confirmed: bool = False) -> Sentences:
        """Make the folder of a lesson as it is at its beginning, and open it; results are kept.

        What cells have left of a lesson in the notebook is removed. Raises CommandError where another notebook works in
        the folder, unless that is ``confirmed``.
        """
        lesson = self._load(number)
        self.claim.take(number, confirmed=confirmed)
        place = self._place(lesson)
        self.faults.end()
        clear_lesson(self.session)
        try:
            place.write(lesson.state(START))
        except CommandError:
            with suppress(CommandError):
                place.open(reload=True)  # as it is, with the desk and the models that were just removed
            raise
        place.set_position(START, solved=True)
        return Sentences(
            (
                f"Lesson {lesson.number}: {lesson.title}",
                f"{counted(len(lesson.exercises), 'exercise')}, about {lesson.minutes} minutes.",
                f"The working folder is `workshop/lesson_{lesson.number}`; its files are as the lesson begins.",
                *([self.progress.notice] if self.progress.notice else []),
            )
        )

    def reset(self, what: str) -> Sentences:
        """Make the folder as it is at the beginning of a lesson, or of an exercise."""
        if what.isdigit():
            lesson = self._load(int(what))
            self.claim.take(lesson.number)
            for one in lesson.exercises:
                self._place(lesson).start_of(one).forget()
            self.start(lesson.number)
            return Sentences((f"Lesson {what} is at its beginning: {lesson.title}", "Your results are kept."))
        place, exercise = self._claimed(what)
        place.start_of(exercise).forget()
        self.faults.end()
        place.write(place.start_of(exercise).prepared())
        place.set_position(exercise.number, solved=False)
        return Sentences((f"Exercise {what} is at its beginning: {exercise.title}", "Your results are kept."))

    def fault(self, name: str, *, on: str = "", database: str = "", now: bool = False) -> Sentences | FaultsPanel:
        """Cause a fault in the working folder; without a name return the buttons.

        With ``now`` a crash happens in an upgrade that is run for it.
        """
        shell = self.session.shell
        if not name:
            return FaultsPanel(lambda each: self.faults.cause(each, Request(os.getcwd())))
        run = partial(shell.run_line_magic, "mig_upgrade", "--yes") if now and shell is not None else None
        return self.faults.cause(name, Request(os.getcwd(), on, database, run))

    def show_progress(self) -> ProgressView:
        """Return the results of all lessons."""
        numbers = lesson_numbers(self._own_lessons)
        return results(self.progress, (find_lesson(number, self._own_lessons) for number in numbers))

    def numbers(self) -> list[str]:
        """Return the numbers of all exercises and lessons, for completion."""
        numbers = lesson_numbers(self._own_lessons)
        lessons = [find_lesson(number, self._own_lessons) for number in numbers]
        return [*(one.number for lesson in lessons for one in lesson.exercises), *map(str, numbers)]

    # ---- exercises -------------------------------------------------------------------------------------------------

    def answer(self, number: str, body: str) -> Checked:
        """Run the body of an exercise's cell from the state in which the exercise begins, and check the result."""
        shell = self._shell()
        place, exercise = self._claimed(number)
        note = place.begin(exercise)
        if is_empty(body) or body.strip() == exercise.cell.strip():
            place.set_position(number, solved=False)
            return Checked(number, exercise.title, passed=False, note=note)
        error = run_blocks(shell, body)
        place.open()
        return self._check(place, exercise, note, error)

    def begin(self, number: str) -> Sentences:
        """Make the folder as an exercise begins: the student's own state after the event, else the prepared one."""
        place, exercise = self._claimed(number)
        note = place.begin(exercise)
        place.set_position(number, solved=False)
        return Sentences((f"Exercise {number} begins here: {exercise.title}", *([note] if note else [])))

    def after(self, number: str, body: str) -> Sentences | None:
        """Run the body of a cell if an exercise is solved, and return nothing; else return a sentence that says so."""
        shell = self._shell()
        place, exercise = self._exercise(number)
        if not place.is_past(exercise):
            return Sentences((f"This cell needs exercise {number}: {exercise.title}", "Solve it, then run this again."))
        place.open()
        run_blocks(shell, body)
        return None

    def check(self, number: str) -> Checked:
        """Check the state of the folder as it is now; nothing is restored."""
        place, exercise = self._exercise(number)
        note = ""
        if not place.is_at(exercise):
            note = f"The working folder is not in the state of exercise {number}."
        elif place.has_lost_database(exercise, Contents.read(place.path)):
            note = f"{DATABASE} was deleted, is empty or damaged."
            if os.path.isfile(path := os.path.join(place.path, DATABASE)) and os.path.getsize(path):
                raise CommandError(f"{DATABASE} is damaged. To begin the exercise again: %mig_lab reset {number}")
        note += note and f" To begin the exercise: `%mig_lab reset {number}`"
        place.open()
        if not place.is_at(exercise) and place.is_untouched() and not self.progress.entry(number).passed:
            return self._uncounted(place, exercise, note)
        return self._check(place, exercise, note)

    def hint(self, number: str) -> Sentences:
        """Return the next hint, after those that were shown."""
        return next_hint(self.progress, self._exercise(number)[1])

    def solution(self, number: str, *, confirmed: bool = False) -> Sentences:
        """Return the solution; before three tries or three hints it must be confirmed."""
        return solution_of(self.progress, self._exercise(number)[1], confirmed=confirmed)

    # ---- the lesson, and its folder --------------------------------------------------------------------------------

    @property
    def _own_lessons(self) -> str:
        """The folder of a teacher's own lessons."""
        return os.path.join(self.root, "lessons")

    def _shell(self) -> InteractiveShell:
        if self.session.shell is None:
            raise CommandError("%%mig_lab runs in IPython or Jupyter. Start a notebook, and type it there.")
        return self.session.shell

    def _load(self, number: int) -> Lesson:
        if self._lesson is None or self._lesson.number != number:
            self._lesson = find_lesson(number, self._own_lessons)
        return self._lesson

    def _place(self, lesson: Lesson) -> WorkingFolder:
        return WorkingFolder(self.session, lesson, self.folder, self.progress)

    def _exercise(self, number: str) -> tuple[WorkingFolder, Exercise]:
        lesson = self._load(lesson_number(number))
        return self._place(lesson), lesson.exercise(number)

    def _claimed(self, number: str) -> tuple[WorkingFolder, Exercise]:
        """Return the same for what may reset the folder; raises CommandError where another notebook works in it."""
        place, exercise = self._exercise(number)
        self.claim.take(place.lesson.number)
        return place, exercise

    # ---- the check -------------------------------------------------------------------------------------------------

    def _check(
        self, place: WorkingFolder, exercise: Exercise, note: str = "", error: BaseException | None = None
    ) -> Checked:
        try:
            after = place.state()
        except DatabaseUnreadable as cause:
            raise CommandError(f"{cause} To begin the exercise again: %mig_lab reset {exercise.number}") from cause
        text = f"{type(error).__name__}: {error}" if error is not None else ""
        outcome = checked(exercise, lambda: place.state_before(exercise), after, text)
        entry = self._record(exercise, outcome, after, place.position_at(exercise.number, solved=outcome.passed))
        note = " ".join(part for part in (note, self.progress.notice) if part)
        return Checked(
            exercise.number,
            exercise.title,
            outcome.passed,
            outcome.findings,
            hint=outcome.hint,
            note=note,
            raised=error is not None,
            record=entry.to_json(),
        )

    def _uncounted(self, place: WorkingFolder, exercise: Exercise, note: str) -> Checked:
        """Check the folder and record nothing: the state of another exercise may pass without any work."""
        outcome = checked(exercise, lambda: place.state_before(exercise), place.state())
        note = f"{note} Nothing was done in it since, so no result is recorded."
        return Checked(exercise.number, exercise.title, False, outcome.findings, hint=outcome.hint, note=note)

    def _record(self, exercise: Exercise, outcome: Outcome, after: State, position: Mapping[str, Json]) -> Entry:
        """Keep the result and return it; a solved exercise stays solved, with the state that solved it."""
        known = self.progress.entry(exercise.number)
        moment = now()
        found = {outcome.mistake: known.mistakes.get(outcome.mistake, 0) + 1} if outcome.mistake else {}
        result = {
            "passed": outcome.passed,
            "tries": known.tries if known.passed else known.tries + 1,
            "when": moment,
            "first": known.first or moment,
            "hint_given": outcome.mistake,
            "mistakes": {**known.mistakes, **found},
            "fingerprints": outcome.fingerprints,
            "snapshot": after.to_json(),
        }
        if outcome.passed or not known.passed:
            return self.progress.change(exercise.number, position, **result)
        self.progress.change(exercise.number, position)
        return known.changed(**result)


_workshops: WeakKeyDictionary[Session, Workshop] = WeakKeyDictionary()


def workshop_of(session: Session) -> Workshop:
    """Return the workshop of a notebook: that of its working folder, or of the folder that holds ``workshop/``.

    Where the working folder was deleted, as a lesson's folder may be, it becomes that of the notebook again.
    """
    known = _workshops.get(session)
    try:
        root = _root(os.getcwd())
    except FileNotFoundError:
        if known is None or not os.path.isdir(known.root):
            raise
        os.chdir(known.root)
        root = known.root
    if known is not None and root != known.root and os.path.isdir(known.folder) and not _has_workshop(root):
        root = known.root  # the student went to another folder, and the work is in that of the notebook
    if known is None or known.root != root:
        if known is not None:
            known.claim.end()
        known = _workshops[session] = Workshop(session, root)
    return known


def _has_workshop(folder: str) -> bool:
    """Return whether a folder is that of a workshop: with results, or with lessons beside it."""
    return os.path.isfile(os.path.join(folder, "workshop", FILE)) or os.path.isdir(os.path.join(folder, "lessons"))


def _root(folder: str) -> str:
    """Return the folder of the notebook; the working folder may be in that of a lesson, or the one of all lessons."""
    place = folder
    while os.path.dirname(place) != place:
        parent, name = os.path.split(place)
        if name.startswith("lesson_") and os.path.basename(parent) == "workshop":
            return os.path.dirname(parent)
        if name == "workshop" and os.path.isfile(os.path.join(place, FILE)):
            return parent
        place = parent
    return folder
