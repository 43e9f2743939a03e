"""The content of applied files is noted with their version rows, and an edit since is reported."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.autogenerate import compare_metadata
from kernel_core.config import CommandLine, Config
from kernel_core.runtime.listeners import listening
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError, UpgradeFailed

JOURNAL = "alembic_version_journal"
NOTED = f"SELECT revision FROM {JOURNAL} WHERE number = -1 ORDER BY 1"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def remembering(request):
    """A project with three revisions that notes the content of applied files, on each database."""
    name = {"sqlite": "project"}.get(request.param, f"{request.param}_project")
    project = request.getfixturevalue(name)
    with open(project.ini) as ini:
        text = ini.read().replace("[alembic]\n", "[alembic]\nremember_content = true\n")
    with open(project.ini, "w") as ini:
        ini.write(text)
    project.chain("a1", "b2", "c3")
    return project


def edit(project, revision, old="def upgrade():", new="def upgrade():\n    op.execute('SELECT 1')"):
    """Replace a text in a version file."""
    path = project.versions / f"{revision}.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def edited(project):
    """Return the revisions that are reported as edited."""
    (place,) = command.heads_by_database(project.config())
    return place.journal.edited


def noted(project):
    return project.rows(NOTED) if JOURNAL in project.tables() else None


def test_each_applied_revision_is_noted_and_each_downgraded_one_is_not(remembering):
    command.upgrade(remembering.config(), "b2")
    assert noted(remembering) == ["a1", "b2"]
    command.upgrade(remembering.config(), "head")
    assert noted(remembering) == ["a1", "b2", "c3"]
    command.downgrade(remembering.config(), "a1")
    assert noted(remembering) == ["a1"]
    assert edited(remembering) == ()


def test_at_base_the_database_has_no_journal(remembering):
    command.upgrade(remembering.config(), "head")
    command.downgrade(remembering.config(), "base")
    assert remembering.tables() == {"alembic_version"}


def test_an_edit_of_an_applied_file_is_reported_until_it_is_undone_or_applied(remembering):
    command.upgrade(remembering.config(), "b2")
    edit(remembering, "b2")
    edit(remembering, "c3")
    assert edited(remembering) == ("b2",)
    command.downgrade(remembering.config(), "a1")
    command.upgrade(remembering.config(), "head")
    assert edited(remembering) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Do a1"""', '"""Something else"""'),
        ("def upgrade():", "def upgrade():\n    # a comment\n"),
        ("def upgrade():", 'def upgrade():\n    """Create a table."""'),
        ("'t_a1'", '"t_a1"'),
        ("primary_key=True", "primary_key = True,"),
        ("def upgrade():", "def upgrade(): # and nothing"),
    ],
)
def test_what_has_no_effect_is_no_edit(project, old, new):
    project.chain("a1")
    command.upgrade(project.config(remember_content=True), "head")
    edit(project, "a1", old, new)
    assert edited(project) == ()


@pytest.mark.parametrize(("old", "new"), [("'t_a1'", "'t_a2'"), ("sa.Integer", "sa.BigInteger"), ("op.drop", "op.x")])
def test_any_other_change_is_an_edit(project, old, new):
    project.chain("a1")
    command.upgrade(project.config(remember_content=True), "head")
    edit(project, "a1", old, new)
    assert edited(project) == ("a1",)


def test_nothing_is_claimed_of_files_that_were_not_noted(any_project):
    any_project.chain("a1", "b2", "c3")
    command.upgrade(any_project.config(), "a1")
    assert any_project.tables() == {"alembic_version", "t_a1"}
    command.upgrade(any_project.config(remember_content="yes"), "b2")
    command.stamp(any_project.config(remember_content="yes"), "c3")
    for revision in ("a1", "b2", "c3"):
        edit(any_project, revision)
    assert edited(any_project) == ("b2",)


def test_what_a_stamp_leaves_behind_is_forgotten(remembering):
    command.upgrade(remembering.config(), "head")
    command.stamp(remembering.config(), "a1")
    assert noted(remembering) == ["a1"]
    edit(remembering, "c3")
    command.stamp(remembering.config(), "head")
    assert edited(remembering) == ()
    command.stamp(remembering.config(), "base", purge=True)
    assert noted(remembering) is None


def test_the_stamp_of_a_context_forgets_too(remembering):
    config = remembering.config()
    command.upgrade(config, "head")
    with sa.create_engine(remembering.url, poolclass=sa.NullPool).connect() as connection:
        MigrationContext.configure(connection).stamp(command.scripts_of(config), "a1")
    assert noted(remembering) == ["a1"]


def test_without_the_setting_a_downgrade_removes_the_note(any_project):
    any_project.chain("a1", "b2")
    command.upgrade(any_project.config(remember_content=True), "head")
    command.downgrade(any_project.config(), "a1")
    command.upgrade(any_project.config(), "b2")
    edit(any_project, "b2")
    assert noted(any_project) == ["a1"]
    assert edited(any_project) == ()


def test_a_revision_that_fails_is_not_noted_and_those_before_it_are(remembering):
    remembering.write("d4", "c3", "op.create_table('t', sa.Column('id', sa.Integer))\nop.execute('nonsense')")
    with pytest.raises(UpgradeFailed):
        command.upgrade(remembering.config(), "head")
    assert noted(remembering) == ["a1", "b2", "c3"]


