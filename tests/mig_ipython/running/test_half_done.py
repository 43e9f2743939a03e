"""A revision that was stopped half-way is shown everywhere, refuses other runs, and is finished or abandoned."""

from __future__ import annotations

import shutil

import pytest

from kernel_core import command
from kernel_core.config import Config
from tests.kernel_core.runtime.test_run_lock import held_by_another_thread
from tests.mig_ipython.running.test_execution import ENV, UNCOMMITTED

HALF = '''"""Half"""
revision = "b2"
down_revision = "a1"
import sqlalchemy as sa
from kernel_core import op
def upgrade():
    with op.get_context().autocommit_block():
        op.create_table("half", sa.Column("id", sa.Integer))
    op.execute("{rest}")
def downgrade():
    op.drop_table("half")
'''


@pytest.fixture(scope="session")
def stopped(tmp_path_factory):
    """Where the database of the first `half` notebook is kept for those after it."""
    return tmp_path_factory.mktemp("stopped") / "dev.db"


@pytest.fixture
def half(migrated, tmp_path, stopped):
    """A notebook at a1; the upgrade to b2 was stopped after its first statement."""
    path = tmp_path / "migrations" / "versions" / "b2_half.py"
    if not stopped.exists():
        path.write_text(HALF.format(rest="nonsense"))
        assert "%mig_resume" in migrated.fail("%mig_upgrade")
        shutil.copy(tmp_path / "dev.db", stopped)
    else:
        shutil.copy(stopped, tmp_path / "dev.db")
    path.write_text(HALF.format(rest="SELECT 1"))
    return migrated


def test_each_view_of_the_revisions_names_it(half):
    sentence = "Revision b2 is unfinished: its upgrade stopped after statement 1"
    remedy = "Continue it: %mig_resume. Or undo what it did: %mig_abandon."
    for typed in ("%mig", "%mig_status", "%mig_current", "%mig_history", "%mig_graph"):
        view = half.run(typed)
        for text in (repr(view), view._repr_html_()):
            assert sentence in text, typed
            assert remedy.partition("%")[0] in text, typed
            assert "%mig_resume" in text, typed
        assert "mig resume" not in repr(view)


def test_marks_show_it_by_sign_and_text(half):
    assert "⚠ unfinished" in repr(half.run("%mig_history"))
    graph = half.run("%mig_graph")
    assert "! b2 (head, pending, ⚠ unfinished)" in repr(graph)
    assert "⚠ unfinished" in graph.dot
    assert 'penwidth="2.4"' in graph.dot or "penwidth=2.4" in graph.dot
    assert "unfinished" in graph.mermaid
    assert "b2 is half done" in graph._described()
    assert half.run("%mig").next == "%mig_resume"
    assert half.run("%mig").half_done == ("b2",)


@pytest.mark.parametrize(
    "typed",
    ["%mig_upgrade", "%mig_upgrade --plan", "%mig_upgrade --sql", "%mig_downgrade base --yes", "%mig_stamp head"],
)
def test_other_runs_refuse_with_the_commands_of_the_notebook(half, typed):
    error = half.fail(typed)
    assert "Revision b2 is unfinished" in error
    assert "Continue it: %mig_resume. Or undo what it did: %mig_abandon." in error


def test_resume_finishes_it(half):
    error = half.fail("%mig_resume")
    assert "%mig_resume --edited" in error
    report = half.run("%mig_resume --edited")
    assert "upgraded by 1 revision, from a1 to b2" in repr(report)
    assert "unfinished" not in repr(half.run("%mig"))
    assert "nothing to do, it is at b2" in repr(half.run("%mig_resume"))


