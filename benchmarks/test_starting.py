"""The heads of 1,000, 3,000 and 10,000 revisions in a new process; CPU seconds, asserted as ratios to Alembic's.

pytest -m peer benchmarks/test_starting.py -s
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.peer
ENGINES = ("kernel_core", "alembic")
ROUNDS = 5
LIMITS = {"nothing cached": (10, 20), "next process": (10, 25), "again in one kernel": (25, None)}
"""By kind of start: how many times as long Alembic must take, and the goal."""

HEADS = """
import json, time
from {engine}.script import ScriptDirectory

def heads():
    start = time.process_time()
    assert len(ScriptDirectory({folder!r}).get_heads()) == 1
    return time.process_time() - start

print(json.dumps([heads(), min(heads() for _ in range(5))]))
"""


def seconds(engine: str, folder: Path) -> Any:
    """The first call of a new process, and the best of five more."""
    may_write = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-W", "ignore", "-c", HEADS.format(engine=engine, folder=str(folder))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=may_write).stdout)


def starts(engine: str, folder: Path) -> dict[str, float]:
    """Seconds by kind of start: without anything kept, in the next process, and again in that process."""
    shutil.rmtree(folder / "versions" / "__pycache__", ignore_errors=True)
    cold = seconds(engine, folder)[0]
    first, again = seconds(engine, folder)
    return dict(zip(LIMITS, (cold, first, again), strict=True))


def best_starts(folders: dict[str, Path]) -> dict[str, dict[str, float]]:
    """The fewest seconds of each engine by kind; the engines take turns."""
    taken: dict[str, list[dict[str, float]]] = {engine: [] for engine in folders}
    for _ in range(ROUNDS):
        for engine, folder in folders.items():
            taken[engine].append(starts(engine, folder))
    return {engine: {kind: min(each[kind] for each in rounds) for kind in LIMITS} for engine, rounds in taken.items()}


@pytest.fixture(scope="module")
def three_thousand(tmp_path_factory, environment_of) -> dict[str, dict[str, float]]:
    """Seconds by engine and kind of start."""
    folders = {}
    for engine in ENGINES:
        pytest.importorskip(engine, reason='The yardstick is missing: pip install -e ".[peer]".')
        folders[engine] = tmp_path_factory.mktemp(engine)
        environment_of(engine, folders[engine]).write(3_000)
    time.sleep(0.1)
    return best_starts(folders)


@pytest.mark.parametrize("kind", LIMITS)
def test_the_heads_of_three_thousand_revisions(three_thousand, compared, kind):
    ours, theirs = (three_thousand[engine][kind] for engine in ENGINES)
    limit, goal = LIMITS[kind]
    compared(f"heads of 3,000 revisions, {kind}", ours, theirs, limit=limit, goal=goal)


def test_growth_is_linear(tmp_path, environment_of):
    """At most 1.3 times the time that is proportional to the number of revisions."""
    best = {}
    for many in (1_000, 3_000, 10_000):
        environment_of("kernel_core", tmp_path / str(many)).write(many)
        time.sleep(0.1)
        best[many] = best_starts({"kernel_core": tmp_path / str(many)})["kernel_core"]
    for kind in LIMITS:
        each = {many: best[many][kind] / many * 1e6 for many in best}
        print(f"\nheads, {kind:12} " + ", ".join(f"{many}: {value:.1f} us a revision" for many, value in each.items()))
        assert max(each[3_000], each[10_000]) <= 1.3 * each[1_000]
