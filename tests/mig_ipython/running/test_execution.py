"""What a run reports was done: the version table is read again where ``env.py`` opens the transaction itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool, text
with create_engine("sqlite:///{database}", poolclass=pool.NullPool).connect() as connection:
    {before}
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
    {after}
{end}
"""


@pytest.fixture
def with_env(migrated, tmp_path):
    """A function that gives a notebook with the pending revision ``b2`` an ``env.py`` with these lines."""
    migrated.run("%mig_revision -m empty --id b2")

    def write(before: str = "", after: str = "", end: str = ""):
        text = ENV.format(before=before, after=after, end=end, database=tmp_path / "dev.db")
        Path("migrations/env.py").write_text(text)
        return migrated

    return write


def at_revision() -> list[str]:
    with sqlite3.connect("dev.db") as connection:
        return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]


UNCOMMITTED = [
    pytest.param("outer = connection.begin()", "outer.rollback()", id="rolled back"),
    pytest.param("outer = connection.begin()", "", id="without a commit"),
    pytest.param("connection.execute(text('SELECT 1'))", "", id="a statement before"),
    pytest.param("'SET search_path'; connection.begin()", "", id="the version tables are computed"),
]


@pytest.mark.parametrize(("before", "after"), UNCOMMITTED)
@pytest.mark.parametrize(
    ("command", "reported"), [("%mig_upgrade", "b2"), ("%mig_downgrade base --yes", "base"), ("%mig_stamp b2", "b2")]
)
@pytest.mark.costly
def test_a_run_that_env_py_does_not_commit_is_not_reported_as_done(with_env, command, reported, before, after):
    notebook = with_env(before, after)
    shown = notebook.fail(command)
    assert f"is at a1, although the run reported {reported}" in shown
    assert "migrations/env.py did not commit" in shown
    assert at_revision() == ["a1"]


@pytest.mark.parametrize("end", ["raise RuntimeError('late')", "raise SystemExit(0)"])
def test_an_env_py_that_fails_after_the_run_names_the_current_revision(with_env, end):
    notebook = with_env(end=end)
    assert "The database is at b2." in notebook.fail("%mig_upgrade")
    assert at_revision() == ["b2"]


def test_an_env_py_that_fails_before_the_run_names_only_its_mistake(with_env):
    assert with_env(before="raise RuntimeError('early')").fail("%mig_upgrade").endswith("Correct that line.")
    assert at_revision() == ["a1"]


@pytest.mark.parametrize("command", ["%mig_upgrade", "%mig_downgrade base --yes", "%mig_stamp b2"])
def test_an_env_py_that_runs_no_migrations_is_an_error(with_env, command):
    notebook = with_env()
    text = (
        Path("migrations/env.py").read_text().replace("context.run_migrations()", "if False: context.run_migrations()")
    )
    Path("migrations/env.py").write_text(text)
    assert "ended without context.run_migrations(); no revision was run" in notebook.fail(command)
    assert at_revision() == ["a1"]
