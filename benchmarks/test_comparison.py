"""Comparing models with a database that is the same: CPU and memory, side by side with Alembic in one run.

pip install -e ".[test,peer]" && pytest -m peer benchmarks/test_comparison.py -s
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.peer

TABLES = 1000
POSTGRESQL = os.environ.get("MIG_TEST_POSTGRESQL", "postgresql+psycopg://root@127.0.0.1:5432/postgres")


def models(tables: int) -> sa.MetaData:
    """Return tables of nine columns, each with a key, an index, a unique constraint and a foreign key."""
    metadata = sa.MetaData()
    for number in range(tables):
        table = sa.Table(
            f"t{number}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(50), nullable=False),
            sa.Column("count", sa.Integer, index=True),
            sa.Column("made", sa.DateTime, server_default=sa.func.current_timestamp()),
            sa.Column("price", sa.Numeric(10, 2)),
            sa.Column("done", sa.Boolean),
            sa.Column("words", sa.Text),
            sa.Column("day", sa.Date),
            sa.UniqueConstraint("name", "price", name=f"uq_{number}"),
        )
        if number:
            table.append_column(sa.Column("parent", sa.ForeignKey(f"t{number // 10}.id")))
    return metadata


def compare(engine_name: str, connection: sa.Connection, metadata: sa.MetaData) -> list[Any]:
    """Compare once, by ``kernel_core`` or ``alembic``."""
    context = importlib.import_module(f"{engine_name}.runtime.migration").MigrationContext.configure(connection)
    found: list[Any] = importlib.import_module(f"{engine_name}.autogenerate").compare_metadata(context, metadata)
    return found


@pytest.fixture
def same(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[sa.Connection, sa.MetaData]]:
    """Return a connection to a database that was created from the models, and the models."""
    metadata, schema = models(TABLES), f"comparison_{uuid.uuid4().hex[:8]}"
    url = f"sqlite:///{tmp_path / 'same.db'}" if request.param == "sqlite" else POSTGRESQL
    engine = sa.create_engine(url, poolclass=sa.StaticPool)
    with engine.connect() as connection:
        if request.param == "postgresql":
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
            connection.exec_driver_sql(f"SET search_path TO {schema}")
            connection.dialect.default_schema_name = schema
        metadata.create_all(connection)
        connection.commit()
        yield connection, metadata
        connection.rollback()
        if request.param == "postgresql":
            for table in reversed(metadata.sorted_tables):  # all in one would need more locks than there are
                connection.exec_driver_sql(f"DROP TABLE {schema}.{table.name} CASCADE")
                connection.commit()
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
            connection.commit()
    engine.dispose()


def cpu(work: Callable[[], Any], rounds: int) -> float:
    """Return the median of CPU seconds; existing objects are frozen for the garbage collector."""
    spent = []
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        begin = time.process_time()
        assert work() == []
        spent.append(time.process_time() - begin)
    gc.unfreeze()
    return statistics.median(spent)


@pytest.mark.parametrize("same", ["sqlite", "postgresql"], indirect=True)
def test_nothing_differs(same: tuple[sa.Connection, sa.MetaData], compared: Callable[..., None]) -> None:
    connection, metadata = same
    ours = cpu(lambda: compare("kernel_core", connection, metadata), 5)
    theirs = cpu(lambda: compare("alembic", connection, metadata), 3)
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.dialect.name]
    compared(f"compare {TABLES:,} tables without a difference, {name}", ours, theirs, limit=8, goal=14)


@pytest.mark.parametrize(
    ("writes", "limit"), [pytest.param(False, 15, id="compared"), pytest.param(True, 8, id="compared and written")]
)
def test_first_migration(side_by_side: Callable[..., None], writes: bool, limit: float) -> None:
    """Compare 300 new tables with an empty database; their code is written from the models, which are not copied."""
    connection, metadata = sa.create_engine("sqlite://", poolclass=sa.StaticPool).connect(), models(300)

    def ready(engine_name: str) -> Callable[[], Callable[[], Any]]:
        context = importlib.import_module(f"{engine_name}.runtime.migration").MigrationContext.configure(connection)
        autogenerate = importlib.import_module(f"{engine_name}.autogenerate")

        def work() -> None:
            found = autogenerate.produce_migrations(context, metadata)
            for operations in (found.upgrade_ops, found.downgrade_ops) if writes else ():
                autogenerate.render_python_code(operations)

        return lambda: work

    what = "first migration, 300 new tables, compared and written" if writes else "first migration, 300 new tables"
    side_by_side(what, ready, limit=limit, goal=None if writes else 5)


_MEMORY = """
import json, sys, tracemalloc
sys.path[:0] = json.loads(sys.argv[3])
import sqlalchemy as sa
from test_comparison import compare, models
metadata = models(3000)
engine = sa.create_engine(sys.argv[2])
small = sa.create_engine("sqlite://")
with small.connect() as connection:
    few = models(1)
    few.create_all(connection)
    compare(sys.argv[1], connection, few)  # what is imported does not count
with engine.connect() as connection:
    tracemalloc.start()
    assert compare(sys.argv[1], connection, metadata) == []
    print(tracemalloc.get_traced_memory()[1])
"""


def test_memory(tmp_path: Path, compared: Callable[..., None]) -> None:
    url = f"sqlite:///{tmp_path / 'same.db'}"
    engine = sa.create_engine(url)
    models(3000).create_all(engine)
    engine.dispose()
    here = str(Path(__file__).parent)

    def peak(engine_name: str) -> float:
        command = [sys.executable, "-c", _MEMORY, engine_name, url, json.dumps([here, str(Path(here).parent)])]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        return int(run.stdout) / 1_000_000

    ours, theirs = peak("kernel_core"), peak("alembic")
    compared("memory to compare 3,000 tables, SQLite", ours, theirs, limit=4)


def test_growth_is_linear() -> None:
    """Per table, 3,000 tables take at most 1.3 times what 300 take; for those that differ and those that do not."""
    import kernel_core.autogenerate
    from kernel_core.runtime.migration import MigrationContext

    best: dict[tuple[str, int], float] = {}
    prepared = {}
    for many in (300, 1_000, 3_000):
        metadata, connections = models(many), [sa.create_engine("sqlite://").connect() for _ in range(2)]
        metadata.create_all(connections[0])
        connections[0].commit()
        prepared[many] = metadata, connections
    for _ in range(4):
        for many, (metadata, connections) in prepared.items():
            for kind, connection in zip(("the same", "new"), connections, strict=True):
                gc.collect()
                begin = time.process_time()
                kernel_core.autogenerate.produce_migrations(MigrationContext.configure(connection), metadata)
                spent = (time.process_time() - begin) / many
                best[kind, many] = min(spent, best.get((kind, many), spent))
    for (kind, many), seconds in best.items():
        print(f"\n{many:,} tables, {kind}: {seconds * 1e6:.0f} us a table")
        assert seconds <= 1.3 * best[kind, 300]
