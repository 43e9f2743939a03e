"""On PostgreSQL only what was written is compared; the numbers are those of a comparison of every row."""

from __future__ import annotations

import os
import time

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.rehearse.clone.names import maker_of

ROWS = 60

CASES = {
    "nothing": ([], (0, 0, 0)),
    "some rows are changed": (["UPDATE t SET a = a + 1 WHERE id <= 7"], (0, 0, 7)),
    "all rows are written, none differs": (["UPDATE t SET a = a"], (0, 0, 0)),
    "all rows are changed": (["UPDATE t SET a = a + 1"], (0, 0, 60)),
    "rows are only removed": (["DELETE FROM t WHERE id > 50"], (0, 10, 0)),
    "a row is removed and another is added": (
        ["DELETE FROM t WHERE id = 3", "INSERT INTO t VALUES (99, 1)"],
        (1, 1, 0),
    ),
    "a row is removed and added again": (["DELETE FROM t WHERE id = 3", "INSERT INTO t VALUES (3, 1000)"], (0, 0, 1)),
    "a key is changed": (["UPDATE t SET id = 77 WHERE id = 7"], (1, 1, 0)),
    "the key is dropped, and a value is there twice": (
        ["ALTER TABLE t DROP CONSTRAINT t_pkey", "INSERT INTO t SELECT 1, a FROM t WHERE id = 1"],
        (1, 0, 0),
    ),
    "the table is rewritten with the same values": (["ALTER TABLE t ALTER a TYPE bigint"], (0, 0, 0)),
    "the table is rewritten with other values": (["ALTER TABLE t ALTER a TYPE bigint USING a + id % 2"], (0, 0, 30)),
    "the table is emptied": (["TRUNCATE t"], (0, 60, 0)),
    "a savepoint is rolled back": (
        ["DO $$ BEGIN UPDATE t SET a = 0; RAISE 'no'; EXCEPTION WHEN raise_exception THEN NULL; END $$"],
        (0, 0, 0),
    ),
}


@pytest.mark.sweep
@pytest.mark.parametrize("case", CASES)
def test_rows_are_counted(postgresql_project, case):
    statements, expected = CASES[case]
    postgresql_project.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
        f"INSERT INTO t SELECT n, n * 10 FROM generate_series(1, {ROWS}) n",
    )
    postgresql_project.write("a1", None, "\n".join(f"op.execute({each!r})" for each in statements) or "pass")
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    (rows,) = found.rows
    assert (rows.added, rows.removed, rows.changed) == expected


@pytest.mark.sweep
@pytest.mark.parametrize("back", ["UPDATE t SET a = a - 1", "UPDATE t SET a = a - 1 WHERE id < 60"])
def test_the_rows_after_the_downgrade_are_compared_with_those_before_the_upgrade(postgresql_project, back):
    postgresql_project.run(
        "CREATE TYPE mood AS ENUM ('calm', 'cross')",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, m mood)",
        f"INSERT INTO t SELECT n, n, 'calm' FROM generate_series(1, {ROWS}) n",
        "CREATE TABLE u (id INTEGER PRIMARY KEY, a INTEGER)",
        f"INSERT INTO u SELECT n, n FROM generate_series(1, {ROWS}) n",
    )
    up = ["UPDATE t SET a = a + 1", "UPDATE u SET a = a + 1", "ALTER TABLE t ALTER m TYPE text", "DROP TYPE mood"]
    down = [
        "CREATE TYPE mood AS ENUM ('calm', 'cross')",
        "ALTER TABLE t ALTER m TYPE mood USING m::mood",
        back,
        "UPDATE u SET a = a - 1",
    ]
    texts = ["\n".join(f"op.execute({each!r})" for each in several) for several in (up, down)]
    postgresql_project.write("a1", None, *texts)
    (found,) = command.rehearse(postgresql_project.config(), "head")
    assert found.is_clean
    assert [(each.table, each.changed) for each in found.rows] == [("t", 60), ("u", 60)]
    assert found.undone is not None
    assert not found.undone.failure
    assert [(each.table, each.changed) for each in found.undone.rows] == ([] if "WHERE" not in back else [("t", 1)])


@pytest.mark.sweep
def test_the_clones_of_a_large_database_are_dropped_soon(postgresql_project):
    postgresql_project.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        "INSERT INTO t SELECT n, repeat(md5(n::text), 20) FROM generate_series(1, 30000) n",
    )
    postgresql_project.write("a1", None, "op.execute('UPDATE t SET a = upper(a) WHERE id = 1')")
    (found,) = command.rehearse(postgresql_project.config(), "head")
    assert found.is_clean
    assert [(each.table, each.changed) for each in found.rows] == [("t", 1)]
    engine = sa.create_engine(postgresql_project.url, poolclass=sa.NullPool)
    deadline = time.monotonic() + 30
    with engine.connect() as live:
        while any(_is_own(name) for name in live.exec_driver_sql("SELECT datname FROM pg_database").scalars()):
            assert time.monotonic() < deadline, "a clone is left"
            live.rollback()
            time.sleep(0.1)


def _is_own(name: str) -> bool:
    maker = maker_of(name)
    return maker is not None and maker.pid == os.getpid()


@pytest.mark.slow
def test_the_locks_of_a_table_are_released_once_it_was_compared(postgresql_project):
    """The server has a limited number of locks: a database of some thousand tables could not be compared."""
    names = [f"t{number}" for number in range(30)]
    postgresql_project.run(*(f"CREATE TABLE {name} (id int PRIMARY KEY, a int)" for name in names))
    lines = [f"op.execute('ALTER TABLE {name} ALTER a TYPE bigint')" for name in names[:10]]
    postgresql_project.write("a1", None, "\n".join([*lines, "op.drop_table('t29')"]))
    held = []

    def count(connection, _cursor, statement, *_):
        if (
            statement.startswith("SELECT count(*)")
            and "mig_rehearsal" in connection.connection.dbapi_connection.info.dbname
        ):
            cursor = connection.connection.cursor()
            cursor.execute("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'")
            held.append(cursor.fetchone()[0])

    sa.event.listen(sa.Engine, "after_cursor_execute", count)
    try:
        (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", count)
    assert {each.table for each in found.rows} == set(names)
    assert len(held) > 60
    assert max(held) < 25  # those of the catalog are among them
