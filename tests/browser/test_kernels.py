"""Several kernels, tabs and runs of one notebook: nothing runs on a stale plan, and what has changed is said."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

LOAD = "%load_ext mig_ipython\nimport sqlalchemy as sa"
MODELS = """\
%mig_connect sqlite:///dev.db
metadata = sa.MetaData()
users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
teams = sa.Table("teams", metadata, sa.Column("id", sa.Integer, primary_key=True))"""
FIRST = """\
%mig_init migrations
%mig_autogenerate metadata -m "first" --id a1 --accept all --write ;
%mig_upgrade --yes ;
from mig_ipython import mig
with mig.session.connection.engine.begin() as live:
    live.execute(users.insert().values(id=1, name="Ada"))
metadata.remove(teams)"""
REVIEW = '%mig_autogenerate metadata -m "without teams"'
QUESTION = "%mig_downgrade -1"


def columns(lab, test: str) -> set[str]:
    """Return the tables of the database."""
    (path,) = lab.folder.glob(f"{test}*/dev.db")
    with closing(sqlite3.connect(path)) as live:
        return {name for (name,) in live.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.mark.slow
def test_two_kernels_review_and_downgrade_one_database(lab, notebook_of, write_notebook, open_notebook):
    first = notebook_of(MODELS, FIRST, REVIEW, QUESTION)
    (folder,) = lab.folder.glob("test_two_kernels_review*")
    write_notebook(folder / "other.ipynb", LOAD, MODELS, "metadata.remove(teams)", REVIEW, QUESTION)
    mine = first.run_until(REVIEW).locator(".mig-review")
    other = open_notebook(f"{folder.name}/other.ipynb")
    theirs = other.run_until(REVIEW).locator(".mig-review")
    theirs.get_by_role("button", name="Write & upgrade").click()
    theirs.get_by_label("Type it").fill("teams")

    # the first writes and upgrades: neither the question of the other nor its buttons do it again
    mine.get_by_role("button", name="Write & upgrade").click()
    mine.get_by_label("Type it").fill("teams")
    mine.get_by_role("button", name="Upgrade, losing data").click()
    expect(mine.locator(".mig-status")).to_contain_text("upgraded by 1 revision")
    theirs.get_by_role("button", name="Upgrade, losing data").click()
    expect(theirs.locator(".mig-status")).to_contain_text("A revision was added since this review was made.")
    expect(theirs.locator(".mig-notice").first).to_contain_text("A revision was added since this review was made.")
    for name in ("Accept & write", "Rehearse"):
        theirs.get_by_role("button", name=name).click()
        expect(theirs.locator(".mig-status")).to_contain_text("Not done: A revision was added")
    assert len(list(folder.glob("migrations/versions/*.py"))) == 2
    theirs.get_by_role("button", name="Compare again").click()
    expect(theirs.locator(".mig-status")).to_contain_text("Compared again: 0 changes.")

    # both ask about the downgrade of that revision: it is run once
    asks = [notebook.run(notebook.cell(QUESTION)) for notebook in (first, other)]
    asks[1].get_by_role("button", name="Downgrade").click()
    expect(asks[1].get_by_role("status").filter(has_text="downgraded by 1 revision")).to_be_visible()
    asks[0].get_by_role("button", name="Downgrade").click()
    said = "Not done: The current revision has changed since this question was asked. Run the cell again."
    expect(asks[0].get_by_role("alert").filter(has_text=said)).to_be_visible()
    assert columns(lab, "test_two_kernels_review") >= {"users", "teams"}
    assert first.errors == other.errors == []


def restart(notebook) -> None:
    notebook.page.get_by_role("menuitem", name="Kernel", exact=True).click()
    notebook.page.get_by_role("menuitem", name="Restart Kernel", exact=False).first.click()
    notebook.page.locator(".jp-Dialog button.jp-mod-accept").click()


@pytest.mark.slow
def test_every_panel_of_a_restarted_kernel_says_so_and_its_cell_can_be_run_again(lab, notebook_of):
    migration = '%%migration "more"\nop.create_table("more", sa.Column("id", sa.Integer))'
    cells = (QUESTION, "%mig_schema --slider", migration)
    notebook = notebook_of(MODELS, FIRST, *cells)
    panels = [notebook.run_until(cell.splitlines()[0]).locator(".mig-review") for cell in cells]
    for panel in panels:
        expect(panel.get_by_role("button").first).to_be_visible()
    restart(notebook)
    for panel in panels:
        expect(panel.get_by_role("button")).to_have_count(0)
        told = panel.evaluate("one => getComputedStyle(one, '::before').content")
        assert told == '"The kernel of this panel has ended. Run the cell again."'
    for cell in (LOAD.splitlines()[0], "%mig_connect"):
        notebook.run(notebook.cell(cell))
    asked = notebook.run(notebook.cell(QUESTION))
    expect(asked.locator(".mig-review")).to_have_count(1)
    asked.get_by_label("Type it").fill("users")
    asked.get_by_role("button", name="Downgrade, losing data").click()
    expect(asked.get_by_role("status").filter(has_text="downgraded by 1 revision")).to_be_visible()


@pytest.mark.slow
def test_a_notebook_in_two_tabs_shows_one_review_in_both(lab, notebook_of, open_notebook):
    first = notebook_of(MODELS, FIRST, REVIEW)
    mine = first.run_until(REVIEW).locator(".mig-review")
    expect(mine.locator(".mig-row")).to_have_count(1)
    first.page.keyboard.press("Control+s")
    first.page.wait_for_timeout(1500)
    (folder,) = lab.folder.glob("test_a_notebook_in_two_tabs*")
    second = open_notebook(f"{folder.name}/notebook.ipynb")
    theirs = second.cell(REVIEW).locator(".jp-Cell-outputArea .mig-review")
    expect(theirs.locator(".mig-row")).to_have_count(1)
    theirs.get_by_role("checkbox").first.uncheck()
    for panel in (mine, theirs):
        expect(panel.locator(".mig-row")).to_contain_text("rejected")
        expect(panel.get_by_role("button", name="Accept & write")).to_be_disabled()
    mine.get_by_role("checkbox").first.check()
    theirs.get_by_role("button", name="Accept & write").click()
    for panel in (mine, theirs):
        expect(panel.locator(".mig-status")).to_contain_text("Written to migrations/versions/")
    assert len(list(folder.glob("migrations/versions/*.py"))) == 2


@pytest.mark.slow
def test_a_cell_that_is_run_again_replaces_its_panel_and_run_all_stops_at_no_question(lab, notebook_of):
    notebook = notebook_of(MODELS, FIRST, QUESTION, "%mig_current", REVIEW)
    notebook.page.get_by_role("menuitem", name="Run", exact=True).click()
    notebook.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    review = notebook.cell(REVIEW).locator(".jp-Cell-outputArea")
    expect(review.locator(".mig-row")).to_have_count(1)
    asked = notebook.cell(QUESTION).locator(".jp-Cell-outputArea")
    expect(asked.get_by_text("Nothing was done. To do it: %mig_downgrade -1 --yes")).to_have_count(1)
    expect(notebook.cell("%mig_current").locator(".jp-Cell-outputArea")).to_contain_text("a1")
    asked.get_by_label("Type it").fill("use")

    for cell, outputs in ((QUESTION, asked), (REVIEW, review)):
        notebook.run(notebook.cell(cell))
        expect(outputs.locator(".mig-review")).to_have_count(1)
    expect(asked.get_by_label("Type it")).to_have_value("")
    expect(asked.get_by_role("button", name="Downgrade, losing data")).to_be_disabled()
    assert columns(lab, "test_a_cell_that_is_run_again") >= {"users", "teams"}
    assert notebook.errors == []


SLOW = """\
%mig_connect sqlite:///slow.db
%mig_init migrations
metadata = sa.MetaData()
users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))
%mig_autogenerate metadata -m "Add users" --id a1 --accept all --write ;
%mig_upgrade --yes
from pathlib import Path
path = Path("migrations/versions/b2_slow.py")
path.write_text('''\"\"\"Slow\"\"\"
import time
from kernel_core import op
revision, down_revision = "b2", "a1"
def upgrade():
    pass
def downgrade():
    op.execute("INSERT INTO users VALUES (1)")
    Path = __import__("pathlib").Path
    Path("began").touch()
    while not Path("fin" + "ish").exists():  # a file of which the question knows the name would void it
        time.sleep(0.05)
    op.drop_table("users")
''');
%mig_upgrade --yes
"""


@pytest.mark.slow
def test_the_kernel_is_interrupted_while_a_button_runs_a_downgrade(lab, notebook_of):
    notebook = notebook_of(SLOW, "%mig_downgrade -1", "%mig_current")
    asked = notebook.run_until("%mig_downgrade -1")
    folder = next(lab.folder.glob("test_the_kernel_is_interrupted*"))
    asked.get_by_label("Type it").fill("users")
    button = asked.get_by_role("button", name="Downgrade")
    button.click()
    while not (folder / "began").exists():
        notebook.page.wait_for_timeout(50)
    expect(button).to_be_disabled()
    notebook.page.get_by_role("menuitem", name="Kernel", exact=True).click()
    notebook.page.get_by_role("menuitem", name="Interrupt Kernel").click()

    expect(asked.get_by_role("alert").filter(has_text="Not done: ")).to_contain_text("Interrupted")
    (folder / "finish").touch()
    expect(button).to_be_enabled()
    with sqlite3.connect(folder / "slow.db") as live:
        assert live.execute("SELECT count(*) FROM users").fetchone() == (0,)
    expect(notebook.run(notebook.cell("%mig_current"))).to_contain_text("b2")
    button.click()
    expect(asked.get_by_role("status").filter(has_text="downgraded by 1 revision")).to_be_visible()
    assert notebook.errors == []
