"""The commands and the data that they return."""

import io
import os
import subprocess
import sys

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import Config
from kernel_core.util.exc import (
    CommandError,
    EnvironmentMissing,
    MultipleHeads,
    RangeNotAncestorError,
    ResolutionError,
    RevisionError,
)


def names(revisions):
    return [each.revision for each in revisions]


def test_init_creates_an_environment_and_returns_its_files(tmp_path):
    config = Config(str(tmp_path / "alembic.ini"))
    made = command.init(config, tmp_path / "migrations")
    assert sorted(os.path.relpath(path, tmp_path) for path in made) == [
        "alembic.ini", "migrations/README", "migrations/env.py", "migrations/script.py.mako",
    ]  # fmt: skip
    assert (tmp_path / "migrations" / "versions").is_dir()
    assert "script_location = %(here)s/migrations\n" in (tmp_path / "alembic.ini").read_text()
    assert command.heads(config) == ()
    assert command.heads(Config(str(tmp_path / "alembic.ini"))) == ()


def test_init_of_a_memory_configuration_writes_no_ini(tmp_path):
    config = Config()
    command.init(config, tmp_path / "m")
    assert sorted(os.listdir(tmp_path)) == ["m"]
    assert command.history(config) == []


def test_init_can_make_packages(tmp_path):
    command.init(Config(), tmp_path / "m", package=True)
    assert (tmp_path / "m" / "__init__.py").exists()
    assert (tmp_path / "m" / "versions" / "__init__.py").exists()


def test_init_refuses_a_folder_that_is_not_empty(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "mine.txt").write_text("x")
    with pytest.raises(CommandError, match="not empty; nothing was created"):
        command.init(Config(str(tmp_path / "alembic.ini")), tmp_path / "m")
    assert sorted(os.listdir(tmp_path)) == ["m"]
    assert os.listdir(tmp_path / "m") == ["mine.txt"]


def test_init_does_not_change_an_existing_ini_file(tmp_path):
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = elsewhere\n")
    made = command.init(Config(str(tmp_path / "alembic.ini")), tmp_path / "m")
    assert str(tmp_path / "alembic.ini") not in made
    assert "elsewhere" in (tmp_path / "alembic.ini").read_text()


def test_an_unknown_template_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(CommandError, match=r"Unknown template 'fancy'\. Choose one of: async, generic, multidb"):
        command.init(Config(), tmp_path / "m", template="fancy")


@pytest.mark.parametrize("folder", ["with space", "with%percent", "ünïcode"])
def test_a_folder_may_have_any_name(tmp_path, folder, monkeypatch):
    home = tmp_path / folder
    home.mkdir()
    command.init(Config(str(home / "alembic.ini")), home / "migrations %s")
    config = Config(str(home / "alembic.ini"))
    monkeypatch.setenv("DATABASE_URL", "sqlite://")
    assert command.revision(config, "Begin", rev_id="a1").path.startswith(str(home))
    assert command.upgrade(config, "head").after == ("a1",)


def test_the_error_of_a_missing_environment_has_the_command_that_creates_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EnvironmentMissing, match=r"There is no alembic\.ini.*mig init migrations"):
        command.heads(Config("alembic.ini"))
    config = Config()
    config.set_main_option("script_location", "nowhere")
    with pytest.raises(EnvironmentMissing, match=r"nowhere does not exist.*mig init nowhere"):
        command.upgrade(config, "head")
    (tmp_path / "photos").mkdir()
    config.set_main_option("script_location", "photos")
    with pytest.raises(EnvironmentMissing, match=r"is not a migration environment.*mig init photos$"):
        command.current(config)
    (tmp_path / "photos" / "a.jpg").touch()  # init refuses a folder that has files
    with pytest.raises(EnvironmentMissing, match=r"is not a migration environment.*mig init photos/migrations$"):
        command.current(config)
    config.set_main_option("script_location", "photos/a.jpg")
    with pytest.raises(EnvironmentMissing, match=r"is a file.*mig init migrations$"):
        command.current(config)


def test_a_revision_is_written_on_the_head(project):
    first = command.revision(project.config(), "Add users", rev_id="a1")
    second = command.revision(project.config(), 'Say """hi"""; import os', rev_id="b2")
    assert (first.down_revision, second.down_revision) == (None, "a1")
    assert os.path.basename(first.path) == "a1_add_users.py"
    assert second.doc == 'Say """hi"""; import os'
    compile(second.source, second.path, "exec")
    assert command.upgrade(project.config(), "head").after == ("b2",)


def test_a_written_file_has_its_message_and_identifiers(project):
    first = command.revision(project.config(), "Add users", rev_id="a1").source.splitlines()
    assert first[:3] == ['"""Add users', "", "Revision ID: a1"]
    assert first[3] == "Revises: <base>"
    assert "from kernel_core import op" in first
    assert not [line for line in first if line != line.rstrip()]


