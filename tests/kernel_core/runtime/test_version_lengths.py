"""Revision ids that are longer than the column of the version table."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from kernel_core import command
from kernel_core.config import Config
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError

from ..conftest import Project

LONG = "20260820_add_backup_verification_runs_for_all"
WIDEN = {
    "postgresql": "ALTER TABLE alembic_version ALTER COLUMN version_num TYPE VARCHAR(60)",
    "mysql": "ALTER TABLE alembic_version MODIFY version_num VARCHAR(60) NOT NULL",
    "mariadb": "ALTER TABLE alembic_version MODIFY version_num VARCHAR(60) NOT NULL",
}


@pytest.fixture(params=["postgresql", "mariadb"])
def strict(request: pytest.FixtureRequest, tmp_path, monkeypatch) -> Project:
    """A project with a long id, on a database that keeps to the length of a column."""
    url = request.getfixturevalue(f"{request.param}_url")
    monkeypatch.setenv("DATABASE_URL", url)
    made = Project(tmp_path, url)
    command.init(Config(made.ini), os.path.join(tmp_path, "migrations"))
    ini = Path(made.ini)
    ini.write_text(ini.read_text().replace("remember_content = true\n", ""))
    made.chain("a1", LONG, "c1")
    return made


@pytest.mark.slow
def test_an_id_that_is_too_long_is_refused_unless_the_column_is_wide_enough(strict):
    for target in ("head", LONG):
        with pytest.raises(CommandError, match=r"has 45 characters, and alembic_version\.version_num holds 32") as said:
            command.upgrade(strict.config(), target)
    assert strict.tables() <= {"alembic_version"}
    command.upgrade(strict.config(), "a1")
    for run in (lambda: command.upgrade(strict.config(), "+1"), lambda: command.stamp(strict.config(), LONG)):
        with pytest.raises(CommandError, match="Nothing was run"):
            run()
    assert strict.tables() == {"alembic_version", "t_a1"}
    assert strict.rows() == ["a1"]
    remedy = str(said.value).partition("widen the column: ")[2]
    assert remedy == WIDEN[strict.url.partition("+")[0]].replace("60", "45")
    strict.run(remedy)
    command.upgrade(strict.config(), LONG)
    assert strict.rows() == [LONG]
    command.upgrade(strict.config(), "head")
    command.downgrade(strict.config(), "-1")
    assert strict.rows() == [LONG]
    command.downgrade(strict.config(), "base")
    command.stamp(strict.config(), LONG)
    assert strict.rows() == [LONG]


def test_sqlite_enforces_no_length(project):
    project.chain("a1", LONG, "c1")
    command.upgrade(project.config(), LONG)
    assert project.rows() == [LONG]
    assert LONG in (command.upgrade(project.config(), "base:head", sql=True).sql or "")


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mssql", "oracle"])
def test_a_script_of_a_stamp_with_an_id_that_is_too_long_is_empty(project, dialect):
    project.chain("a1", LONG)
    scripts, out = ScriptDirectory(project.folder / "migrations"), io.StringIO()
    context = MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, "output_buffer": out})
    with pytest.raises(CommandError, match=r"has 45 characters, .*Nothing was run\."):
        context.stamp(scripts, LONG)
    assert out.getvalue() == ""
    context.stamp(scripts, "a1")
    assert "INSERT INTO alembic_version (version_num) VALUES ('a1')" in out.getvalue()


def test_a_file_with_an_id_that_is_too_long_is_written_only_if_the_history_has_one(project):
    project.chain("a1")
    for write in (
        lambda name: command.revision(project.config(), "x", rev_id=name),
        lambda name: command.revision(project.config(), "x", rev_id=name, head="base", splice=True),
    ):
        with pytest.raises(CommandError, match="has 33 characters, and the version table holds 32"):
            write("a" * 33)
    assert sorted(os.listdir(project.versions)) == ["a1.py"]
    assert command.revision(project.config(), "x", rev_id="a" * 32)
    project.write(LONG, "a" * 32)
    assert command.revision(project.config(), "y", rev_id="b" * 45).revision == "b" * 45  # type: ignore[union-attr]
