"""An interrupt stops a run between two statements: soon, with a true sentence, and with a usable connection."""

from __future__ import annotations

import signal
import threading
import time

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import CommandLine, main
from kernel_core.runtime.interrupts import handled
from kernel_core.runtime.migration import MigrationContext
from tests.patience import patience

LONG = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
    "mysql": "SELECT SLEEP(60)",
}

AUTOCOMMIT = """
import signal, threading
op.create_table("big", sa.Column("id", sa.Integer))
with op.get_context().autocommit_block():
    threading.Timer(0.3, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
    op.execute("SELECT pg_sleep(60)")
"""


pytestmark = pytest.mark.usefixtures("python_handles_interrupts")


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def server_project(request):
    name = "project" if request.param == "sqlite" else f"{request.param}_project"
    return request.getfixturevalue(name)


class InterruptsRevision:
    """A listener that interrupts the main thread some time after a revision began; it measures until the end."""

    only_shows = True

    def __init__(self, revision: str, seconds: float = 0.3) -> None:
        self.revision, self.seconds, self.sent = revision, seconds, 0.0

    def __call__(self, event) -> None:
        if event.kind == "start" and event.revision == self.revision:
            self.begin()

    def begin(self) -> None:
        threading.Thread(target=self.send, args=[threading.main_thread().ident]).start()

    def send(self, thread: int) -> None:
        time.sleep(self.seconds)
        self.sent = time.monotonic()
        signal.pthread_kill(thread, signal.SIGINT)

    @property
    def passed(self) -> float:
        assert self.sent, "the interrupt was sent"
        return time.monotonic() - self.sent


def interrupted(run) -> list[str]:
    """Return the notes of the interrupt that ends a run."""
    with pytest.raises(KeyboardInterrupt) as raised:
        run()
    return raised.value.__notes__


