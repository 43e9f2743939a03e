"""The student's notebook of a lesson: text, cells and empty answers; or the same with the solutions filled in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from kernel_core.util.counts import counted

from ..sealed import Json
from .markdown import Code, Event, ExerciseSource, LessonSource, Text


def notebook(source: LessonSource, *, solved: bool = False) -> str:
    """Return the text of the notebook (nbformat 4.5), without outputs."""
    cells = [_cell(kind, text, f"{source.number} {place}") for place, (kind, text) in enumerate(_cells(source, solved))]
    found = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _cells(source: LessonSource, solved: bool) -> Iterator[tuple[str, str]]:
    """Yield kind and text of each cell."""
    for item in source.items:
        if isinstance(item, Text):
            yield "markdown", item.text
        elif isinstance(item, Code | Event):
            yield "code", cell_of(item)
        else:
            yield "markdown", _task(item)
            yield "code", f"%%mig_lab {item.number}\n{item.solution if solved else item.cell}"


def cell_of(item: Code | Event) -> str:
    """Return the text of a code cell between exercises."""
    if isinstance(item, Event):
        return f"%mig_lab begin {item.number}"
    return f"%%mig_lab after {item.after}\n{item.code}" if item.after else item.code


def _task(item: ExerciseSource) -> str:
    return f"### Exercise {item.number}: {item.title} ({counted(item.minutes, 'minute')})\n\n{item.task}"


def _cell(kind: str, text: str, name: str) -> Json:
    """Return a cell; its id depends on its place only, so that an edited text is a small change.

    A notebook of a workshop has no outputs; by the tag nbval runs the cells and compares none.
    """
    lines: list[Json] = list(text.splitlines(keepends=True))
    cell: dict[str, Json] = {
        "cell_type": kind,
        "id": hashlib.sha256(name.encode()).hexdigest()[:8],
        "metadata": {"tags": ["nbval-ignore-output"]} if kind == "code" else {},
        "source": lines,
    }
    return {**cell, "execution_count": None, "outputs": []} if kind == "code" else cell
