"""In which state an exercise begins: the student's own, or the prepared one of the lesson."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from .folder import Contents
from .lesson import Exercise, Lesson
from .sealed import Json, canonical
from .writing import writing

MODELS = "models.py"


@dataclass(frozen=True, slots=True)
class Start:
    """The start of one exercise; ``folder`` keeps the states in which the student has begun exercises."""

    lesson: Lesson
    exercise: Exercise
    folder: str

    def prepared(self) -> Contents:
        """Return the prepared state of the lesson."""
        return self.lesson.state(self.exercise.number)

    def contents(self) -> Contents:
        """Return the state in which the student has begun the exercise, else the prepared one."""
        return self.kept() or self.prepared()

    def kept(self) -> Contents | None:
        """Return the student's own state in which the exercise was begun, None where there is none."""
        try:
            with open(self._path, "rb") as stream:
                return Contents(json.loads(zlib.decompress(stream.read())))
        except (OSError, ValueError, zlib.error):
            return None

    @writing()
    def keep(self, contents: Contents) -> Contents:
        """Keep the state in which the exercise begins, with the models of the lesson; return it."""
        files = dict(contents.files)
        models = self.prepared().files.get(MODELS)
        if models is not None:
            files[MODELS] = models
        os.makedirs(self.folder, exist_ok=True)
        with open(f"{self._path}.tmp", "wb") as stream:
            stream.write(zlib.compress(canonical(files).encode()))
        os.replace(f"{self._path}.tmp", self._path)
        return Contents(files)

    def forget(self) -> None:
        """Remove the state that was kept."""
        with suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(self._path)

    @property
    def _path(self) -> str:
        return os.path.join(self.folder, f"{self.exercise.number}.state")


@dataclass(frozen=True, slots=True)
class Beginning:
    """The contents with which an exercise begins, None for those of the folder.

    ``is_own``: they are the student's, and the notebook has the models for them. ``note`` is a sentence where the
    exercise begins otherwise than the student may expect.
    """

    contents: Contents | None
    is_own: bool = False
    note: str = ""


def beginning(start: Start, position: Mapping[str, Json], found: Contents) -> Beginning:
    """Return with which contents an exercise begins.

    ``position`` is the exercise that the folder belongs to, whether it is solved, and the digest of the folder after
    its last check; ``found`` is what the folder contains now.
    """
    exercise = start.exercise
    last, solved = position.get("exercise"), bool(position.get("solved"))
    if last == exercise.number and not solved:
        if position.get("digest") == found.digest():
            return Beginning(start.contents())
        note = f"Continued from your work in other cells. To begin again: `%mig_lab reset {exercise.number}`"
        return Beginning(None, is_own=True, note=note)
    if solved and last == (exercise.before or "start"):
        contents = start.keep(found)
        return Beginning(contents, is_own=contents.files.get(MODELS) == found.files.get(MODELS))
    kept = start.kept()
    if kept is not None or last == exercise.number or not exercise.before:
        return Beginning(kept or start.prepared())
    note = f"Exercise {exercise.before} is not solved here: this one began from a prepared state."
    return Beginning(start.prepared(), note=note)
