"""The panel in light and in dark: readable, every control named, all of it reached by the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

LOOKS = (Path(__file__).parent / "looks.js").read_text()
MODELS = """\
%mig_connect sqlite:///looks.db
%mig_init migrations
metadata = sa.MetaData()
for number in range(20):
    sa.Table(f"table_{number:02}", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.Enum("a", "b"), comment="why"))
%mig_autogenerate metadata -m "looks"
"""


@pytest.fixture(params=["JupyterLab Light", "JupyterLab Dark"])
def notebook(request, lab, notebook_of):
    lab.theme(request.param)
    yield notebook_of(MODELS, "%mig_graph", "%mig_diff metadata", "%mig")
    lab.theme("JupyterLab Light")


def looks(part, least=4.5):
    return part.evaluate(LOOKS, least)


def test_everything_can_be_read_and_has_a_name(notebook):
    panel = notebook.run_until('-m "looks"').locator(".mig-review")
    panel.get_by_role("button", name="+ SQL").click()
    panel.get_by_label("SQL", exact=True).fill("DROP TABLE x -- '1'")
    panel.get_by_role("button", name="Add", exact=True).click()
    panel.get_by_role("checkbox").nth(2).uncheck()
    panel.get_by_role("button", name="Script").click()
    panel.get_by_role("button", name="Write & upgrade").click()
    expect(panel.get_by_role("button", name="Upgrade, losing data")).to_be_visible()
    panel.get_by_role("button", name="↑ Up").hover()
    seen = looks(panel)
    assert seen["looked"] > 60
    assert seen["controls"] > 50
    assert seen["unnamed"] == []
    assert seen["faint"] == []
    assert looks(panel, least=12)["faint"] != []  # it looks at colours indeed

    for cell in ("%mig_graph", "%mig_diff", "%mig\n"):
        outputs = notebook.run(notebook.cells.filter(has_text=cell.strip()).last)
        seen = looks(outputs.locator(".mig-view").first)
        assert (seen["faint"], seen["unnamed"]) == ([], [])
    assert notebook.errors == []
