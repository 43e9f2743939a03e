"""The slider over a history: moving it shows the diagram and the changes of another revision."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

LOOKS = (Path(__file__).parent / "looks.js").read_text()

HISTORY = """\
%mig_connect sqlite:///slider.db
%mig_init migrations
metadata = sa.MetaData()
sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("mail", sa.String(80)))
%mig_autogenerate metadata -m "first" --id a1 --accept all --write
%mig_upgrade --yes
sa.Table("pet", metadata, sa.Column("id", sa.Integer, sa.ForeignKey("person.id"), primary_key=True))
%mig_autogenerate metadata -m "second" --id b2 --accept all --write
"""


def test_the_slider_shows_each_revision(notebook_of):
    notebook = notebook_of(HISTORY, "%mig_schema --slider")
    panel = notebook.run_until("--slider").locator(".mig-review")
    expect(panel).to_contain_text("2 of 2: b2 second")
    picture = panel.get_by_role("img")
    expect(picture).to_have_attribute("alt", re.compile("2 tables, 1 foreign key; pet added"))
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")

    panel.get_by_label("Revision").press("ArrowDown")
    expect(panel).to_contain_text("1 of 2: a1 first")
    expect(picture).to_have_attribute("alt", re.compile("1 table, 0 foreign keys; person added"))
    expect(panel.get_by_role("button", name="◀ Earlier")).to_be_disabled()

    later = panel.get_by_role("button", name="Later ▶")
    expect(later).to_be_enabled()  # a disabled button takes no focus
    later.press("Enter")
    expect(panel).to_contain_text("2 of 2: b2 second")
    panel.get_by_label("Tables").fill("pers*")
    panel.get_by_label("Tables").press("Enter")
    expect(picture).to_have_attribute("alt", re.compile("1 table, 0 foreign keys$"))

    drag(panel, 0)
    expect(panel).to_contain_text("1 of 2: a1 first")
    expect(panel.get_by_label("Revision")).to_have_value("1")
    assert notebook.errors == []


def drag(panel: Locator, place: float) -> None:
    """Move the handle of the slider to a place between 0 and 1."""
    track = panel.locator(".noUi-target").bounding_box()
    handle = panel.locator(".noUi-touch-area").bounding_box()
    assert track is not None
    assert handle is not None
    mouse = panel.page.mouse
    mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    mouse.down()
    mouse.move(track["x"] + place * track["width"], track["y"] + track["height"] / 2, steps=8)
    mouse.up()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_keyboard_reaches_controls_with_a_name_only(lab, notebook_of, theme, tmp_path):
    lab.theme(theme)
    notebook = notebook_of(HISTORY, "%mig_schema --slider")
    panel = notebook.run_until("--slider").locator(".mig-review")
    panel.get_by_role("img").wait_for()
    assert panel.get_by_role("slider").count() == 0  # the handle of ipywidgets has no name
    seen = panel.evaluate(LOOKS, 4.5)
    assert (seen["faint"], seen["unnamed"]) == ([], [])
    panel.screenshot(path=tmp_path / "slider.png")
    assert panel.get_by_label("Revision").evaluate("one => one.offsetWidth") < 150
    panel.get_by_label("Revision").focus()
    reached = [focused(notebook.page)]
    for _ in range(3):
        notebook.page.keyboard.press("Tab")
        reached.append(focused(notebook.page))
    assert reached == ["Revision", "◀ Earlier", "Tables", "Only what changed"]  # "Later ▶" is disabled here
    lab.theme("JupyterLab Light")


def focused(page: Page) -> str:
    """The label or text of what has the focus, which has an outline."""
    element = page.locator(":focus")
    assert element.evaluate("one => getComputedStyle(one).outlineStyle") != "none"
    return str(
        element.evaluate("one => [...(one.labels || [])].map((each) => each.innerText).join('') || one.innerText")
    )
