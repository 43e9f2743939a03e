"""The harness itself: a notebook opens, a cell runs, a button of a widget reaches the kernel."""

import nbformat
from playwright.sync_api import expect

BUTTON = """\
import ipywidgets
button, label = ipywidgets.Button(description="Press me"), ipywidgets.Label("not yet")
button.on_click(lambda _: setattr(label, "value", "pressed"))
ipywidgets.VBox([button, label])"""


def test_a_button_in_a_notebook_reaches_the_kernel(lab, open_notebook):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(BUTTON)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.folder / "harness.ipynb")

    opened = open_notebook("harness.ipynb")
    outputs = opened.run_until("import ipywidgets")
    outputs.get_by_role("button", name="Press me").click()
    expect(outputs.get_by_text("pressed", exact=True)).to_be_visible()
