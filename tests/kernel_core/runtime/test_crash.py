"""A killed process and two upgraders at once leave the version table and the schema in agreement."""

import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.runtime.migration import MigrationContext
from kernel_core.runtime.transaction import RevisionTransaction
from kernel_core.util.exc import CommandError, UnfinishedRevision, UpgradeFailed, VersionTableChanged


@pytest.mark.slow
def test_a_process_that_is_killed_inside_a_revision_leaves_nothing_of_it(any_project):
    any_project.chain("a1")
    any_project.write("b2", "a1", "op.create_table('half', sa.Column('id', sa.Integer))\nimport os; os._exit(9)")
    code = f"from kernel_core import command; from kernel_core.config import Config; command.upgrade(Config({any_project.ini!r}), 'head')"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert (any_project.rows(), any_project.tables()) == (["a1"], {"alembic_version", "t_a1"})
    any_project.write("b2", "a1", "op.create_table('half', sa.Column('id', sa.Integer))")
    assert command.upgrade(any_project.config(), "head").after == ("b2",)


def test_of_two_upgraders_without_a_run_lock_the_second_changes_nothing(any_project):
    any_project.chain("a1")
    command.upgrade(any_project.config(), "head")
    any_project.write("b2", "a1", "import time; time.sleep(0.3)\nop.create_table('once', sa.Column('id', sa.Integer))")
    together, ended = threading.Barrier(2), []

    def meet(event):
        if event.kind == "start":
            together.wait(60)

    def run():
        try:
            ended.append(command.upgrade(any_project.config(on_step=meet, run_lock=False), "head").after)
        except CommandError as error:
            ended.append(type(error))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ended)) == sorted(map(str, [("b2",), VersionTableChanged]))
    assert any_project.rows() == ["b2"]


def test_after_an_error_in_a_suspended_transaction_none_is_begun(sqlite_url):
    with sa.create_engine(sqlite_url, poolclass=sa.NullPool).connect() as connection:
        context = MigrationContext.configure(connection)
        transaction = RevisionTransaction(context.impl, connection)
        with pytest.raises(ValueError, match="inside"), transaction, transaction.suspended():
            raise ValueError("inside")
        assert not connection.in_transaction()
        assert transaction.interrupted


# ---- revisions on PostgreSQL that only change the schema -------------------------------------------------------------


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
    assert tables - {"alembic_version"} == {f"t_{each}" for each in ("a1", "b2", "c3", "d4", "e5") if each <= row}
    return row


def test_of_two_upgraders_of_schema_revisions_without_a_run_lock_the_second_changes_nothing(postgresql_project):
    postgresql_project.chain("a1")
    command.upgrade(postgresql_project.config(), "head")
    postgresql_project.chain("a1", "b2")
    together, ended = threading.Barrier(2), []

    def meet(event):
        if event.kind == "start":
            together.wait(60)

    def dawdle(connection, cursor, statement, *rest):
        if "CREATE TABLE" in statement:
            time.sleep(0.3)

    def run():
        try:
            ended.append(command.upgrade(postgresql_project.config(on_step=meet, run_lock=False), "head").after)
        except VersionTableChanged as error:
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
    assert "expected a1, found b2" in said
    assert in_agreement(postgresql_project) == "b2"


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_schema_revision_that_fails_leaves_the_row(postgresql_project, autocommit, statements):
    postgresql_project.chain("a1", "b2")
    command.upgrade(postgresql_project.config(), "a1")
    postgresql_project.run("CREATE TABLE t_b2 (id INTEGER)")
    if autocommit:
        postgresql_project.env(lambda text: text.replace("poolclass=", "isolation_level='AUTOCOMMIT', poolclass="))
    with pytest.raises(UpgradeFailed):
        command.upgrade(postgresql_project.config(), "head")
    assert postgresql_project.rows() == ["a1"]
    assert any("FOR UPDATE" in each for each in statements)


def test_an_autocommit_block_does_not_commit_the_row(postgresql_project):
    postgresql_project.chain("a1")
    command.upgrade(postgresql_project.config(), "head")
    block = "op.create_table('t', sa.Column('id', sa.Integer))\nwith op.get_context().autocommit_block():\n    "
    postgresql_project.write("b2", "a1", f"{block}op.execute('nonsense')")
    with pytest.raises(UpgradeFailed):
        command.upgrade(postgresql_project.config(), "head")
    assert (postgresql_project.rows(), "t" in postgresql_project.tables()) == (["a1"], True)
    postgresql_project.write("b2", "a1", f"{block}op.execute('CREATE INDEX ix ON t (id)')")
    with pytest.raises(
        UnfinishedRevision, match=r"b2 is unfinished: its upgrade stopped after statement 1 .CREATE TABLE t "
    ):
        command.upgrade(postgresql_project.config(), "head")
    assert command.resume(postgresql_project.config(), accepts_edits=True).after == ("b2",)
    assert postgresql_project.rows() == ["b2"]


# ---- one transaction for all revisions ------------------------------------------------------------------------------


@pytest.fixture
def one_for_all(postgresql_project):
    """The project, with one transaction for a whole run, and five revisions of which the first is applied."""
    postgresql_project.env(lambda text: text.replace("**options(", "transaction_per_migration=False, **options("))
    postgresql_project.chain("a1", "b2", "c3", "d4", "e5")
    command.upgrade(postgresql_project.config(), "a1")
    return postgresql_project


def test_a_step_that_reads_the_version_table_finds_the_row_of_the_step_before_it(one_for_all):
    look = 'op.execute("CREATE TABLE seen AS SELECT version_num FROM alembic_version")'
    one_for_all.write("d4", "c3", look)
    command.upgrade(one_for_all.config(), "head")
    assert (one_for_all.rows("SELECT version_num FROM seen"), one_for_all.rows()) == (["c3"], ["e5"])


def test_a_failure_in_one_transaction_for_all_leaves_row_and_tables(one_for_all):
    one_for_all.run("CREATE TABLE t_d4 (id INTEGER)")
    with pytest.raises(UpgradeFailed, match="the database is at a1"):
        command.upgrade(one_for_all.config(), "head")
    assert (one_for_all.rows(), one_for_all.tables()) == (["a1"], {"alembic_version", "t_a1", "t_d4"})
    one_for_all.run("DROP TABLE t_d4")
    assert command.upgrade(one_for_all.config(), "head").after == ("e5",)
    assert in_agreement(one_for_all) == "e5"


def test_an_autocommit_block_in_one_transaction_for_all_commits_the_rows_before_it(one_for_all):
    one_for_all.write("d4", "c3", "with op.get_context().autocommit_block():\n    op.execute('nonsense')")
    with pytest.raises(UpgradeFailed):
        command.upgrade(one_for_all.config(), "head")
    assert in_agreement(one_for_all) == "c3"
    assert "alembic_version_journal" not in one_for_all.tables()


def test_an_id_that_is_too_long_is_refused_before_anything_is_run(one_for_all):
    long = "c" * 33
    one_for_all.write(long, "b2", "op.create_table('t', sa.Column('id', sa.Integer))")
    one_for_all.write("d4", long, "op.create_table('u', sa.Column('id', sa.Integer))")
    (one_for_all.versions / "c3.py").unlink()
    with pytest.raises(CommandError, match=r"33 characters.*Nothing was run"):
        command.upgrade(one_for_all.config(), "head")
    assert (one_for_all.rows(), one_for_all.tables()) == (["a1"], {"alembic_version", "t_a1"})
