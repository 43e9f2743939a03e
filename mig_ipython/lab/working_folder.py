"""The working folder of a lesson: in which exercise it is, and how it becomes as an exercise begins."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping

from ..session import Session
from .cells import run_quietly
from .claim import KERNEL
from .folder import Contents
from .lesson import Exercise, Lesson
from .models_file import models_of
from .opening import DATABASE, is_open, open_folder
from .progress import Progress
from .sealed import Json
from .starting import Beginning, Start, beginning
from .state import State

START = "start"
"""The position of a folder before the first exercise; also the name of that prepared state."""

BEGUN_AGAIN = "the exercise began again, from the state in which you began it."


class WorkingFolder:
    """The folder ``workshop/lesson_N``; ``workshop`` is the folder above it."""

    def __init__(self, session: Session, lesson: Lesson, workshop: str, progress: Progress) -> None:
        self.session, self.lesson, self.progress = session, lesson, progress
        self.path = os.path.join(workshop, f"lesson_{lesson.number}")
        self._begun = os.path.join(workshop, ".begun")

    # ---- positions -------------------------------------------------------------------------------------------------

    def position(self) -> Mapping[str, Json]:
        """Return ``exercise``, whether it is ``solved``, and ``digest`` and ``kernel`` when that was written."""
        return self.progress.position(str(self.lesson.number))

    def set_position(self, exercise: str, *, solved: bool) -> None:
        """Write in which exercise the folder is."""
        self.progress.set_position(str(self.lesson.number), self.position_at(exercise, solved=solved))

    def position_at(self, exercise: str, *, solved: bool) -> dict[str, Json]:
        """Return the position of the folder as it is now; the state of a solved exercise is kept as the next start."""
        contents = Contents.read(self.path)
        following = next((one for one in self.lesson.exercises if one.before == exercise), None) if solved else None
        if following is not None and not following.event:
            self.start_of(following).keep(contents)
        return {"exercise": exercise, "solved": solved, "digest": contents.digest(), "kernel": KERNEL}

    def is_at(self, exercise: Exercise) -> bool:
        """Return whether the folder is in the state in which this exercise is answered."""
        position = self.position()
        if position.get("exercise") == exercise.number:
            return True
        return bool(position.get("solved")) and position.get("exercise") == (exercise.before or START)

    def has_lost_database(self, exercise: Exercise, contents: Contents) -> bool:
        """Return whether the file of the database is missing, empty or damaged, and was none of it at the beginning.

        A database whose tables were all dropped is what an answer has made, and is not lost.
        """
        started = self.start_of(exercise).contents().files.get(DATABASE)
        if not isinstance(started, dict) or not started["schema"]:
            return False
        path = os.path.join(self.path, DATABASE)
        return not isinstance(contents.files.get(DATABASE), dict) or not os.path.getsize(path)

    def is_untouched(self) -> bool:
        """Return whether the folder is as it was after the last command of the workshop."""
        return self.position().get("digest") == Contents.read(self.path).digest()

    def visitor(self) -> str:
        """Return a sentence where another notebook has begun a part of the lesson since this one has opened it."""
        if not is_open(self.session, self.path) or self.position().get("kernel", KERNEL) == KERNEL:
            return ""
        name = os.path.basename(self.path)
        return f"Another notebook has worked in `workshop/{name}` meanwhile: each one needs a separate folder."

    def is_past(self, exercise: Exercise) -> bool:
        """Return whether the folder is in a state after an exercise was solved."""
        position = self.position()
        numbers = [one.number for one in self.lesson.exercises]
        if position.get("exercise") not in numbers:
            return False
        place, here = numbers.index(str(position["exercise"])), numbers.index(exercise.number)
        return place > here or (place == here and bool(position.get("solved")))

    # ---- states ----------------------------------------------------------------------------------------------------

    def start_of(self, exercise: Exercise) -> Start:
        """Return the start of an exercise."""
        return Start(self.lesson, exercise, self._begun)

    def open(self, *, reload: bool = False) -> None:
        """Make it the working folder, with its database and environment, as they are; ``reload``: its models too."""
        open_folder(self.session, self.path, reload=reload)

    def write(self, contents: Contents) -> None:
        """Make the folder have these contents, and open it with its models."""
        contents.write(self.path)
        open_folder(self.session, self.path, reload=True)

    def begin(self, exercise: Exercise) -> str:
        """Make the folder as the exercise begins; return a sentence where that is not as the student may expect."""
        position, visitor = self.position(), self.visitor()
        start, found = self.start_of(exercise), Contents.read(self.path)
        if self.is_at(exercise) and self.has_lost_database(exercise, found):
            begun = Beginning(start.contents(), note=f"{DATABASE} was deleted, is empty or damaged: {BEGUN_AGAIN}")
        else:
            if self._run_event(exercise, position):
                found = Contents.read(self.path)
            begun = beginning(start, position, found)
        if begun.contents is not None:
            begun.contents.write(self.path, found)
        open_folder(self.session, self.path, reload=not begun.is_own)
        return " ".join(filter(None, (visitor, begun.note)))

    def _run_event(self, exercise: Exercise, position: Mapping[str, Json]) -> bool:
        """Run the event of an exercise in the student's own solved state of the exercise before it.

        Return whether there was one.
        """
        is_own = bool(position.get("solved")) and position.get("exercise") == (exercise.before or START)
        if exercise.event and is_own and self.session.shell is not None:
            self.open()
            run_quietly(self.session.shell, exercise.event)
            return True
        return False

    def state(self) -> State:
        """Return the state of the folder, with the models of the notebook."""
        os.chdir(self.path)
        return State.read(self.path, models_of(self.session.namespace, self.path))

    def state_before(self, exercise: Exercise) -> State:
        """Return the state in which the exercise began."""
        with tempfile.TemporaryDirectory() as folder:
            self.start_of(exercise).contents().write(folder)
            return State.read(folder)
