"""Random databases are adopted, and random places of random histories are located, on each database."""

from __future__ import annotations

import itertools
import shutil
import uuid

import pytest
import sqlalchemy as sa
from adoptions import adopted
from locations import located
from sampling import repeated, sampled

SEEDS = {"sqlite": repeated(300), "postgresql": repeated(200), "mariadb": repeated(200)}
PLACES = {"sqlite": repeated(90), "postgresql": repeated(20), "mariadb": repeated(20)}
"""The number of histories; four places of each are located."""


@pytest.fixture
def fresh(request, tmp_path, monkeypatch):
    """Return a function (dialect) -> URL of another empty database at each call."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    made: list[tuple[sa.Engine, str]] = []
    numbers = itertools.count()

    def empty(dialect: str) -> str:
        number = next(numbers)
        if dialect == "sqlite":
            return f"sqlite:///{tmp_path}/{number}.db"
        url: sa.URL = request.getfixturevalue(f"{dialect}_server")
        name = f"mig_test_{uuid.uuid4().hex[:12]}"
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        made.append((engine, name))
        return url.set(database=name).render_as_string(hide_password=False)

    yield empty
    for engine, name in made:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")


@pytest.mark.parametrize(
    ("dialect", "seed"),
    [
        case
        for name, count in SEEDS.items()
        for case in sampled([(name, seed) for seed in range(count)], int(name == "sqlite"))
    ],
)
def test_a_random_database_is_adopted_without_a_difference(dialect, seed, fresh, tmp_path):
    if dialect == "postgresql" and shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    assert adopted(dialect, seed, fresh(dialect), fresh(dialect), tmp_path / "environment") == []


@pytest.mark.parametrize(
    ("dialect", "seed"),
    [case for name, count in PLACES.items() for case in sampled([(name, seed) for seed in range(count)], 0)],
)
def test_random_places_of_a_history_are_located(dialect, seed, fresh, tmp_path):
    found = located(seed, lambda: fresh(dialect), tmp_path / "environment")
    assert found.wrong == []
    assert found.counts["exact"] + found.counts["ambiguous"] == found.counts["without drift"] == 4


@pytest.mark.sweep
def test_drift_rarely_makes_another_revision_the_nearest(fresh, tmp_path):
    drifted = first = 0
    for seed in range(repeated(30)):
        found = located(seed, lambda: fresh("sqlite"), tmp_path / f"environment{seed}")
        drifted += found.counts["drift"]
        first += found.counts["right one first"]
    assert first >= 0.95 * drifted > 0
