"""Statements of several revisions that are sent to PostgreSQL together: the same results as one after the other."""

from __future__ import annotations

import signal
import threading
import time

import pytest
import sqlalchemy as sa
from sampling import sampled

from kernel_core import command
from kernel_core.runtime import group
from kernel_core.runtime.report import shows_later
from kernel_core.util.exc import UpgradeFailed

pytestmark = pytest.mark.postgresql

SLOW = """
CREATE TABLE busy (id INTEGER);
INSERT INTO busy VALUES (1);
CREATE FUNCTION slow() RETURNS INTEGER VOLATILE LANGUAGE sql AS 'SELECT pg_sleep(0.5); SELECT 1'
"""
ADDED = "op.add_column('busy', sa.Column('c', sa.Integer, server_default=sa.text({0!r})))"


@pytest.fixture(autouse=True)
def groups_end_by_their_statements(monkeypatch):
    """A busy machine does not end a group before it is as large as the test expects."""
    monkeypatch.setattr(group, "MAX_SECONDS", 60)


@pytest.fixture
def chain(postgresql_project):
    """Six revisions that each create a table, of which the first is applied; and a table that takes long to change."""
    postgresql_project.run(*SLOW.strip().split(";\n"))
    postgresql_project.chain(*"abcdef")
    command.upgrade(postgresql_project.config(), "a")
    return postgresql_project


