"""A run in the notebook waits for another one, says so, and does not run what its plan did not show."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from kernel_core.runtime.migration import MigrationContext

VERSION = """%%migration "add {name}" --id {name} --write
def upgrade():
    op.create_table("{name}", sa.Column("id", sa.Integer))
def downgrade():
    op.drop_table("{name}")
"""


@pytest.fixture
def history(notebook, tmp_path):
    """A notebook with a database at b, and a revision c."""
    notebook.run("%mig_connect sqlite:///shop.db")
    notebook.run("%mig_init migrations")
    for name in "abc":
        notebook.run(VERSION.format(name=name))
    notebook.run("%mig_upgrade b")
    return notebook


@contextmanager
def another_run(work=lambda: None, *, ends: bool = True) -> Iterator[None]:
    """Hold the run lock of the database in another thread; ``work`` is done before it is released.

    It is released once a run has said that it waits, with ``ends`` False after the block.
    """
    held, ending = threading.Event(), threading.Event()

    def hold() -> None:
        with sa.create_engine("sqlite:///shop.db", poolclass=sa.NullPool).connect() as connection:
            context = MigrationContext.configure(connection)
            lock = context.impl.run_lock(connection, context.version_rows.table, borrowed=False)
            assert lock.acquire()
            held.set()
            ending.wait(60)
            work()
            lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    write = sys.stdout.write

    def hear(text: str) -> int:
        if ends and "Waiting for another run" in text:
            ending.set()
        return write(text)

    vars(sys.stdout)["write"] = hear
    try:
        yield
    finally:
        del vars(sys.stdout)["write"]
        ending.set()
        thread.join()


def test_it_waits_says_for_whom_and_finds_what_is_left(history):
    with another_run():
        shown = history.run("%mig_upgrade")
    assert "Waiting for another run on alembic_version, " in history.printed
    assert "from b to c" in repr(shown)


def test_after_the_timeout_of_the_settings_nothing_is_changed(history):
    history.run("%config Mig.lock_timeout = 0.1")
    with another_run(ends=False):
        shown = history.fail("%mig_upgrade")
    assert "another upgrade, downgrade or stamp is running. Nothing was changed" in shown
    assert shown.endswith("or wait longer with %config Mig.lock_timeout.")  # --lock-timeout is the program's
    history.run("%config Mig.lock_timeout = None")
    assert "from b to c" in repr(history.run("%mig_upgrade"))


def test_what_the_confirmed_plan_does_not_have_is_not_run_after_a_wait(history):
    def other() -> None:
        with sa.create_engine("sqlite:///shop.db", poolclass=sa.NullPool).begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'c'")

    with another_run(other):
        assert "downgrade of c is not in the plan. Nothing was run." in history.fail("%mig_downgrade -1 --yes")
    assert "c" in repr(history.run("%mig_current"))
