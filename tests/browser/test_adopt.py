"""The baseline of a database as a panel: written and marked by one click; and located afterwards, in light and dark."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

LOOKS = (Path(__file__).parent / "looks.js").read_text()
DATABASE = """\
import sqlite3
with sqlite3.connect("shop.db") as connection:
    connection.executescript(
        "CREATE TABLE customers (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL);"
        "CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, customer_id INTEGER REFERENCES customers (id));"
        "CREATE INDEX ix_name ON customers (name); CREATE VIEW names AS SELECT name FROM customers;"
    )
%mig_connect sqlite:///shop.db
%mig_init migrations
"""
DRIFT = """\
with sqlite3.connect("shop.db") as connection:
    connection.execute("ALTER TABLE orders ADD COLUMN note TEXT")
    connection.execute("DELETE FROM alembic_version")
connection.close()
"""


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"], ids=["light", "dark"])
def test_a_click_writes_and_marks(lab, notebook_of, theme):
    lab.theme(theme)
    try:
        notebook = notebook_of(DATABASE, "%mig_adopt", DRIFT, "%mig_locate")
        cell = notebook.run_until("%mig_adopt")
        panel = cell.locator(".mig-review")
        expect(panel.get_by_role("button", name="Write & upgrade")).to_have_count(0)
        expect(panel.get_by_text("to be created by hand: view names.")).to_be_visible()
        seen = panel.evaluate(LOOKS, 4.5)
        assert (seen["unnamed"], seen["faint"]) == ([], [])
        _picture(notebook, f"adopt-{theme}")
        panel.get_by_role("button", name="Write & mark").click()
        expect(panel).to_contain_text("The database is marked with it.")
        notebook.run(notebook.cells.filter(has_text="ALTER TABLE"))
        located = notebook.run(notebook.cells.filter(has_text="%mig_locate").last)
        expect(located).to_contain_text("column orders.note is in the database, not in the revision")
        assert located.locator(".jp-OutputArea-output").first.evaluate(LOOKS, 4.5)["faint"] == []
        _picture(notebook, f"locate-{theme}")
        assert notebook.errors == []
    finally:
        lab.theme("JupyterLab Light")


def _picture(notebook, name):
    """Leave a picture where ``MIG_PICTURES`` names a folder."""
    folder = os.environ.get("MIG_PICTURES")
    if folder:
        notebook.page.screenshot(path=f"{folder}/{name.replace(' ', '-')}.png")
