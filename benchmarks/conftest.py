"""Side by side with Alembic, in one run: the figures that matter are ratios.

pip install -e ".[test,peer]" && pytest -m "" benchmarks

`pytest -m "" benchmarks --table` also writes the ratios into `docs/performance.md`; with the path of one file only
its rows.
"""

from __future__ import annotations

import gc
import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ENGINES = ("kernel_core", "alembic")
sys.dont_write_bytecode = False  # by default the files that both engines run are compiled once

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


@pytest.fixture(scope="session")
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


@dataclass(frozen=True)
class Row:
    """A line of the table: how many times as long, or as much, Alembic takes; the ``limit`` is asserted.

    ``floor`` is the same figure for the least that the work can take: system calls alone, or the bare driver.
    ``date`` is the day of the measurement.
    """

    work: str
    measured: float
    limit: float
    goal: float | None
    floor: float | None
    file: str
    date: str

    def text(self) -> str:
        cells = (self.measured, self.limit, self.goal, self.floor)
        figures = " | ".join("" if each is None else f"1/{round(each, 1 if each < 10 else None):,g}" for each in cells)
        return f"| {self.work} | {figures} | {self.date} | `{self.file}` |"


_ROWS = pytest.StashKey[list[Row]]()
_PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
_HEADING = "| work | measured | limit | goal | at least | date | file |\n|---|---|---|---|---|---|---|\n"


@pytest.fixture
def compared(request: pytest.FixtureRequest) -> Callable[..., None]:
    """The function that prints a comparison, notes it for the table, and asserts its limit.

    ``compared(work, ours, theirs, limit=2)`` fails unless Alembic takes twice as long, or as much, as this engine.
    """

    def noted(
        work: str, ours: float, theirs: float, *, limit: float, goal: float | None = None, floor: float | None = None
    ) -> None:
        least = None if floor is None else theirs / floor
        row = Row(work, theirs / ours, limit, goal, least, request.path.name, time.strftime("%Y-%m-%d"))
        request.config.stash.setdefault(_ROWS, []).append(row)
        print(
            f"\n{work}: {ours:.4g} / {theirs:.4g} = 1/{theirs / ours:.1f}{f', at least {floor:.4g}' if floor else ''}"
        )
        assert row.measured >= limit, f"{work}: 1/{row.measured:.2f}, the limit is 1/{limit}"

    return noted


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--table", action="store_true", help="write the ratios into docs/performance.md")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Replace the rows of the table for which there are new figures."""
    rows = {row.work: row.text() for row in session.config.stash.get(_ROWS, [])}
    if not rows or not session.config.getoption("--table"):
        return
    before, heading, rest = _PAGE.read_text(encoding="utf-8").partition(_HEADING)
    lines = rest.splitlines()
    end = next((number for number, line in enumerate(lines) if not line.startswith("|")), len(lines))
    table = {line.split(" | ")[0].removeprefix("| "): line for line in lines[:end]} | rows
    _PAGE.write_text(before + heading + "\n".join([*table.values(), *lines[end:]]) + "\n", encoding="utf-8")


@pytest.fixture
def side_by_side(compared: Callable[..., None]) -> Callable[..., None]:
    """The function that measures both engines at the same work, and asserts how many times as long Alembic takes.

    ``ready(engine)`` makes the way of an engine: a function that prepares a round, outside the clock, and returns the
    work; ``floor`` prepares a round of the least that the work can take. They take turns, so that a busy machine slows
    all of them; the fewest CPU seconds of each count, and one round more goes before.
    """

    def measured(
        what: str,
        ready: Callable[[str], Callable[[], Work]],
        *,
        limit: float,
        goal: float | None = None,
        floor: Callable[[], Work] | None = None,
        rounds: int = 5,
    ) -> None:
        for engine in ENGINES:
            pytest.importorskip(engine, reason='The yardstick is missing: pip install -e ".[peer]".')
        ways = {engine: ready(engine) for engine in ENGINES}
        if floor is not None:
            ways["floor"] = floor
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds + 1):
            for engine, prepare in ways.items():
                work = prepare()
                gc.collect()
                start = time.process_time()
                work()
                taken[engine].append(time.process_time() - start)
        best = {way: min(seconds[1:]) for way, seconds in taken.items()}
        compared(what, best["kernel_core"], best["alembic"], limit=limit, goal=goal, floor=best.get("floor"))

    return measured
