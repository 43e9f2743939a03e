"""The answers of a lesson's source, as cases, and how one is tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from mig_ipython.lab.lesson import FOLDER
from mig_ipython.lab.source.files import read_source
from mig_ipython.lab.source.markdown import Code, Event, ExerciseSource, LessonSource, name_of
from mig_ipython.lab.source.notebook import cell_of, notebook
from mig_ipython.lab.views.outcome import RECORD_TYPE

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "notebooks" / "workshop" / "lessons"
DEMONSTRATION = Path(__file__).parent / "lessons" / "90_demonstration.md"


@dataclass(frozen=True)
class Answer:
    """One answer of an exercise, and the name of the mistake it makes, "" where it is right."""

    lesson: int
    exercise: str
    name: str
    code: str
    mistake: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.exercise} {self.name}"


def sources() -> list[LessonSource]:
    """Return the lessons of the workshop."""
    found = sorted(SOURCES.glob("*_*.md")) if SOURCES.is_dir() else []
    return [read_source(str(path)) for path in found]


def answers(source: LessonSource) -> Iterator[Answer]:
    """Yield the solution, the other right ways and the wrong ones of each exercise."""
    for one in source.exercises:
        yield Answer(source.number, one.number, "solution", one.solution)
        for way in one.right_ways:
            yield Answer(source.number, one.number, way.name, way.code)
        hints = {name_of(table): str(table["hint"]) for table in one.wrong}
        for way in one.wrong_ways:
            name = way.name.partition(" ")[0]
            yield Answer(source.number, one.number, way.name, way.code, name, hints[name])


def try_answer(notebook, answer: Answer):
    """Run an answer in the cell of its exercise, from the prepared state; return the result of the check."""
    notebook.run(f"%mig_lab reset {answer.exercise}")
    return notebook.run(f"%%mig_lab {answer.exercise}\n{answer.code}")


def assert_result(result, answer: Answer) -> None:
    """Fail where a right answer was refused, or a wrong one passed or got another hint."""
    if answer.mistake:
        assert not result.passed, f"{answer}: this wrong answer passed"
        assert (result.record["hint_given"], result.hint) == (answer.mistake, answer.hint), f"{answer}\n{result}"
    else:
        assert result.passed, f"{answer}: this right answer was refused\n{result}"


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
    """Run the notebook of a lesson in a kernel of its own, where nobody can click; return the text of each output."""
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