def test_labels_splices_and_dependencies_are_written(project):
    command.revision(project.config(), "One", rev_id="a1")
    command.revision(project.config(), "Two", rev_id="b2")
    with pytest.raises(RevisionError, match="a1 is not a head"):
        command.revision(project.config(), "Branch", head="a1")
    side = command.revision(
        project.config(), "Side", head="a1", splice=True, branch_label="side", rev_id="c3", depends_on=["b2"]
    )
    assert (side.down_revision, side.branch_labels, side.dependencies) == ("a1", {"side"}, "b2")
    with pytest.raises(MultipleHeads):
        command.revision(project.config(), "Which?")
    assert command.revision(project.config(), "More", head="side@head").down_revision == "c3"


def test_history_heads_branches_and_show(project):
    project.chain("a1", "b2", "c3")
    project.write("d4", "a1")
    config = project.config()
    assert sorted(names(command.history(config))) == ["a1", "b2", "c3", "d4"]
    assert names(command.history(config, "b2:c3")) == ["c3", "b2"]
    assert names(command.history(config, ":b2")) == ["b2", "a1"]
    assert names(command.heads(config)) == ["c3", "d4"]
    assert names(command.branches(config)) == ["a1"]
    assert command.show(config, "b2").doc == "Do b2"
    assert names(command.show(config, "heads")) == ["c3", "d4"]
    with pytest.raises(CommandError, match="Name one revision"):
        command.show(config, "base")
    with pytest.raises(ResolutionError, match="Did you mean"):
        command.show(config, "b22")


def test_a_range_may_be_relative_to_the_current_revision(project):
    project.chain("a1", "b2", "c3", "d4")
    command.upgrade(project.config(), "c3")
    assert names(command.history(project.config(), "-1:current")) == ["c3", "b2"]
    assert names(command.history(project.config(), "-9:current")) == ["c3", "b2", "a1"]
    assert names(command.history(project.config(), "current:+9")) == ["d4", "c3"]
    assert names(command.history(project.config(), "current:")) == ["d4", "c3"]
    assert command.show(project.config(), "current").revision == "c3"
    with pytest.raises(CommandError, match="not a range"):
        command.history(project.config(), "c3")


def test_a_broken_file_hides_nothing_else(project):
    project.chain("a1", "b2")
    (project.versions / "zz.py").write_text("revision = 'zz'\ndown_revision = (\n")
    with pytest.warns(UserWarning, match=r"cannot be read: .*zz\.py, line 2"):
        assert names(command.history(project.config())) == ["b2", "a1"]
    with pytest.warns(UserWarning, match="cannot be read: "):
        assert names(command.heads(project.config())) == ["b2"]
    assert command.upgrade(project.config(), "b2").after == ("b2",)
    assert names(command.current(project.config())) == ["b2"]
    project.run("UPDATE alembic_version SET version_num = 'zz'")
    (lost,) = command.current(project.config())
    assert (lost.revision, lost.doc) == ("zz", "in no file here that can be read")


def test_reading_commands_run_no_version_file_and_no_env_py(project):
    project.env(lambda text: "raise SystemExit('env.py ran')")
    path = project.write("a1")
    path.write_text(path.read_text() + "\nraise SystemExit('a version file ran')\n")
    assert names(command.history(project.config())) == ["a1"]
    assert names(command.heads(project.config())) == ["a1"]
    assert command.show(project.config(), "a1").doc == "Do a1"
    assert command.branches(project.config()) == ()


