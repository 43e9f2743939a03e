"""Rebuilding a large SQLite table, against the same statements typed by hand; native ALTER, against no copy at all."""

import itertools

import pytest
import sqlalchemy as sa

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext

ROWS = 1_000_000
BY_HAND = (
    "CREATE TABLE new_thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount REAL)",
    "INSERT INTO new_thing (id, name, amount) SELECT id, name, amount FROM thing",
    "DROP TABLE thing",
    "ALTER TABLE new_thing RENAME TO thing",
)


@pytest.fixture
def fresh(tmp_path):
    """Return a function that gives a connection to a new database with a million rows."""
    number = itertools.count()

    def make():
        engine = sa.create_engine(f"sqlite:///{tmp_path / f'{next(number)}.db'}", poolclass=sa.NullPool)
        connection = engine.connect()
        connection.exec_driver_sql("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT, amount REAL)")
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO thing SELECT i, 'name ' || i, i / 3.0 FROM n",
            (ROWS,),
        )
        connection.commit()
        return (connection,), {}

    return make


def by_hand(connection):
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    for statement in BY_HAND:
        connection.exec_driver_sql(statement)
    connection.commit()


def batch(connection, change):
    context = MigrationContext.configure(connection)
    with context.impl.begin_revision(connection), Operations(context).batch_alter_table("thing") as batch_op:
        change(batch_op)


def rebuild(connection):
    batch(connection, lambda batch_op: batch_op.alter_column("name", nullable=False))


def native(connection):
    batch(connection, lambda batch_op: batch_op.alter_column("name", new_column_name="title"))


@pytest.mark.benchmark(group=f"SQLite, {ROWS:,} rows")
@pytest.mark.parametrize("way", [by_hand, rebuild, native])
def test_move_and_copy(benchmark, fresh, way):
    benchmark.pedantic(way, setup=fresh, rounds=5, warmup_rounds=1)
