"""A student in JupyterLab: an answer that fails, its hint, the answer that passes, the results; light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from answers import DEMONSTRATION

from mig_ipython.lab.lesson import written
from mig_ipython.lab.source.build import Builder
from mig_ipython.lab.source.files import read_source
from mig_ipython.lab.source.shell import lesson_shell

LOOKS = (Path(__file__).parent / "looks.js").read_text()
ANSWER = '%%mig_lab 90.1\n%%migration "country" {0}\nop.add_column("airlines", sa.Column("country", sa.String(30)))'
CELLS = (
    ("%mig_lab start 90", "Lesson 90: A demonstration"),
    ("%%mig_lab 90.1\n# your code", "Write your answer in this cell"),
    (ANSWER.format("--write"), "Hint: The migration is written, but it has not run."),
    ("%mig_lab hint 90.1", "2 more: run it again."),
    (ANSWER.format("--up"), "Exercise 90.1 is solved"),
    ("%%mig_lab 90.2\ndesk.show('airlines')\n# %%\n1 / 0", "The cell raised the error above"),
    ("%mig_lab solution 90.2 --yes", "One solution of exercise 90.2"),
    ("%mig_lab", "90.1\tAdd a column\t✓ solved"),
)


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> str:
    """The sealed file of the demonstration lesson."""
    with lesson_shell() as shell:
        folder = tmp_path_factory.mktemp("built").resolve()
        return written(Builder(read_source(str(DEMONSTRATION)), shell, str(folder)).build())


@pytest.fixture(params=["Light", "Dark"])
def student(request, lab, built, notebook_of):
    """A notebook of answers, beside which the lesson is."""
    lab.theme(f"JupyterLab {request.param}")
    opened = notebook_of(*(cell for cell, _ in CELLS), viewport={"width": 1100, "height": 2600})
    folder = next(one.parent for one in lab.folder.glob(f"*{request.param}*/notebook.ipynb"))
    (folder / "lessons").mkdir()
    (folder / "lessons" / "90_demonstration.json").write_text(built, encoding="utf-8")
    yield opened
    lab.theme("JupyterLab Light")


def test_what_a_student_sees_can_be_read(student, tmp_path):
    student.run(student.cells.nth(0))
    for place, (cell, said) in enumerate(CELLS, 1):
        outputs = student.run(student.cells.nth(place))
        view = outputs.locator(".mig-view").last
        assert said in view.inner_text().replace("\xa0", " "), cell
        seen = view.evaluate(LOOKS, 4.5)
        assert (seen["faint"], seen["unnamed"]) == ([], []), cell
    student.page.screenshot(path=tmp_path / "workshop.png")
    assert [one for one in student.errors if "ZeroDivisionError" not in one] == []
