"""The locks of a rehearsal are those that a second connection sees, for every kind of statement."""

from __future__ import annotations

import importlib
import re
import sys
import textwrap
from pathlib import Path

import pytest

from kernel_core import command

from .lock_cases import AUTOCOMMITTED, IN_TRANSACTION, OUTSIDE, SETUP, kind_of

MATRIX = Path(__file__).parents[1] / "ddl" / "matrix.txt"

OBSERVER = """
import threading
import time

import sqlalchemy as sa

SEEN = {}
HELD = (
    "SELECT l.mode, c.relname, c.relkind::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
    "JOIN pg_namespace s ON s.oid = c.relnamespace "
    "WHERE l.pid = %s AND l.locktype = 'relation' AND s.nspname !~ '^(pg_|information_schema)' "
    "AND c.relname !~ '^alembic_version'"
)


def other(op):
    return sa.create_engine(op.get_bind().engine.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT").connect()


def pid_of(op):
    return op.get_bind().connection.driver_connection.info.backend_pid


def held(connection, pid):
    return {tuple(row) for row in connection.exec_driver_sql(HELD, (pid,))}


def inside(op, sql):
    with other(op) as observer:
        before = held(observer, pid_of(op))
        op.execute(sql)
        SEEN[sql] = held(observer, pid_of(op)) - before


def outside(op, sql, table):
    '''Run a statement outside of a transaction, and look at its locks while it waits for a transaction.'''
    pid, found, ended = pid_of(op), set(), threading.Event()
    with other(op) as observer, other(op) as first, other(op) as last:
        waiting = [(first, table), (last, table.replace("parts", "part"))] if "CONCURRENTLY" in sql else []
        for blocker, name in waiting:
            blocker.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ")
            blocker.exec_driver_sql(f"SELECT 1 FROM {name} LIMIT 1")
        op.get_bind().exec_driver_sql("SET vacuum_cost_delay = 5")
        op.get_bind().exec_driver_sql("SET vacuum_cost_limit = 50")

        def look():
            release_at = time.monotonic() + 1.5
            while not ended.is_set():
                found.update(held(observer, pid))
                if waiting and time.monotonic() > release_at:
                    waiting.pop(0)[0].exec_driver_sql("ROLLBACK")
                    release_at = time.monotonic() + 0.3

        looking = threading.Thread(target=look)
        looking.start()
        try:
            with op.get_context().autocommit_block():
                op.execute(sql)
        finally:
            ended.set()
            looking.join()
    SEEN[sql] = found
"""


def statements(cases: tuple[str, ...], start: int) -> list[str]:
    return [case.replace("{n}", str(start + place)) for place, case in enumerate(cases)]


def prepared(project, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create the objects of ``many`` cases, and the module that observes."""
    project.run(*(each.replace("{n}", str(number)) for number in range(many) for each in SETUP))
    Path(project.folder, "observing.py").write_text(textwrap.dedent(OBSERVER))
    monkeypatch.syspath_prepend(project.folder)
    monkeypatch.delitem(sys.modules, "observing", raising=False)


def rehearsed(project, bodies: list[str]):
    """Rehearse one revision a body; return the statements and what the second connection has seen."""
    for place, body in enumerate(bodies):
        project.write(f"r{place:03}", f"r{place - 1:03}" if place else None, f"import observing\n{body}")
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert found.is_clean, found.blockers
    return found.statements, importlib.import_module("observing").SEEN


def of_tables(locks, kinds: str = "rpimvSI") -> set[tuple[str, str]]:
    return {(mode, name) for mode, name, kind in locks if kind in kinds}


def reported(statement) -> set[tuple[str, str]]:
    return {(lock.mode, lock.name.rpartition(".")[2]) for lock in statement.locks}


@pytest.mark.sweep
def test_in_a_transaction_the_locks_are_those_that_a_second_connection_sees(postgresql_project, monkeypatch):
    several = statements(IN_TRANSACTION, 0)
    prepared(postgresql_project, len(several), monkeypatch)
    found, seen = rehearsed(postgresql_project, [f"observing.inside(op, {sql!r})" for sql in several])
    said = {each.sql: reported(each) for each in found}
    wrong = {sql: (said.get(sql), of_tables(seen[sql])) for sql in several if said.get(sql) != of_tables(seen[sql])}
    assert wrong == {}


@pytest.mark.sweep
def test_outside_of_a_transaction_too(postgresql_project, monkeypatch):
    several = statements(OUTSIDE, 0)
    prepared(postgresql_project, len(several), monkeypatch)
    postgresql_project.run(
        *(
            f"INSERT INTO a{n} (id, v, w, p) SELECT i, 1, 'w' || i, 1 FROM generate_series(2, 30000) i"
            for n in (8, 9, 10, 11)
        )
    )
    tables = ["parts7" if "parts" in sql else f"a{place}" for place, sql in enumerate(several)]
    bodies = [f"observing.outside(op, {sql!r}, {table!r})" for sql, table in zip(several, tables, strict=True)]
    found, seen = rehearsed(postgresql_project, bodies)
    names = {name for locks in seen.values() for _, name, kind in locks if kind in "rp"}
    said = {each.sql: {lock for lock in reported(each) if lock[1] in names} for each in found}
    seen = {sql: of_tables(locks, "rp") for sql, locks in seen.items()}
    # DETACH releases its first locks before it waits, so that the second connection may come too late for them
    brief = next(sql for sql in several if "DETACH" in sql)
    assert seen[brief] <= said[brief]
    wrong = {sql: (said.get(sql), seen[sql]) for sql in several if said.get(sql) != seen[sql] and sql != brief}
    assert wrong == {}


@pytest.mark.sweep
def test_what_commits_by_itself_has_the_locks_that_it_has_in_a_transaction(postgresql_project):
    several = statements(AUTOCOMMITTED, 0)
    postgresql_project.run(*(each.replace("{n}", str(number)) for number in range(len(several)) for each in SETUP))
    block = "with op.get_context().autocommit_block():\n"
    postgresql_project.write("a1", None, block + "\n".join(f"    op.execute({sql!r})" for sql in several))
    (alone,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    postgresql_project.write("a1", None, "\n".join(f"op.execute({sql!r})" for sql in several))
    (together,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert [reported(each) for each in alone.statements] == [reported(each) for each in together.statements]
    assert all(each.locks for each in alone.statements if "ALTER TYPE" not in each.sql)


def test_every_kind_of_the_operation_matrix_is_among_the_cases():
    found: set[str] = set()
    for part in re.findall(r"^\[postgresql\]\n(.*?)\n\n", MATRIX.read_text(), re.DOTALL | re.MULTILINE):
        lines = re.sub(r"\n\s+", " ", part.replace("\n)", " )")).splitlines()
        found |= {kind_of(line) for line in lines if not line.startswith(("--", "COMMIT", "BEGIN"))}
    covered = {kind_of(case) for case in (*IN_TRANSACTION, *OUTSIDE)}
    assert found - covered == set()
