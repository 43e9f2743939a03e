"""The database itself feels nothing of a rehearsal, and a killed one leaves no clone behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa
from sampling import repeated

from kernel_core import command
from kernel_core.rehearse.clone.names import maker_of

WORK = """
op.add_column('t', sa.Column('w', sa.Integer))
op.execute('UPDATE t SET w = v')
op.execute('CREATE INDEX ix_w ON t (w)')
"""


def filled(project, rows: int) -> None:
    project.run("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v INTEGER)")
    values = ", ".join(f"({number}, {number % 7})" for number in range(rows))
    project.run(f"INSERT INTO t VALUES {values}")
    project.write("a1", None, WORK.strip())


@pytest.mark.sweep
def test_no_lock_above_access_share_is_taken_on_the_database_itself(postgresql_project):
    filled(postgresql_project, 5000)
    postgresql_project.run("CREATE SEQUENCE numbers", "SELECT nextval('numbers')")
    engine = sa.create_engine(postgresql_project.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    seen: set[str] = set()
    samples, stop = 0, threading.Event()

    def watch() -> None:
        nonlocal samples
        with engine.connect() as live:
            while not stop.is_set():
                seen.update(
                    live.exec_driver_sql(
                        "SELECT DISTINCT l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
                        "WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
                        "AND l.pid <> pg_backend_pid() AND c.relnamespace = 'public'::regnamespace"
                    ).scalars()
                )
                samples += 1
                time.sleep(0.01)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        (found,) = command.rehearse(postgresql_project.config(), "head")
    finally:
        stop.set()
        watching.join()
    assert found.is_clean
    assert found.method == "pg_dump"
    assert samples > 20
    assert seen <= {"AccessShareLock"}
    assert postgresql_project.rows("SELECT last_value FROM numbers") == [1]
    assert postgresql_project.rows("SELECT count(*) FROM information_schema.columns WHERE table_name = 't'") == [2]


def clones(url: str, folder: str) -> list[str]:
    """Return the clones of killed processes on the server of ``url``, or in a folder of temporary files."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    names = os.listdir(folder)
    if engine.dialect.name != "sqlite":
        query = "SHOW DATABASES" if engine.dialect.name == "mysql" else "SELECT datname FROM pg_database"
        with engine.connect() as live:
            names += list(live.exec_driver_sql(query).scalars())
    return [name for name in names if (maker := maker_of(name)) is not None and maker.has_ended]


@pytest.mark.sweep
@pytest.mark.parametrize("kind", ["project", "postgresql_project", "mariadb_project"])
def test_no_clone_of_a_killed_rehearsal_is_left_after_the_next_one(kind, request, tmp_path):
    project = request.getfixturevalue(kind)
    filled(project, 3000)
    folder = tmp_path / "temporary"
    folder.mkdir()
    typed = [sys.executable, "-m", "kernel_core", "-c", project.ini, "rehearse"]
    moments = random.Random(kind)
    surroundings = {**os.environ, "TMPDIR": str(folder), "DATABASE_URL": project.url}
    for _ in range(repeated(4)):
        process = subprocess.Popen(typed, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.3, 2.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(typed, env=surroundings, capture_output=True, text=True, check=False)
    assert "every statement ran" in done.stdout, done.stderr
    assert clones(project.url, str(folder)) == []
    assert project.rows("SELECT count(*) FROM t") == [3000]
    assert project.rows("SELECT sum(id * 7 + v) FROM t") == [sum(number * 7 + number % 7 for number in range(3000))]
    assert project.tables() == {"t"}
