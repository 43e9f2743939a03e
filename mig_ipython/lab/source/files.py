"""Build the lessons of a folder, or compare what is there with a new build."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kernel_core.util.exc import CommandError
from kernel_core.util.files import replace as write_file

from ..lesson import find_lesson, read_lesson, written
from ..sealed import unseal
from .build import Builder, slug_of
from .markdown import LessonSource, parse
from .notebook import notebook
from .shell import lesson_shell


@dataclass(frozen=True, slots=True)
class Places:
    """Where lessons are read from, and where notebooks and sealed files are written."""

    sources: str
    notebooks: str
    sealed: str


def build_lessons(places: Places, numbers: Sequence[int] = ()) -> Iterator[tuple[str, str]]:
    """Yield path and new text of each file of the lessons, in their order; ``numbers`` are all by default."""
    for source in read_sources(places.sources):
        if numbers and source.number not in numbers:
            continue
        begin = find_lesson(source.after, places.sealed).state("end") if source.after else None
        with tempfile.TemporaryDirectory() as folder, lesson_shell() as shell:  # no lesson sees the names of another
            lesson = Builder(source, shell, os.path.realpath(folder)).build(begin)
        name = f"{source.number}_{slug_of(source)}"
        yield os.path.join(places.notebooks, f"{name}.ipynb"), notebook(source)
        yield os.path.join(places.sealed, f"{name}.json"), written(lesson)


def read_sources(folder: str) -> list[LessonSource]:
    """Return the lessons of a folder in their order: Markdown files whose name begins with a number, ``3_renames``."""
    names = [name for name in os.listdir(folder) if re.fullmatch(r"\d+_\w+\.md", name)]
    if not names:
        raise CommandError(
            f"{folder} has no lessons: Markdown files such as 3_renames. Name the folder with --sources."
        )
    return sorted((read_source(os.path.join(folder, name)) for name in names), key=lambda source: source.number)


def read_source(path: str) -> LessonSource:
    """Return the lesson of a file."""
    with open(path, encoding="utf-8") as stream:
        return parse(stream.read(), path)


def is_current(path: str, text: str) -> bool:
    """Return whether a file has the content of a new build; the compression of the sealed part may differ."""
    if not os.path.isfile(path):
        return False
    with open(path, encoding="utf-8") as stream:
        found = stream.read()
    return found == text or (path.endswith(".json") and _opened(found) == _opened(text))


def _opened(text: str) -> object:
    outer = json.loads(text)
    return {**outer, "exercises": unseal(outer["exercises"]), "states": unseal(outer["states"])}


def write(path: str, text: str) -> bool:
    """Write a file where its content is another; return whether it was."""
    if is_current(path, text):
        return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_file(path, text)
    if path.endswith(".json"):
        read_lesson(path)
    return True
