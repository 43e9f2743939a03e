"""The run lock of each database: one holder for each version table, named, and released when it dies."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core.ddl.driver import driver_cursor
from kernel_core.ddl.impl import DefaultImpl
from kernel_core.ddl.postgresql.run_lock import without_begin
from kernel_core.ddl.run_lock import RunLock

HOLD = """
import sys, time
import sqlalchemy as sa
from kernel_core.ddl.impl import DefaultImpl
import kernel_core.ddl.base
connection = sa.create_engine(sys.argv[1]).connect()
impl = DefaultImpl.get_by_dialect(connection.dialect)(connection.dialect, connection, False, None, None, {})
lock = impl.run_lock(connection, sa.Table("alembic_version", sa.MetaData()), borrowed=False)
assert lock.acquire()
print("held", flush=True)
if len(sys.argv) > 2:
    connection.execute(sa.text(sys.argv[2]))
time.sleep(60)
"""


def lock_of(connection: sa.Connection, table: str = "alembic_version", schema: str | None = None) -> RunLock:
    impl = DefaultImpl.get_by_dialect(connection.dialect)(connection.dialect, connection, False, None, None, {})
    lock = impl.run_lock(
        connection, sa.Table(table, sa.MetaData(), schema=schema), borrowed=connection.in_transaction()
    )
    assert lock is not None
    return lock


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine of a database whose lock nobody holds."""
    if request.param == "sqlite":
        url = sa.make_url(f"sqlite:///{tmp_path / 'shop.db'}")
    else:
        url = sa.make_url(request.getfixturevalue(f"{request.param}_url"))
    made = sa.create_engine(url, poolclass=sa.NullPool)
    yield made
    made.dispose()


@pytest.fixture
def postgresql_engine(postgresql_url: str) -> sa.Engine:
    return sa.create_engine(postgresql_url, poolclass=sa.NullPool)


