"""A killed process and two upgraders at once leave the version table and the schema in agreement."""

import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.runtime import execution
from kernel_core.runtime.migration import MigrationContext
from kernel_core.runtime.transaction import RevisionTransaction
from kernel_core.util.exc import CommandError, SomeoneElseMovedIt, UpgradeFailed


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


# ---- plain revisions on PostgreSQL: their row moves first, in the same transaction ----------------------------------


@pytest.fixture
def statements():
    """What connections run, written down while the test runs."""
    seen = []

    def note(connection, cursor, statement, *rest):
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def in_agreement(project):
    """The tables are those of the revisions up to the row of the version table; return which revision that is."""
    tables = project.tables()
    (row,) = project.rows() if "alembic_version" in tables else [""]
    assert tables - {"alembic_version"} == {f"t_{each}" for each in ("a1", "b2", "c3") if each <= row}
    return row


def test_a_plain_revision_takes_two_statements_on_postgresql(postgresql_project, statements):
    postgresql_project.chain("a1")
    command.upgrade(postgresql_project.config(), "head")
    postgresql_project.chain("a1", "b2", "c3")
    statements.clear()
    command.upgrade(postgresql_project.config(), "head")
    changes = [each.split()[0] for each in statements if not each.startswith(("SELECT", "select", "show"))]
    assert changes == ["UPDATE", "CREATE"] * 2
    assert not any("FOR UPDATE" in each for each in statements)
    assert in_agreement(postgresql_project) == "c3"


def test_of_two_upgraders_of_plain_revisions_the_second_changes_nothing(postgresql_project):
    postgresql_project.chain("a1")
    command.upgrade(postgresql_project.config(), "head")
    postgresql_project.chain("a1", "b2")
    together, ended = threading.Barrier(2), []

    def meet(event):
        if event.kind == "start":
            together.wait(5)

    def dawdle(connection, cursor, statement, *rest):
        if "CREATE TABLE" in statement:
            time.sleep(0.3)

    def run():
        try:
            ended.append(command.upgrade(postgresql_project.config(on_step=meet), "head").after)
        except SomeoneElseMovedIt as error:
            ended.append(str(error))

    sa.event.listen(sa.Engine, "before_cursor_execute", dawdle)
    threads = [threading.Thread(target=run) for _ in range(2)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", dawdle)
    said, after = sorted(ended, key=lambda each: isinstance(each, tuple))
    assert after == ("b2",)
    assert "it stood at a1, now it stands at b2" in said
    assert in_agreement(postgresql_project) == "b2"


def test_a_head_that_someone_else_added_stops_a_plain_revision(postgresql_project):
    postgresql_project.chain("a1", "b2")
    command.upgrade(postgresql_project.config(), "a1")

    def meddle(event):
        if event.kind == "start":
            postgresql_project.run("INSERT INTO alembic_version VALUES ('zz')")

    with pytest.raises(SomeoneElseMovedIt, match=r"stood at a1, now it stands at a1, zz"):
        command.upgrade(postgresql_project.config(on_step=meddle), "head")
    assert (sorted(postgresql_project.rows()), postgresql_project.tables()) == (
        ["a1", "zz"],
        {"alembic_version", "t_a1"},
    )


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_plain_revision_that_fails_leaves_the_row(postgresql_project, autocommit, statements):
    postgresql_project.chain("a1", "b2")
    command.upgrade(postgresql_project.config(), "a1")
    postgresql_project.run("CREATE TABLE t_b2 (id INTEGER)")
    if autocommit:
        postgresql_project.env(lambda text: text.replace("poolclass=", "isolation_level='AUTOCOMMIT', poolclass="))
    with pytest.raises(UpgradeFailed):
        command.upgrade(postgresql_project.config(), "head")
    assert postgresql_project.rows() == ["a1"]
    assert any("FOR UPDATE" in each for each in statements) == autocommit


def test_an_autocommit_block_that_nobody_foresaw_does_not_commit_the_row(postgresql_project, monkeypatch):
    monkeypatch.setattr(execution, "is_plain", lambda code, further: True)
    postgresql_project.chain("a1")
    command.upgrade(postgresql_project.config(), "head")
    block = "op.create_table('t', sa.Column('id', sa.Integer))\nwith op.get_context().autocommit_block():\n    "
    postgresql_project.write("b2", "a1", f"{block}op.execute('nonsense')")
    with pytest.raises(UpgradeFailed):
        command.upgrade(postgresql_project.config(), "head")
    assert (postgresql_project.rows(), "t" in postgresql_project.tables()) == (["a1"], True)
    postgresql_project.run("DROP TABLE t")
    postgresql_project.write("b2", "a1", f"{block}op.execute('CREATE INDEX ix ON t (id)')")
    assert command.upgrade(postgresql_project.config(), "head").after == ("b2",)
    assert postgresql_project.rows() == ["b2"]
