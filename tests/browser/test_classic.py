"""Notebook 7 shows the same panel and the same outputs as JupyterLab."""

from __future__ import annotations

import contextlib
import importlib.util
import os

import pytest
from playwright.sync_api import expect

CELL = """\
%load_ext mig_ipython
import sqlalchemy as sa
%mig_connect sqlite:///classic.db
%mig_init migrations
metadata = sa.MetaData()
sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))
%mig_autogenerate metadata -m "classic" --id a1
"""


def run(page, cell) -> None:
    """Run a cell; a page that is still busy opening may swallow a key."""
    for _ in range(5):
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        with contextlib.suppress(AssertionError):
            expect(cell.locator(".jp-InputPrompt")).not_to_have_text("[ ]:", timeout=8_000)
            return


def test_the_panel_works_in_notebook_7(lab, new_page, write_notebook):
    if importlib.util.find_spec("notebook") is None and os.environ.get("MIG_TEST_NO_SKIP") != "1":
        pytest.skip("Notebook 7 is not installed: pip install notebook")
    write_notebook(lab.folder / "classic" / "classic.ipynb", CELL, "%mig_graph")
    page = new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    # A busy Notebook that has no list of kernels yet asks which one; a person takes the one that it offers.
    page.add_locator_handler(page.get_by_role("button", name="Select", exact=True), lambda button: button.click())
    page.goto(lab.classic("classic/classic.ipynb"))
    cell = page.locator(".jp-CodeCell").first
    cell.locator(".cm-content").wait_for(timeout=180_000)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=180_000)
    errors.clear()  # Notebook's own, while it opens
    run(page, cell)
    panel = page.locator(".mig-review")
    panel.wait_for(timeout=180_000)
    panel.get_by_role("checkbox").uncheck()
    expect(panel.get_by_role("button", name="Accept & write")).to_be_disabled()
    panel.get_by_role("checkbox").check()
    expect(panel.get_by_role("button", name="Accept & write")).to_be_enabled()
    panel.get_by_role("button", name="Write & upgrade").click()
    expect(panel.locator(".mig-status")).to_contain_text("upgraded by 1 revision, from base to a1")
    run(page, page.locator(".jp-CodeCell").nth(1))
    expect(page.locator("img[alt^='Graph of 1 revision; current: a1']")).to_be_visible(timeout=30_000)
    assert errors == []
