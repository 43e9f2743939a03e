"""``mig schema``: its outputs, what it needs, and that reading runs nothing."""

from __future__ import annotations

import json

import pytest

TABLE = 'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))'
LOOP = 'for name in ("b", "c"):\n    op.add_column("users", sa.Column(name, sa.Integer))'
BY_ROWS = 'for _ in op.get_bind().execute(sa.text("SELECT 1")):\n    op.add_column("users", sa.Column("d", sa.Integer))'


@pytest.fixture
def history(project):
    project.write("a1", None, TABLE)
    project.write("b2", "a1", LOOP)
    project.write("c3", "b2", BY_ROWS)
    return project


def test_the_tables_of_the_head_are_printed(mig, history):
    code, out, _ = mig("schema", "a1")
    assert code == 0
    assert out.startswith("Schema at revision a1: 1 table, 1 change\n\n+ users (added)\n    id  INTEGER not null\n")


def test_code_runs_only_on_request(mig, history):
    assert "! not known from revision b2, line 9: code: for name in ('b', 'c'):" in mig("schema", "b2")[1]
    out = mig("schema", "b2", "--record")[1]
    assert "  + b   INTEGER\n  + c   INTEGER\n" in out
    assert "(incomplete)" not in out


def test_the_history_is_run_on_a_scratch_database(mig, history):
    assert "(incomplete)" in mig("schema", "c3", "--record")[1]
    out = mig("schema", "c3", "--by-running")[1]
    assert out.startswith("Schema at revision c3: 1 table, 1 change, run on a scratch database of sqlite\n")
    assert "  + d   INTEGER\n" in out
    assert history.tables() == set()


def test_json_has_the_tables_the_changes_and_what_is_not_known(mig, history):
    found = json.loads(mig("schema", "a1", "--json")[1])
    assert (found["version"], found["complete"], found["incomplete"]) == (1, True, [])
    (table,) = found["tables"]
    assert [(each["name"], each["type"], each["nullable"]) for each in table["columns"]] == [("id", "INTEGER", False)]
    assert found["changes"][0]["sentence"] == "Create table users with 1 column"


@pytest.mark.parametrize(
    ("option", "begins"), [("--sql", "CREATE TABLE users"), ("--dot", "digraph schema"), ("--mermaid", "erDiagram")]
)
def test_other_outputs(mig, history, option, begins):
    code, out, _ = mig("schema", "a1", option)
    assert code == 0
    assert out.startswith(begins)


def test_two_outputs_are_refused(mig, history):
    assert mig("schema", "a1", "--sql", "--json") == (
        255,
        "",
        "FAILED: --json and --sql are two outputs. Choose one.\n",
    )


def test_a_file_has_the_format_of_its_ending(mig, history):
    assert mig("schema", "a1", "--save", "s.mmd")[:2] == (0, "made s.mmd\n")


def test_tables_are_selected(mig, history):
    assert mig("schema", "a1", "--only", "u*")[1].count("users") == 1
    assert mig("schema", "a1", "--exclude", "users")[1].startswith("Schema at revision a1: 0 tables")


def test_current_is_the_revision_of_the_database(mig, history):
    mig("upgrade", "a1")
    assert mig("schema", "current")[1].startswith("Schema at revision a1: 1 table")
    assert mig("schema", "current:b2", "--record")[1].startswith("Changes of the schema from current to b2, 2 changes")


def test_an_unknown_revision_is_one_line(mig, history):
    assert mig("schema", "zz") == (255, "", 'FAILED: No revision is named "zz".\n')
