"""Rewrite the asserts of the test files in a new tree once: each worker rewrites its part before it collects all.

The workers begin at once. Without this each of them would rewrite every file, since none is stored yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from _pytest.assertion import rewrite


def part_of_worker(paths: Iterable[Path]) -> list[Path]:
    """Return the files that this worker of pytest-xdist rewrites for all; none in a run without workers."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        return []
    return sorted(paths)[int(worker.removeprefix("gw")) :: int(os.environ["PYTEST_XDIST_WORKER_COUNT"])]


def rewrite_files(config: pytest.Config, paths: Iterable[Path]) -> None:
    """Store the files as pytest does once it has imported them, those that are not stored or were edited since."""
    for path in paths:
        stored = rewrite.get_cache_dir(path) / f"{path.stem}{rewrite.PYC_TAIL}"
        if stored.exists() and stored.stat().st_mtime >= path.stat().st_mtime:
            continue
        with suppress(SyntaxError):  # it is reported where the file is collected
            version, code = rewrite._rewrite_test(path, config)
            if rewrite.try_makedirs(stored.parent):
                rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, version, stored)