def test_a_long_statement_is_cancelled_within_two_seconds(server_project):
    dialect = sa.make_url(server_project.url).get_backend_name()
    server_project.chain("a1")
    server_project.write("b2", "a1", f"op.execute({LONG[dialect]!r})")
    server_project.chain("a1")
    engine = sa.create_engine(server_project.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        listener = InterruptsRevision("b2")
        notes = interrupted(
            lambda: command.upgrade(server_project.config(connection=connection, on_step=listener), "head")
        )
        assert listener.passed < patience(2)
        assert notes == ["Stopped in upgrade of b2. It was rolled back; the database is at a1."]
        assert not connection.in_transaction()
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "a1"
    server_project.write("b2", "a1")
    assert command.upgrade(server_project.config(lock_timeout=0), "head").after == ("b2",)


@pytest.mark.slow
def test_a_statement_that_is_about_to_be_sent_when_the_interrupt_comes_is_cancelled_as_well(server_project):
    dialect = sa.make_url(server_project.url).get_backend_name()
    server_project.write("a1", None, f"op.execute({LONG[dialect]!r})")
    engine = sa.create_engine(server_project.url, poolclass=sa.NullPool)
    with engine.connect() as connection:

        @sa.event.listens_for(engine, "do_execute")
        def interrupt(cursor, statement, *_):
            if statement == LONG[dialect]:
                signal.raise_signal(signal.SIGINT)  # cancels the statement, of which the database knows nothing yet

        began = time.monotonic()
        notes = interrupted(lambda: command.upgrade(server_project.config(connection=connection), "head"))
        assert time.monotonic() - began < patience(20)
    assert notes == ["Stopped in upgrade of a1. It was rolled back; the database is at base."]


def test_nothing_is_cancelled_any_more_after_a_run_whose_last_statement_failed_without_a_rollback():
    with sa.create_engine("sqlite://").connect() as connection:
        with handled(connection, MigrationContext.configure(connection).impl) as interrupts:
            interrupts.before_statement()
            cancelling = threading.Thread(target=interrupts.cancel_running)
            cancelling.start()
        cancelling.join(60)
        assert not cancelling.is_alive()


def test_many_short_statements_stop_at_the_next_one_though_errors_are_swallowed(server_project):
    server_project.write(
        "a1",
        None,
        "import contextlib\nwhile True:\n    with contextlib.suppress(Exception):\n        op.get_bind().exec_driver_sql('SELECT 1')\n        continue\n    break",
    )
    listener = InterruptsRevision("a1")
    notes = interrupted(lambda: command.upgrade(server_project.config(on_step=listener), "head"))
    assert "Stopped in upgrade of a1." in notes[0]
    assert listener.passed < patience(2)


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("transaction_per_migration", [True, False])
def test_at_any_statement_the_sentence_is_true_and_the_connection_usable(any_project, transaction_per_migration, every):
    any_project.env(
        lambda text: text.replace(
            "target_metadata=target_metadata",
            f"target_metadata=target_metadata, transaction_per_migration={transaction_per_migration}",
        )
    )
    any_project.chain("a1", "b2", "c3")
    any_project.write("d4", "c3", "op.get_bind().execute(sa.text('SELECT 1'))")
    engine = sa.create_engine(any_project.url, poolclass=sa.NullPool)
    place = [0, 0]

    def count(*_: object) -> None:
        place[0] += 1
        if place[0] == place[1]:
            signal.raise_signal(signal.SIGINT)

    for number in range(1, 100, every):
        with engine.connect() as connection:
            place[:] = [0, number]
            sa.event.listen(connection, "before_cursor_execute", count)
            try:
                command.upgrade(any_project.config(connection=connection), "head")
            except KeyboardInterrupt as error:
                notes = getattr(error, "__notes__", [])
                sa.event.remove(connection, "before_cursor_execute", count)
                assert not connection.in_transaction()
                rows = (
                    connection.scalars(sa.text("SELECT version_num FROM alembic_version")).all()
                    if any_project.tables()
                    else []
                )
                assert not notes or notes[0].endswith(f"the database is at {rows[0] if rows else 'base'}."), (
                    number,
                    notes,
                    rows,
                )
                assert any_project.tables() - {"alembic_version"} == {
                    f"t_{each}" for each in ("a1", "b2", "c3") if rows and each <= rows[0]
                }
            else:
                break
        command.downgrade(any_project.config(), "base")
        any_project.run("DROP TABLE IF EXISTS alembic_version")
    assert 10 < number < 99


def test_outside_the_engine_an_interrupt_is_raised_at_once(project):
    project.write("a1", None, "import time\ntime.sleep(60)")
    listener = InterruptsRevision("a1")
    assert interrupted(lambda: command.upgrade(project.config(on_step=listener), "head")) == [
        "Stopped in upgrade of a1. It was rolled back; the database is at base."
    ]
    assert listener.passed < patience(2)


def test_an_interrupt_that_python_cannot_raise_where_it_comes_stops_the_run(project):
    project.write(
        "a1",
        None,
        """
        import signal, time, weakref
        held = type("Held", (), {})()
        kept = weakref.ref(held, lambda _: signal.raise_signal(signal.SIGINT))
        del held
        for _ in range(500):
            time.sleep(0.01)
        """,
    )
    with pytest.raises(KeyboardInterrupt):
        command.upgrade(project.config(), "head")
    assert command.current(project.config()) == ()


def test_while_a_connection_is_closed_an_interrupt_waits(any_project, caplog):
    any_project.chain("a1")

    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    sa.event.listen(sa.pool.Pool, "reset", interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            command.upgrade(any_project.config(), "head")
    finally:
        sa.event.remove(sa.pool.Pool, "reset", interrupt)
    assert [record for record in caplog.records if record.exc_info] == []
    assert any_project.rows() == ["a1"]


def test_a_kept_interrupt_keeps_no_lock_on_the_file_of_sqlite(project):
    """One that comes before a revision runs, inside SQLAlchemy, which leaves the cursor of its statement open."""
    project.chain("a1", "b2")
    command.upgrade(project.config(), "a1")

    def interrupt(_connection, _cursor, statement, *_):
        if "FROM alembic_version" in statement:
            raise KeyboardInterrupt

    sa.event.listen(sa.Engine, "after_cursor_execute", interrupt)
    try:
        with pytest.raises(KeyboardInterrupt) as kept:
            command.upgrade(project.config(), "head")
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", interrupt)
    assert kept.value.__traceback__ is not None
    with sa.create_engine(project.url, connect_args={"timeout": 0}).connect() as other:
        other.exec_driver_sql("BEGIN EXCLUSIVE")


def test_before_the_command_begins_the_program_ends_without_a_traceback(capsys):
    def arguments():
        signal.raise_signal(signal.SIGINT)
        yield "heads"

    with pytest.raises(SystemExit) as ended:
        main(arguments())
    assert (ended.value.code, capsys.readouterr().err) == (130, "Stopped.\n")


def test_a_handler_of_the_application_is_left_as_it_is(project):
    seen = []
    signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    project.write("a1", None, "import signal\nsignal.raise_signal(signal.SIGINT)")
    try:
        assert command.upgrade(project.config(), "head").after == ("a1",)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert seen == [1]


def test_in_an_autocommit_block_the_command_line_ends_with_130_and_says_what_stays(postgresql_project, capsys):
    postgresql_project.write("a1", None, AUTOCOMMIT)
    with pytest.raises(SystemExit) as ended:
        CommandLine().main(["-c", postgresql_project.ini, "upgrade", "head"])
    assert ended.value.code == 130
    assert capsys.readouterr().err == (
        "Stopped.\nStopped in upgrade of a1. 1 statement of it stays, the last is CREATE TABLE big ( id INTEGER ); the rest "
        "was rolled back; the database is at base. Continue it: mig resume. Or undo what it did: mig abandon.\n"
    )
