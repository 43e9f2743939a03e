"""Of several runs on one version table one runs; the others wait, say for whom, and find nothing to do."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import CommandLine
from kernel_core.runtime.listeners import listening
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError, RunLocked, UpgradeFailed, VersionTableChanged

SLOW = """
import os, time
while os.path.exists({!r}):
    time.sleep(0.01)
op.create_table('once', sa.Column('id', sa.Integer))
"""
UPGRADE = "import sys\nfrom kernel_core import command\nfrom kernel_core.config import Config\ncommand.upgrade(Config(sys.argv[1]), 'head')"


def at_once(count: int, run: Any) -> list[Any]:
    """Return what each of several threads that start together returned or raised."""
    together, ended = threading.Barrier(count), []

    def thread() -> None:
        together.wait(60)
        try:
            ended.append(run())
        except CommandError as error:
            ended.append(error)

    threads = [threading.Thread(target=thread) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return ended


@contextmanager
def held_by_another_thread(url: str) -> Iterator[None]:
    """Hold the run lock in another thread, on a separate connection."""
    held, ending = threading.Event(), threading.Event()

    def hold() -> None:
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            context = MigrationContext.configure(connection)
            lock = context.impl.run_lock(connection, context.version_rows.table, borrowed=False)
            assert lock is not None
            assert lock.acquire()
            held.set()
            ending.wait(60)
            lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(60)
        yield
    finally:
        ending.set()
        thread.join()


@pytest.fixture
def slow(any_project):
    """A project at a1, whose next revision waits while the file ``wait`` is in its folder."""
    any_project.chain("a1")
    command.upgrade(any_project.config(), "head")
    any_project.write("b2", "a1", SLOW.format(str(any_project.folder / "wait")))
    return any_project


def test_threads_that_upgrade_at_once_apply_each_revision_once_and_none_fails(slow):
    messages: list[str] = []
    wait = slow.folder / "wait"
    wait.touch()

    def hear(message: str) -> None:
        messages.append(message)
        wait.unlink(missing_ok=True)

    reports = at_once(3, lambda: command.upgrade(slow.config(on_wait=hear), "head"))
    assert [report.after for report in reports] == [("b2",)] * 3
    assert sorted(len(report.steps) for report in reports) == [0, 0, 1]
    assert slow.rows() == ["b2"]
    assert all(message.startswith("Waiting for another run on alembic_version") for message in messages)


@pytest.mark.slow
def test_processes_that_start_at_once_make_one_version_table(any_project):
    any_project.chain("a1", "b2")
    any_project.write("c3", "b2", "op.create_table('once', sa.Column('id', sa.Integer))")
    command_line = [sys.executable, "-c", UPGRADE, any_project.ini]
    ended = at_once(2, lambda: subprocess.run(command_line, capture_output=True, text=True, check=False))
    assert [(process.returncode, process.stderr) for process in ended if process.returncode] == []
    assert any_project.rows() == ["c3"]


@contextmanager
def created_before(engine: sa.Engine, table: str) -> Iterator[list[str]]:
    """Let another process create a table just before a connection does; its statement is in the list then."""
    created: list[str] = []

    def create(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if f"CREATE TABLE {table} " in " ".join(statement.split()) and not created:
            created.append(statement)
            with engine.begin() as other:
                other.exec_driver_sql(statement)

    with listening(sa.Engine, {"before_cursor_execute": create}):
        yield created


@pytest.fixture(
    params=[
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
)
def server_project(request: pytest.FixtureRequest) -> Any:
    """A project of a database server; on SQLite the transaction of a run keeps others from creating a table."""
    return request.getfixturevalue(f"{request.param}_project")


def test_a_version_table_that_another_process_creates_first_is_that_of_ensure_version(server_project):
    engine = sa.create_engine(server_project.url, poolclass=sa.NullPool)
    with created_before(engine, "alembic_version") as created:
        command.ensure_version(server_project.config())
    assert len(created) == 1
    assert server_project.rows() == []


def test_without_the_lock_a_run_stops_where_another_creates_the_version_table_first(server_project):
    server_project.chain("a1")
    engine = sa.create_engine(server_project.url, poolclass=sa.NullPool)
    with created_before(engine, "alembic_version") as created, pytest.raises(VersionTableChanged, match="meanwhile"):
        command.upgrade(server_project.config(run_lock=False), "head")
    assert len(created) == 1
    assert "t_a1" not in server_project.tables()
    assert server_project.rows() == []


def test_without_the_lock_a_run_writes_into_the_journal_that_another_creates_first(server_project):
    server_project.write(
        "a1", None, "with op.get_context().autocommit_block():\n    op.execute('CREATE TABLE t (i INT)')\n1 / 0"
    )
    engine = sa.create_engine(server_project.url, poolclass=sa.NullPool)
    with created_before(engine, "alembic_version_journal") as created, pytest.raises(UpgradeFailed):
        command.upgrade(server_project.config(run_lock=False), "head")
    assert len(created) == 1
    (place,) = command.heads_by_database(server_project.config())
    assert place.unfinished is not None


def test_without_the_lock_a_run_ends_well_where_another_drops_the_journal_first(server_project):
    server_project.write(
        "a1", None, "with op.get_context().autocommit_block():\n    op.execute('CREATE TABLE t (i INT)')"
    )
    engine, dropped = sa.create_engine(server_project.url, poolclass=sa.NullPool), []

    def drop(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        words = " ".join(statement.split())
        if words.startswith("SELECT alembic_version_journal.number FROM") and "WHERE" not in words and not dropped:
            dropped.append(statement)
            with engine.begin() as other:
                other.exec_driver_sql("DROP TABLE alembic_version_journal")

    with listening(sa.Engine, {"before_cursor_execute": drop}):
        command.upgrade(server_project.config(run_lock=False), "head")
    assert len(dropped) == 1
    assert server_project.tables() == {"alembic_version", "t"}


def test_after_the_timeout_the_error_names_the_holder_and_nothing_is_changed(slow):
    with held_by_another_thread(slow.url), pytest.raises(RunLocked) as refused:
        command.upgrade(slow.config(lock_timeout=0.1), "head")
    assert "another upgrade, downgrade or stamp is running. Nothing was changed" in str(refused.value)
    assert refused.value.holder
    assert slow.rows() == ["a1"]


def test_an_interrupted_wait_leaves_a_usable_connection(slow, monkeypatch):
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with held_by_another_thread(slow.url):
        monkeypatch.setattr(time, "sleep", interrupt)
        with pytest.raises(KeyboardInterrupt):
            command.upgrade(slow.config(), "head")
        assert slow.rows() == ["a1"]


def test_looking_takes_no_lock_and_waits_for_nobody(slow):
    with held_by_another_thread(slow.url):
        command.current(slow.config(lock_timeout=0))
        command.history(slow.config(lock_timeout=0))
        command.upgrade(slow.config(lock_timeout=0), "a1")
        with pytest.raises(RunLocked):
            command.stamp(slow.config(lock_timeout=0), "b2")


def test_without_the_lock_nobody_waits(slow):
    with held_by_another_thread(slow.url):
        assert command.upgrade(slow.config(run_lock=False), "head").after == ("b2",)


def test_the_lock_is_free_after_a_revision_that_failed(any_project):
    any_project.write("a1", None, "raise ValueError('no')")
    with pytest.raises(CommandError):
        command.upgrade(any_project.config(), "head")
    any_project.write("a1", None, "pass")
    assert command.upgrade(any_project.config(lock_timeout=0), "head").after == ("a1",)


@pytest.mark.parametrize(
    ("option", "value"),
    [("lock_timeout", "soon"), ("lock_timeout", "-1"), ("lock_timeout", "nan"), ("run_lock", "perhaps")],
)
def test_a_wrong_setting_is_refused_before_anything_runs(project, option, value):
    project.chain("a1")
    with pytest.raises(CommandError, match=f"{option} is '{value}'"):
        command.upgrade(project.config(**{option: value}), "head")
    assert project.tables() == set()


@pytest.mark.parametrize("verb", ["upgrade", "stamp"])
def test_the_command_line_names_the_holder_and_honours_its_options(project, capsys, verb):
    project.chain("a1", "b2")
    command.upgrade(project.config(), "a1")
    with held_by_another_thread(project.url):
        with pytest.raises(SystemExit) as ended:
            CommandLine().main(["-c", project.ini, verb, "head", "--lock-timeout", "0.5"])
        said = capsys.readouterr().err
        assert ended.value.code not in (0, None)
        assert said.startswith("Waiting for another run on alembic_version, ")
        assert "alembic_version is locked by " in said
        CommandLine().main(["-c", project.ini, verb, "head", "--no-lock"])
    assert project.rows() == ["b2"]


@pytest.mark.parametrize(
    "server",
    [
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
)
def test_under_the_run_lock_only_the_first_step_locks_the_version_row(server, request):
    project = request.getfixturevalue(f"{server}_project")
    project.chain("a1")
    command.upgrade(project.config(), "head")
    for down, each in itertools.pairwise(["a1", "b2", "c3", "d4", "e5"]):
        project.write(each, down, f"op.execute('CREATE TABLE t_{each} (id INTEGER)')")
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        command.upgrade(project.config(), "c3")
        assert sum("FOR UPDATE" in each for each in statements) == 1
        command.upgrade(project.config(run_lock=False), "e5")
        assert sum("FOR UPDATE" in each for each in statements) == 3, "without the lock each step does"
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert sum("UPDATE alembic_version SET" in each for each in statements) == 4
    assert project.rows() == ["e5"]
