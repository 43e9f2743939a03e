"""A rehearsal on PostgreSQL beside the raw tools, and what a reader of the database itself feels of it.

    pytest benchmarks/test_rehearsal.py -m peer -s

Run it on a quiet machine. ``MIG_REHEARSED_ROWS`` is the number of rows of the largest table (125 MB for 450,000).
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from plain_environment import ENV

from kernel_core import command
from kernel_core.config import Config

pytestmark = pytest.mark.peer

ROWS = int(os.environ.get("MIG_REHEARSED_ROWS", "450000"))
REVISION = """
from kernel_core import op
import sqlalchemy as sa

revision, down_revision = "a1", None


def upgrade():
    op.add_column("users", sa.Column("age", sa.Integer))
    op.execute("UPDATE users SET age = n, name = upper(name)")
    op.alter_column("users", "age", existing_type=sa.Integer(), nullable=False)
    op.alter_column("orders", "n", existing_type=sa.Integer(), type_=sa.BigInteger())
    op.create_index("ux_events", "events", ["email"], unique=True)


def downgrade():
    op.drop_index("ux_events", "events")
    op.alter_column("orders", "n", existing_type=sa.BigInteger(), type_=sa.Integer())
    op.drop_column("users", "age")
"""


@contextmanager
def new_database(variable: str, default: str, *, create: str = "", drop: str = "") -> Iterator[str]:
    """Yield the URL of a new database on the server in an environment variable, by default of this computer."""
    given = os.environ.get(variable) or default
    admin = sa.create_engine(given, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    name = f"mig_benchmark_{os.getpid()}"
    try:
        connection = admin.connect()
    except sa.exc.OperationalError:
        pytest.skip(f"needs a server: set {variable}")
    with connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} {create}")
        yield sa.make_url(given).set(database=name).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP DATABASE {name} {drop}")


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """The URL of a new database of PostgreSQL."""
    default = "postgresql+psycopg://root@127.0.0.1:5432/postgres"
    with new_database("MIG_TEST_POSTGRESQL", default, drop="WITH (FORCE)") as url:
        yield url


@pytest.fixture
def config(postgresql_url: str, tmp_path: Path) -> Config:
    """The configuration of a history of one revision, over a filled database to which nobody is connected."""
    with sa.create_engine(postgresql_url, poolclass=sa.NullPool).begin() as connection:
        for table, part in (("users", 0.45), ("orders", 0.8), ("events", 1)):
            connection.exec_driver_sql(
                f"CREATE TABLE {table} (id integer PRIMARY KEY, name varchar(80), email varchar(120), amount numeric, "
                "made timestamp, n integer)"
            )
            connection.exec_driver_sql(
                f"INSERT INTO {table} SELECT i, 'name of row ' || i, 'user' || i || '@example.org', i / 7.0, "
                "timestamp '2024-01-01' + i * interval '1 minute', i / 1000 "
                f"FROM generate_series(1, {int(ROWS * part)}) i"
            )
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(ENV)
    (tmp_path / "versions" / "a1.py").write_text(REVISION)
    found = Config()
    found.set_main_option("script_location", str(tmp_path))
    found.set_main_option("sqlalchemy.url", postgresql_url)
    return found


LIMIT = 4
"""The goal is 3: measured 2.5 with nothing else running, and 3.5 at a load of 12 on two processors."""


def test_the_whole_rehearsal_beside_a_copy_and_the_upgrade(config: Config, postgresql_url: str) -> None:
    url = sa.make_url(postgresql_url)
    admin = sa.create_engine(url.set(database="postgres"), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    copy = f"{url.database}_raw"
    start = time.perf_counter()
    (found,) = command.rehearse(config, "head")
    whole = time.perf_counter() - start
    with admin.connect() as connection:
        start = time.perf_counter()
        connection.exec_driver_sql(f'CREATE DATABASE "{copy}" TEMPLATE "{url.database}"')
        config.set_main_option("sqlalchemy.url", url.set(database=copy).render_as_string(hide_password=False))
        command.upgrade(config, "head")
        raw = time.perf_counter() - start
        connection.exec_driver_sql(f'DROP DATABASE "{copy}"')
    print(f"\nrehearsal {whole:.2f} s, copy and upgrade {raw:.2f} s: {whole / raw:.2f} times")
    assert found.is_clean
    assert found.method == "template"
    assert whole <= LIMIT * raw


MEASURED = """
import resource, sys, time

from kernel_core import command
from kernel_core.config import Config

config = Config()
config.set_main_option("script_location", sys.argv[1])
config.set_main_option("sqlalchemy.url", sys.argv[2])
start = time.process_time()
(found,) = command.rehearse(config, "head")
assert found.is_clean and [each.changed for each in found.rows] == [int(sys.argv[3])]
print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
ONE_TABLE = """
from kernel_core import op
import sqlalchemy as sa

revision, down_revision = "a1", None


def upgrade():
    op.add_column("t", sa.Column("age", sa.Integer))
    op.execute("UPDATE t SET age = n, name = upper(name)")
    op.create_index("ix", "t", ["email"])


def downgrade():
    op.drop_index("ix", "t")
    op.drop_column("t", "age")
"""
NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, {rows}))",
    "mariadb": "WITH n(i) AS (SELECT seq FROM seq_1_to_{rows})",
}


