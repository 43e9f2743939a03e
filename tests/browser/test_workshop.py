"""A student in JupyterLab: an answer that fails, its hint, the answer that passes, the results; light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from answers import DEMONSTRATION
from playwright.sync_api import expect

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
CLICKED = """root => [...root.querySelectorAll("*")].filter((one) => one.checkVisibility()
  && !one.closest(":disabled") && (one.matches("a[href], button, input, select, textarea, summary") || one.onclick
  || (getComputedStyle(one).cursor === "pointer" && getComputedStyle(one.parentElement).cursor !== "pointer")))
  .map((one) => one.innerText.trim())"""
"""The texts of all that can be clicked in an output, in their order."""
FOCUSED = """root => root.contains(document.activeElement)
  ? [document.activeElement.innerText.trim(), getComputedStyle(document.activeElement).outlineStyle] : ["", null]"""
"""The text and the outline of what has the focus, where that is in an output."""


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
    folder = max(lab.folder.glob("*/notebook.ipynb"), key=lambda path: path.stat().st_mtime).parent
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


def test_tab_reaches_all_that_can_be_clicked(student):
    page = student.page
    student.run(student.cells.nth(0))
    student.run(student.cells.nth(1))
    for place, (cell, least) in enumerate((("%mig_lab", 2), ("%mig_lab fault", 5)), 2):
        student.cells.nth(place).locator(".cm-content").fill(cell)
        outputs = student.run(student.cells.nth(place))
        outputs.locator(".mig-lab summary, .mig-review button").nth(least - 1).wait_for()
        clicked = outputs.evaluate(CLICKED)
        assert len(clicked) >= least
        student.cells.nth(place).locator(".cm-content").click()
        page.keyboard.press("Escape")  # from the editor to the cell, where Tab goes on
        reached: list[str] = []
        for _ in range(len(clicked) + 12):  # the toolbar of the cell comes first
            page.keyboard.press("Tab")
            name, outline = outputs.evaluate(FOCUSED)
            if outline is not None:
                assert outline != "none", name
                reached.append(name)
            elif reached:
                break
        assert reached == clicked


def test_buttons_whose_kernel_has_ended_say_so(student):
    student.run(student.cells.nth(0))
    place = student.cells.nth(1)
    place.locator(".cm-content").fill("%mig_lab fault")
    outputs = student.run(place)
    expect(outputs.locator("button:visible")).to_have_count(5)
    assert outputs.locator(".mig-status").evaluate("one => one.offsetHeight") < 8  # nothing has happened yet
    student.page.get_by_role("menuitem", name="Kernel", exact=True).click()
    student.page.get_by_role("menuitem", name="Restart Kernel", exact=False).first.click()
    student.page.locator(".jp-Dialog button.jp-mod-accept").click()
    expect(outputs.locator("button:visible")).to_have_count(0)
    student.run(student.cells.nth(2))  # by the new kernel: a server that ends while one is restarted would wait for it
    content = "one => getComputedStyle(one, '::before').content"
    assert (
        outputs.locator(".mig-review").evaluate(content) == '"The kernel of this panel has ended. Run the cell again."'
    )
