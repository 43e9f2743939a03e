"""The schema at each revision of random histories is what an upgrade makes, or it is marked incomplete: never wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from random_histories import RandomHistory
from sampling import repeated

from kernel_core import schema
from kernel_core.autogenerate import compare_metadata
from kernel_core.runtime.migration import MigrationContext
from kernel_core.schema.running import ScratchRun
from kernel_core.script import ScriptDirectory

HEAD = (
    "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n"
    "revision = {!r}\ndown_revision = {!r}\ndef upgrade():\n"
)
QUICK, BLOCKS, BLOCK = 2, repeated(20), 25


def written(history: RandomHistory, folder: Path) -> ScriptDirectory:
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text("")
    down = None
    for number, body in enumerate(history.bodies):
        name = f"r{number}"
        (folder / "versions" / f"{name}.py").write_text(HEAD.format(name, down) + textwrap.indent(body, "    ") + "\n")
        down = name
    return ScriptDirectory(str(folder))


def fresh(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give an empty database again and again."""
    while True:
        if engine.dialect.name == "sqlite":
            memory = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
            with memory.connect() as connection:
                yield connection
            memory.dispose()
            continue
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA IF EXISTS public, shop CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        with engine.connect() as connection:
            yield connection


def differences(connection: sa.Connection, metadata: sa.MetaData) -> list[Any]:
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_schemas": connection.dialect.name == "postgresql",
    }
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def check(seeds: range, engine: sa.Engine, folder: Path) -> tuple[int, int]:
    """Run the histories of the seeds; return how many revisions were complete, and how many there are."""
    complete = total = 0
    connections = fresh(engine)
    for seed in seeds:
        connection = next(connections)
        history = RandomHistory(seed, engine.dialect.name)
        scripts = written(history, folder / str(seed))
        run = ScratchRun(scripts, connection, None)
        for each in schema.history(scripts, "head", dialect=engine.dialect):
            run.reflected(each.revision)
            total += 1
            if each.complete:
                complete += 1
                found = differences(connection, each.metadata)
                connection.rollback()
                assert found == [], (seed, each.revision, history.bodies)
    connections.close()
    return complete, total


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_few_random_histories(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    engine = sa.create_engine(request.getfixturevalue(f"{database}_url"), poolclass=sa.NullPool)
    complete, total = check(range(QUICK), engine, tmp_path)
    assert complete > total / 3
    engine.dispose()


@pytest.mark.sweep
@pytest.mark.filterwarnings(  # SQLAlchemy's, for a table that has the same foreign key twice
    "ignore:WARNING. SQL-parsed foreign key constraint:sqlalchemy.exc.SAWarning"
)
@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_five_hundred_random_histories(
    database: str, block: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    engine = sa.create_engine(request.getfixturevalue(f"{database}_url"), poolclass=sa.NullPool)
    complete, total = check(range(block * BLOCK, (block + 1) * BLOCK), engine, tmp_path)
    assert complete > total / 3
    engine.dispose()
