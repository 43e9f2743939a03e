"""The same work by kernel_core and by Alembic."""

import shutil
import subprocess
import sys

import pytest


@pytest.mark.peer
@pytest.mark.benchmark(group="history of 1,000 revisions, cold")
def test_history_cold(benchmark, environment):
    environment.write(1000)
    script = environment.module("script")

    def cold():
        for cache in environment.folder.rglob("__pycache__"):
            shutil.rmtree(cache)

    def history():
        return len(list(script.ScriptDirectory.from_config(environment.config()).walk_revisions()))

    assert benchmark.pedantic(history, setup=cold, rounds=5, warmup_rounds=1) == 1000


@pytest.mark.peer
@pytest.mark.benchmark(group="import and list the heads of 50, new process")
def test_import(benchmark, environment):
    environment.write(50)
    code = (
        f"from {environment.engine}.config import Config\n"
        f"from {environment.engine}.script import ScriptDirectory\n"
        f"c = Config(); c.set_main_option('script_location', {str(environment.folder)!r})\n"
        "assert len(ScriptDirectory.from_config(c).get_heads()) == 1"
    )
    benchmark.pedantic(subprocess.run, ([sys.executable, "-c", code],), {"check": True}, rounds=7, warmup_rounds=1)
