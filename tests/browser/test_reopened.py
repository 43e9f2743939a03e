"""What stays to be read when the kernel is gone, the page is opened again, or the notebook is not trusted."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
from playwright.sync_api import expect

MODELS = """\
%mig_connect sqlite:///kept.db
%mig_init migrations
metadata = sa.MetaData()
sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))
%mig_autogenerate metadata -m "kept" --id a1
"""
REST = (
    "mig_session = None\n%mig_autogenerate metadata -m kept --id a1 --accept all --write",
    "%mig_graph",
    "%mig_history",
)


def read(notebook) -> None:
    """Everything that a person needs is there without a kernel, as HTML."""
    review = notebook.cell('-m "kept"').locator(".jp-Cell-outputArea")
    review.locator("summary").first.click()
    expect(review).to_contain_text("Create table users with 2 columns")
    graph = notebook.cells.filter(has_text="%mig_graph").last.locator(".jp-Cell-outputArea")
    picture = graph.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("one => one.complete && one.naturalWidth > 50")
    expect(graph.locator("img")).to_have_attribute("alt", "Graph of 1 revision; current: base; heads: a1; 1 pending")
    history = notebook.cells.filter(has_text="%mig_history").last.locator(".jp-Cell-outputArea")
    expect(history.get_by_role("columnheader", name="revision")).to_be_visible()
    expect(history).to_contain_text("○ pending")


def save(notebook, lab, folder: str, text: str) -> Path:
    """Save the notebook and return its file, which has ``text`` by then, or after ten seconds."""
    notebook.page.keyboard.press("Control+s")
    path = next(lab.folder.rglob(f"{folder}/notebook.ipynb"))
    deadline = 100
    while text not in path.read_text() and (deadline := deadline - 1):
        notebook.page.wait_for_timeout(100)
    return path


def shut_down_kernel(notebook) -> None:
    notebook.page.get_by_role("menuitem", name="Kernel", exact=True).click()
    notebook.page.get_by_role("menuitem", name="Shut Down Kernel", exact=True).click()
    expect(notebook.page.locator("#jp-main-statusbar")).to_contain_text("No Kernel")


def test_outputs_stay_readable(lab, notebook_of, open_notebook):
    notebook = notebook_of(MODELS, *REST)
    panel = notebook.run_until('-m "kept"').locator(".mig-review")
    expect(panel.locator(".mig-row")).to_have_count(1)
    for cell in REST:
        notebook.run(notebook.cell(cell.splitlines()[-1]))
    assert notebook.errors == []
    path = save(notebook, lab, "test_outputs_stay*", "○ pending")

    # the kernel is gone: the panel stays readable, and a click breaks nothing
    shut_down_kernel(notebook)
    panel.locator(".mig-row").click()
    panel.get_by_role("checkbox").uncheck()
    expect(panel.locator(".mig-row")).to_contain_text("Create table users")
    notebook.page.close()

    # opened again, with a new kernel that knows nothing of it
    again = open_notebook(str(path.relative_to(lab.folder)))
    gone = again.page.get_by_text("model not found")  # what JupyterLab says of a panel without its kernel
    expect(gone).to_have_count(1)
    expect(gone).to_be_hidden()
    expect(again.page.get_by_text("The kernel of this review has ended. Run the cell again.")).to_be_visible()
    read(again)
    again.page.close()

    # not trusted: signed by nobody
    saved = nbformat.read(path, as_version=4)
    saved.cells[0].source += "\n# changed by somebody else"
    (path.parent / "other.ipynb").write_text(json.dumps(saved))
    other = open_notebook(str(path.parent.relative_to(lab.folder) / "other.ipynb"))
    expect(other.cell('-m "kept"').locator(".jp-Cell-outputArea")).to_contain_text("Review of 1 change between")
    read(other)


def test_a_reopened_migration_has_no_error_of_its_lost_button(lab, notebook_of, open_notebook):
    first = MODELS.splitlines()
    notebook = notebook_of(
        "\n".join(first[:2]), '%%migration "more"\nop.create_table("more", sa.Column("id", sa.Integer))'
    )
    outputs = notebook.run_until("%%migration")
    expect(outputs.get_by_role("button", name="Rehearse")).to_be_visible()
    path = save(notebook, lab, "test_a_reopened_migration*", "Nothing is written yet")
    shut_down_kernel(notebook)
    notebook.page.close()

    reopened = open_notebook(str(path.relative_to(lab.folder)))
    outputs = reopened.cell("%%migration").locator(".jp-Cell-outputArea")
    expect(outputs).to_contain_text("Nothing is written yet")
    expect(outputs.get_by_text("model not found")).to_have_count(1)
    expect(outputs.get_by_text("model not found")).to_be_hidden()