@pytest.fixture
def statements(chain):
    """A function that upgrades to a target, and returns the texts that the server was sent, by its own log of them."""

    def sent(target="head", *, listens=False, **attributes):
        engine = sa.create_engine(chain.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            cursor_class = connection.connection.driver_connection.cursor_factory
            texts = []

            class Noting(cursor_class):
                def execute(self, query, *args, **kw):
                    texts.append(str(query))
                    return super().execute(query, *args, **kw)

            connection.connection.driver_connection.cursor_factory = Noting
            if listens:
                sa.event.listen(connection, "after_cursor_execute", lambda *_: None)
            command.upgrade(chain.config(connection=connection, **attributes), target)
        return texts

    return sent


def heard():
    """A listener that may be notified late, and the list of its events."""
    events = []

    @shows_later
    def hear(event):
        events.append((event.kind, event.revision, event.seconds))

    return hear, events


def in_one_transaction(env):
    """The text of an ``env.py`` whose runs are one transaction each."""
    return env.replace("**options(connection", "transaction_per_migration=False, **options(connection")


def creates(texts):
    return [text.count("CREATE TABLE") for text in texts if "CREATE TABLE" in text]


@pytest.mark.slow
def test_the_tables_of_several_revisions_are_created_in_one_round_trip(chain, statements):
    assert creates(statements()) == [4, 1], "how many fit is not known at first"
    assert (chain.rows(), chain.tables() >= {"t_b", "t_f"}) == (["f"], True)


@pytest.mark.parametrize("listens", [True, False])
def test_a_listener_of_statements_or_of_steps_gets_each_of_them(statements, listens):
    options = {"listens": True} if listens else {"on_step": lambda event: None}
    assert creates(statements(**options)) == [1] * 5


def test_logged_statements_are_run_one_by_one(chain, caplog):
    engine = sa.create_engine(chain.url, poolclass=sa.NullPool, echo=True)
    with engine.connect() as connection:
        command.upgrade(chain.config(connection=connection), "head")
    logged = [message for message in caplog.messages if "CREATE TABLE t_" in message]
    assert len(logged) == 5


def test_each_step_is_reported_once_in_order_with_its_share_of_the_time(chain):
    hear, events = heard()
    report = command.upgrade(chain.config(on_step=hear), "head")
    assert [event[:2] for event in events] == [(kind, each) for each in "bcdef" for kind in ("start", "done")]
    took = [seconds for kind, _, seconds in events if kind == "done"]
    assert took == [step.seconds for step in report.steps]
    assert all(seconds > 0 for seconds in took)
    assert len(set(took[:4])) == 1, "they were sent together"


@pytest.mark.parametrize("broken", ["op.drop_table('missing')", ADDED.format("1 / 0"), "1 / 0"])
def test_a_revision_that_fails_is_named_and_those_before_it_stay(chain, broken):
    chain.write("d", "c", f"op.create_table('t_d', sa.Column('id', sa.Integer))\n{broken}")
    hear, events = heard()
    with pytest.raises(UpgradeFailed, match=r"d\.py, line 10\) failed: .*rolled back; .* is at c") as raised:
        command.upgrade(chain.config(on_step=hear), "head")
    assert (raised.value.revision, raised.value.applied) == ("d", ("b", "c"))
    assert [event[:2] for event in events] == [
        *[(kind, each) for each in "bc" for kind in ("start", "done")],
        ("start", "d"),
        ("failed", "d"),
    ]
    assert (chain.rows(), "t_c" in chain.tables(), "t_d" in chain.tables()) == (["c"], True, False)
    chain.chain(*"abcdef")
    assert command.upgrade(chain.config(), "head").after == ("f",)


DIRECTLY = [
    "op.rename_table('t_b', 'renamed')",
    "op.alter_column('t_b', 'id', comment='renamed')",
    "op.create_index('renamed', 't_b', [sa.text('abs(id)')])",
    "op.add_column('t_b', sa.Column('mood', sa.Enum('renamed', name='renamed')))",
    "op.create_unique_constraint('renamed', 't_b', ['id'])",
]
"""Operations that are run at once, also while others wait."""
REFUSED = f"op.create_index('{'x' * 64}', 't_b', ['id'])"
"""An operation that fails without a statement that does: nothing but a rollback undoes those before it."""


@pytest.mark.parametrize("before", ["", "op.create_table('first', sa.Column('id', sa.Integer))"])
@pytest.mark.parametrize("direct", sampled(DIRECTLY, 2))
@pytest.mark.parametrize("one_for_all", [False, True])
def test_what_a_failing_revision_has_run_at_once_is_rolled_back_with_it(
    postgresql_project, direct, before, one_for_all
):
    postgresql_project.chain("a", "b")
    postgresql_project.write("c", "b", "op.rename_table('t_a', 'kept')")  # nothing waits when the next one begins
    postgresql_project.write("d", "c", "\n".join(filter(None, (before, direct, REFUSED))))
    postgresql_project.write("e", "d", "op.drop_table('t_b')")
    if one_for_all:
        postgresql_project.env(in_one_transaction)
    with pytest.raises(UpgradeFailed, match=r"rolled back; the database is at (c|base)"):
        command.upgrade(postgresql_project.config(), "head")
    engine = sa.create_engine(postgresql_project.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        names = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        found = set(connection.scalars(sa.text(f"{names} UNION SELECT typname FROM pg_type")))
        comments = connection.scalars(sa.text("SELECT description FROM pg_description WHERE description = 'renamed'"))
        assert not {"renamed", "first"} & found
        assert not comments.all()
        assert ("kept" in found) is not one_for_all


def test_the_first_of_several_revisions_may_fail(chain):
    chain.write("b", "a", "op.drop_table('missing')")
    hear, events = heard()
    with pytest.raises(UpgradeFailed, match=r"b\.py, line 9\) failed: UndefinedTable.*rolled back; .* is at a"):
        command.upgrade(chain.config(on_step=hear), "head")
    assert [event[:2] for event in events] == [("start", "b"), ("failed", "b")]
    assert (chain.rows(), chain.tables() & {"t_b", "t_c"}) == (["a"], set())


@pytest.mark.slow
def test_a_statement_that_takes_longer_than_the_limit_is_run_again_without_it(chain, caplog):
    chain.write("d", "c", ADDED.format("slow()"))
    hear, events = heard()
    with caplog.at_level("INFO", "kernel_core.runtime.migration"):
        command.upgrade(chain.config(on_step=hear), "head")
    assert (chain.rows(), chain.rows("SELECT c FROM busy")) == (["f"], [1])
    assert [event[:2] for event in events] == [(kind, each) for each in "bcdef" for kind in ("start", "done")]
    assert [sum(f"Running upgrade {step}" in text for text in caplog.messages) for step in ("a -> b", "c -> d")] == [
        1,
        1,
    ]


@pytest.mark.slow
def test_a_revision_that_waits_for_a_lock_lets_those_before_it_be_committed(chain):
    chain.write("d", "c", ADDED.format("1"))
    engine = sa.create_engine(chain.url, poolclass=sa.NullPool)
    with engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE busy")
        upgrade = threading.Thread(target=lambda: command.upgrade(chain.config(), "head"))
        upgrade.start()
        for _ in range(1200):
            time.sleep(0.05)
            if chain.rows() == ["c"]:
                break
        assert chain.rows("SELECT count(*) FROM t_b") == [0], "not locked any more"
        assert (chain.rows(), upgrade.is_alive()) == (["c"], True)
        other.rollback()
        upgrade.join(60)
    assert chain.rows() == ["f"]


def test_a_connection_that_is_lost_meanwhile_ends_the_run_at_the_last_commit(chain):
    chain.write("d", "c", ADDED.format("CASE WHEN pg_terminate_backend(pg_backend_pid()) THEN 1 END"))
    with pytest.raises(UpgradeFailed, match=r"failed.*terminating connection"):
        command.upgrade(chain.config(), "head")
    assert (chain.rows(), chain.tables() & {"t_b", "t_c"}) == (["a"], set())
    chain.chain(*"abcdef")
    assert command.upgrade(chain.config(), "head").after == ("f",)


def test_what_reads_the_database_finds_what_was_queued(chain):
    chain.write(
        "c", "b", "op.create_table('u', sa.Column('id', sa.Integer))\nop.alter_column('u', 'id', nullable=False)"
    )
    chain.write("d", "c", "op.execute('CREATE TABLE seen AS SELECT count(*) AS n FROM t_b')")
    command.upgrade(chain.config(), "head")
    assert (chain.rows("SELECT n FROM seen"), chain.rows()) == ([0], ["f"])


@pytest.fixture
def one_transaction(chain):
    """The same six revisions, with one transaction for a whole run; the third one changes rows."""
    chain.env(in_one_transaction)
    chain.write(
        "c", "b", "op.create_table('t_c', sa.Column('id', sa.Integer))\nop.execute('INSERT INTO t_c VALUES (7)')"
    )
    return chain


def test_in_one_transaction_statements_are_sent_together_up_to_one_that_is_sent_alone(one_transaction, statements):
    assert creates(statements()) == [1, 1, 3], "b, c, and then d, e, f"
    assert (one_transaction.rows(), one_transaction.rows("SELECT id FROM t_c")) == (["f"], [7])


@pytest.mark.parametrize("place", ["b", "c", "e", "f"])
@pytest.mark.parametrize("broken", ["op.drop_table('missing')", ADDED.format("1 / 0"), "1 / 0"])
def test_in_one_transaction_a_failure_is_reported_as_without_the_queue(one_transaction, place, broken):
    before = chr(ord(place) - 1)
    one_transaction.write(place, before, f"op.create_table('t_{place}', sa.Column('id', sa.Integer))\n{broken}")
    late, events = heard()
    results = []
    for listener in (late, lambda event: events.append((event.kind, event.revision, event.seconds))):
        with pytest.raises(UpgradeFailed) as raised:
            command.upgrade(one_transaction.config(on_step=listener), "head")
        error = raised.value
        facts = str(error), error.revision, error.applied, error.statement
        results.append((facts, [event[:2] for event in events], one_transaction.rows(), one_transaction.tables()))
        events.clear()
    assert results[0] == results[1]
    assert results[0][0][1:3] == (place, ())


def test_in_one_transaction_what_was_run_at_once_before_anything_waited_is_not_run_twice(postgresql_project):
    postgresql_project.run("CREATE TABLE busy (id INTEGER)")
    postgresql_project.env(in_one_transaction)
    postgresql_project.write("a", None, "op.rename_table('busy', 'kept')")
    postgresql_project.write("b", "a", "op.create_table('t', sa.Column('id', sa.Integer))\nop.drop_table('missing')")
    postgresql_project.write("c", "b", "op.drop_table('t')")
    with pytest.raises(UpgradeFailed, match=r"Revision b .*UndefinedTable.*The whole run was rolled back"):
        command.upgrade(postgresql_project.config(), "head")
    assert "busy" in postgresql_project.tables()


def test_in_one_transaction_a_group_is_closed_after_some_time_and_released(one_transaction, statements, monkeypatch):
    monkeypatch.setattr(group, "_MAX_SECONDS_OF_ONE", 0)
    texts = statements()
    assert creates(texts) == [1, 1, 1, 1, 1]
    released = [text for text in texts if "RELEASE SAVEPOINT" in text]
    assert (len(released), one_transaction.rows()) == (2, ["f"]), "d and e; b and f are alone in a group"
    assert all(text.startswith("SAVEPOINT") for text in released)


def test_in_one_transaction_what_reads_the_database_finds_what_was_queued(one_transaction):
    one_transaction.write("e", "d", "op.alter_column('t_d', 'id', nullable=False)")
    command.upgrade(one_transaction.config(), "head")
    assert one_transaction.rows() == ["f"]


def test_in_one_transaction_a_lost_connection_ends_the_run_at_its_begin(one_transaction):
    one_transaction.write("e", "d", ADDED.format("CASE WHEN pg_terminate_backend(pg_backend_pid()) THEN 1 END"))
    with pytest.raises(UpgradeFailed, match=r"failed.*terminating connection"):
        command.upgrade(one_transaction.config(), "head")
    assert (one_transaction.rows(), one_transaction.tables() & {"t_b", "t_d"}) == (["a"], set())


@pytest.mark.usefixtures("python_handles_interrupts")
def test_in_one_transaction_an_interrupt_rolls_back_the_whole_run(one_transaction):
    one_transaction.run("CREATE FUNCTION long() RETURNS INTEGER LANGUAGE sql AS 'SELECT pg_sleep(20); SELECT 1'")
    one_transaction.write("e", "d", ADDED.format("long()"))
    engine = sa.create_engine(one_transaction.url, poolclass=sa.NullPool)
    hear, events = heard()

    def interrupt_once_it_runs():
        sleeping = sa.text(  # the text of what runs is cut off after 1,024 bytes
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
        )
        with engine.connect() as connection:
            while not connection.scalar(sleeping):
                connection.rollback()
                time.sleep(0.05)
        signal.raise_signal(signal.SIGINT)

    watcher = threading.Thread(target=interrupt_once_it_runs, daemon=True)
    watcher.start()
    with pytest.raises(KeyboardInterrupt) as raised:
        command.upgrade(one_transaction.config(on_step=hear), "head")
    assert "The whole run was rolled back; the database is at a." in raised.value.__notes__[0]
    assert events[-1][0] == "failed"
    assert (one_transaction.rows(), one_transaction.tables() & {"t_b", "t_c", "t_d"}) == (["a"], set())
