"""What looks like a rename is made one by its button, and the script says so."""

from __future__ import annotations

import re
import sqlite3

from playwright.sync_api import expect

BEFORE = """\
%mig_connect sqlite:///renames.db
%mig_init migrations
metadata = sa.MetaData()
sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("mail", sa.String(80)))
%mig_autogenerate metadata -m "first" --id a1 --accept all --write
%mig_upgrade --yes
engine = sa.create_engine("sqlite:///renames.db")
with engine.begin() as live:
    live.exec_driver_sql("INSERT INTO person VALUES (1, 'a@b.c')")
engine.dispose()
"""
AFTER = """\
metadata.clear()
sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(80)))
%mig_autogenerate metadata -m "second" --id b2
"""


def test_a_candidate_becomes_a_rename_and_the_values_stay(lab, notebook_of):
    notebook = notebook_of(BEFORE, AFTER)
    panel = notebook.run_until('-m "second"').locator(".mig-review")
    rows, offered = panel.locator(".mig-row"), panel.locator(".mig-renames")
    expect(rows).to_have_count(2)
    expect(offered).to_contain_text("person.mail may have become email")
    panel.get_by_role("button", name="▸ Script").click()
    script = panel.locator(".mig-marked")
    expect(script).to_contain_text("drop_column")
    expect(script).not_to_contain_text("new_column_name")

    offered.get_by_role("button", name="Rename").press("Enter")
    expect(rows).to_have_count(1)
    expect(offered.get_by_role("button")).to_have_count(0)
    expect(script).to_contain_text(re.compile(r"new_column_name=['\"]email['\"]"))
    expect(script.locator(".mig-minus").filter(has_text="drop_column(").first).to_be_visible()

    panel.get_by_role("button", name="Undo").click()  # one choice: undone in one step
    expect(rows).to_have_count(2)
    panel.get_by_role("button", name="Redo").click()
    expect(rows).to_have_count(1)

    panel.get_by_role("button", name="Write & upgrade").click()
    expect(panel.locator(".mig-status")).to_contain_text("upgraded by 1 revision, from a1 to b2")
    written = next(
        lab.folder.rglob("test_a_candidate_becomes_a_rename_and_th*/migrations/versions/b2_second.py")
    ).read_text()
    assert re.search(r"new_column_name=['\"]email['\"]", written)
    assert not re.search(r"(drop|add)_column\(", written)
    with sqlite3.connect(next(lab.folder.rglob("renames.db"))) as live:
        assert live.execute("SELECT id, email FROM person").fetchall() == [(1, "a@b.c")]
    assert notebook.errors == []
