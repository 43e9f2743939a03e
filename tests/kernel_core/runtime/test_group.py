"""Revisions that are committed together: killed, failing, interrupted, and seen from another connection."""

import os
import signal
import subprocess
import sys

import pytest
import sqlalchemy as sa
from sampling import sampled

from kernel_core import command, op
from kernel_core.runtime import group
from kernel_core.runtime.report import only_shows
from kernel_core.util.exc import UpgradeFailed, VersionTableChanged

CREATE = "op.create_table('t_{0}', sa.Column('id', sa.Integer, primary_key=True))"

KILLED = """
import os, signal, sys
import sqlalchemy as sa
from kernel_core import command, op
from kernel_core.config import Config

left = int(sys.argv[2])

def count(*args):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

sa.event.listen(sa.Engine, sys.argv[3], count)
command.upgrade(Config(sys.argv[1]), "head")
"""


@pytest.fixture(autouse=True)
def groups_end_by_their_statements(monkeypatch):
    """A busy machine does not end a group before it is as large as the test expects."""
    monkeypatch.setattr(group, "MAX_SECONDS", 60)


@pytest.fixture
def commits():
    """How often a connection has committed, counted while the test runs."""
    seen = []

    def count(connection):
        seen.append(connection)

    sa.event.listen(sa.Engine, "commit", count)
    yield seen
    sa.event.remove(sa.Engine, "commit", count)


def chain(project, *ids, **bodies):
    """Write revisions one after the other, each with its own table, or with the given body."""
    down = None
    for each in ids:
        project.write(each, down, bodies.get(each, CREATE.format(each)), f"op.drop_table('t_{each}')")
        down = each


def in_agreement(project, ids):
    """The tables are those of the revisions up to the row of the version table; return how many that are."""
    tables = project.tables()
    rows = project.rows() if "alembic_version" in tables else []
    done = ids[: ids.index(rows[0]) + 1] if rows else ()
    assert tables - {"alembic_version"} == {f"t_{each}" for each in done}
    return len(done)


def test_small_revisions_are_committed_together(any_project, commits):
    chain(any_project, *"abcdef")
    report = command.upgrade(any_project.config(), "head")
    assert [step.revision for step in report.steps] == list("abcdef")
    assert in_agreement(any_project, "abcdef") == 6
    assert len(commits) < 4, "one for the six, and what env.py and the first question end"
    assert command.downgrade(any_project.config(), "b").after == ("b",)
    assert in_agreement(any_project, "abcdef") == 2


def test_a_group_is_committed_after_some_time(any_project, commits, monkeypatch):
    monkeypatch.setattr(group, "MAX_SECONDS", 0.0)
    chain(any_project, *"abcdef")
    command.upgrade(any_project.config(), "head")
    assert len(commits) >= 6


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("event", "places"),
    sampled([("before_cursor_execute", (12,)), ("before_cursor_execute", (9, 16)), ("commit", (2,))], 1),
)
def test_a_process_that_is_killed_leaves_rows_and_tables_in_agreement(project, event, places):
    ids = "abcdef"
    chain(project, *ids)
    for place in places:
        code = subprocess.run([sys.executable, "-c", KILLED, project.ini, str(place), event], check=False).returncode
        assert code in (-signal.SIGKILL, 0)
        in_agreement(project, ids)
    assert command.upgrade(project.config(), "head").after == ("f",)
    assert in_agreement(project, ids) == 6


