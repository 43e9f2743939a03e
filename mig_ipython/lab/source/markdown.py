"""Read a lesson from Markdown: front matter in TOML, text, code cells, and the fences of exercises.

``docs/workshop.md`` describes the format.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from kernel_core.util.exc import CommandError
from kernel_core.util.packages import pip_install

from ..sealed import Json

_OF_EXERCISE = ("exercise", "solution", "right", "wrong", "models")
_FENCES = ("python", "setup", "before", *_OF_EXERCISE)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Way:
    """One answer to an exercise: its name (``by raw SQL``, ``drop_and_add``), and the code of the student's cell."""

    name: str
    code: str
    line: int = 0


@dataclass(slots=True)
class ExerciseSource:
    """An exercise as its author wrote it; ``checks`` and ``wrong`` are the TOML tables."""

    number: str
    title: str
    minutes: int
    task: str
    cell: str
    hints: tuple[str, ...]
    checks: tuple[Mapping[str, Json], ...]
    wrong: tuple[Mapping[str, Json], ...]
    line: int
    solution: str = ""
    event: str = ""
    models: str | None = None
    right_ways: list[Way] = field(default_factory=list)
    wrong_ways: list[Way] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Text:
    """A Markdown cell."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A code cell that is in the notebook unchanged; with ``after`` it runs once that exercise is solved."""

    code: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """The place at which an exercise begins with an event; its code is not in the notebook."""

    number: str
    code: str


@dataclass(frozen=True, slots=True)
class LessonSource:
    """A lesson as its author wrote it.

    ``items`` are in the order of the notebook. ``setup`` is run when the lesson is built, in the empty working folder;
    ``after`` is the lesson in whose end state it begins, 0 for none; ``digest`` is a hash of the whole text.
    """

    path: str
    number: int
    title: str
    minutes: int
    after: int
    setup: str
    items: tuple[Text | Code | Event | ExerciseSource, ...]
    digest: str = ""

    @property
    def exercises(self) -> list[ExerciseSource]:
        """The exercises in their order."""
        return [item for item in self.items if isinstance(item, ExerciseSource)]


def parse(text: str, path: str = "the lesson") -> LessonSource:
    """Return the lesson of a Markdown text; raises CommandError with the line of a mistake."""
    return _Reader(text, path).read()


