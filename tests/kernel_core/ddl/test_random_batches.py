"""300 random SQLite databases, a random batch on each: everything that the batch does not mention is unchanged."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sampling import sampled

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext

from .random_sqlite import Acts, RandomTable, random_acts, random_table


def prepared(url: str, made: RandomTable) -> sa.Connection:
    connection = sa.create_engine(url, poolclass=sa.NullPool).connect()
    connection.exec_driver_sql("PRAGMA foreign_keys=ON")
    for statement in made.statements:
        connection.exec_driver_sql(statement)
    connection.commit()
    return connection


def run_batch(connection: sa.Connection, acts: Acts) -> None:
    op = Operations(MigrationContext.configure(connection))
    connection.rollback()
    with op.get_context().impl.begin_revision(connection), op.batch_alter_table("thing", **acts.options) as batch_op:
        for _, act in acts.changes:
            act(batch_op)


def rows(connection: sa.Connection, table: str, columns: list[str]) -> str:
    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    found = connection.exec_driver_sql(f"SELECT {quoted} FROM {table}").all()
    return hashlib.sha256(repr(sorted(map(repr, found))).encode()).hexdigest()


def sequences(connection: sa.Connection) -> list[Any]:
    """The counters of AUTOINCREMENT."""
    if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").all():
        return []
    return [tuple(row) for row in connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence ORDER BY 1")]


def objects(connection: sa.Connection) -> dict[tuple[str, str], str]:
    found = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(type_, name): sql for type_, name, sql in found}


def columns_of(connection: sa.Connection) -> list[str]:
    return [row[1] for row in connection.exec_driver_sql("PRAGMA table_xinfo(thing)")]


def everything(connection: sa.Connection) -> object:
    tables = ["parent", "thing", "child", "other", "log"]
    return objects(connection), [connection.exec_driver_sql(f"SELECT * FROM {table}").all() for table in tables]


@pytest.mark.parametrize("seed", sampled(range(300), 12))
def test_what_a_batch_does_not_mention_is_unchanged(sqlite_url: str, seed: int) -> None:
    made = random_table(seed)
    acts = random_acts(made, seed)
    with prepared(sqlite_url, made) as connection:
        kept = [name for name in columns_of(connection) if name not in acts.dropped]
        before, before_objects, counted = values(connection, kept), objects(connection), sequences(connection)
        others = {table: rows(connection, table, ["rowid"]) for table in ("parent", "child", "other", "log")}
        run_batch(connection, acts)
        said = acts.said
        assert values(connection, [acts.renamed.get(name, name) for name in kept]) == before, said
        assert {table: rows(connection, table, ["rowid"]) for table in others} == others, said
        assert sequences(connection) == counted, said
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        dropped = {name.removeprefix("drop ") for name, _ in acts.changes if name.startswith("drop ix")}
        gone = {name for (_, name), sql in before_objects.items() if any(f'"{each}"' in sql for each in acts.dropped)}
        same_objects(before_objects, objects(connection), {"thing", *dropped, *gone}, said)
        same_clauses(made.statements[2], objects(connection)["table", "thing"], acts)


def values(connection: sa.Connection, columns: list[str]) -> str:
    """Return a hash of the rows, each value as text: a column that becomes a string column keeps its values so."""
    quoted = ", ".join('CAST("' + name.replace('"', '""') + '" AS TEXT)' for name in columns)
    found = connection.exec_driver_sql(f"SELECT {quoted} FROM thing").all()
    return hashlib.sha256(repr(sorted(map(repr, found))).encode()).hexdigest()


def same_objects(before: dict[Any, str], after: dict[Any, str], changed: set[str], said: str) -> None:
    """Assert that the SQL of the table's dependents is unchanged."""
    for key, sql in before.items():
        if key[1] not in changed:
            assert after[key] == sql, said


def same_clauses(before: str, after: str, acts: Acts) -> None:
    """Assert that the new definition equals the old one but for the changed columns."""
    assert after.rpartition(")")[2].split() == before.rpartition(")")[2].split(), acts.said
    clauses = ("AUTOINCREMENT", "COLLATE NOCASE", "CHECK (id > 0)", "GENERATED ALWAYS AS (id * 2)", "DEFERRABLE")
    for clause in () if acts.dropped else clauses:
        assert clause not in before or clause in after, acts.said


class Killed(BaseException):
    """Simulates a killed process: no code catches it as an error."""


@pytest.mark.parametrize("seed", sampled([*range(8), *range(8, 300, 12)], 3))
def test_stopped_at_any_statement_nothing_has_changed(sqlite_url: str, seed: int) -> None:
    made = random_table(seed)
    acts = random_acts(made, seed)
    with prepared(sqlite_url, made) as connection:
        before = everything(connection)
        for stop_at in range(1, 30):
            count = 0

            def stop(*args: Any, at: int = stop_at) -> None:
                nonlocal count
                count += not args[2].upper().startswith(("PRAGMA", "SELECT"))
                if count == at:
                    raise Killed

            sa.event.listen(connection, "before_cursor_execute", stop)
            try:
                run_batch(connection, acts)
            except Killed:
                sa.event.remove(connection, "before_cursor_execute", stop)
                assert everything(connection) == before, stop_at
                connection.rollback()
            else:
                sa.event.remove(connection, "before_cursor_execute", stop)
                break
        assert stop_at >= 2, "the batch runs at least one statement"


@pytest.mark.slow
@pytest.mark.parametrize("stop_at", sampled([5, 3, 4, 6, 7], 2))
@pytest.mark.costly
def test_a_process_that_is_killed_leaves_the_file_unchanged(tmp_path: Path, stop_at: int) -> None:
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    made = random_table(3)
    with prepared(url, made) as connection:
        before = everything(connection)
    program = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
import sqlalchemy as sa
from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext
connection = sa.create_engine({url!r}).connect()
connection.exec_driver_sql("PRAGMA foreign_keys=ON")
connection.rollback()
count = 0
def kill(*args):
    global count
    count += not args[2].upper().startswith(("PRAGMA", "SELECT"))
    if count == {stop_at}:
        os._exit(9)
sa.event.listen(connection, "before_cursor_execute", kill)
context = MigrationContext.configure(connection)
with context.impl.begin_revision(connection), Operations(context).batch_alter_table("thing") as batch_op:
    batch_op.create_check_constraint("ck_new", "id > -1")
    batch_op.create_index("ix_new", ["id"])
    batch_op.add_column(sa.Column("new", sa.Integer, nullable=False, server_default="1"))
"""
    finished = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert finished.returncode == 9, finished.stderr
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        assert everything(connection) == before