@pytest.mark.parametrize(
    ("event", "least", "every"),
    [
        pytest.param("before_cursor_execute", 7, 1, id="each statement", marks=pytest.mark.sweep),
        pytest.param("commit", 2, 1, id="each commit", marks=pytest.mark.sweep),  # the heads' and the group's
    ],
)
def test_a_process_that_is_killed_at_any_moment_on_postgresql_leaves_rows_and_tables_in_agreement(
    postgresql_project, event, least, every
):
    ids = "abc"
    chain(postgresql_project, *ids)
    for place in range(1, 50, every):
        command_line = [sys.executable, "-c", KILLED, postgresql_project.ini, str(place), event]
        code = subprocess.run(command_line, check=False).returncode
        done = in_agreement(postgresql_project, ids)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        if done:
            command.downgrade(postgresql_project.config(), "base")
        postgresql_project.run("DROP TABLE IF EXISTS alembic_version")
    assert (code, done) == (0, 3)
    assert place > least, "the moments reached to the last statement, the last commit"


def test_a_third_revision_that_fails_leaves_the_first_two(any_project):
    chain(any_project, *"abcd", c="op.create_table('t_c', sa.Column('id', sa.Integer))\nop.drop_table('nothing')")
    with pytest.raises(UpgradeFailed, match="It was rolled back; the database is at b") as raised:
        command.upgrade(any_project.config(), "head")
    assert (raised.value.revision, raised.value.standing_at, raised.value.applied) == ("c", ("b",), ("a", "b"))
    assert in_agreement(any_project, "abcd") == 2
    chain(any_project, *"abcd")
    assert command.upgrade(any_project.config(), "head").after == ("d",)


def test_an_interrupt_inside_a_revision_keeps_those_before_it(any_project):
    body = "op.create_table('t_c', sa.Column('id', sa.Integer))\nraise KeyboardInterrupt"
    chain(any_project, *"abcd", c=body)
    with pytest.raises(KeyboardInterrupt) as raised:
        command.upgrade(any_project.config(), "head")
    assert raised.value.__notes__ == ["Stopped in upgrade of c. It was rolled back; the database is at b."]
    assert in_agreement(any_project, "abcd") == 2


@pytest.mark.parametrize("revision", ["b", "c"])
@pytest.mark.parametrize("kind", ["start", "done"])
def test_an_interrupt_between_two_revisions_keeps_those_before_it(any_project, kind, revision):
    chain(any_project, *"abcd")

    @only_shows
    def stop(event):
        if (event.kind, event.revision) == (kind, revision):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        command.upgrade(any_project.config(on_step=stop), "head")
    assert in_agreement(any_project, "abcd") == "abcd".index(revision) + (kind == "done")


def test_an_autocommit_block_in_the_middle_commits_what_was_before_it(any_project):
    body = "with op.get_context().autocommit_block():\n    op.create_table('t_c', sa.Column('id', sa.Integer))\n"
    chain(any_project, *"abcd", c=body + "op.drop_table('nothing')")
    with pytest.raises(UpgradeFailed, match="1 statement of it stays, the last is CREATE TABLE t_c"):
        command.upgrade(any_project.config(), "head")
    assert any_project.rows() == ["b"]
    assert any_project.tables() == {"alembic_version", "alembic_version_journal", "t_a", "t_b", "t_c"}


def test_an_autocommit_block_that_a_listener_of_tables_opens_ends_the_group(any_project):
    """The block is in no version file, so that the revisions share a transaction until it commits."""
    begun = []

    def commit(table, connection, **kw):
        if table.name == "t_c":
            with op.get_context().autocommit_block():
                begun.append(table.name)

    chain(any_project, *"abcd")
    sa.event.listen(sa.Table, "before_create", commit)
    try:
        command.upgrade(any_project.config(), "head")
        assert any_project.tables() == {"alembic_version", "t_a", "t_b", "t_c", "t_d"}
        command.downgrade(any_project.config(), "b")
        chain(any_project, *"abcd", c=CREATE.format("half") + "\n" + CREATE.format("c") + "\n" + CREATE.format("a"))
        with pytest.raises(UpgradeFailed, match="up to its autocommit_block"):
            command.upgrade(any_project.config(), "head")
    finally:
        sa.event.remove(sa.Table, "before_create", commit)
    assert begun == ["t_c", "t_c"]
    assert any_project.rows() == ["b"]
    assert any_project.tables() == {"alembic_version", "t_a", "t_b", "t_half"}


