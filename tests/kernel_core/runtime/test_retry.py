"""A step that failed by a lock is tried again, but only where all of it was rolled back."""

from __future__ import annotations

import signal
import threading

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import UpgradeFailed

FAILS_ONCE = """
import pathlib
tried = pathlib.Path(__file__).with_suffix(".tried")
with tried.open("a") as stream:
    stream.write("x")
op.create_table("half", sa.Column("id", sa.Integer))
if len(tried.read_text()) < 2:
    op.execute({error!r})
"""
RAISES = "DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"


def tries(project, revision: str = "b2") -> int:
    return len((project.versions / f"{revision}.tried").read_text())


@pytest.mark.parametrize("state", ["55P03", "40P01", "40001"])
def test_a_lock_timeout_deadlock_or_serialization_failure_is_tried_again(postgresql_project, state):
    project, heard = postgresql_project, []
    project.chain("a1")
    project.write("b2", "a1", FAILS_ONCE.format(error=RAISES.format(state=state)))
    project.write("c3", "b2", "op.create_table('late', sa.Column('id', sa.Integer))")
    events: list[tuple[str, str]] = []
    report = command.upgrade(
        project.config(
            retries=2, on_wait=heard.append, on_step=lambda event: events.append((event.kind, event.revision))
        ),
        "head",
    )
    assert [step.revision for step in report.steps] == ["a1", "b2", "c3"]
    assert tries(project) == 2
    assert "Revision b2 failed: " in heard[0]
    assert "It was rolled back; the database is at a1. Trying again in 0." in heard[0]
    assert heard[0].endswith(" s (1 of 2).")
    assert [kind for kind, revision in events if revision == "b2"] == ["start", "done"]


def test_it_stops_after_the_last_retry_and_says_how_often_it_was_tried(postgresql_project, monkeypatch):
    project, heard = postgresql_project, []
    monkeypatch.setattr("kernel_core.runtime.retry._FIRST_DELAY", 0.01)
    project.write("b2", None, f"{RAISES.format(state='40001')!r} and op.execute({RAISES.format(state='40001')!r})")
    with pytest.raises(UpgradeFailed, match="failed in 3 attempts: ") as raised:
        command.upgrade(project.config(retries=2, on_wait=heard.append), "head")
    assert raised.value.orig.sqlstate == "40001"
    assert len(heard) == 2


COMMITS = {
    "an autocommit block": "with op.get_context().autocommit_block():\n    op.execute('SELECT 1')",
    "its own commit": "op.get_bind().connection.cursor().execute('COMMIT')",
}


@pytest.mark.parametrize("commit", COMMITS.values(), ids=COMMITS)
def test_after_a_commit_in_its_middle_it_is_not_tried_again(postgresql_project, commit):
    postgresql_project.write("b2", None, commit + FAILS_ONCE.format(error=RAISES.format(state="40001")))
    with pytest.raises(UpgradeFailed):
        command.upgrade(postgresql_project.config(retries=3), "head")
    assert tries(postgresql_project) == 1


@pytest.mark.parametrize("retries", [None, 0, 3])
def test_another_error_or_no_retries_fails_at_once(postgresql_project, retries):
    state = "22012" if retries else "40001"
    postgresql_project.write("b2", None, FAILS_ONCE.format(error=RAISES.format(state=state)))
    with pytest.raises(UpgradeFailed, match="It was rolled back"):
        command.upgrade(postgresql_project.config(retries=retries), "head")
    assert tries(postgresql_project) == 1


@pytest.mark.parametrize("way", ["autocommit", "borrowed", "one for all"])
def test_where_the_rollback_is_not_of_this_step_alone_it_is_not_tried_again(postgresql_project, way):
    project = postgresql_project
    project.write("b2", None, FAILS_ONCE.format(error=RAISES.format(state="40001")))
    if way == "one for all":
        given = '"target_metadata": target_metadata,'
        project.env(lambda text: text.replace(given, f"{given} 'transaction_per_migration': False,"))
    options = {"isolation_level": "AUTOCOMMIT"} if way == "autocommit" else {}
    with sa.create_engine(project.url, poolclass=sa.NullPool, **options).connect() as live:
        if way == "borrowed":
            live.begin()
        with pytest.raises(UpgradeFailed):
            command.upgrade(project.config(connection=live, retries=3, on_notice=lambda _: None), "head")
    assert tries(project) == 1


def test_mariadb_is_not_tried_again(project, mariadb_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", mariadb_url)
    project.url = mariadb_url
    project.write("b2", None, FAILS_ONCE.format(error="SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213"))
    with pytest.raises(UpgradeFailed):
        command.upgrade(project.config(retries=3), "head")
    assert tries(project) == 1


def test_a_locked_file_is_tried_again(project):
    project.chain("a1")
    blocker = sa.create_engine(project.url, poolclass=sa.NullPool).connect()
    blocker.exec_driver_sql("BEGIN IMMEDIATE")
    heard: list[str] = []

    def on_wait(message: str) -> None:
        heard.append(message)
        if "Trying again" in message:
            blocker.close()

    config = project.config(retries=1, statement_lock_timeout=0, on_wait=on_wait)
    assert command.upgrade(config, "head").after == ("a1",)
    assert "It did not begin; the database is at base. Trying again in " in heard[-1]


@pytest.mark.usefixtures("python_handles_interrupts")
def test_an_interrupt_ends_the_pause(postgresql_project):
    project = postgresql_project
    project.write("b2", None, FAILS_ONCE.format(error=RAISES.format(state="40001")))

    def interrupt(_message: str) -> None:
        threading.Timer(0.1, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()

    with pytest.raises(KeyboardInterrupt) as raised:
        command.upgrade(project.config(retries=3, on_wait=interrupt), "head")
    assert raised.value.__notes__ == ["Stopped in upgrade of b2. It was rolled back; the database is at base."]
    assert tries(project) == 1
