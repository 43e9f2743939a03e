"""A rehearsal only reads the database itself: no lock above that of a reader, no write, whatever the revisions do."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import Config

REVISIONS = {
    "a1": """
op.add_column('big', sa.Column('w', sa.Integer))
op.execute('UPDATE big SET w = v WHERE id < 85000')
op.bulk_insert(sa.table('small', sa.column('id', sa.Integer)), [{'id': 7}, {'id': 8}])
""",
    "b2": """
with op.get_context().autocommit_block():
    op.create_index('ix_w', 'big', ['w'], postgresql_concurrently=True)
    op.execute('VACUUM small')
    op.execute('REINDEX TABLE CONCURRENTLY small')
    op.get_bind().exec_driver_sql("SELECT setval('numbers', 50)")
""",
    "c3": """
import os
other = sa.create_engine(os.environ['DATABASE_URL'].replace('asyncpg', 'psycopg'), poolclass=sa.NullPool)
with other.begin() as connection:
    connection.exec_driver_sql('DELETE FROM small WHERE id = 7')
op.execute("SELECT nextval('numbers')")
op.execute('LOCK TABLE small IN ACCESS EXCLUSIVE MODE')
op.execute('TRUNCATE small')
op.alter_column('big', 'v', existing_type=sa.Integer(), type_=sa.BigInteger())
op.execute("DO $$ BEGIN DELETE FROM big WHERE id < 10; END $$")
""",
}
SAMPLE = """
SELECT DISTINCT l.mode FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE d.datname = %s AND l.locktype = 'relation' AND l.relation >= 16384 AND l.pid <> ALL (%s)
UNION ALL SELECT 'transaction that writes' FROM pg_stat_activity
WHERE datname = %s AND backend_xid IS NOT NULL AND pid <> ALL (%s)
"""
STATE = (
    "SELECT relname, relfilenode, relhasindex FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables",
    "SELECT last_value, is_called FROM numbers",
    "SELECT count(*), sum(id), sum(v) FROM big",
    "SELECT count(*), max(xmin::text::bigint) FROM small",
)


@contextmanager
def sampled(look: Callable[[], Any]) -> Iterator[list[Any]]:
    """Call ``look`` each 10 ms in another thread during the block; yield what it returns."""
    seen, stop = list[Any](), threading.Event()

    def watch() -> None:
        while not stop.wait(0.01):
            seen.append(look())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        stop.set()
        watching.join()


def fill_postgresql(project) -> None:
    project.run(
        "CREATE TABLE big (id int PRIMARY KEY, v int, text text)",
        "INSERT INTO big SELECT i, i %% 100, repeat(md5(i::text), 2) FROM generate_series(1, 850000) i",
        "CREATE TABLE small (id int PRIMARY KEY)",
        "INSERT INTO small VALUES (1)",
        "CREATE SEQUENCE numbers",
        "SELECT nextval('numbers')",
    )


def environment(project, kind: str, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Write the revisions into an environment that is synchronous or asynchronous."""
    folder = project.versions
    config = project.config()
    if kind == "async":
        monkeypatch.setenv("DATABASE_URL", project.url.replace("+psycopg", "+asyncpg"))
        ini = str(project.folder / "other" / "alembic.ini")
        (project.folder / "other").mkdir()
        command.init(Config(ini), str(project.folder / "other" / "migrations"), "async")
        folder, config = project.folder / "other" / "migrations" / "versions", Config(ini)
    down = None
    for name, body in REVISIONS.items():
        project.write(name, down, body.strip())
        (project.versions / f"{name}.py").rename(folder / f"{name}.py")
        down = name
    return config


