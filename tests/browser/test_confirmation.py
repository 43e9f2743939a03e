"""The question before an upgrade or downgrade loses rows, as a person answers it."""

import sqlite3

from playwright.sync_api import expect

BEGIN = """%mig_connect sqlite:///dev.db
%mig_init migrations
meta = sa.MetaData()
users = sa.Table("users", meta, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
%mig_autogenerate meta -m "Add users" --id a1 --write
%mig_upgrade"""
FILL = """from mig_ipython import mig
with mig.session.connection.engine.begin() as live:
    live.execute(sa.text("INSERT INTO users VALUES (1, 'Ada'), (2, 'Bob')"))"""


def test_rows_are_lost_only_after_the_tables_name_was_typed(lab, notebook_of):
    notebook = notebook_of(BEGIN, FILL, "%mig_downgrade base")
    asked = notebook.run_until("%mig_downgrade base")
    (path,) = lab.folder.glob("*rows_are_lost*/dev.db")

    expect(asked.get_by_text("all rows of users are lost (2 rows)").first).to_be_visible()
    button = asked.get_by_role("button", name="Downgrade, losing data")
    expect(button).to_be_disabled()
    answer = asked.get_by_label("Type it")
    answer.fill("pets")
    expect(button).to_be_disabled()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM users").fetchone() == (2,)

    answer.fill("users")
    expect(button).to_be_enabled()
    button.click()
    expect(asked.get_by_role("status").filter(has_text="downgraded by 1 revision")).to_be_visible()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT name FROM sqlite_master WHERE name = 'users'").fetchall() == []
    assert notebook.errors == []


def test_cancelling_runs_nothing(lab, notebook_of):
    notebook = notebook_of(BEGIN, FILL, "%mig_downgrade base")
    asked = notebook.run_until("%mig_downgrade base")
    asked.get_by_role("button", name="Cancel").click()
    expect(asked.get_by_text("Nothing was run.", exact=True)).to_be_visible()
    (path,) = lab.folder.glob("*cancelling_runs*/dev.db")
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM users").fetchone() == (2,)


def test_rehearse_shows_what_would_be_lost_and_the_database_keeps_it(lab, notebook_of):
    notebook = notebook_of(BEGIN, FILL, "%mig_downgrade base")
    asked = notebook.run_until("%mig_downgrade base")
    asked.get_by_role("button", name="Rehearse").click()
    expect(asked.get_by_text("rehearsed: users: a table with 2 rows is removed")).to_be_visible()
    report = asked.get_by_role("group", name="Rehearsal")
    expect(report.get_by_text("every statement ran")).to_be_visible()
    expect(asked.get_by_role("button", name="Downgrade, losing data")).to_be_disabled()
    (path,) = lab.folder.glob("*rehearse_shows*/dev.db")
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM users").fetchone() == (2,)
    assert notebook.errors == []
