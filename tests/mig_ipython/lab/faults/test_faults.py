"""The faults: what they leave behind is what the real ones leave, and the commands of the engine find it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.lab.faults import Crash, Faults, Request, crashing
from mig_ipython.lab.looks import looks
from mig_ipython.lab.views.faults import faults_as_text

TWO_TABLES = (
    'op.create_table("gates", sa.Column("id", sa.Integer))\nop.create_table("runways", sa.Column("id", sa.Integer))'
)
IN_PARTS = """
with op.get_context().autocommit_block():
    op.execute("CREATE TABLE gates (id INTEGER)")
    op.execute("CREATE TABLE runways (id INTEGER)")
    op.execute("CREATE TABLE towers (id INTEGER)")
"""


@pytest.fixture
def faults():
    made = Faults()
    yield made
    made.end()


def database(folder) -> str:
    return str(folder.path / "flights.db")


def request_in(folder, **kw) -> Request:
    return Request(str(folder.path), **kw)


def test_a_crash_in_a_transaction_leaves_the_database_as_it_was(folder):
    folder.revision("b2", "a1", TWO_TABLES)
    assert crashing(database(folder), folder.upgrade)
    state = folder.state()
    assert (sorted(state.schema["tables"]), state.version, state.unfinished) == (["airlines"], ["a1"], "")
    folder.upgrade()
    assert folder.state().is_at_head


def test_a_crash_between_commits_leaves_a_part_that_the_journal_knows(folder):
    folder.revision("b2", "a1", IN_PARTS)
    assert crashing(database(folder), folder.upgrade)
    state = folder.state()
    assert sorted(state.schema["tables"]) == ["airlines", "gates", "runways"]
    assert "b2 is unfinished" in state.unfinished
    assert looks["unfinished"](state, {}).value is True
    with pytest.raises(CommandError, match="unfinished"):
        folder.upgrade()


def test_pages_that_were_written_before_the_crash_are_rolled_back_by_sqlite(folder):
    fill = 'op.execute("CREATE TABLE big (t TEXT)")\nop.execute("PRAGMA cache_size = 5")\n'
    fill += 'op.execute("INSERT INTO big WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) '
    folder.revision("b2", "a1", fill + 'SELECT hex(randomblob(300)) FROM n")')
    assert crashing(database(folder), folder.upgrade)
    state = folder.state()
    assert (sorted(state.schema["tables"]), state.counts) == (["airlines"], {"airlines": 3})
    assert looks["integrity"](state, {}).value["sound"]


def test_a_revision_of_one_statement_crashes_before_its_version_row(folder):
    folder.revision("b2", "a1", 'op.create_table("gates", sa.Column("id", sa.Integer))')
    assert crashing(database(folder), folder.upgrade)
    assert folder.state().pending == ["b2"]


def test_statements_outside_of_a_run_do_not_crash(folder, faults):
    faults.cause("crash", request_in(folder))
    folder.sql("CREATE TABLE x (id INTEGER); CREATE TABLE y (id INTEGER); CREATE TABLE z (id INTEGER)")
    folder.revision("b2", "a1", TWO_TABLES)
    with pytest.raises(Crash):
        folder.upgrade()
    folder.upgrade()
    assert folder.state().is_at_head


def test_a_crash_that_waits_is_taken_back(folder, faults):
    faults.cause("crash", request_in(folder))
    assert "does not crash" in faults.cause("off", request_in(folder)).text()
    folder.revision("b2", "a1", TWO_TABLES)
    folder.upgrade()
    assert "No fault" in faults.cause("off", request_in(folder)).text()


def test_a_teammate_makes_a_second_head(folder, faults):
    folder.revision("b2", "a1", "pass")
    folder.upgrade()
    faults.cause("teammate", request_in(folder))
    assert folder.state().heads == ["b2", "teammate"]
    faults.cause("teammate", request_in(folder, on="head"))
    assert len(folder.state().heads) == 2
    folder.upgrade("heads")
    assert {"remark", "remark2"} <= set(folder.state().schema["tables"]["airlines"]["columns"])
    with pytest.raises(CommandError, match="zz does not exist"):
        faults.cause("teammate", request_in(folder, on="zz"))


def test_production_is_altered_past_the_history(folder, faults):
    faults.cause("production", request_in(folder))
    assert looks["history_equals"](folder.state(), {}).value is False
    folder.sql("CREATE TABLE flights (id INTEGER)", "production.db")
    faults.cause("production", request_in(folder))
    assert "hotfix" in folder.state().of_file("production.db").schema["tables"]["flights"]["columns"]
    with pytest.raises(CommandError, match="not in the folder"):
        faults.cause("production", request_in(folder, database="../other.db"))


def test_a_held_lock_refuses_writers_until_it_is_released(folder, faults):
    faults.cause("lock", request_in(folder))
    assert looks["writable"](folder.state(), {}).value is False
    with closing(sqlite3.connect(database(folder), timeout=0)) as other, pytest.raises(sqlite3.OperationalError):
        other.execute("DELETE FROM airlines")
    assert folder.state().counts["airlines"] == 3
    assert "released" in faults.cause("off", request_in(folder)).text()
    assert looks["writable"](folder.state(), {}).value is True


def test_an_unknown_fault_and_a_folder_without_a_database_are_named(folder, faults, tmp_path):
    with pytest.raises(CommandError, match="Faults: crash, teammate"):
        faults.cause("fire", request_in(folder))
    with pytest.raises(CommandError, match=r"no flights\.db"):
        faults.cause("crash", Request(str(tmp_path)))


def test_the_commands_cause_faults_and_the_buttons_do_the_same(notebook, folder):
    folder.revision("b2", "a1", TWO_TABLES)
    notebook.run(f"%cd -q {folder.path}")
    notebook.run("%mig_connect sqlite:///flights.db")
    assert "stopped in the middle" in notebook.run("%mig_lab fault crash --now").text()
    assert folder.state().pending == ["b2"]
    panel = notebook.run("%mig_lab fault")
    panel.press("teammate")
    assert "teammate" in panel.result.value
    assert len(folder.state().heads) == 2
    assert "%mig_lab fault lock" in faults_as_text().text()
    assert all(each.description and each.tooltip for each in panel.buttons.values())
