"""Revisions that share a transaction on PostgreSQL: their locks, long statements, and round trips to the server."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.runtime import group
from kernel_core.runtime.report import only_shows
from kernel_core.util.exc import CommandError, UpgradeFailed

pytestmark = pytest.mark.postgresql

COLUMN = "op.add_column('busy', sa.Column('{0}', sa.Integer))"


@pytest.fixture(autouse=True)
def groups_end_by_their_statements(monkeypatch):
    """A busy machine does not end a group before it is as large as the test expects."""
    monkeypatch.setattr(group, "MAX_SECONDS", 60)


@pytest.fixture
def chain(postgresql_project):
    """Four revisions that only change the schema; c changes the table ``busy``."""
    postgresql_project.run("CREATE TABLE busy (id INTEGER)")
    postgresql_project.chain(*"abcd")
    postgresql_project.write("c", "b", COLUMN.format("c"), "op.drop_column('busy', 'c')")
    return postgresql_project


@pytest.fixture
def heard():
    """A listener that only shows, so that revisions share transactions; it keeps kind and revision of the events."""
    events: list[tuple[str, str]] = []

    @only_shows
    def hear(event):
        events.append((event.kind, event.revision))

    hear.events = events
    return hear


@contextmanager
def after_create(name: str, run) -> Iterator[None]:
    """Run a function after the table of that name was created, in the transaction that creates it."""

    def listener(table, connection, **kw):
        if table.name == name:
            run(connection)

    sa.event.listen(sa.Table, "after_create", listener)
    try:
        yield
    finally:
        sa.event.remove(sa.Table, "after_create", listener)


def each_once(*revisions: str) -> list[tuple[str, str]]:
    return [(kind, revision) for revision in revisions for kind in ("start", "done")]


@pytest.mark.slow
def test_a_revision_that_waits_for_a_lock_lets_go_of_the_locks_of_those_before_it(chain, heard):
    engine = sa.create_engine(chain.url, poolclass=sa.NullPool)
    with engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE busy")
        upgrade = threading.Thread(target=lambda: command.upgrade(chain.config(on_step=heard), "head"))
        upgrade.start()
        for _ in range(1200):
            time.sleep(0.05)
            if "alembic_version" in chain.tables() and chain.rows() == ["b"]:
                break
        assert chain.rows("SELECT count(*) FROM t_a") == [0], "not locked any more"
        assert chain.rows() == ["b"]
        assert upgrade.is_alive()
        other.rollback()
        upgrade.join(60)
    assert chain.rows() == ["d"]
    assert heard.events == each_once(*"abcd")


@pytest.mark.slow
def test_a_statement_that_takes_longer_than_a_group_may_is_run_again_alone(chain, heard, caplog):
    ran = []

    def sleep(connection):
        ran.append(connection)
        connection.exec_driver_sql("SELECT pg_sleep(0.4)")

    chain.chain(*"abcd")
    with caplog.at_level("INFO", "kernel_core.runtime.migration"), after_create("t_c", sleep):
        command.upgrade(chain.config(on_step=heard), "head")
    assert len(ran) == 2
    assert chain.rows() == ["d"]
    assert heard.events == each_once(*"abcd")
    assert sum("Running upgrade b -> c" in message for message in caplog.messages) <= 1


def test_a_revision_that_fails_in_a_group_and_alone_is_reported_once_with_its_own_error(chain, heard):
    chain.write("c", "b", "op.create_table('t_c', sa.Column('id', sa.Integer))\nop.drop_table('missing')")
    with pytest.raises(
        UpgradeFailed, match=r"c\.py, line 10\) failed: UndefinedTable.*rolled back; .* is at b"
    ) as raised:
        command.upgrade(chain.config(on_step=heard), "head")
    assert raised.value.applied == ("a", "b")
    assert heard.events == [*each_once(*"ab"), ("start", "c"), ("failed", "c")]
    assert (chain.rows(), chain.tables() - {"alembic_version", "busy"}) == (["b"], {"t_a", "t_b"})


@pytest.mark.parametrize(("before", "inside"), [("0", "200ms"), ("1h", "200ms"), ("150ms", "150ms")])
def test_the_limit_of_a_statement_is_never_longer_than_that_of_the_session_and_ends_with_the_group(
    chain, before, inside
):
    seen = []
    engine = sa.create_engine(chain.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SET statement_timeout = '{before}'")
        connection.commit()
        with after_create("t_b", lambda live: seen.append(live.exec_driver_sql("SHOW statement_timeout").scalar())):
            command.upgrade(chain.config(connection=connection), "head")
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == before
    assert seen == [inside]


def test_a_connection_in_autocommit_runs_each_revision_by_itself(chain):
    engine = sa.create_engine(chain.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        command.upgrade(chain.config(connection=connection), "head")
    assert chain.rows() == ["d"]


def test_a_revision_that_reads_the_version_table_finds_its_row_after_those_of_a_group(chain):
    chain.write("c", "b", "op.execute('CREATE TABLE seen AS SELECT version_num FROM alembic_version')")
    command.upgrade(chain.config(), "head")
    assert (chain.rows("SELECT version_num FROM seen"), chain.rows()) == (["b"], ["d"])


# ---- round trips -----------------------------------------------------------------------------------------------------


@pytest.fixture
def round_trips(tmp_path):
    """A function (project, target) that upgrades, and returns how often libpq waited for the server."""

    def counted(project, target, **attributes):
        engine = sa.create_engine(project.url, poolclass=sa.NullPool)
        with engine.connect() as connection, (tmp_path / "trace").open("w+", errors="replace") as trace:
            driver = connection.connection.driver_connection.pgconn
            driver.trace(trace.fileno())
            command.upgrade(project.config(connection=connection, **attributes), target)
            driver.untrace()
            trace.seek(0)
            return sum("\tReadyForQuery" in line for line in trace)

    return counted


def ids(count: int) -> list[str]:
    return [f"r{number:03}" for number in range(count)]


def test_a_further_revision_of_a_group_takes_two_round_trips(postgresql_project, round_trips):
    """A savepoint and CREATE TABLE; with one to limit the statements, and one in which psycopg prepares SAVEPOINT."""
    first, *_, tenth = numbers = ids(10)
    postgresql_project.chain(*numbers)
    round_trips(postgresql_project, first)
    one = round_trips(postgresql_project, numbers[1])
    assert round_trips(postgresql_project, tenth) - one <= 2 * 7 + 2


def test_further_revisions_in_one_transaction_for_all_take_a_third_of_a_round_trip(postgresql_project, round_trips):
    postgresql_project.env(
        lambda text: text.replace("**options(connection", "transaction_per_migration=False, **options(connection")
    )
    first, *_, tenth = numbers = ids(10)
    postgresql_project.chain(*numbers)
    round_trips(postgresql_project, first)
    one = round_trips(postgresql_project, numbers[1])
    assert round_trips(postgresql_project, tenth) - one <= 2


def test_a_revision_in_its_own_transaction_takes_four_round_trips(postgresql_project, round_trips):
    """BEGIN, its statement, the version row and COMMIT; under the run lock no other run changes the row."""
    numbers = ids(6)
    postgresql_project.chain(numbers[0])
    for down, each in itertools.pairwise(numbers):
        postgresql_project.write(each, down, f"op.execute('CREATE TABLE t_{each} (id INTEGER)')")
    round_trips(postgresql_project, numbers[0])
    one = round_trips(postgresql_project, numbers[1])
    assert round_trips(postgresql_project, numbers[5]) - one <= 3 * 5, "and a savepoint, which shows a COMMIT inside"


def test_the_run_lock_takes_as_many_round_trips_as_it_saves(postgresql_project, round_trips):
    """It is acquired together with the question for the two tables, and released; so it is without anything to do."""
    postgresql_project.chain("a", "b", "c")
    round_trips(postgresql_project, "a")
    without = round_trips(postgresql_project, "b", run_lock=False)
    assert without == 8, "are there a version table and a journal, its row, BEGIN, the row, the table, the row, COMMIT"
    assert round_trips(postgresql_project, "c") == without
    assert round_trips(postgresql_project, "c") == 3


def test_the_connection_of_a_run_is_not_left_in_autocommit(postgresql_project):
    postgresql_project.chain("a", "b")
    engine = sa.create_engine(postgresql_project.url)
    for target in ("a", "b", "missing"):
        with engine.connect() as connection, suppress(CommandError):
            command.upgrade(postgresql_project.config(connection=connection), target)
        with engine.connect() as connection:
            assert connection.connection.driver_connection.autocommit is False
    engine.dispose()