def test_abandon_undoes_it(half, tmp_path):
    (tmp_path / "migrations" / "versions" / "b2_half.py").write_text(HALF.format(rest="nonsense"))
    said = repr(half.run("%mig_abandon"))
    assert "b2 is abandoned." in said
    assert "undone" in said
    assert "unfinished" not in repr(half.run("%mig"))
    assert "no revision is unfinished" in repr(half.run("%mig_abandon"))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("%mig_resume --edited", "is at a1, although the run reported b2"),
        ("%mig_abandon --force", "b2 is still unfinished, although it was reported as abandoned"),
        ("%mig_abandon --forget", "b2 is still unfinished, although it was reported as abandoned"),
    ],
)
@pytest.mark.parametrize(("before", "after"), UNCOMMITTED)
@pytest.mark.costly
def test_what_env_py_does_not_commit_is_not_reported_as_finished_or_undone(
    half, tmp_path, command, said, before, after
):
    without_block = HALF.replace("    with op.get_context().autocommit_block():\n    ", "")
    (tmp_path / "migrations" / "versions" / "b2_half.py").write_text(without_block.format(rest="SELECT 1"))
    text = ENV.format(before=before, after=after, end="", database=tmp_path / "dev.db")
    (tmp_path / "migrations" / "env.py").write_text(text)
    shown = half.fail(command)
    assert said in shown
    assert "migrations/env.py did not commit" in shown
    assert "b2 is unfinished" in repr(half.run("%mig_current"))


@pytest.mark.parametrize("command", ["%mig_resume", "%mig_abandon"])
def test_an_env_py_that_runs_no_migrations_finishes_nothing(half, tmp_path, command):
    (tmp_path / "migrations" / "env.py").write_text("x = 1")
    assert "run_migrations()" in half.fail(command)


def test_forget_removes_the_notes_only(half):
    half.run("%mig_abandon --forget")
    assert repr(half.run("%mig_current")).count("unfinished") == 0


def test_while_another_process_runs_it_is_running(half, tmp_path):
    with held_by_another_thread(f"sqlite:///{tmp_path}/dev.db"):
        assert "Revision b2 is running now: its upgrade is after statement 1" in repr(half.run("%mig_current"))
        status = half.run("%mig")
        assert (status.half_done, status.running) == ((), ("b2",))
        assert status.next == "wait: b2 is running now (see note)"
        assert "⚠ running now" in repr(half.run("%mig_graph"))


def test_an_edited_file_is_marked_and_named_before_a_downgrade(migrated, tmp_path):
    path = next((tmp_path / "migrations" / "versions").glob("a1*.py"))
    path.write_text(path.read_text() + "\n# a comment\n")
    assert "edited" not in repr(migrated.run("%mig_history"))
    path.write_text(path.read_text().replace("def upgrade() -> None:", "EDITED = 1\n\n\ndef upgrade() -> None:"))
    assert "EDITED" in path.read_text()
    sentence = "a1 was edited since it was applied."
    for typed in ("%mig", "%mig_current", "%mig_history", "%mig_graph", "%mig_downgrade base --plan"):
        assert sentence in repr(migrated.run(typed)), typed
    assert "✎ edited since it was applied" in repr(migrated.run("%mig_history"))
    assert "✎ edited since it was applied" in migrated.run("%mig_graph").dot
    assert repr(migrated.run("%mig_upgrade --plan")).count("edited") == 0


def test_a_new_environment_of_the_notebook_notes_the_content(migrated, tmp_path):
    config = Config(str(tmp_path / "migrations" / "alembic.ini"))
    assert config.get_main_option("remember_content") == "true"
    assert command.scripts_of(config).get_heads() == ["a1"]


def test_the_tables_that_a_half_done_revision_has_created_are_not_reported_as_found(ready, tmp_path, mariadb_url):
    whole = HALF.replace("    with op.get_context().autocommit_block():\n    ", "").replace('"a1"', "None")
    (tmp_path / "migrations" / "versions" / "b2_half.py").write_text(whole.format(rest="SELECT x FROM nowhere"))
    ready.run(f"%mig_connect {mariadb_url}")
    shown = ready.fail("%mig_upgrade")
    assert "%mig_resume" in shown
    assert "exists already" not in shown, "a stamp would be refused, and wrong: the rest of it was not executed"