def test_a_revision_with_another_connection_finds_those_before_it_committed(any_project):
    ask = (
        "engine = sa.create_engine(op.get_bind().engine.url, poolclass=sa.NullPool)\n"
        "with engine.connect() as other:\n"
        "    assert other.scalar(sa.text('SELECT version_num FROM alembic_version')) == 'b'\n"
        "    assert other.execute(sa.text('SELECT * FROM t_b')).all() == []\n"
    )
    chain(any_project, *"abcd", c=ask + CREATE.format("c"))
    command.upgrade(any_project.config(), "head")
    assert in_agreement(any_project, "abcd") == 4


def test_a_revision_is_committed_before_the_listener_is_notified(any_project):
    chain(any_project, *"abc")
    heard = []

    def look(event):
        if event.kind == "done":
            heard.append((event.revision, any_project.rows()))

    command.upgrade(any_project.config(on_step=look), "head")
    assert heard == [("a", ["a"]), ("b", ["b"]), ("c", ["c"])]


def test_a_callback_finds_every_earlier_revision_committed(any_project):
    any_project.env(
        lambda text: text.replace(
            "**options(connection.dialect.name)",
            "on_version_apply=config.attributes['listen'], **options(connection.dialect.name)",
        )
    )
    chain(any_project, *"abc")
    heard = []
    command.upgrade(any_project.config(listen=lambda **kw: heard.append(len(any_project.tables()))), "head")
    assert heard == [0, 2, 3]


def test_with_foreign_keys_enforced_each_revision_is_checked_by_itself(project, commits):
    broken = "op.execute('CREATE TABLE t_c (p INTEGER REFERENCES t_a)')\nop.execute('INSERT INTO t_c VALUES (7)')"
    chain(project, *"abcd", c=broken)
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.rollback()
        with pytest.raises(UpgradeFailed, match="Foreign keys would be broken"):
            command.upgrade(project.config(connection=connection), "head")
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert in_agreement(project, "abcd") == 2


def test_a_commit_that_fails_rolls_back_the_whole_group(any_project):
    chain(any_project, *"abcd")
    engine = sa.create_engine(any_project.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        command.upgrade(any_project.config(connection=connection), "a")
        late = []

        @sa.event.listens_for(connection, "commit")
        def full(_):
            if late:
                late.clear()
                raise sa.exc.OperationalError("COMMIT", {}, Exception("disk full"))

        @only_shows
        def hear(event):
            late.extend([event] * (event.revision == "d"))

        with pytest.raises(UpgradeFailed, match="disk full") as raised:
            command.upgrade(any_project.config(connection=connection, on_step=hear), "head")
        assert (raised.value.standing_at, raised.value.applied) == (("a",), ())
    assert in_agreement(any_project, "abcd") == 1
    assert command.upgrade(any_project.config(), "head").after == ("d",)


def test_a_version_row_that_a_listener_of_tables_changed_stops_a_group(any_project):
    """The row is checked where it is written, also in a revision that did not begin the transaction."""
    chain(any_project, *"abcd")

    def meddle(table, connection, **kw):
        if table.name == "t_c":
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'zz'")

    sa.event.listen(sa.Table, "after_create", meddle)
    try:
        with pytest.raises(VersionTableChanged, match="revision b has no row in it"):
            command.upgrade(any_project.config(), "head")
    finally:
        sa.event.remove(sa.Table, "after_create", meddle)
    assert in_agreement(any_project, "abcd") == 2


def test_the_savepoints_of_a_group_leave_no_trace(project):
    chain(project, *"abc")
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        command.upgrade(project.config(connection=connection), "head")
        assert not connection.in_transaction()
        assert not connection.connection.driver_connection.in_transaction
    assert os.listdir(project.folder).count("db.sqlite-journal") == 0
