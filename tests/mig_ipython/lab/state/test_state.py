"""The state of a folder: what is read, that nothing is run, and its JSON form."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.lab.state import DatabaseUnreadable, NotRecorded, State


def test_schema_rows_version_history_and_models_are_read(folder):
    state = folder.state()
    assert list(state.schema["tables"]["airlines"]["columns"]) == ["carrier", "name"]
    assert state.schema["tables"]["airlines"]["columns"]["carrier"] == {
        "type": "VARCHAR(2)",
        "nullable": False,
        "default": None,
        "primary_key": 1,
        "generated": False,
    }
    assert (state.counts, state.version, state.heads, state.pending) == ({"airlines": 3}, ["a1"], ["a1"], [])
    assert state.models["tables"]["airlines"]["columns"]["name"]["type"] == "VARCHAR(50)"
    assert state.revisions[0]["upgrade"]["operations"][0]["operation"] == "create_table"


def test_a_unique_constraint_of_a_column_with_a_length_is_read(folder):
    folder.sql(
        "CREATE TABLE gates (id INTEGER PRIMARY KEY, gate VARCHAR(4) NOT NULL UNIQUE, CONSTRAINT pair UNIQUE (id, gate))"
    )
    found = folder.state().schema["tables"]["gates"]["unique"]
    assert found == [{"name": "", "columns": ["gate"]}, {"name": "pair", "columns": ["id", "gate"]}]


def test_constraints_indexes_views_and_triggers_are_read(folder):
    folder.sql("""
        CREATE TABLE flights (id INTEGER PRIMARY KEY, carrier TEXT CONSTRAINT fk_c REFERENCES airlines ON DELETE CASCADE,
            distance INT CONSTRAINT positive CHECK (distance > 0), tail TEXT, CONSTRAINT one UNIQUE (tail));
        CREATE INDEX ix_far ON flights (distance) WHERE distance > 1000;
        CREATE UNIQUE INDEX ix_lower ON flights (lower(tail));
        CREATE VIEW far AS SELECT * FROM flights;
        CREATE TRIGGER t AFTER INSERT ON flights BEGIN SELECT 1; END;
    """)
    state = folder.state()
    found = state.schema["tables"]["flights"]
    assert found["checks"] == [{"name": "positive", "condition": "distance > 0"}]
    assert found["unique"] == [{"name": "one", "columns": ["tail"]}]
    assert found["foreign_keys"][0]["ondelete"] == "CASCADE"
    assert [(each["name"], each["where"], each["unique"]) for each in found["indexes"]] == [
        ("ix_far", "distance > 1000", False),
        ("ix_lower", "", True),
    ]
    assert (list(state.schema["views"]), state.schema["triggers"]["t"]["table"]) == (["far"], "flights")


def test_reading_runs_no_version_file(folder):
    folder.file_of("b2").write_text("revision = 'b2'\ndown_revision = 'a1'\nraise SystemExit('was run')\n")
    assert folder.state().pending == ["b2"]


def test_a_later_change_of_the_file_does_not_reach_a_state(folder):
    state = folder.state()
    folder.sql("DELETE FROM airlines")
    assert state.database.count("airlines") == 3


def test_a_folder_without_anything_has_an_empty_state(tmp_path):
    state = State.read(str(tmp_path))
    assert (state.schema["tables"], state.version, state.environment, state.heads) == ({}, None, False, [])


def test_models_that_cannot_be_run_are_reported_with_their_line(folder):
    folder.models("import sqlalchemy\nclass :\n")
    assert "SyntaxError" in folder.state().models["error"]
    folder.models("1 / 0")
    assert folder.state().models["error"] == "ZeroDivisionError: division by zero"


def test_a_damaged_history_is_a_problem_and_no_error(folder):
    folder.revision("b2", "missing", "pass")
    folder.file_of("c3").write_text("revision = (\n")
    state = folder.state()
    assert len(state.problems) == 2
    assert state.version == ["a1"]


def test_json_gives_the_same_state_without_rows(folder):
    state = folder.state()
    again = State.from_json(json.loads(json.dumps(state.to_json())))
    for part in ("schema", "counts", "digests", "version", "heads", "environment", "problems"):
        assert getattr(again, part) == getattr(state, part)
    assert again.revisions[0]["upgrade"] == {"kind": "code", "operations": [{"operation": "create_table"}]}
    assert again.to_json() == state.to_json()
    assert again.applied == ["a1"]
    with pytest.raises(NotRecorded):
        _ = again.database


@pytest.mark.parametrize(
    "document", [{}, [], {"state": 2}, {"state": 1}, {"state": 1, "schema": 3}, {"state": 1, "schema": {}, "facts": []}]
)
def test_another_document_is_refused(document):
    with pytest.raises(CommandError, match="not a snapshot"):
        State.from_json(document)


@pytest.mark.slow
def test_a_locked_database_is_reported_after_a_second(folder):
    with closing(sqlite3.connect(folder.path / "flights.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseUnreadable, match="locked"):
            folder.state()


def test_a_file_that_is_no_database_is_reported(folder):
    (folder.path / "flights.db").write_bytes(b"no database" * 100)
    with pytest.raises(DatabaseUnreadable, match=r"flights\.db"):
        folder.state()


def test_a_path_outside_of_the_folder_is_refused(folder):
    with pytest.raises(CommandError, match="not in the folder"):
        folder.state().path("../other.db")


def test_an_edited_applied_file_is_known_from_the_journal(folder):
    folder.revision("a1", None, "pass")
    assert folder.state().edited == ["a1"]


@pytest.mark.parametrize(
    ("name", "found"), [("a1", "a1"), ("head", "b2"), ("1", "a1"), ("-1", "b2"), ("GATES", "b2"), ("9", None)]
)
def test_a_revision_is_found_by_id_place_or_message(folder, name, found):
    folder.revision("b2", "a1", "pass", message="add gates")
    revision = folder.state().revision(name)
    assert (revision and revision["id"]) == found
