"""An ``env.py`` of another project runs in the notebook as on the command line, and leaves the kernel as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool
config = context.config
{before}
with create_engine("sqlite:///{database}", poolclass=pool.NullPool).connect() as connection:
    context.configure(
        connection=connection, target_metadata=config.attributes.get("target_metadata"), **options
    )
    with context.begin_transaction():
        context.run_migrations()
"""
NO_EMPTY_REVISION = """
def without_empty(context, revision, directives):
    if config.cmd_opts.autogenerate and directives[0].upgrade_ops.is_empty():
        directives[:] = []
options = {"process_revision_directives": without_empty}
"""
TENANT = "tenant = context.get_x_argument(as_dictionary=True)['tenant']\nprint('tenant', tenant)\noptions = {}"


@pytest.fixture
def with_env(migrated, tmp_path):
    """A function that gives the migrated notebook an ``env.py`` that begins with these lines."""

    def write(before: str):
        text = ENV.format(before=before, database=tmp_path / "dev.db")
        (tmp_path / "migrations" / "env.py").write_text(text)
        return migrated

    return write


@pytest.mark.slow
def test_a_hook_that_reads_the_options_of_the_command_line_works(with_env):
    notebook = with_env(NO_EMPTY_REVISION)
    assert not notebook.run("%mig_diff")
    notebook.run("%mig_check")
    assert "Nothing to do" in repr(notebook.run("%mig_autogenerate -m none --write"))
    notebook.declare("nick: Mapped[str | None]")
    assert len(notebook.run("%mig_diff")) == 1
    notebook.run("%mig_autogenerate -m nick --id b2 --write\n%mig_upgrade")
    assert notebook.run("%mig").current == ("b2",)


def test_a_run_is_no_autogenerate(with_env):
    notebook = with_env("print('options', config.cmd_opts.autogenerate, config.cmd_opts.x)\noptions = {}")
    notebook.run("%mig_stamp base")
    assert "options False None" in notebook.printed
    notebook.run("%mig_diff")
    assert "options True None" in notebook.printed


def test_an_env_py_that_asks_only_whether_it_is_on_the_command_line_finds_no_options(with_env):
    notebook = with_env("print('on the command line:', config.cmd_opts is not None)\noptions = {}")
    notebook.run("%mig_diff")
    assert "on the command line: False" in notebook.printed


def test_the_x_arguments_are_a_setting(with_env):
    notebook = with_env(TENANT)
    assert "%config Mig.x_arguments = ['tenant=VALUE']" in notebook.fail("%mig_diff")
    notebook.run("%config Mig.x_arguments = ['tenant=acme']")
    notebook.run("%mig_diff")
    assert "tenant acme" in notebook.printed


@pytest.mark.parametrize("ending", ["options = {}", "raise RuntimeError('wrong')"])
def test_the_working_folder_is_restored(with_env, tmp_path, ending):
    Path("elsewhere").mkdir()
    notebook = with_env(f"import os; os.chdir('elsewhere')\n{ending}")
    notebook.shell.run_cell("%mig_diff")
    notebook.capsys.readouterr()
    assert os.getcwd() == str(tmp_path)


def test_opening_an_environment_says_when_its_env_py_runs(migrated, with_env):
    opened = migrated.run("%mig_open migrations")
    assert "it runs for upgrade, downgrade, stamp, autogenerate, diff and check" in repr(opened)
    opened = with_env(TENANT).run("%mig_open migrations")
    assert "decides which version tables there are: commands that read them run it" in repr(opened)