def test_heads_and_history_import_neither_sqlalchemy_nor_mako(project):
    project.chain("a1")
    code = (
        "import sys; from kernel_core import command; from kernel_core.config import Config; "
        f"c = Config({project.ini!r}); command.heads(c); command.history(c); command.show(c, 'a1'); "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'sqlalchemy', 'mako', 'IPython'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_program_shows_the_heads_with_few_of_pythons_modules(project):
    project.chain("a1")
    code = (
        f"import sys; from kernel_core.config import main; main(['-c', {project.ini!r}, 'heads']); "
        "dear = 'tempfile uuid hashlib random shutil difflib json logging subprocess asyncio importlib.resources pathlib'; "
        "print(sorted(set(sys.modules) & set(dear.split())))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "a1 (head), Do a1\n[]\n"


def test_offline_sql_of_an_upgrade(project, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://ada:secret@nowhere/x")
    project.chain("a1", "b2")
    report = command.upgrade(project.config(), "a1:head", sql=True)
    assert report.sql == (
        "BEGIN;\n\n-- Running upgrade a1 -> b2, Do b2\n\n"
        "CREATE TABLE t_b2 (\n    id SERIAL NOT NULL, \n    PRIMARY KEY (id)\n);\n\n"
        "UPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'a1';\n\nCOMMIT;\n\n"
    )
    assert [(step.revision, step.seconds) for step in report.steps] == [("b2", 0.0)]
    whole = command.upgrade(project.config(), "head", sql=True).sql
    assert whole.index("CREATE TABLE alembic_version") < whole.index("CREATE TABLE t_a1") < whole.index("INSERT INTO")
    assert "INSERT INTO alembic_version (version_num) VALUES ('a1');" in whole


def test_offline_sql_also_goes_to_the_output_buffer(project):
    project.chain("a1")
    buffer = io.StringIO()
    config = Config(project.ini, output_buffer=buffer)
    assert command.upgrade(config, "head", sql=True).sql == buffer.getvalue() != ""
    assert project.tables() == set()


def test_a_doc_with_a_newline_cannot_leave_its_comment(project):
    project.write("a1", doc="One; DROP TABLE x\\nDROP TABLE y;")
    assert "\nDROP" not in command.upgrade(project.config(), "head", sql=True).sql


def test_offline_sql_of_a_downgrade_needs_both_ends(project):
    project.chain("a1", "b2")
    with pytest.raises(CommandError, match="from:to"):
        command.downgrade(project.config(), "base", sql=True)
    text = command.downgrade(project.config(), "head:base", sql=True).sql
    assert text.index("DROP TABLE t_b2") < text.index("DROP TABLE t_a1")
    assert "DELETE FROM alembic_version WHERE alembic_version.version_num = 'a1'" in text
    assert "DROP TABLE alembic_version" not in text


def test_a_range_is_for_sql_only(project):
    project.chain("a1")
    with pytest.raises(CommandError, match="which only --sql accepts"):
        command.upgrade(project.config(), "base:a1")


def test_stamp_moves_rows_and_runs_nothing(any_project):
    any_project.chain("a1", "b2")
    report = command.stamp(any_project.config(), "head")
    assert (report.before, report.after, any_project.rows()) == ((), ("b2",), ["b2"])
    assert [(step.revision, step.direction) for step in report.steps] == [("b2", "stamp")]
    command.stamp(any_project.config(), "a1")
    command.stamp(any_project.config(), "base")
    assert any_project.rows() == []
    assert any_project.tables() == {"alembic_version"}


def test_a_lost_revision_is_replaced_only_with_purge(project):
    project.chain("a1")
    command.upgrade(project.config(), "head")
    project.run("UPDATE alembic_version SET version_num = 'gone'")
    for refused in (command.upgrade, command.stamp):
        with pytest.raises(ResolutionError, match='is at revision "gone", which is in no file here'):
            refused(project.config(), "a1")
    assert names(command.current(project.config())) == ["gone"]
    assert command.stamp(project.config(), "a1", purge=True).after == ("a1",)
    assert project.rows() == ["a1"]


def test_an_unknown_revision_changes_nothing(project):
    project.chain("a1")
    with pytest.raises(ResolutionError):
        command.upgrade(project.config(), "nope")
    with pytest.raises(RangeNotAncestorError):
        command.downgrade(project.config(), "a1")
    assert project.tables() == set()


def test_merging_one_revision_is_refused(project):
    project.chain("a1")
    with pytest.raises(CommandError, match="nothing to merge"):
        command.merge(project.config(), "heads")


def models():
    metadata = sa.MetaData()
    sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(20), nullable=False),
    )
    return metadata


def test_autogenerate_writes_the_differences(any_project):
    config = any_project.config(target_metadata=models())
    script = command.revision(config, "Add users", autogenerate=True, rev_id="a1")
    assert "op.create_table(" in script.source
    assert command.upgrade(any_project.config(), "head").after == ("a1",)
    assert "users" in any_project.tables()
    again = command.revision(any_project.config(target_metadata=models()), "Nothing", autogenerate=True)
    assert "create_table" not in again.source
    command.upgrade(any_project.config(), "head")
    command.downgrade(any_project.config(), "base")
    assert any_project.tables() == {"alembic_version"}


def test_autogenerate_refuses_a_database_that_is_behind(project):
    project.chain("a1")
    with pytest.raises(CommandError, match="is at base, the newest revision is a1: upgrade it first"):
        command.revision(project.config(target_metadata=models()), autogenerate=True)


def test_hooks_may_change_drop_or_add_scripts(project):
    seen = []

    def nothing(context, revision, directives):
        seen.append((context.dialect.name, revision, directives[0].message))
        directives[:] = []

    config = project.config(target_metadata=models())
    assert command.revision(config, "Add", autogenerate=True, process_revision_directives=nothing) == []
    assert seen == [("sqlite", (), "Add")]
    assert list(project.versions.glob("*.py")) == []

    def rename(context, revision, directives):
        directives[0].message = "Better"
        directives[0].rev_id = "z9"

    script = command.revision(config, "Add", autogenerate=True, process_revision_directives=rename)
    assert (script.revision, script.doc) == ("z9", "Better")


def test_autogenerate_and_sql_exclude_each_other(project):
    with pytest.raises(CommandError, match="give one of them"):
        command.revision(project.config(), autogenerate=True, sql=True)


def test_the_error_of_autogenerate_without_metadata_says_what_to_set(project):
    with pytest.raises(CommandError, match="target_metadata"):
        command.revision(project.config(), autogenerate=True)
    assert list(project.versions.glob("*.py")) == []


def test_a_long_history_is_run_in_linear_time(project):
    down = None
    for number in range(300):
        project.write(f"r{number:04}", down)
        down = f"r{number:04}"
    assert len(command.upgrade(project.config(), "head").steps) == 300
    assert project.rows() == ["r0299"]
