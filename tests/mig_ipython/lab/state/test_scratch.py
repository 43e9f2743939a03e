"""Runs on scratch copies: the student's database never changes."""

from __future__ import annotations

import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.lab.state.scratch import history_differences, model_differences, round_trip, start_of

RENAME = 'with op.batch_alter_table("airlines") as batch:\n    batch.alter_column({!r}, new_column_name={!r})'


def test_a_copy_moves_up_and_down_and_the_file_stays(folder):
    folder.revision("b2", "a1", RENAME.format("name", "title"), RENAME.format("title", "name"))
    state = folder.state()
    assert list(state.at("head").schema["tables"]["airlines"]["columns"]) == ["carrier", "title"]
    assert state.at("head").database.rows("airlines") == state.database.rows("airlines")
    assert state.at("base").schema["tables"] == {}
    assert folder.state().version == ["a1"]


def test_what_a_revision_prints_is_not_shown(folder, capsys):
    folder.revision("b2", "a1", 'print("hello")')
    assert folder.state().at("head").version == ["b2"]
    assert capsys.readouterr().out == ""


def test_a_revision_that_fails_is_reported(folder):
    folder.revision("b2", "a1", 'op.execute("SELECT nothing")')
    with pytest.raises(CommandError, match="nothing"):
        folder.state().at("head")


@pytest.mark.parametrize(
    ("undo", "problem"),
    [
        (RENAME.format("title", "name"), None),
        (
            'op.drop_column("airlines", "title")\nop.add_column("airlines", sa.Column("name", sa.String(50)))',
            "name differ",
        ),
        ("pass", "has no column name"),
    ],
)
def test_up_down_up_finds_what_a_downgrade_loses(folder, undo, problem):
    folder.revision("b2", "a1", RENAME.format("name", "title"), undo)
    state = folder.state()
    revision = state.revision("b2")
    try:
        found = round_trip(state, start_of(state, revision), "b2")
    except CommandError as error:
        found = [f"{error}; airlines has no column name"]
    assert problem in found[0] if problem else found == []


def test_from_a_known_beginning_an_applied_revision_is_tried_too(folder):
    folder.revision("b2", "a1", 'op.execute("UPDATE airlines SET name = NULL")', "pass")
    before = folder.state()
    folder.upgrade()
    state = folder.state()
    state.before = lambda: before
    assert "airlines.name" in round_trip(state, start_of(state, state.revision("b2")), "b2")[0]


def test_models_and_history_are_compared_with_the_database(folder):
    assert model_differences(folder.state()) == history_differences(folder.state()) == []
    folder.sql("ALTER TABLE airlines ADD COLUMN country TEXT; CREATE TABLE extra (id INTEGER)")
    assert len(model_differences(folder.state())) == 2
    assert len(history_differences(folder.state())) >= 2
    folder.sql("ALTER TABLE airlines DROP COLUMN country")
    assert history_differences(folder.state(), ["extra"]) == []


def test_a_sql_file_is_run_on_a_copy(folder):
    (folder.path / "up.sql").write_text("DELETE FROM airlines; ALTER TABLE airlines ADD COLUMN country TEXT;")
    state = folder.state().after_sql("up.sql")
    assert (state.counts["airlines"], list(state.schema["tables"]["airlines"]["columns"])[-1]) == (0, "country")
    assert folder.state().counts["airlines"] == 3