@pytest.mark.sweep
@pytest.mark.parametrize("others", ["others are connected", "nobody is connected"])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_on_postgresql_nothing_is_locked_or_written(postgresql_project, monkeypatch, kind, others):
    if kind == "async":
        pytest.importorskip("asyncpg", reason="the driver is not installed")
    project = postgresql_project
    fill_postgresql(project)
    config = environment(project, kind, monkeypatch)
    url = sa.make_url(project.url)
    engine = sa.create_engine(project.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    server = sa.create_engine(url.set(database="postgres"), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")

    def state() -> list[Any]:
        with engine.connect() as live:
            live.exec_driver_sql("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
            return [sorted(map(tuple, live.exec_driver_sql(query))) for query in STATE]

    time.sleep(1.2)  # the counters of the session that has filled the tables are sent
    before = state()
    with server.connect() as observer, engine.connect() as live:
        own = [live.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()]
        if "nobody" in others:
            live.close()
        values = (url.database, own, url.database, own)
        with sampled(lambda: list(observer.exec_driver_sql(SAMPLE, values).scalars())) as seen:
            (found,) = command.rehearse(config, "head", and_back=False)
    assert found.is_clean, found.blockers
    assert found.method == ("template" if "nobody" in others else "pg_dump")
    assert len(seen) > 40
    assert {mode for each in seen for mode in each} <= {"AccessShareLock"}
    assert state() == before


@pytest.mark.sweep
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_the_file_of_sqlite_and_those_next_to_it_stay_as_they_are(project, mode):
    path = Path(str(sa.make_url(project.url).database))
    live = sqlite3.connect(path, isolation_level=None)
    live.execute(f"PRAGMA journal_mode = {mode}")
    live.execute("PRAGMA wal_autocheckpoint = 0")
    live.execute("CREATE TABLE big (id INTEGER PRIMARY KEY, v INTEGER)")
    live.execute(
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO big SELECT i, 1 FROM n"
    )
    project.write("a1", None, "op.execute('UPDATE big SET v = 2')\nop.drop_column('big', 'v')")

    def files() -> dict[str, str]:
        several = [each for each in path.parent.glob(f"{path.name}*") if not each.name.endswith("-shm")]
        return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in several}

    before = files()
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert found.is_clean
    assert found.live_unchanged
    assert files() == before
    live.close()


@pytest.mark.sweep
@pytest.mark.parametrize("kind", ["sqlite", "mariadb", "postgresql"])
def test_a_writer_is_not_kept_waiting(request, kind):
    """The longest wait of a writer that commits each 10 ms, during the rehearsal of 300,000 rows; and its writes stay."""
    project = request.getfixturevalue({"sqlite": "project"}.get(kind, f"{kind}_project"))
    numbers = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT i, 1 FROM n",
        "mariadb": "SELECT seq, 1 FROM seq_1_to_300000",
        "postgresql": "SELECT i, 1 FROM generate_series(1, 300000) i",
    }
    project.run(
        "CREATE TABLE big (id INTEGER PRIMARY KEY, v INTEGER)",
        f"INSERT INTO big {numbers[kind]}",
        "CREATE TABLE written (id INTEGER PRIMARY KEY, n INTEGER)",
        "INSERT INTO written VALUES (1, 0)",
    )
    project.write("a1", None, "op.execute('UPDATE big SET v = 2')\nop.create_index('ix', 'big', ['v'])")
    options = {"connect_args": {"timeout": 30}} if kind == "sqlite" else {}
    engine = sa.create_engine(project.url, poolclass=sa.NullPool, **options)
    with engine.connect() as writer:

        def write() -> float:
            start = time.perf_counter()
            writer.exec_driver_sql("UPDATE written SET n = n + 1 WHERE id = 1")
            writer.exec_driver_sql("UPDATE big SET v = v + 1 WHERE id = 77")
            writer.commit()
            return time.perf_counter() - start

        with sampled(write) as seconds:
            (found,) = command.rehearse(project.config(), "head", and_back=False)
        writes = len(seconds)
    assert found.is_clean
    assert writes > 2
    assert project.rows("SELECT n FROM written") == [writes]
    assert project.rows("SELECT v FROM big WHERE id = 77") == [writes + 1]
    assert max(seconds) < 2  # 0.02 to 0.13 s, at a load of 15 on two processors