def test_a_first_revision_that_fails_leaves_no_journal(any_project):
    any_project.write("a1", None, "op.execute('nonsense')")
    with pytest.raises(UpgradeFailed):
        command.upgrade(any_project.config(remember_content=True), "head")
    assert JOURNAL not in any_project.tables()


def test_the_setting_is_an_option_of_configure_and_wins_over_the_config(any_project):
    any_project.chain("a1")
    any_project.env(lambda text: text.replace("**options(", "remember_content=False, **options("))
    command.upgrade(any_project.config(remember_content=True), "head")
    assert noted(any_project) is None


def test_a_value_that_is_neither_true_nor_false_is_refused(project):
    project.chain("a1")
    with pytest.raises(CommandError, match=r"remember_content is 'perhaps'. Set it to true or false\."):
        command.upgrade(project.config(remember_content="perhaps"), "head")
    assert project.tables() == set()


def test_new_environments_note_the_content(tmp_path, sqlite_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    for template in command.list_templates(Config()):
        folder = tmp_path / template.name
        folder.mkdir()
        config = Config(str(folder / "alembic.ini"), toml_file=str(folder / "pyproject.toml"))
        command.init(config, str(folder / "migrations"), template.name)
        made = Config(str(folder / "alembic.ini"), toml_file=str(folder / "pyproject.toml"))
        assert str(made.get_main_option("remember_content")).lower() == "true", template.name


def test_offline_nothing_is_noted(any_project):
    any_project.chain("a1")
    report = command.upgrade(any_project.config(remember_content=True), "head", sql=True)
    assert report.sql is not None
    assert JOURNAL not in report.sql


def test_autogenerate_does_not_see_the_journal(remembering):
    command.upgrade(remembering.config(), "a1")
    with sa.create_engine(remembering.url, poolclass=sa.NullPool).connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), sa.MetaData())
    assert [(each[0], each[1].name) for each in differences] == [("remove_table", "t_a1")]


def test_one_transaction_for_the_whole_run_notes_all_or_nothing(any_project):
    any_project.chain("a1", "b2")
    any_project.env(lambda text: text.replace("**options(", "transaction_per_migration=False, **options("))
    command.upgrade(any_project.config(remember_content=True), "head")
    assert noted(any_project) == ["a1", "b2"]
    any_project.write("c3", "b2", "pass")
    any_project.write("d4", "c3", "op.execute('nonsense')")
    with pytest.raises(UpgradeFailed):
        command.upgrade(any_project.config(remember_content=True), "head")
    assert noted(any_project) == ["a1", "b2"]


def run(project, capsys, *typed):
    """Run a command of the program; return what it printed."""
    capsys.readouterr()
    CommandLine().main(["-c", project.ini, *typed])
    return capsys.readouterr()


def test_the_command_line_names_edited_files_in_current_and_history(remembering, capsys):
    command.upgrade(remembering.config(), "b2")
    edit(remembering, "a1")
    sentence = "a1 was edited since it was applied."
    assert run(remembering, capsys, "current").out.splitlines()[-1] == sentence
    listed = run(remembering, capsys, "history", "-i").out.splitlines()
    assert "(edited since it was applied)" in next(line for line in listed if "-> a1" in line)
    assert listed[-1] == sentence
    (current,) = json.loads(run(remembering, capsys, "current", "--json").out)
    assert current["edited"] == ["a1"]
    assert current["unfinished"] is None
    states = {
        each["revision"]: each["is_edited"]
        for each in json.loads(run(remembering, capsys, "history", "-i", "--json").out)
    }
    assert states == {"a1": True, "b2": False, "c3": False}


def test_the_command_line_names_edited_files_before_it_downgrades_them(remembering, capsys):
    command.upgrade(remembering.config(), "head")
    edit(remembering, "a1")
    edit(remembering, "c3")
    assert run(remembering, capsys, "downgrade", "b2").err == "c3 was edited since it was applied.\n"
    assert "edited" not in run(remembering, capsys, "downgrade", "a1").err


def test_in_the_transaction_of_a_caller_the_empty_journal_is_dropped_too(any_project):
    any_project.chain("a1")
    for run, target in ((command.upgrade, "head"), (command.downgrade, "base")):
        with sa.create_engine(any_project.url, poolclass=sa.NullPool).begin() as connection:
            run(any_project.config(connection=connection, remember_content=True), target)
        assert noted(any_project) == (["a1"] if target == "head" else None)


@pytest.mark.parametrize("is_in_transaction", [False, True], ids=["own", "in a transaction"])
def test_a_journal_that_another_run_drops_while_it_is_read_is_none(remembering, is_in_transaction):
    command.upgrade(remembering.config(), "head")
    engine = sa.create_engine(remembering.url, poolclass=sa.pool.NullPool)
    dropped = []

    def drop(_connection, _cursor, sql, *_):
        if f"FROM {JOURNAL}" in sql and not dropped:
            dropped.append(sql)
            with engine.begin() as other:
                other.exec_driver_sql(f"DROP TABLE {JOURNAL}")

    with engine.connect() as connection:
        if is_in_transaction and engine.name == "postgresql":  # elsewhere a transaction keeps others from dropping it
            connection.exec_driver_sql("SELECT 1")
        with listening(connection, {"before_cursor_execute": drop}):
            assert MigrationContext.configure(connection).unfinished() is None
        assert len(dropped) == 1
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "c3"
