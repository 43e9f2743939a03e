"""Build a lesson: run its setup and solutions in order, and record the state in which each exercise begins.

built = build(parse(text), folder)
built.lesson     # for the sealed file
built.notebook   # the JSON of the student's notebook
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from IPython.utils.capture import capture_output

from kernel_core.util.exc import CommandError

from ...session import session_of
from ..cells import run_blocks
from ..checking import observe
from ..folder import Contents
from ..lesson import Check, Exercise, Lesson, Wrong, seal_states
from ..models_file import models_of
from ..opening import open_folder
from ..sealed import Json, fingerprint
from ..starting import MODELS
from ..state import State
from .markdown import Code, Event, ExerciseSource, LessonSource, Way, name_of
from .models import patched
from .reproducible import reproducible

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_NOT_IN_SPEC = ("look", "says", "also", "is", "when", "name", "hint")


@dataclass(slots=True)
class Recorded:
    """What one run of a lesson has recorded, by exercise: contents, and the fingerprints of values.

    ``accepted`` has a list for each check, ``mistakes`` one for each wrong answer that a look finds.
    """

    contents: dict[str, Contents] = field(default_factory=dict)
    accepted: dict[str, list[list[str]]] = field(default_factory=dict)
    mistakes: dict[str, dict[str, list[str]]] = field(default_factory=dict)


class Builder:
    """Runs one lesson in ``folder``, with the shell that has the extension loaded."""

    def __init__(self, source: LessonSource, shell: InteractiveShell, folder: str) -> None:
        self.source, self.shell, self.folder = source, shell, folder
        self.session = session_of(shell)
        self.recorded = Recorded()
        self._before: State | None = None

    def build(self, begin: Contents | None = None) -> Lesson:
        """Run the lesson, and return it; ``begin`` is the state in which it begins, by default that of its setup."""
        with _working_folder(), capture_output():
            self._run(begin)
        states = seal_states({name: reproducible(found) for name, found in self.recorded.contents.items()})
        before = ""
        exercises = []
        for one in self.source.exercises:
            exercises.append(self._exercise(one, before))
            before = one.number
        return Lesson(
            self.source.number,
            slug_of(self.source),
            self.source.title,
            self.source.minutes,
            tuple(exercises),
            states,
            self.source.digest,
        )

    def _run(self, begin: Contents | None) -> None:
        (begin or Contents({})).write(self.folder)
        open_folder(self.session, self.folder, reload=True)
        self._execute(self.source.setup, "the setup")
        first = self.source.exercises[0] if self.source.exercises else None
        if first is not None and first.models is not None:
            self._write_models(first.models)
        open_folder(self.session, self.folder, reload=True)
        self._keep("start")
        for item in self.source.items:
            if isinstance(item, Code):
                self._execute(_without_start(item.code), f"the cell {item.code[:40]!r}")
            elif isinstance(item, Event):
                self._execute(item.code, f"the event before {item.number}")
            elif isinstance(item, ExerciseSource):
                self._solve(item)
        self._keep("end")

    def _solve(self, source: ExerciseSource) -> None:
        """Record the state in which an exercise begins, run its solution, and record the values of its checks."""
        if source.models is not None:
            self._write_models(source.models)
        open_folder(self.session, self.folder)  # an exercise may have connected to another database
        begin = self._keep(source.number)
        self._before = self._read_state()
        self._run_wrong_ways(source, begin)
        also = self._run_also(source, begin)
        self._execute(source.solution, f"the solution of {source.number}")
        state = self._state()
        self.recorded.accepted[source.number] = [
            [self._mark(source, table, state), *more] for table, more in zip(source.checks, also, strict=True)
        ]

    def _run_also(self, source: ExerciseSource, begin: Contents) -> list[list[str]]:
        """Return for each check the values after the right ways that its ``also`` names."""
        found: list[list[str]] = [[] for _ in source.checks]
        for way in source.right_ways:
            places = [place for place, table in enumerate(source.checks) if way.name in _names(table.get("also"))]
            tables = [source.checks[place] for place in places]
            for place, mark in zip(places, self._marks_after(way, begin, source, tables), strict=True):
                found[place].append(mark)
        return found

    def _run_wrong_ways(self, source: ExerciseSource, begin: Contents) -> None:
        """Record the values of the mistakes that are found by a look, and have no ``is``."""
        looks = {name_of(table): table for table in source.wrong if table.get("look") and "is" not in table}
        marks = self.recorded.mistakes.setdefault(source.number, {})
        for way in source.wrong_ways:
            name = way.name.partition(" ")[0]
            if name in looks:
                marks.setdefault(name, []).extend(self._marks_after(way, begin, source, [looks[name]]))

    def _marks_after(
        self, way: Way, begin: Contents, source: ExerciseSource, tables: Sequence[Mapping[str, Json]]
    ) -> list[str]:
        """Return the fingerprints of looks after another way, and make the folder as it was."""
        if not tables:
            return []
        run_blocks(self.shell, way.code)
        state = self._state()
        marks = [self._mark(source, table, state) for table in tables]  # before the version files are replaced
        begin.write(self.folder)
        open_folder(self.session, self.folder, reload=True)
        return marks

    def _mark(self, source: ExerciseSource, table: Mapping[str, Json], state: State) -> str:
        salt = f"mig_ipython.lab {source.number} {source.title}"
        return fingerprint(cast("Json", observe(str(table["look"]), spec_of(table), state).value), salt)

    def _write_models(self, text: str) -> None:
        path = os.path.join(self.folder, MODELS)
        before = ""
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as stream:
                before = stream.read()
        with open(path, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(patched(before, text))
        open_folder(self.session, self.folder, reload=True)

    def _keep(self, name: str) -> Contents:
        found = self.recorded.contents[name] = Contents.read(self.folder)
        return found

    def _state(self) -> State:
        """Return the state after an answer, with the one in which the exercise began."""
        state = self._read_state()
        before = self._before or state
        state.before = lambda: before
        return state

    def _read_state(self) -> State:
        return State.read(self.folder, models_of(self.session.namespace, self.folder))

    def _execute(self, code: str, what: str) -> None:
        error = run_blocks(self.shell, code)
        if error is not None:
            raise CommandError(f"{self.source.path}: {what} raised {type(error).__name__}: {error}") from error

    def _exercise(self, source: ExerciseSource, before: str) -> Exercise:
        accepted = self.recorded.accepted[source.number]
        checks = tuple(
            Check(str(table["look"]), spec_of(table), str(table["says"]), tuple(dict.fromkeys(values)))
            for table, values in zip(source.checks, accepted, strict=True)
        )
        wrong = tuple(self._wrong(source, table) for table in source.wrong)
        return Exercise(
            source.number,
            source.title,
            source.minutes,
            source.hints,
            checks,
            wrong,
            source.solution,
            before,
            source.event,
            source.cell,
        )

    def _wrong(self, source: ExerciseSource, table: Mapping[str, Json]) -> Wrong:
        name, hint, spec = name_of(table), str(table["hint"]), spec_of(table)
        if not table.get("look"):
            return Wrong(name, hint, when=str(table["when"]), spec=spec)
        salt = f"mig_ipython.lab {source.number} {source.title}"
        if "is" in table:
            values: tuple[str, ...] = (fingerprint(table["is"], salt),)
        else:
            values = tuple(dict.fromkeys(self.recorded.mistakes[source.number].get(name, ())))
            if not values:
                raise CommandError(
                    f"{self.source.path}: [[wrong]] {name} of {source.number} needs is =, or a ```wrong."
                )
        return Wrong(name, hint, look=str(table["look"]), spec=spec, values=values)


def spec_of(table: Mapping[str, Json]) -> dict[str, Json]:
    """Return what a [[check]] or [[wrong]] passes to its look or detector."""
    return {key: value for key, value in table.items() if key not in _NOT_IN_SPEC}


def slug_of(source: LessonSource) -> str:
    """Return the slug of a lesson, from its file name after the number, else from its title."""
    found = re.fullmatch(r"\d+_(\w+)\.md", os.path.basename(source.path))
    return found[1] if found else re.sub(r"\W+", "_", source.title.lower()).strip("_")


def _names(value: Json) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _without_start(code: str) -> str:
    """Return a cell without the lines that load the extension and start the lesson: it is started here."""
    lines = (line for line in code.splitlines() if not re.match(r"%(load_ext mig_ipython|mig_lab )", line))
    return "\n".join(lines)


@contextmanager
def _working_folder() -> Iterator[None]:
    """Return to the working folder at the end of the block."""
    here = os.getcwd()
    try:
        yield
    finally:
        os.chdir(here)
