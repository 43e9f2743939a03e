"""A revision whose own code commits or rolls back past SQLAlchemy: what is said of it is true, and it can be resumed."""

from __future__ import annotations

import pytest

from kernel_core import command
from kernel_core.util.exc import UpgradeFailed

BEFORE = "op.create_table('half', sa.Column('id', sa.Integer))\nop.execute('INSERT INTO half VALUES (1)')"
AFTER = "op.create_table('rest', sa.Column('id', sa.Integer))\nop.execute('INSERT INTO rest VALUES (1)')"
FAILURES = {"statement": "op.execute('nonsense')", "Python": "raise RuntimeError('x')"}
COMMITS = {
    "pooled connection": "op.get_bind().connection.commit()",
    "driver": "op.get_bind().connection.driver_connection.commit()",
    "cursor": "op.get_bind().connection.cursor().execute('COMMIT')",
    "SQL": "op.execute('COMMIT')",
    "SQL, and BEGIN": "op.execute('COMMIT')\nop.execute('BEGIN')",
}
ROLLBACKS = {
    "pooled connection": "op.get_bind().connection.rollback()",
    "SQL": "op.execute('ROLLBACK')",
}
DATABASES = ["sqlite", "postgresql", "mariadb"]
QUICK = [
    pytest.param(name, how, marks=[] if how == "pooled connection" else pytest.mark.sweep)
    for name in DATABASES
    for how in COMMITS
]


@pytest.fixture
def at_a1(request):
    """Return a function: the project on a database, at a1, with a revision b2 of the given body."""

    def made(name, body):
        project = request.getfixturevalue({"sqlite": "project"}.get(name, f"{name}_project"))
        project.chain("a1")
        command.upgrade(project.config(), "head")
        project.write("b2", "a1", body)
        return project

    return made


def failed(project) -> str:
    with pytest.raises(UpgradeFailed) as raised:
        command.upgrade(project.config(), "head")
    return str(raised.value)


def rows_of(project) -> dict[str, int]:
    """Return the number of rows of each table of the revision that exists."""
    tables = project.tables() & {"half", "rest"}
    return {table: len(project.rows(f"SELECT id FROM {table}")) for table in sorted(tables)}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize(("name", "how"), QUICK)
def test_after_a_commit_the_rest_is_resumed_and_nothing_runs_twice(at_a1, name, how, later, failure):
    body = "\n".join([BEFORE, COMMITS[how], *([AFTER] if later else []), FAILURES[failure]])
    project = at_a1(name, body)
    said = failed(project)
    assert "mig resume" in said
    assert rows_of(project)["half"] == 1
    project.write("b2", "a1", body.removesuffix(FAILURES[failure]))
    command.resume(project.config(), accepts_edits=True)
    assert rows_of(project) == {"half": 1} | ({"rest": 1} if later else {})
    assert (project.rows(), project.tables() & {"alembic_version_journal"}) == (["b2"], set())


@pytest.mark.parametrize("how", ["pooled connection", pytest.param("SQL", marks=pytest.mark.sweep)])
@pytest.mark.parametrize("name", DATABASES)
def test_after_a_rollback_of_its_own_nothing_is_said_to_stay_that_does_not(at_a1, name, how):
    project = at_a1(name, "\n".join([BEFORE, ROLLBACKS[how], FAILURES["Python"]]))
    said = failed(project)
    if name == "mariadb":  # which has committed the table
        assert "1 statement of it stays, the last is CREATE TABLE half" in said
        assert rows_of(project) == {"half": 0}
    else:
        assert "It rolls back by itself; what it commits after that stays; the database is at a1." in said
        assert rows_of(project) == {}


def test_what_sqlite_commits_after_a_rollback_of_its_own_is_all_that_stays(at_a1):
    project = at_a1("sqlite", "\n".join([BEFORE, ROLLBACKS["SQL"], AFTER, FAILURES["Python"]]))
    assert "2 statements of it stay, the last is INSERT INTO rest" in failed(project)
    assert rows_of(project) == {"rest": 1}


@pytest.mark.mariadb
def test_on_mariadb_rows_after_the_last_change_of_a_table_are_rolled_back(at_a1):
    project = at_a1("mariadb", f"{AFTER}\n{FAILURES['Python']}")
    assert "1 statement of it stays, the last is CREATE TABLE rest" in failed(project)
    assert rows_of(project) == {"rest": 0}


def test_a_revision_that_commits_itself_and_succeeds_leaves_no_journal(at_a1):
    project = at_a1("sqlite", f"{BEFORE}\n{COMMITS['driver']}\n{AFTER}")
    command.upgrade(project.config(), "head")
    assert rows_of(project) == {"half": 1, "rest": 1}
    assert (project.rows(), project.tables() & {"alembic_version_journal"}) == (["b2"], set())
