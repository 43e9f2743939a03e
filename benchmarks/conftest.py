"""Side by side with Alembic, in one run: the figures that matter are ratios.

pip install -e ".[test,peer]" && pytest benchmarks
"""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ENGINES = ("kernel_core", "alembic")

ENV = """\
from sqlalchemy import create_engine, pool
from {engine} import context

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""

REVISION = '''\
"""create table t{number}

Revision ID: {revision}
Revises: {parent}
Create Date: 2026-01-01 00:00:00

"""
import sqlalchemy as sa
from {engine} import op

revision = "{revision}"
down_revision = {parent!r}
branch_labels = None
depends_on = None


def upgrade():
    op.create_table("t{number}", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(50)))


def downgrade():
    op.drop_table("t{number}")
'''


@dataclass(frozen=True)
class Environment:
    """A migration environment of ``engine`` in ``folder``; ``module("command")`` imports a part of that engine."""

    engine: str
    folder: Path

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self.engine}.{name}")

    def config(self, database: Path | None = None) -> object:
        config = self.module("config").Config()
        config.set_main_option("script_location", str(self.folder))
        config.set_main_option("sqlalchemy.url", f"sqlite:///{database}")
        return config

    def write(self, revisions: int) -> None:
        """Write ``revisions`` files, each the child of the one before."""
        versions = self.folder / "versions"
        versions.mkdir(parents=True)
        (self.folder / "env.py").write_text(ENV.format(engine=self.engine))
        parent = None
        for number in range(revisions):
            revision = f"{number:012x}"
            text = REVISION.format(engine=self.engine, number=number, revision=revision, parent=parent)
            (versions / f"{revision}_create_table.py").write_text(text)
            parent = revision


@pytest.fixture(params=ENGINES)
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Environment:
    """An empty folder for one engine, then for the other."""
    pytest.importorskip(request.param, reason='The yardstick is missing: pip install -e ".[peer]".')
    return Environment(request.param, tmp_path)


@pytest.fixture
def environment_of() -> type[Environment]:
    """The class of environments: ``environment_of(engine, folder)``."""
    return Environment


@pytest.fixture(scope="session")
def long_histories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of an environment of 10,000 revisions, by engine."""
    made = {}
    for engine in ENGINES:
        pytest.importorskip(engine, reason='The yardstick is missing: pip install -e ".[peer]".')
        made[engine] = tmp_path_factory.mktemp(engine)
        Environment(engine, made[engine]).write(10_000)
    return made


Work = Callable[[], object]


@pytest.fixture
def side_by_side() -> Callable[..., float]:
    """The function that measures both engines at the same work and returns how many times as long Alembic takes.

    ``ready(engine)`` makes the way of an engine: a function that prepares a round, outside the clock, and returns the
    work. The engines take turns, so that a busy machine slows both; the fewest CPU seconds of each count, and one round
    more goes before.
    """

    def measured(what: str, ready: Callable[[str], Callable[[], Work]], rounds: int = 5) -> float:
        for engine in ENGINES:
            pytest.importorskip(engine, reason='The yardstick is missing: pip install -e ".[peer]".')
        ways = {engine: ready(engine) for engine in ENGINES}
        taken: dict[str, list[float]] = {engine: [] for engine in ENGINES}
        for _ in range(rounds + 1):
            for engine, prepare in ways.items():
                work = prepare()
                gc.collect()
                start = time.process_time()
                work()
                taken[engine].append(time.process_time() - start)
        ours, theirs = (min(seconds[1:]) for seconds in taken.values())
        print(f"\n{what}: {ours:.3f} s / {theirs:.3f} s = 1/{theirs / ours:.1f}")
        return theirs / ours

    return measured


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print, for each kind of work, how our median compares with the yardstick's: Alembic, or SQL typed by hand."""
    measured = getattr(getattr(config, "_benchmarksession", None), "benchmarks", ())
    medians = {(b.group, _way(b.params)): b.stats.median for b in measured if b.stats.data}
    terminalreporter.section("ratios: our median / the yardstick's median")
    for line in _ratios(medians):
        terminalreporter.write_line(line)


def _way(params: dict[str, object]) -> str:
    """Return who did the work: the engine, or the name of the function that was timed."""
    (way,) = params.values()
    return getattr(way, "__name__", str(way))


def _ratios(medians: dict[tuple[str, str], float]) -> Iterator[str]:
    for group in dict.fromkeys(group for group, _ in medians):
        yardstick = next((way for way in ("alembic", "by_hand") if (group, way) in medians), None)
        if yardstick is None:
            continue
        theirs = medians[group, yardstick]
        for way in (way for other, way in medians if other == group and way != yardstick):
            ours = medians[group, way]
            said = f"{group}, {way}" if yardstick == "by_hand" else group
            yield f"{said:45} {ours:8.3f} s / {theirs:8.3f} s = {ours / theirs:.3f}  (1/{theirs / ours:.1f})"
