"""Without a mouse and without eyes: each view is used by the keyboard alone, and Chromium's accessibility tree has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

FOCUS = (Path(__file__).parent / "keyboard.js").read_text()
THEMES = ("JupyterLab Light", "JupyterLab Dark")
BEGIN = """\
%mig_connect sqlite:///keys.db
%mig_init migrations
metadata = sa.MetaData()
users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(80)))
teams = sa.Table("teams", metadata, sa.Column("id", sa.Integer, primary_key=True))
%mig_autogenerate metadata -m "first" --id a1 --accept all --write ;
%mig_upgrade --yes ;
from mig_ipython import mig
with mig.session.connection.engine.begin() as live:
    live.execute(users.insert(), [dict(email="a"), dict(email=None)])
metadata.remove(teams)
users.c.email.nullable = False
for number in range(12):
    sa.Table(f"table_{number:02}", metadata, sa.Column("id", sa.Integer, primary_key=True))"""
REVIEW = '%mig_autogenerate metadata -m "second" --id b2'
VIEWS = {
    "review": REVIEW,
    "confirmation": "%mig_downgrade -1",
    "graph": "%mig_graph",
    "slider": "%mig_schema --slider",
    "rehearsal": "%mig_rehearse base --downgrade",
    "migration": '%%migration "more"\nop.create_table("more", sa.Column("id", sa.Integer))',
}


@dataclass(frozen=True)
class Stop:
    """A control that has the focus: its place in the page, and how it shows that."""

    place: int
    outlined: bool
    contrast: float
    html: str


def tab_through(outputs: Locator, most: int = 80) -> Iterator[Stop]:
    """Yield each stop of the Tab key in the outputs of a cell, from the first one on."""
    first = outputs.locator("button:enabled:visible, input:visible, summary:visible").first
    first.focus()
    outputs.page.keyboard.press("Shift+Tab")
    for _ in range(3):  # what Lab itself has before it
        outputs.page.keyboard.press("Tab")
        if outputs.evaluate(FOCUS):
            break
    for _ in range(most):
        found = outputs.evaluate(FOCUS)
        if found is None:
            return
        yield Stop(**found)
        outputs.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not leave the view in {most} steps")


def accessible(outputs: Locator) -> list[dict[str, Any]]:
    """Return the nodes of the accessibility tree below the outputs of a cell."""
    session = outputs.page.context.new_cdp_session(outputs.page)
    outputs.evaluate("one => { window.__part = one }")
    part = session.send("Runtime.evaluate", {"expression": "window.__part"})["result"]["objectId"]
    root = session.send("Accessibility.getPartialAXTree", {"objectId": part, "fetchRelatives": False})["nodes"][0]
    nodes = {node["nodeId"]: node for node in session.send("Accessibility.getFullAXTree")["nodes"]}
    found, waiting = (
        [],
        [nodes[node] for node in nodes if nodes[node].get("backendDOMNodeId") == root["backendDOMNodeId"]],
    )
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += [nodes[child] for child in node.get("childIds", ()) if child in nodes]
    return found


def value(node: dict[str, Any], name: str) -> Any:
    """Return a property of a node of the accessibility tree; None where it has none."""
    return next((each["value"].get("value") for each in node.get("properties", ()) if each["name"] == name), None)


def text_of(node: dict[str, Any], part: str) -> str:
    return str(node.get(part, {}).get("value") or "").replace("\u200b", "").strip()


@pytest.fixture(params=THEMES)
def notebook(request, lab, notebook_of):
    lab.theme(request.param)
    yield notebook_of(BEGIN, *VIEWS.values())
    lab.theme(THEMES[0])


def prepared(notebook, name: str) -> Locator:
    """Run the cell of a view, open what can be opened, and return its outputs."""
    outputs = notebook.run_until(VIEWS[name].splitlines()[0])
    if name == "review":
        panel = outputs.locator(".mig-review")
        panel.get_by_role("button", name="+ SQL").click()
        panel.get_by_role("button", name="Place in the history").click()
        panel.get_by_role("button", name="Write & upgrade").click()
        expect(panel.get_by_label("Type it")).to_be_visible()
    expect(outputs.locator("button:visible, summary:visible").first).to_be_visible()
    for fold in outputs.locator("summary:visible").all():
        if not fold.evaluate("one => one.parentElement.open"):
            fold.click()
    return outputs


CONTROLS = "button:enabled, input:enabled:not([tabindex='-1']), textarea:enabled, select:enabled, summary"


@pytest.mark.slow
@pytest.mark.parametrize("name", VIEWS)
def test_each_control_is_reached_in_order_with_a_focus_that_can_be_seen_and_a_name(notebook, name):
    outputs = prepared(notebook, name)
    stops = list(tab_through(outputs))
    assert stops, name
    assert [stop.place for stop in stops] == sorted({stop.place for stop in stops}), "in the order of the page"
    assert [stop.html for stop in stops if not stop.outlined] == [], "each focus is outlined"
    assert [stop.html for stop in stops if stop.contrast < 3] == [], "an outline contrasts with what is behind it"
    reached = {stop.place for stop in stops}
    missed = [
        one.evaluate("one => one.outerHTML.slice(0, 160)")
        for one in outputs.locator(CONTROLS).all()
        if one.is_visible()
        and one.get_attribute("tabindex") != "-1"
        and one.evaluate("(one, root) => [...root.querySelectorAll('*')].indexOf(one)", outputs.element_handle())
        not in reached
    ]
    assert missed == [], "each control is reached"

    nodes = accessible(outputs)
    focusable = [node for node in nodes if value(node, "focusable") and not node.get("ignored")]
    assert len(focusable) >= len(stops) - 2
    unnamed = [node for node in focusable if not text_of(node, "name") and text_of(node, "role") != "generic"]
    assert [(text_of(node, "role"), node.get("description")) for node in unnamed] == []
    pictures = [node for node in nodes if text_of(node, "role") in ("image", "img")]
    assert [node for node in pictures if not text_of(node, "name")] == []
    assert bool(pictures) == (name in ("graph", "slider"))


@pytest.mark.slow
def test_the_confirmation_is_answered_by_the_keyboard_and_escape_runs_nothing(lab, notebook):
    outputs = prepared(notebook, "confirmation")
    press, cells = notebook.page.keyboard, notebook.cells.count()
    nodes = accessible(outputs)
    alert = next(node for node in nodes if text_of(node, "role") == "alert")
    assert value(alert, "live") == "assertive"
    answer = next(node for node in nodes if text_of(node, "role") == "textbox")
    assert text_of(answer, "name") == "Type it"
    expect(outputs.get_by_placeholder("users", exact=True)).to_be_visible()

    field, yes = outputs.get_by_label("Type it"), outputs.get_by_role("button", name="Downgrade, losing data")
    field.focus()
    press.type("user")
    press.press("Enter")
    expect(yes).to_be_disabled()
    press.press("Escape")
    press.type("dd")  # in JupyterLab's command mode that would delete the cell
    assert notebook.cells.count() == cells
    field.fill("users")
    expect(yes).to_be_enabled()
    field.focus()
    press.press("Tab")
    expect(yes).to_be_focused()
    press.press("Space")
    status = outputs.get_by_role("status").filter(has_text="downgraded by 1 revision")
    expect(status).to_be_visible()
    expect(status).to_have_attribute("aria-live", "polite")
    assert notebook.errors == []


@pytest.mark.slow
def test_the_slider_and_the_folds_are_used_by_the_keyboard(notebook):
    outputs = prepared(notebook, "slider")
    press = notebook.page.keyboard
    outputs.get_by_role("spinbutton", name="Revision").focus()
    press.press("ArrowDown")
    expect(outputs.locator("[aria-live=polite]").filter(has_text="1 of 1: a1 first")).to_be_visible()
    check = outputs.get_by_role("checkbox", name="Only what changed")
    check.focus()
    press.press("Space")
    expect(check).to_be_checked()
    graph = prepared(notebook, "graph")
    fold = graph.locator("summary").first
    fold.focus()
    for key, opened in (("Enter", False), ("Space", True)):
        press.press(key)
        assert fold.evaluate("one => one.parentElement.open") is opened
    assert notebook.errors == []


@pytest.mark.slow
def test_what_a_button_of_the_review_does_is_announced_and_the_keyboard_goes_on_from_there(notebook):
    panel = prepared(notebook, "review").locator(".mig-review")
    press = notebook.page.keyboard
    panel.get_by_title("Run nothing").focus()
    press.press("Enter")
    expect(panel.get_by_label("Type it")).to_be_hidden()
    rehearse = panel.get_by_role("button", name="Rehearse", exact=True)
    rehearse.focus()
    press.press("Enter")
    expect(panel.locator(".mig-status").get_by_role("status")).to_contain_text("Rehearsed on a clone")
    press.press("Tab")
    expect(panel.get_by_role("button", name="Accept & write")).to_be_focused()
    panel.get_by_label("name", exact=True).focus()
    press.press("Control+a")
    press.type("two words")
    press.press("Tab")
    nodes = accessible(panel)
    live = {text_of(node, "role"): value(node, "live") for node in nodes if value(node, "live")}
    assert live.get("status") == "polite"
    assert panel.get_by_role("checkbox", name=re.compile("1 Accept: ")).count() >= 1
    assert notebook.errors == []