@pytest.fixture
def mariadb_url() -> Iterator[str]:
    """The URL of a new database of MariaDB."""
    default = "mysql+pymysql://root@127.0.0.1:3306/mysql"
    with new_database("MIG_TEST_MARIADB", default, create="CHARACTER SET utf8mb4") as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a new file."""
    return f"sqlite:///{tmp_path / 'live.db'}"


def filled(url: str, folder: Path, rows: int) -> None:
    """Write a history of one revision, and fill the one table of the database."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    name = "mariadb" if engine.dialect.name == "mysql" else engine.dialect.name
    numbers = NUMBERS[name].format(rows=rows)
    joined = "CONCAT({}, i, {})" if name == "mariadb" else "{} || i || {}"
    values = f"{joined.format(repr('name of row '), repr(''))}, {joined.format(repr('user'), repr('@example.org'))}"
    query = f"SELECT i, {values}, i / 1000 FROM n"
    insert = f"{numbers} INSERT INTO t {query}" if name == "sqlite" else f"INSERT INTO t {numbers} {query}"
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS t")
        connection.exec_driver_sql(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(80), email VARCHAR(120), n INTEGER)"
        )
        connection.exec_driver_sql(insert)
    (folder / "versions").mkdir(exist_ok=True)
    (folder / "env.py").write_text(ENV)
    (folder / "versions" / "a1.py").write_text(ONE_TABLE)


def measured(url: str, folder: Path, rows: int) -> tuple[float, float]:
    """Return the CPU seconds of a rehearsal with its downgrade, and the most memory of its process in MB."""
    typed = [sys.executable, "-c", MEASURED, str(folder), url, str(rows)]
    done = subprocess.run(typed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seconds, memory = map(float, done.stdout.split()[-2:])
    return seconds, memory


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_the_memory_does_not_depend_on_the_number_of_rows(request, tmp_path: Path, kind: str) -> None:
    url, memory = request.getfixturevalue(f"{kind}_url"), {}
    for rows in (10_000, 100_000, 1_000_000):
        filled(url, tmp_path, rows)
        seconds, memory[rows] = measured(url, tmp_path, rows)
        print(f"\n{kind}, {rows:,} rows: {seconds:.2f} s of CPU in the client, {memory[rows]:.0f} MB")
    assert memory[1_000_000] < 1.2 * memory[10_000]


def test_a_million_rows_on_sqlite_beside_a_copy_the_upgrade_and_two_scans(tmp_path: Path, sqlite_url: str) -> None:
    filled(sqlite_url, tmp_path, 1_000_000)
    seconds, _ = measured(sqlite_url, tmp_path, 1_000_000)
    start = time.process_time()
    live, copy = sqlite3.connect(tmp_path / "live.db"), sqlite3.connect(tmp_path / "copy.db")
    live.backup(copy)
    for sql in (
        "ALTER TABLE t ADD COLUMN age INTEGER",
        "UPDATE t SET age = n, name = upper(name)",
        "CREATE INDEX ix ON t (email)",
    ):
        copy.execute(sql)
    copy.commit()
    for each in (live, copy):
        for _row in each.execute("SELECT * FROM t ORDER BY id"):
            pass
        each.close()
    raw = time.process_time() - start
    print(f"\nrehearsal with its downgrade {seconds:.2f} s of CPU, copy, upgrade and two scans {raw:.2f} s")
    assert seconds / raw <= 2.5


READER = """
import signal, statistics, sys, time

import psycopg

seconds, number, rows = [], 0, int(sys.argv[2])
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
try:
    with psycopg.connect(sys.argv[1], autocommit=True) as live:
        while True:
            number = number * 31 % rows + 1
            start = time.perf_counter()
            live.execute(f"SELECT * FROM events WHERE id = {number}").fetchall()
            seconds.append(time.perf_counter() - start)
            time.sleep(0.002)
finally:
    print(1000 * statistics.quantiles(seconds, n=100)[98])
"""
REHEARSAL = """
import sys

from kernel_core import command
from kernel_core.config import Config

config = Config()
config.set_main_option("script_location", sys.argv[1])
config.set_main_option("sqlalchemy.url", sys.argv[2])
(found,) = command.rehearse(config, "head")
assert found.is_clean and found.live_unchanged is not False
"""


def p99_during(url: str, work: Callable[[], object]) -> float:
    """Return the 99th percentile in ms of what a reader in another process waits for a row while ``work`` runs."""
    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    reader = subprocess.Popen([sys.executable, "-c", READER, plain, str(ROWS)], stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(1)
        work()
    finally:
        reader.terminate()
        output = reader.communicate()[0]
    return float(output)


def test_what_a_reader_of_the_database_feels(config: Config, postgresql_url: str, tmp_path: Path) -> None:
    """Compare a rehearsal with pg_dump and with a process that uses one core and not the database at all."""
    plain = sa.make_url(postgresql_url).set(drivername="postgresql").render_as_string(hide_password=False)
    typed = {
        "a rehearsal": [sys.executable, "-c", REHEARSAL, str(tmp_path), postgresql_url],
        "pg_dump": ["pg_dump", "--file", os.devnull, plain],
        "a busy process": [sys.executable, "-c", "import time\nwhile time.process_time() < 5: pass"],
    }
    print()
    for _ in range(3):
        alone = p99_during(postgresql_url, lambda: time.sleep(5))
        found = {name: p99_during(postgresql_url, partial(repeated, words)) for name, words in typed.items()}
        shown = ", ".join(f"{name} {p99:.2f} ms ({p99 / alone:.2f} times)" for name, p99 in found.items())
        print(f"p99 of a reader: {alone:.2f} ms alone; during {shown}")


def repeated(words: list[str]) -> None:
    """Run a program again and again for 5 seconds."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        subprocess.run(words, check=True)
