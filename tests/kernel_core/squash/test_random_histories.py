"""Random histories of six revisions, squashed: rows and schema of a database are those of the range."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest
from sampling import repeated
from sqlalchemy.dialects import sqlite

from kernel_core.schema.scratch import scratch_database
from kernel_core.script import ScriptDirectory
from kernel_core.squash import squashed, write

from ..commuting import branches


def _line(folder: Path, seed: int) -> ScriptDirectory:
    """Write six revisions that run one after the other."""
    random_ = random.Random(seed)
    branches.write(folder, "base1", None, branches.BASE)
    parent = "base1"
    while parent != "r5":
        name = f"r{int(parent[-1]) + 1}" if parent != "base1" else "r1"
        body = "".join(branches.statement(random_) for _ in range(random_.randint(1, 2)))
        branches.write(folder, name, parent, body)
        scripts = ScriptDirectory(folder.parent, version_locations=[str(folder)])
        if branches.after(scripts, (name,)) is not None:
            parent = name
    return ScriptDirectory(folder.parent, version_locations=[str(folder)])


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [seed if seed < 2 else pytest.param(seed, marks=pytest.mark.sweep) for seed in range(repeated(100))]
)
@pytest.mark.costly
def test_a_squashed_random_history_does_the_same(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "versions"
    folder.mkdir()
    template = Path(squashed.__code__.co_filename).parents[1] / "templates" / "generic" / "script.py.mako"
    (tmp_path / "script.py.mako").write_bytes(template.read_bytes())
    scripts = _line(folder, seed)
    expected = branches.after(scripts, ("r5",))
    made = squashed(scripts, "r1:r5", sqlite.dialect(), scratch=partial(scratch_database, "sqlite://"))
    write(scripts, made)
    assert made.after <= made.before
    again = ScriptDirectory(tmp_path, version_locations=[str(folder)])
    assert [each.revision for each in again.walk_revisions()] == ["r5", "base1"]
    assert branches.after(again, ("r5",)) == expected