@contextmanager
def held_elsewhere(engine: sa.Engine, *statement: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock, and then runs a statement."""
    command = [sys.executable, "-c", HOLD, engine.url.render_as_string(hide_password=False), *statement]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def eventually(condition: Callable[[], bool], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not (result := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return result


def test_two_connections_cannot_hold_it_at_once(engine):
    with engine.connect() as first, engine.connect() as second:
        mine, other = lock_of(first), lock_of(second)
        assert mine.acquire()
        if engine.dialect.name == "sqlite":  # a thread may acquire the lock of a file again, another thread may not
            result = []
            thread = threading.Thread(target=lambda: result.append(other.acquire()))
            thread.start()
            thread.join()
            assert result == [False]
        else:
            assert not other.acquire()
        mine.release()
        assert other.acquire()
        other.release()
        assert not first.in_transaction()


def test_other_version_tables_have_other_locks(engine):
    with engine.connect() as first, engine.connect() as second:
        mine, other = lock_of(first), lock_of(second, "alembic_version_two")
        assert mine.acquire()
        assert other.acquire()
        mine.release()
        other.release()


def test_the_holder_is_named_and_a_killed_one_holds_nothing(engine):
    with held_elsewhere(engine) as process, engine.connect() as connection:
        lock = lock_of(connection)
        assert not lock.acquire()
        known = str(process.pid) if engine.dialect.name == "sqlite" else engine.url.username
        assert known in lock.holder()
        assert not connection.in_transaction()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert eventually(lock.acquire)
        lock.release()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "sleep"),
    [
        pytest.param("postgresql", "SELECT pg_sleep(60)", marks=pytest.mark.postgresql),
        pytest.param("mariadb", "SELECT BENCHMARK(100000000000, MD5(1))", marks=pytest.mark.mariadb),
    ],
    indirect=["engine"],
)
def test_a_holder_that_is_killed_during_a_statement_holds_nothing(engine, sleep):
    with held_elsewhere(engine, sleep) as process, engine.connect() as connection:
        lock = lock_of(connection)
        for _ in range(3):
            assert not lock.acquire(), "it lives"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert eventually(lock.acquire)
        lock.release()


@pytest.mark.postgresql
def test_each_try_looks_for_the_tables_after_it_has_the_lock(postgresql_engine):
    """Also where a run waits for long, so that psycopg prepares texts: one of several statements it does not."""
    with postgresql_engine.connect() as connection, postgresql_engine.begin() as other:
        impl = DefaultImpl.get_by_dialect(connection.dialect)(connection.dialect, connection, False, None, None, {})
        table = sa.Table("alembic_version", sa.MetaData())
        lock = impl.run_lock(connection, table, borrowed=False, looks_for=("alembic_version_journal",))
        assert lock is not None
        for _ in range(7):
            assert lock.acquire()
            assert lock.found() == frozenset()
            lock.release()
        other.exec_driver_sql("CREATE TABLE alembic_version_journal (id INTEGER)")
        other.commit()
        assert lock.acquire()
        assert lock.found() == {"alembic_version_journal"}
        lock.release()


@pytest.mark.postgresql
def test_an_interrupt_whose_statement_still_runs_stays_one(postgresql_engine):
    """psycopg refuses to leave autocommit then, which must not take the place of the interrupt."""
    with postgresql_engine.connect() as connection:
        block = without_begin(connection)
        block.__enter__()
        connection.connection.driver_connection.pgconn.send_query(b"SELECT pg_sleep(60)")
        with pytest.raises(KeyboardInterrupt):
            block.gen.throw(KeyboardInterrupt)
        assert connection.invalidated


def test_an_interrupt_while_an_answer_is_read_invalidates_the_connection(engine, caplog):
    """Else the rollback that closes it would read the rest of the answer as its own, and fail."""
    with engine.connect() as connection:
        block = driver_cursor(connection)
        cursor = block.__enter__()
        cursor.execute("SELECT 1")
        with pytest.raises(KeyboardInterrupt):
            block.gen.throw(KeyboardInterrupt)
        assert connection.invalidated
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.mariadb
def test_an_interrupt_inside_the_driver_while_it_tries_the_lock_shows_no_error(mariadb_url, monkeypatch, caplog):
    reader = pytest.importorskip("pymysql.connections").MySQLResult

    def interrupt(_self):
        raise KeyboardInterrupt

    with sa.create_engine(mariadb_url, poolclass=sa.NullPool).connect() as connection:
        lock = lock_of(connection)
        monkeypatch.setattr(reader, "_get_descriptions", interrupt)
        with pytest.raises(KeyboardInterrupt):
            lock.acquire()
        monkeypatch.undo()
        lock.release()
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.postgresql
def test_the_session_has_the_settings_that_it_had_before(postgresql_engine):
    with postgresql_engine.connect() as connection:
        connection.execute(sa.text("SET client_connection_check_interval = '7s'"))
        connection.commit()
        lock = lock_of(connection)
        assert lock.acquire()
        lock.release()
        assert connection.scalar(sa.text("SHOW client_connection_check_interval")) == "7s"


@pytest.mark.postgresql
def test_in_the_transaction_of_a_caller_the_lock_ends_with_it(postgresql_engine):
    with postgresql_engine.connect() as first, postgresql_engine.connect() as second:
        other = lock_of(second)
        with first.begin():
            mine = lock_of(first)
            assert mine.acquire()
            mine.release()
            assert first.in_transaction()
            assert not other.acquire()
        assert other.acquire()
        other.release()


@pytest.mark.postgresql
def test_schemas_have_their_own_locks_and_the_default_schema_has_one(postgresql_engine):
    with postgresql_engine.connect() as first, postgresql_engine.connect() as second:
        mine = lock_of(first, schema="tenant1")
        assert mine.acquire()
        other = lock_of(second, schema="tenant2")
        assert other.acquire()
        assert not lock_of(second, schema="tenant1").acquire()
        mine.release()
        other.release()
        default = lock_of(first, schema="public")
        assert default.acquire()
        assert not lock_of(second).acquire()
        default.release()


def test_threads_that_share_a_database_in_memory_exclude_each_other():
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.connect() as connection:
        mine, other = lock_of(connection), lock_of(connection)
        assert mine.acquire()
        result = []
        thread = threading.Thread(target=lambda: result.append((other.acquire(), other.holder())))
        thread.start()
        thread.join()
        assert result == [(False, "another thread of this process")]
        mine.release()
        assert other.acquire()
        other.release()


def test_no_file_stays_behind_and_an_odd_name_is_no_path(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.connect() as connection:
        for name in ("alembic_version", "../../x", "naïve 'name'"):
            lock = lock_of(connection, name)
            assert lock.acquire()
            assert len(os.listdir(tmp_path)) <= 2
            assert any(found.endswith(".lock") for found in os.listdir(tmp_path))
            lock.release()
    assert not any(found.endswith(".lock") for found in os.listdir(tmp_path))


def test_a_folder_that_cannot_be_written_to_has_no_lock(tmp_path, monkeypatch):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.connect() as connection:
        lock = lock_of(connection)

        def refused(path, flags, *mode):
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr(os, "open", refused)
        assert lock.acquire()
        lock.release()


@pytest.fixture
def pooled_url(postgresql_url: str, tmp_path: Path) -> Iterator[sa.URL]:
    """URL of the database behind a PgBouncer that gives each transaction any of its sessions."""
    program, url = shutil.which("pgbouncer"), sa.make_url(postgresql_url)
    if program is None or not url.host or url.host.startswith("/"):
        pytest.skip("PgBouncer is not installed, or the server has no address: apt-get install pgbouncer.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = tmp_path / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host={url.host} port={url.port or 5432} user={url.username}\n[pgbouncer]\n"
        f"listen_addr=127.0.0.1\nlisten_port={port}\nauth_type=any\npool_mode=transaction\nunix_socket_dir=\n"
    )
    for path in (settings, *(each for each in settings.parents if "pytest-of-" in str(each))):
        path.chmod(0o755)  # pytest-xdist adds a folder for each worker
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
    with subprocess.Popen([program, "-q", str(settings)], stderr=subprocess.DEVNULL, user=user) as process:
        try:
            assert eventually(lambda: answers(port), 10)
            yield url.set(host="127.0.0.1", port=port)
        finally:
            process.kill()  # it would wait for its clients


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.postgresql
def test_behind_a_pooler_that_shares_sessions_the_lock_is_held_by_a_second_connection(pooled_url, postgresql_engine):
    pooled = sa.create_engine(pooled_url, poolclass=sa.NullPool, connect_args={"prepare_threshold": None})
    with pooled.connect() as first, pooled.connect() as second, postgresql_engine.connect() as direct:
        mine, other, third = lock_of(first), lock_of(second), lock_of(direct)
        assert mine.acquire()
        assert mine._second is not None
        for _ in range(5):
            assert not other.acquire()
            assert not third.acquire()
        assert "process " in other.holder()
        mine.release()
        assert third.acquire()
        assert not other.acquire()
        third.release()
        assert other.acquire()
        other.release()
        assert third.acquire()
        third.release()
