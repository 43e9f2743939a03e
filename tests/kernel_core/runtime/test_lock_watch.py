"""A statement that waits for a lock of another session: the wait is reported, limited, and named in the error."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from kernel_core import command
from kernel_core.config import CommandLine
from kernel_core.ddl.postgresql.lock_wait import BlockingProcesses
from kernel_core.runtime.lock_settings import LockSettings
from kernel_core.runtime.lock_watch import LockWatch
from kernel_core.util.exc import CommandError, UpgradeFailed
from tests.patience import patience

ADD = "op.add_column('cats', sa.Column('age', sa.Integer))"
HOLDER = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT name FROM cats WHERE 'IDENTIFIED BY ''hunter22'' ' <> name",
    "mysql": "SELECT name FROM cats",
}
HOLD = """
import sys
url, statement = sys.argv[1:]
if url.startswith("sqlite"):
    import sqlite3
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
elif url.startswith("postgresql"):
    import psycopg
    connection = psycopg.connect("postgresql://" + url.partition("://")[2], application_name="\\x1b[31mother")
else:
    import pymysql
    server, _, database = url.partition("@")[2].partition("/")
    host, _, port = server.partition(":")
    connection = pymysql.connect(host=host, port=int(port), user="root", database=database.partition("?")[0])
cursor = connection.cursor()
cursor.execute(statement)
cursor.fetchall()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["sqlite", "psycopg", pytest.param("psycopg2", marks=pytest.mark.sweep), "pymysql"])
def cats(request, project, monkeypatch):
    """A project whose next revision changes the table cats, on each database and driver."""
    if importlib.util.find_spec("sqlite3" if request.param == "sqlite" else request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    if request.param != "sqlite":
        name = "mariadb_url" if request.param == "pymysql" else "postgresql_url"
        project.url = request.getfixturevalue(name).replace("+psycopg:", f"+{request.param}:")
        monkeypatch.setenv("DATABASE_URL", project.url)
    project.run("CREATE TABLE cats (id INTEGER PRIMARY KEY, name VARCHAR(40))", "INSERT INTO cats VALUES (1, 'Tom')")
    project.write("a1")
    command.upgrade(project.config(), "head")
    project.write("b2", "a1", ADD)
    return project


@contextmanager
def held_by_another_process(project) -> Iterator[int]:
    """Hold a lock that the revision needs in another process, until the block ends; the value is its number."""
    statement = HOLDER[sa.make_url(project.url).get_backend_name()]
    arguments = [sys.executable, "-c", HOLD, project.url, statement]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        try:
            yield process.pid
        finally:
            process.stdin.close()
            process.wait()


TIMEOUTS = (0.5, 1, 2, 4, 8, 16, 32)
"""Tried one after the other, until the wait was reported before the timeout: on a busy machine that takes longer."""


def refused(project) -> tuple[list[str], UpgradeFailed]:
    """Return what was reported of an upgrade that fails by the timeout, and its error."""
    for timeout in TIMEOUTS:
        heard: list[str] = []
        config = project.config(statement_lock_timeout=timeout, on_wait=heard.append, report_waits_after=0.05)
        with pytest.raises(UpgradeFailed) as raised:
            command.upgrade(config, "head")
        if heard:
            return heard, raised.value
    return pytest.fail("the wait was not reported")


class ReleasedByReport:
    """A listener of waits that ends the holder at the first report, so that no test waits for a fixed time."""

    def __init__(self, release) -> None:
        self.messages: list[str] = []
        self._release = release

    def __call__(self, message: str) -> None:
        self.messages.append(message)
        self._release()


def test_the_wait_is_reported_with_its_holder_and_goes_on_when_that_ends(cats):
    releasing = threading.Event()
    heard = ReleasedByReport(releasing.set)
    with held_by_another_process(cats) as process:
        releaser = threading.Thread(target=lambda: releasing.wait(60) and os.kill(process, signal.SIGKILL))
        releaser.start()
        assert command.upgrade(cats.config(on_wait=heard, report_waits_after=0.05), "head").after == ("b2",)
        releaser.join()
    assert heard.messages[0].startswith("Waiting for a lock on ")
    assert "hunter22" not in heard.messages[0]
    assert heard.messages[0].isprintable()
    assert len(heard.messages) == 1
    expected = {
        "sqlite": f"the database file test.db, held by process {process} (application python",
        "postgresql": "idle in transaction since",
        "mysql": "idle in transaction for",
    }
    assert expected[sa.make_url(cats.url).get_backend_name()] in heard.messages[0]
    assert "belongs to this process" not in heard.messages[0]


def test_after_the_timeout_the_error_names_lock_holder_and_remedy_and_stays_the_drivers(cats):
    with held_by_another_process(cats):
        _, error = refused(cats)
    said = str(error)
    assert isinstance(error, OperationalError)
    assert error.orig is not None
    assert "it waited for a lock on " in said
    assert "held by" in said
    assert "End what holds the lock, or wait longer: statement_lock_timeout (--statement-lock-timeout)." in said
    assert cats.rows() == ["a1"]
    assert command.upgrade(cats.config(), "head").after == ("b2",)


def test_the_limit_of_the_connection_is_as_it_was_afterwards(cats):
    query = {
        "sqlite": "PRAGMA busy_timeout",
        "postgresql": "SHOW lock_timeout",
        "mysql": "SELECT CONCAT(@@lock_wait_timeout, ' ', @@innodb_lock_wait_timeout)",
    }[sa.make_url(cats.url).get_backend_name()]
    for options in ({}, {"isolation_level": "AUTOCOMMIT"}):
        with sa.create_engine(cats.url, poolclass=sa.NullPool, **options).connect() as connection:
            before = connection.exec_driver_sql(query).scalar()
            connection.rollback()
            noted = cats.folder / "noted"
            value = f"op.get_bind().exec_driver_sql({query!r}).scalar()"
            body = f"import pathlib\npathlib.Path({str(noted)!r}).write_text(str({value}))"
            cats.write("b2", "a1", body)
            config = cats.config(connection=connection, statement_lock_timeout=7, on_notice=lambda _: None)
            command.upgrade(config, "head")
            assert "7" in noted.read_text()
            assert connection.exec_driver_sql(query).scalar() == before
            connection.rollback()
        command.downgrade(cats.config(), "a1")


@pytest.mark.usefixtures("python_handles_interrupts")
def test_an_interrupt_ends_the_wait_within_two_seconds(cats):
    if "psycopg2" in cats.url:
        pytest.skip("psycopg2 waits in C, where no signal is handled")
    sent: list[float] = []

    def interrupt(_message: str) -> None:
        sent.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with held_by_another_process(cats), pytest.raises(KeyboardInterrupt):
        command.upgrade(cats.config(on_wait=interrupt, report_waits_after=0.05), "head")
    assert time.monotonic() - sent[0] < patience(2)
    if "pymysql" in cats.url:
        command.resume(cats.config())
    assert command.upgrade(cats.config(), "head").after == ("b2",)


@pytest.mark.slow
def test_a_holder_of_this_process_is_recognized(cats):
    engine = sa.create_engine(cats.url, poolclass=sa.NullPool)
    with engine.connect() as mine:
        mine.exec_driver_sql(HOLDER[sa.make_url(cats.url).get_backend_name()])
        heard, _ = refused(cats)
    assert "another connection of this process" in heard[0]
    assert "It belongs to this process: if nothing here ends its transaction, stop this run" in heard[0]


def test_a_commit_that_a_reader_delays_is_tried_until_the_reader_has_ended(project):
    project.run("CREATE TABLE cats (id INTEGER PRIMARY KEY, name VARCHAR(40))", "INSERT INTO cats VALUES (1, 'Tom')")
    project.write("a1", None, ADD)
    with sa.create_engine(project.url, poolclass=sa.NullPool).connect() as reader:
        reader.exec_driver_sql("BEGIN")
        reader.exec_driver_sql("SELECT * FROM cats").all()
        heard = ReleasedByReport(reader.rollback)
        assert command.upgrade(project.config(on_wait=heard, report_waits_after=0.05), "head").after == ("a1",)
    assert heard.messages[0].startswith("Waiting for a lock on the database file test.db, held by ")


def test_the_caller_may_say_after_how_many_seconds_a_wait_is_reported(project):
    assert LockSettings.of({}, project.config()).report_after == 0.5
    assert LockSettings.of({}, project.config(report_waits_after=0.05)).report_after == 0.05
    assert LockWatch(settings=LockSettings(report_after=0.05))._patience == 0.05


def test_nothing_is_said_and_no_connection_opened_where_nothing_waits(postgresql_project):
    postgresql_project.chain("a1", "b2")
    heard: list[str] = []
    opened: list[object] = []
    engine = sa.create_engine(postgresql_project.url, poolclass=sa.NullPool)
    sa.event.listen(engine, "connect", lambda *_: opened.append(1))
    with engine.connect() as connection:
        command.upgrade(postgresql_project.config(connection=connection, on_wait=heard.append), "head")
    assert (heard, len(opened)) == ([], 1)
    assert not [thread for thread in threading.enumerate() if thread.name == "mig-lock-watch"]


@pytest.mark.parametrize(("option", "value"), [("statement_lock_timeout", "soon"), ("retries", "-1"), ("retries", "x")])
def test_a_wrong_setting_is_refused_before_anything_runs(project, option, value):
    project.chain("a1")
    with pytest.raises(CommandError, match=f"{option} is '{value}'"):
        command.upgrade(project.config(**{option: value}), "head")
    assert project.tables() == set()


@pytest.mark.slow
def test_the_command_line_reports_the_wait_and_honours_its_option(postgresql_project, capsys):
    project = postgresql_project
    project.run("CREATE TABLE cats (id INTEGER PRIMARY KEY, name VARCHAR(40))")
    project.write("a1", None, ADD)
    with held_by_another_process(project):
        for timeout in TIMEOUTS:
            with pytest.raises(SystemExit):
                CommandLine().main(["-c", project.ini, "upgrade", "head", "--statement-lock-timeout", str(timeout)])
            said = capsys.readouterr().err.splitlines()
            if len(said) > 1:
                break
    assert said[0].startswith("Waiting for a lock on cats, held by process ")
    assert "it waited for a lock on cats, held by process " in said[1]


@pytest.mark.postgresql
def test_of_a_connection_that_the_server_has_closed_nothing_untrue_is_said(postgresql_url):
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    with engine.connect() as watched:
        process = watched.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        blocking = BlockingProcesses(watched)
        assert blocking.read() is None
        with engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": process})
        with pytest.raises(
            CommandError, match="does not list the connection, which was closed, or goes through a pooler"
        ):
            blocking.read()
        blocking.close()
        watched.invalidate()
