"""The quick start as a person does it: read the review, change a value, accept, upgrade."""

import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "00_quickstart.ipynb"


@pytest.fixture
def quickstart(lab, open_notebook):
    """The quick start, open in a separate folder."""
    shutil.copy(QUICKSTART, lab.folder)
    return open_notebook(QUICKSTART.name)


def test_a_person_edits_accepts_writes_and_upgrades(lab, quickstart):
    versions = lab.folder / "migrations" / "versions"
    review = quickstart.run_until('-m "cancelled flights"')
    assert len(list(versions.glob("*.py"))) == 1

    review.locator(".mig-renames").get_by_role("button", name="Rename").click()
    review.get_by_role("button", name=re.compile("Add column cancelled")).click()
    default = review.get_by_label("server default", exact=True)
    default.fill("0")
    default.press("Tab")
    review.get_by_role("button", name="Accept & write").click()
    expect(review.get_by_role("status").filter(has_text="Written to")).to_be_visible()
    written = next(versions.glob("f2_cancelled_flights.py"))
    assert re.search(r"server_default=.*0", written.read_text())

    upgraded = quickstart.run(quickstart.cell("%mig_upgrade --yes"))
    expect(upgraded).to_contain_text(written.name.partition("_")[0])
    with sqlite3.connect(lab.folder / "quickstart.db") as database:
        assert database.execute("SELECT count(*), sum(cancelled) FROM flights").fetchone() == (336_776, 0)


def test_a_wrong_value_is_said_under_its_field_and_nothing_is_written(lab, quickstart):
    review = quickstart.run_until('-m "cancelled flights"')
    before = sorted((lab.folder / "migrations" / "versions").glob("*.py"))
    review.get_by_role("button", name=re.compile("Add column cancelled")).click()
    kind = review.get_by_label("type", exact=True)
    kind.fill("Strnig(12")
    kind.press("Tab")
    expect(review.get_by_role("alert").first).to_be_visible()
    expect(review.get_by_role("button", name="Accept & write")).to_be_disabled()
    assert sorted((lab.folder / "migrations" / "versions").glob("*.py")) == before
