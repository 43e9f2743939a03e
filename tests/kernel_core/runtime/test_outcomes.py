"""What is said after a failure is true of the database, also where the failure is not in a statement of a revision."""

from __future__ import annotations

import importlib.util
import re
import threading

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import UpgradeFailed

TABLE = "op.create_table('half', sa.Column('id', sa.Integer))"
LOSE = "op.get_bind().exec_driver_sql('SELECT pg_terminate_backend(pg_backend_pid())')"
DEFERRED = """
op.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
op.execute("CREATE TABLE children (id INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)")
op.execute("INSERT INTO children VALUES (1)")
"""
FULL = """
op.execute("CREATE TABLE big (data BLOB)")
pages = op.get_bind().exec_driver_sql("PRAGMA page_count").scalar()
op.execute(f"PRAGMA max_page_count = {pages + 5}")
op.execute("INSERT INTO big VALUES (zeroblob(1000000))")
"""
# body, what is said
LOST = {
    "in a statement": LOSE,
    "and a statement in a finally": f"try:\n    {LOSE}\nfinally:\n    op.execute('SELECT 1')",
    "in a savepoint": f"with op.get_bind().begin_nested():\n    {LOSE}",
    "and the error is swallowed": f"import contextlib\nwith contextlib.suppress(Exception):\n    {LOSE}\nop.execute('SELECT 1')",
}


def failure(project, **attributes) -> UpgradeFailed:
    with pytest.raises(UpgradeFailed) as raised:
        command.upgrade(project.config(**attributes), "head")
    return raised.value


def assert_at_a1(project, error: UpgradeFailed) -> None:
    """Check that nothing of b2 is there, and that the error names a1 as the current revision."""
    assert "It was rolled back; the database is at a1." in str(error)
    assert project.rows() == ["a1"]
    assert project.tables() == {"alembic_version", "t_a1"}
    assert error.standing_at == ("a1",)


@pytest.fixture
def at_a1(any_project):
    any_project.chain("a1")
    command.upgrade(any_project.config(), "head")
    return any_project


@pytest.fixture
def postgresql_at_a1(postgresql_project):
    postgresql_project.chain("a1")
    command.upgrade(postgresql_project.config(), "head")
    return postgresql_project


@pytest.mark.parametrize("body", LOST.values(), ids=LOST)
def test_a_connection_that_is_lost(postgresql_at_a1, body):
    postgresql_at_a1.write("b2", "a1", f"{TABLE}\n{body}")
    assert_at_a1(postgresql_at_a1, failure(postgresql_at_a1))


def test_a_deferred_constraint_fails_in_the_commit(postgresql_at_a1):
    postgresql_at_a1.write("b2", "a1", DEFERRED)
    error = failure(postgresql_at_a1)
    assert isinstance(error, sa.exc.IntegrityError)
    assert_at_a1(postgresql_at_a1, error)


def test_in_one_transaction_the_commit_fails_for_all(postgresql_project):
    given = '"target_metadata": target_metadata,'
    postgresql_project.env(lambda text: text.replace(given, f"{given} 'transaction_per_migration': False,"))
    postgresql_project.chain("a1")
    postgresql_project.write("b2", "a1", DEFERRED)
    with pytest.raises(sa.exc.IntegrityError):
        command.upgrade(postgresql_project.config(), "head")
    assert postgresql_project.tables() <= {"alembic_version"}


def test_a_full_disk(project):
    project.chain("a1")
    command.upgrade(project.config(), "head")
    project.write("b2", "a1", FULL)
    error = failure(project)
    assert "disk is full" in str(error)
    assert_at_a1(project, error)


def test_in_a_thread(at_a1):
    at_a1.write("b2", "a1", f"{TABLE}\nop.execute('nonsense')")
    errors: list[UpgradeFailed] = []
    thread = threading.Thread(target=lambda: errors.append(failure(at_a1)))
    thread.start()
    thread.join()
    assert_at_a1(at_a1, errors[0])


def test_a_savepoint_that_the_revision_itself_lost(at_a1):
    at_a1.write("b2", "a1", f"{TABLE}\nwith op.get_bind().begin_nested():\n    op.execute('nonsense')")
    assert_at_a1(at_a1, failure(at_a1))


DRIVERS = [
    "sqlite",
    pytest.param("psycopg", marks=pytest.mark.sweep),
    pytest.param("psycopg2", marks=pytest.mark.sweep),
]


@pytest.mark.slow
@pytest.mark.parametrize("driver", DRIVERS)
def test_an_interrupt_that_python_raises_in_any_statement(project, request, monkeypatch, driver):
    """Where no handler is installed: in a thread, with other drivers, in an application with its own handler."""
    if driver != "sqlite":
        if importlib.util.find_spec(driver) is None:
            pytest.skip(f"{driver} is not installed")
        project.url = request.getfixturevalue("postgresql_url").replace("+psycopg:", f"+{driver}:")
        monkeypatch.setenv("DATABASE_URL", project.url)
    project.chain("a1", "b2")
    project.write("c3", "b2", f"{TABLE}\nop.get_bind().execute(sa.text('SELECT 1'))")
    tables = {"a1": "t_a1", "b2": "t_b2", "c3": "half"}
    for number in range(1, 100):
        raised = _interrupted_at(project, number)
        if raised is None:
            break
        rows = project.rows() if "alembic_version" in project.tables() else []
        current = rows[0] if rows else "base"
        assert project.tables() - {"alembic_version", "alembic_version_journal"} == {
            table for revision, table in tables.items() if rows and revision <= rows[0]
        }
        for note in getattr(raised, "__notes__", ()):
            said = re.search(r"(?:is at|it was) (\w+)\.$", note)
            assert said is not None, note
            assert said[1] == current or "could not be read" in note, (number, note, rows)
        project.write("c3", "b2", f"{TABLE}\nop.get_bind().execute(sa.text('SELECT 1'))", "op.drop_table('half')")
        command.downgrade(project.config(), "base")
        project.run("DROP TABLE IF EXISTS alembic_version")
    assert 5 < number < 99


def _interrupted_at(project, number: int) -> KeyboardInterrupt | None:
    """Upgrade, with a KeyboardInterrupt in a statement; None where there are fewer statements."""
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    counted = [0]
    with engine.connect() as connection:

        @sa.event.listens_for(connection, "before_cursor_execute")
        def count(*_: object) -> None:
            counted[0] += 1
            if counted[0] == number:
                raise KeyboardInterrupt

        try:
            command.upgrade(project.config(connection=connection), "head")
        except KeyboardInterrupt as raised:
            return raised
    return None


def test_a_full_disk_after_a_commit_of_its_own(project):
    project.chain("a1")
    command.upgrade(project.config(), "head")
    project.write("b2", "a1", f"{TABLE}\nop.execute('COMMIT')\n{FULL}")
    error = failure(project)
    assert "It was rolled back" not in str(error)
    assert "half" in project.tables()


def test_an_interrupted_insert_of_sqlite_is_rolled_back_and_so_it_is_said(project):
    project.chain("a1")
    command.upgrade(project.config(), "head")
    long = "INSERT INTO half WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i) SELECT n FROM i"
    body = f"import threading\nraw = op.get_bind().connection.driver_connection\nthreading.Timer(0.2, raw.interrupt).start()\nop.execute({long!r})"
    project.write("b2", "a1", f"{TABLE}\n{body}")
    engine = sa.create_engine(project.url, poolclass=sa.NullPool, connect_args={"check_same_thread": False})
    with engine.connect() as connection:
        assert_at_a1(project, failure(project, connection=connection))
