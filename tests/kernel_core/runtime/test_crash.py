"""A killed process and two upgraders at once leave the version table and the schema in agreement."""

import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.runtime.migration import MigrationContext
from kernel_core.runtime.transaction import RevisionTransaction
from kernel_core.util.exc import CommandError, SomeoneElseMovedIt


def test_a_process_that_is_killed_inside_a_revision_leaves_nothing_of_it(any_project):
    any_project.chain("a1")
    any_project.write("b2", "a1", "op.create_table('half', sa.Column('id', sa.Integer))\nimport os; os._exit(9)")
    code = f"from kernel_core import command; from kernel_core.config import Config; command.upgrade(Config({any_project.ini!r}), 'head')"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert (any_project.rows(), any_project.tables()) == (["a1"], {"alembic_version", "t_a1"})
    any_project.write("b2", "a1", "op.create_table('half', sa.Column('id', sa.Integer))")
    assert command.upgrade(any_project.config(), "head").after == ("b2",)


def test_of_two_upgraders_at_once_the_second_changes_nothing(any_project):
    any_project.chain("a1")
    command.upgrade(any_project.config(), "head")
    any_project.write("b2", "a1", "import time; time.sleep(0.3)\nop.create_table('once', sa.Column('id', sa.Integer))")
    together, ended = threading.Barrier(2), []

    def meet(event):
        if event.kind == "start":
            together.wait(5)

    def run():
        try:
            ended.append(command.upgrade(any_project.config(on_step=meet), "head").after)
        except CommandError as error:
            ended.append(type(error))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ended)) == sorted(map(str, [("b2",), SomeoneElseMovedIt]))
    assert any_project.rows() == ["b2"]


def test_after_an_error_in_a_suspended_transaction_none_is_begun(sqlite_url):
    with sa.create_engine(sqlite_url, poolclass=sa.NullPool).connect() as connection:
        context = MigrationContext.configure(connection)
        transaction = RevisionTransaction(context.impl, connection)
        with pytest.raises(ValueError, match="inside"), transaction, transaction.suspended():
            raise ValueError("inside")
        assert not connection.in_transaction()
        assert transaction.interrupted
