"""A revision of which only a part is committed is named wherever the current revision is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import CommandLine
from kernel_core.runtime.journal.state import JournalState, edited_sentence
from kernel_core.runtime.listeners import listening
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import UnfinishedRevision, UpgradeFailed
from kernel_core.util.file_lock import FileLock
from tests.kernel_core.runtime.test_run_lock import held_by_another_thread

BLOCK = "with op.get_context().autocommit_block():\n    op.execute('CREATE TABLE half (id INTEGER)')\nop.execute('nonsense')"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def half(request):
    """A project at a1, of which b2 was stopped after its first statement."""
    name = {"sqlite": "project"}.get(request.param, f"{request.param}_project")
    project = request.getfixturevalue(name)
    project.chain("a1")
    project.write("b2", "a1", BLOCK)
    with pytest.raises(UpgradeFailed):
        command.upgrade(project.config(), "head")
    return project


def run(project, capsys, *typed):
    """Run a command of the program; return the lines that it printed."""
    capsys.readouterr()
    CommandLine().main(["-c", project.ini, *typed])
    return capsys.readouterr().out


def test_python_gets_the_unfinished_revision(half):
    (place,) = command.heads_by_database(half.config())
    assert place.heads == ("a1",)
    assert place.unfinished is not None
    assert (place.unfinished.revision, place.unfinished.direction) == ("b2", "upgrade")
    assert not place.journal.is_running


def test_the_command_line_names_it_and_its_remedies(half, capsys):
    for typed in (("current",), ("history", "-i"), ("current", "-v")):
        last = run(half, capsys, *typed).splitlines()[-1]
        assert last.startswith("Revision b2 is unfinished: its upgrade stopped "), typed
        assert last.endswith(" UTC. Continue it: mig resume. Or undo what it did: mig abandon."), typed
    assert "(unfinished)" in run(half, capsys, "history", "-i").splitlines()[0]
    assert "(unfinished)" not in run(half, capsys, "history", "-i").splitlines()[1]
    assert "unfinished" not in run(half, capsys, "history")


def test_json_has_it_also_where_nothing_is_applied(half, capsys):
    (current,) = json.loads(run(half, capsys, "current", "--json"))
    assert (current["revision"], current["unfinished"]["revision"]) == ("a1", "b2")
    assert current["unfinished"]["is_running"] is False
    states = {each["revision"]: each for each in json.loads(run(half, capsys, "history", "-i", "--json"))}
    assert {name: (each["is_current"], each["is_unfinished"]) for name, each in states.items()} == {
        "a1": (True, False),
        "b2": (False, True),
    }


def test_json_has_an_entry_without_a_revision_for_a_database_at_base(project, capsys):
    project.write("a1", None, BLOCK)
    with pytest.raises(UpgradeFailed):
        command.upgrade(project.config(), "head")
    (current,) = json.loads(run(project, capsys, "current", "--json"))
    assert (current["revision"], current["unfinished"]["revision"]) == (None, "a1")
    assert json.loads(run(project, capsys, "current", "--json")) == [current]


def test_while_the_run_lock_is_held_it_is_running(half, capsys):
    with held_by_another_thread(half.url):
        last = run(half, capsys, "current").splitlines()[-1]
        assert last.startswith("Revision b2 is running now: its upgrade is ")
        assert "mig resume" not in last
        assert "(running now)" in run(half, capsys, "history", "-i").splitlines()[0]
        (current,) = json.loads(run(half, capsys, "current", "--json"))
        assert current["unfinished"]["is_running"] is True
    assert "is unfinished" in run(half, capsys, "current")


@pytest.fixture
def begun_on_a_missing_table(half):
    """The project, where a statement is noted as begun whose table is not in the database any more."""
    with sa.create_engine(half.url, poolclass=sa.NullPool).begin() as connection:
        journal = sa.Table("alembic_version_journal", sa.MetaData(), autoload_with=connection)
        (number,) = connection.scalars(sa.select(sa.func.max(journal.c.number))).all()
        note = {"kind": "begun", "statement": "ALTER TABLE gone ADD COLUMN size INTEGER"}
        connection.execute(journal.update().where(journal.c.number == number).values(note))
    return half


def test_a_statement_whose_table_is_gone_may_have_been_executed_or_not(begun_on_a_missing_table, capsys):
    last = run(begun_on_a_missing_table, capsys, "current").splitlines()[-1]
    assert "which may have been executed or not (ALTER TABLE gone ADD COLUMN size INTEGER)" in last


def test_while_another_run_changes_the_catalog_it_is_not_read(begun_on_a_missing_table, capsys):
    project, read = begun_on_a_missing_table, []
    with (
        held_by_another_thread(project.url),
        listening(sa.Engine, {"before_cursor_execute": lambda *e: read.append(e[2])}),
    ):
        last = run(project, capsys, "current").splitlines()[-1]
    assert "is running now: its upgrade is in statement" in last
    assert "may have been executed" not in last
    assert not [each for each in read if "gone" in each]


def test_two_that_read_at_once_are_not_taken_for_a_run(sqlite_url, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    path = f"{sa.make_url(sqlite_url).database}-alembic_version.lock"
    lock, looks = fcntl.flock, []

    def look_twice(handle, how):
        looks.append(how)
        lock(handle, how)
        if len(looks) == 1:
            assert not FileLock(path).is_held_by_another()

    monkeypatch.setattr(fcntl, "flock", look_twice)
    Path(path).touch()  # as a killed run leaves it
    with sa.create_engine(sqlite_url, poolclass=sa.NullPool).connect() as connection:
        assert not MigrationContext.configure(connection).is_locked()
    assert len(looks) == 2


def test_reading_leaves_the_run_lock_free(half):
    command.heads_by_database(half.config())
    with pytest.raises(UnfinishedRevision):
        command.upgrade(half.config(lock_timeout=0), "head")


def test_nothing_is_said_once_it_is_abandoned(half, capsys):
    command.abandon(half.config(), forget=True)
    assert "unfinished" not in run(half, capsys, "current")
    assert half.tables() >= {"t_a1"}


def test_the_function_that_programs_of_alembic_call_prints_it(half, capsys):
    capsys.readouterr()
    command.current(half.config())
    first, last = capsys.readouterr().out.splitlines()
    assert first == "a1"
    assert last.startswith("Revision b2 is unfinished")


def test_many_edited_revisions_are_counted():
    names = [f"r{number}" for number in range(1, 13)]
    assert edited_sentence(names[:2]) == "r1, r2 were edited since they were applied."
    assert edited_sentence(names).endswith("r10 and 2 more were edited since they were applied.")
    assert JournalState().sentences("") == ()
