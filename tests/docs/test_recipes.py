"""The recipes of CONTRIBUTING.md are followed, step by step, in a copy of the tree."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
COPIED = (
    "kernel_core",
    "mig_ipython",
    "tests",
    "docs",
    "notebooks",
    "benchmarks",
    "binder",
    ".ci",
    "*.md",
    "*.toml",
    "*.yml",
)


def copied(to: Path) -> Path:
    for one in (path for pattern in COPIED for path in ROOT.glob(pattern)):
        if one.is_dir():
            shutil.copytree(one, to / one.name, ignore=shutil.ignore_patterns("__pycache__", ".*_cache", "*.db"))
        else:
            shutil.copy(one, to / one.name)
    return to


def edit(path: Path, change: str) -> None:
    """Add the lines with ``+`` below the line before them, delete those with ``-``; the others show the place."""
    lines, place = path.read_text(encoding="utf-8").splitlines(), 0
    for line in change.splitlines():
        if line.startswith("+"):
            lines.insert(place, line[1:])
            place += 1
        else:
            assert line[1:] in lines[place:], f"{path.name} has no line {line[1:]!r}"
            place = lines.index(line[1:], place) + 1
            if line.startswith("-"):
                place -= 1
                del lines[place]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(line: str, tree: Path) -> None:
    program, *arguments = shlex.split(line.removeprefix(".venv/bin/"))
    command = [
        str(Path(sys.executable).with_name(program)),
        *arguments,
        *(["-n0", "-q"] if program == "pytest" else []),
    ]
    env = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}{done.stderr[-2000:]}"


@pytest.mark.sweep
def test_the_recipes_can_be_followed(tmp_path: Path) -> None:
    tree = copied(tmp_path)
    recipes = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Recipes")[2]
    for block in FENCE.finditer(recipes):
        if block["kind"] == "diff":
            edit(tree / block["title"], block["text"])
        elif block["title"]:
            assert not (tree / block["title"]).exists(), block["title"]
            (tree / block["title"]).write_text(block["text"], encoding="utf-8")
        else:
            for line in block["text"].splitlines():
                run(line, tree)
    for check in ("check", "format --check"):
        run(f".venv/bin/ruff {check} kernel_core mig_ipython tests", tree)
