"""Diagrams that JupyterLab draws from mermaid source: visible in a theme that is chosen after they were drawn.

JupyterLab keeps the picture, with the colours of the theme in which it was drawn.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from contrasts import contrast

from mig_ipython.views.graph import RevisionGraph
from mig_ipython.views.revisions import Entry

LESSON = Path(__file__).parents[2] / "notebooks" / "workshop" / "6_teams.ipynb"
GRAPH = RevisionGraph((Entry("b", ("a",), "Second", depends_on=("a",)), Entry("a", (), "First")))
DRAWN = ".jp-RenderedMermaid img"
GROUNDS = ("#ffffff", "#111111")
"""Behind a cell in the light and in the dark theme."""
COLOURS = """image => {
  const drawing = new DOMParser().parseFromString(decodeURIComponent(image.src.split(",")[1]), "image/svg+xml");
  const place = document.body.appendChild(document.importNode(drawing.documentElement, true));
  const hex = (text) => "#" + text.match(/\\d+/g).slice(0, 3).map((one) => (+one).toString(16).padStart(2, "0")).join("");
  const all = (parts, name) => [...place.querySelectorAll(parts)].map((one) => hex(getComputedStyle(one)[name]));
  const found = {
    lines: [...all(".flowchart-link", "stroke"), ...all("marker path", "fill")],
    boxes: all(".node rect", "fill"),
    texts: all(".node .nodeLabel, .node text", place.querySelector(".node .nodeLabel") ? "color" : "fill"),
  };
  place.remove();
  return found;
}"""


def of_lesson() -> nbformat.NotebookNode:
    """The cell of lesson 6 that has a diagram."""
    cells = nbformat.read(LESSON, 4).cells
    return nbformat.v4.new_markdown_cell(next(cell.source for cell in cells if "```mermaid" in cell.source))


def of_graph() -> nbformat.NotebookNode:
    """The saved graph of a kernel that could not draw it itself, as in a browser."""
    source = mermaid_of_bundle()
    output = nbformat.v4.new_output("display_data", {"text/vnd.mermaid": source, "text/plain": "the graph"})
    return nbformat.v4.new_code_cell("%mig_graph", outputs=[output])


def mermaid_of_bundle() -> str:
    """What the graph displays where nothing draws it."""
    graph = RevisionGraph(GRAPH.entries)
    graph.__dict__["svg"] = None  # as `cached_property` keeps it where no program draws
    return graph._repr_mimebundle_()["text/vnd.mermaid"]


@pytest.mark.parametrize(("cell", "theme"), [(of_lesson, "JupyterLab Light"), (of_graph, "JupyterLab Dark")])
def test_a_diagram_is_visible_on_both_grounds_in_whatever_theme_it_was_drawn(lab, open_notebook, cell, theme, tmp_path):
    lab.theme(theme)
    notebook = nbformat.v4.new_notebook(cells=[cell()])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.folder / f"{cell.__name__}.ipynb")
    opened = open_notebook(f"{cell.__name__}.ipynb")
    lab.theme("JupyterLab Light")
    drawn = opened.page.locator(DRAWN)
    drawn.wait_for()
    opened.page.screenshot(path=tmp_path / "diagram.png")
    found = drawn.evaluate(COLOURS)
    assert [len(found[kind]) > 1 for kind in ("lines", "boxes", "texts")] == [True] * 3
    assert [line for line in found["lines"] for ground in GROUNDS if contrast(line, ground) < 3] == []
    assert [text for text in found["texts"] for box in found["boxes"] if contrast(text, box) < 4.5] == []
    assert opened.errors == []
