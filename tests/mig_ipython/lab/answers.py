"""The answers of a lesson's source, as cases, and how one is tried."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from mig_ipython.lab.lesson import FOLDER
from mig_ipython.lab.source.answers import Answer, answers
from mig_ipython.lab.source.files import read_source
from mig_ipython.lab.source.markdown import Code, Event, ExerciseSource, LessonSource
from mig_ipython.lab.source.notebook import cell_of, notebook
from mig_ipython.lab.views.outcome import RECORD_TYPE

__all__ = ["answers"]

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "notebooks" / "workshop" / "lessons"
DEMONSTRATION = Path(__file__).parent / "lessons" / "90_demonstration.md"


@cache
def sources() -> list[LessonSource]:
    """Return the lessons of the workshop."""
    found = sorted(SOURCES.glob("*_*.md")) if SOURCES.is_dir() else []
    return [read_source(str(path)) for path in found]


def try_answer(notebook, answer: Answer):
    """Run an answer in the cell of its exercise, from the prepared state; return the result of the check."""
    notebook.run(f"%mig_lab reset {answer.exercise}")
    return notebook.run(f"%%mig_lab {answer.exercise}\n{answer.code}")


def assert_result(result, answer: Answer) -> None:
    """Fail where a right answer was refused, or a wrong one passed or got another hint."""
    assert answer.fault(result) == "", f"{answer}\n{result}"


def cells(source: LessonSource, *, solved: bool) -> Iterator[str]:
    """Yield the code cells of the notebook of a lesson."""
    for item in source.items:
        if isinstance(item, Code | Event):
            yield cell_of(item)
        elif isinstance(item, ExerciseSource):
            yield f"%%mig_lab {item.number}\n{item.solution if solved else item.cell}"


def sealed(number: int) -> Path:
    """Return the sealed file of a lesson of the package."""
    return next(Path(FOLDER).glob(f"{number}_*.json"))


def run_notebook(source: LessonSource, folder: Path, monkeypatch, *, solved: bool) -> list[str]:
    """Run the notebook of a lesson in a separate kernel, where nobody can click; return the text of each output."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    book = nbformat.reads(notebook(source, solved=solved), as_version=4)
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [
        output.data["text/plain"] for output in outputs if output.output_type in ("execute_result", "display_data")
    ]
    records = [output.data[RECORD_TYPE] for output in outputs if RECORD_TYPE in output.get("data", {})]
    passed = [record["exercise"] for record in records if record["passed"]]
    assert passed == ([one.number for one in source.exercises] if solved else [])
    return shown