class _Reader:
    """Collects the items of one lesson."""

    def __init__(self, text: str, path: str) -> None:
        self.lines, self.path = text.splitlines(), path
        self.items: list[Text | Code | Event | ExerciseSource] = []
        self.by_number: dict[str, ExerciseSource] = {}
        self.models: dict[str, str] = {}
        self.setup = ""

    def read(self) -> LessonSource:
        front, begin = self._front_matter()
        place = begin
        for first, last, info, code in _fences("\n".join(self.lines[begin:])):
            kind, _, rest = info.partition(" ")
            if kind in _FENCES:
                self._add_text(place, begin + first)
                self._add_fence(kind, rest.strip(), code, begin + first + 1)
                place = begin + last
        self._add_text(place, len(self.lines))
        for exercise, models in self.models.items():
            self._exercise(exercise, begin).models = models
        for item in self.items:
            if isinstance(item, Event):
                self._exercise(item.number, begin).event = item.code
        number = self._of(front, "lesson", int)
        self._refuse_incomplete(number)
        return LessonSource(
            path=self.path,
            number=number,
            title=self._of(front, "title", str),
            minutes=self._of(front, "minutes", int),
            after=self._of(front, "after", int) if "after" in front else 0,
            setup=self.setup,
            items=tuple(self.items),
            digest=hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:16],
        )

    def _front_matter(self) -> tuple[dict[str, object], int]:
        """Return the TOML between the first two lines ``+++``, and the number of the line after it."""
        marks = [place for place, line in enumerate(self.lines) if line.strip() == "+++"][:2]
        if len(marks) < 2 or marks[0] != 0:
            raise self._mistake(1, "a lesson begins with TOML between two lines +++")
        return self._toml("\n".join(self.lines[1 : marks[1]]), 1), marks[1] + 1

    def _add_text(self, begin: int, end: int) -> None:
        """Add the lines as Markdown cells, a new one at each heading of the second level."""
        part: list[str] = []
        for line in [*self.lines[begin:end], "## "]:
            if line.startswith("## ") and "\n".join(part).strip():
                self.items.append(Text("\n".join(part).strip()))
                part = []
            part.append(line)

    def _add_fence(self, kind: str, rest: str, code: str, line: int) -> None:
        if kind == "python":
            after = re.fullmatch(r"(?:after (\d+\.\d+))?", rest)
            if after is None:
                raise self._mistake(line, "```python may be followed by `after` and an exercise, such as after 3.2")
            self.items.append(Code(code.rstrip(), after[1] or ""))
        elif kind == "setup":
            self.setup = code
        else:
            number, _, name = rest.partition(" ")
            if not re.fullmatch(r"\d+\.\d+", number):
                raise self._mistake(line, f"```{kind} needs the number of an exercise, such as 3.2")
            if kind == "exercise":
                self._add_exercise(number, code, line)
            elif kind == "models":
                self.models[number] = code
            elif kind == "before":
                self.items.append(Event(number, code.rstrip()))
            else:
                self._add_way(kind, self._exercise(number, line), Way(name.strip(), code.rstrip(), line))

    def _add_way(self, kind: str, exercise: ExerciseSource, way: Way) -> None:
        if kind == "solution":
            exercise.solution = way.code
        elif kind == "right":
            exercise.right_ways.append(way)
        else:
            exercise.wrong_ways.append(way)

    def _exercise(self, number: str, line: int) -> ExerciseSource:
        if number not in self.by_number:
            raise self._mistake(line, f"exercise {number} is not defined above")
        return self.by_number[number]

    def _add_exercise(self, number: str, code: str, line: int) -> None:
        found = self._toml(code, line)
        hints = self._of(found, "hints", list, line)
        exercise = ExerciseSource(
            number=number,
            title=self._of(found, "title", str, line),
            minutes=self._of(found, "minutes", int, line),
            task=self._of(found, "task", str, line).strip(),
            cell=str(found.get("cell", "# your code")).strip(),
            hints=tuple(map(str, hints)),
            checks=tuple(self._of(found, "check", list, line)),
            wrong=tuple(self._of(found, "wrong", list, line)) if "wrong" in found else (),
            line=line,
        )
        self.by_number[number] = exercise
        self.items.append(exercise)

    def _refuse_incomplete(self, lesson: int) -> None:
        """Raise CommandError where an exercise lacks something that its students or tests need."""
        for one in self.by_number.values():
            fact = _missing(one)
            if one.number.partition(".")[0] != str(lesson):
                fact = f"is not one of lesson {lesson}: number it {lesson}.1, {lesson}.2 and so on"
            if fact:
                raise self._mistake(one.line, f"exercise {one.number} {fact}")
            names = {name_of(table) for table in one.wrong}
            for way in one.wrong_ways:
                if way.name.partition(" ")[0] not in names:
                    raise self._mistake(way.line, f"```wrong {one.number} {way.name}: no [[wrong]] has this name")

    def _toml(self, text: str, line: int) -> dict[str, object]:
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self._mistake(line, f"the TOML is not valid: {error}") from error

    def _of(self, found: Mapping[str, object], name: str, kind: type[_T], line: int = 1) -> _T:
        value = found.get(name)
        if not isinstance(value, kind):
            raise self._mistake(line, f"{name} = is missing, or is not a {kind.__name__}")
        return value

    def _mistake(self, line: int, fact: str) -> CommandError:
        return CommandError(f"{self.path}, line {line}: {fact}. docs/workshop.md describes the format.")


def _missing(source: ExerciseSource) -> str:
    """Return what an exercise lacks, "" where it is complete."""
    if not source.solution:
        return f"has no ```solution {source.number}"
    if len(source.hints) != 3:
        return f"has {len(source.hints)} hints; write three"
    if not all(isinstance(table.get("look"), str) and isinstance(table.get("says"), str) for table in source.checks):
        return "has a [[check]] without look = or says ="
    for table in source.wrong:
        if not table.get("hint") or not (table.get("when") or (table.get("look") and table.get("name"))):
            return "has a [[wrong]] without hint =, or without when = (or look = with name =)"
    names = [name_of(table) for table in source.wrong]
    return "has two [[wrong]] with one name; give them name =" if len(set(names)) < len(names) else ""


def name_of(wrong: Mapping[str, Json]) -> str:
    """Return the name of a [[wrong]] table: ``name``, by default the detector."""
    return str(wrong.get("name") or wrong.get("when"))


def _fences(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield first line, line after the last, info string and content of each fence outside of lists and quotes."""
    try:
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise CommandError(f"Building lessons needs markdown-it-py: {pip_install('markdown_it')}") from error
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "fence" and token.level == 0 and token.map is not None:
            yield token.map[0], token.map[1], token.info.strip(), token.content
