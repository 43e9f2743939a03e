"""The review as a person does it: every kind of field, what is refused, and the way to the database and back."""

from __future__ import annotations

import re
import sqlite3

import pytest
from playwright.sync_api import expect

CONNECT = "%mig_connect sqlite:///road.db\n%mig_init migrations"
BEFORE = """\
metadata = sa.MetaData()
sa.Table("teams", metadata, sa.Column("id", sa.Integer, primary_key=True))
sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text), sa.Column("team_id", sa.Integer))
%mig_autogenerate metadata -m "first" --id a1 --accept all --write
%mig_upgrade --yes
"""
AFTER = """\
metadata.clear()
sa.Table("teams", metadata, sa.Column("id", sa.Integer, primary_key=True))
sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(80)),
    sa.Column("team_id", sa.Integer), sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_users_team"))
posts = sa.Table("posts", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("title", sa.String(80)))
sa.Index("ix_posts_title", posts.c.title)
%mig_autogenerate metadata -m "second" --id b2
"""


@pytest.fixture
def review(notebook_of):
    """The panel of the changes from BEFORE to AFTER."""
    notebook = notebook_of(CONNECT, BEFORE, AFTER)
    panel = notebook.run_until('-m "second"').locator(".mig-review")
    panel.notebook = notebook
    yield panel
    assert notebook.errors == []


def row(review, text):
    return review.locator(".mig-row", has_text=text)


def choose(review, text):
    row(review, text).click()
    expect(review.locator("h4")).to_contain_text(text)


def tick(review, text):
    return review.get_by_role("checkbox", name=re.compile(f"Accept: .*{text}"))


def status(review):
    return review.locator(".mig-status")


def change(field, value):
    field.fill(value)
    field.press("Tab")


def field(review, name):
    return review.locator(".mig-detail").get_by_label(name, exact=True)


def versions(lab, test):
    return {path.name for path in lab.folder.glob(f"{test}*/migrations/versions/b2*.py")}


def test_each_kind_of_field_is_edited_and_a_wrong_value_blocked(review, lab):
    choose(review, "Add column email")
    change(field(review, "name"), "mail")  # a name
    change(field(review, "type"), "String(200)")  # a type
    review.get_by_title("nullable: no").click()  # a yes or no
    change(field(review, "server default"), "'none@example.org'")  # a default
    change(field(review, "comment"), "where to write")  # a text
    expect(row(review, "Add column mail String(200), not null")).to_contain_text("edited")
    expect(review.locator(".mig-detail pre").first).to_contain_text(
        "ADD COLUMN mail VARCHAR(200) DEFAULT 'none@example.org'"
    )

    choose(review, "Create index ix_posts_title")
    change(field(review, "columns"), "title, id")  # columns
    expect(row(review, "(title, id)")).to_be_visible()
    choose(review, "Create foreign key fk_users_team")
    review.get_by_title("ondelete: CASCADE").click()  # a choice
    review.get_by_role("tab", name="Python").click()
    expect(review.locator(".mig-detail")).to_contain_text('ondelete="CASCADE"')

    review.get_by_role("button", name="+ SQL").click()  # SQL, with its reverse
    review.get_by_label("SQL", exact=True).fill("UPDATE users SET mail = 'a@b.c'")
    review.get_by_label("SQL that reverses it").fill("SELECT 1")
    review.get_by_role("button", name="Add", exact=True).click()
    expect(row(review, "Run SQL: UPDATE users")).to_contain_text("added by hand")

    choose(review, "Add column mail")
    change(field(review, "type"), "Strnig(12")
    expect(review.get_by_role("alert").filter(has_text="is not a type")).to_be_visible()
    expect(review.get_by_role("button", name="Accept & write")).to_be_disabled()
    review.get_by_role("button", name="Revert").click()
    expect(field(review, "name")).to_have_value("email")
    expect(review.get_by_role("button", name="Accept & write")).to_be_enabled()
    assert versions(lab, "test_each_kind") == set()


def test_what_needs_a_rejected_row_goes_with_it_and_order_is_kept(review):
    choose(review, "Create index ix_posts_title")
    review.get_by_role("button", name="↑ Up").click()
    expect(status(review)).to_contain_text("Not done: Row 2 cannot go to place 1")
    expect(status(review)).to_contain_text("must come first")

    tick(review, "Create table posts").uncheck()
    expect(tick(review, "Create index ix_posts_title")).not_to_be_checked()
    expect(status(review)).to_contain_text("is rejected too: it needs column title of posts, row 1")
    expect(row(review, "Create index")).to_contain_text("rejected")
    review.get_by_role("button", name="Undo").click()
    expect(tick(review, "Create index ix_posts_title")).to_be_checked()

    review.get_by_label("Search in the rows").fill("note")
    expect(review.locator(".mig-row:visible")).to_have_count(1)
    review.get_by_label("Search in the rows").fill("")
    press, cells = review.notebook.page.keyboard, review.notebook.cells.count()
    press.press("Tab")
    expect(review.get_by_label("Show one table only")).to_be_focused()
    press.type("add")  # in a dropdown, JupyterLab would make cells of these letters
    expect(review.locator(".mig-side")).to_contain_text("No row matches")
    press.press("Control+a")
    press.type("posts")
    expect(review.locator(".mig-row:visible")).to_have_count(2)
    press.press("Tab")
    press.type("index")
    expect(review.locator(".mig-row:visible")).to_have_count(1)
    expect(row(review, "Create index ix_posts_title")).to_be_visible()
    assert review.notebook.cells.count() == cells
    review.get_by_role("button", name="Only safe").click()
    expect(review).to_contain_text("3 of 5 accepted")


def test_it_is_written_taken_back_written_again_and_run_once_the_loss_is_confirmed(review, lab):
    review.get_by_role("button", name="Script").click()
    expect(review.locator(".mig-marked")).to_contain_text("op.create_table(")
    tick(review, "Create foreign key").uncheck()
    expect(review.locator(".mig-minus").filter(has_text="fk_users_team").first).to_be_visible()
    review.get_by_role("button", name="Place in the history").click()
    change(review.get_by_label("Branch label"), "two words")
    expect(review.get_by_role("alert").filter(has_text="cannot be a branch label")).to_be_visible()
    change(review.get_by_label("Branch label"), "")

    review.get_by_role("button", name="Accept & write").click()
    expect(status(review)).to_contain_text("Written to migrations/versions/b2_second.py")
    assert versions(lab, "test_it_is_written") == {"b2_second.py"}
    review.get_by_role("button", name="Undo").click()
    expect(status(review)).to_contain_text("is deleted again")
    assert versions(lab, "test_it_is_written") == set()

    review.get_by_role("button", name="Write & upgrade").click()
    yes = review.get_by_role("button", name="Upgrade, losing data")
    expect(yes).to_be_disabled()
    review.get_by_label("Type it").fill("users")
    yes.click()
    expect(status(review)).to_contain_text("upgraded by 1 revision, from a1 to b2")
    database = next(lab.folder.rglob("test_it_is_written*/road.db"))
    with sqlite3.connect(database) as live:
        columns = {name for _, name, *_ in live.execute("PRAGMA table_info(users)")}
    assert columns == {"id", "email", "team_id"}
