"""Several runs at once: each revision is applied once, nobody sees an error, and a killed holder blocks nobody."""

from __future__ import annotations

import random
import re
import signal
import time
from collections import Counter

import pytest
from chain import CHAIN, Revision, write_project
from clean_runs import DOWN, UP, CleanRuns
from databases import difference
from runs import soon
from scale import none, scaled

pytestmark = pytest.mark.torture

ROUNDS = 100
HOLDERS = 30
LONGEST = 10
"""Seconds until the next run has ended, also on a busy machine; the figure that was measured is printed."""


def together(clean: CleanRuns, verb, processes: int, way: str, moments: random.Random) -> str:
    """Run at once; return what is wrong, "" if nothing is."""
    clean.prepare(verb)
    start = soon(0.05)
    runs = [clean.start(*verb, start=start + moments.uniform(0, 0.02), way=way) for _ in range(processes)]
    ended = [run.wait() for run in runs]
    printed = "\n".join(each.printed for each in ended)
    wrong = [each.printed for each in ended if each.status or "Traceback" in each.printed]
    applied = Counter(re.findall(rf"^{verb[0]} (\w+) ", printed, re.MULTILINE))
    if way == "program" and applied != Counter(each.name for each in CHAIN):
        wrong.append(f"applied: {applied}")
    return "\n".join(wrong + difference(clean.database.fingerprint(), clean.after[verb]))


def rounds(clean: CleanRuns, count: int) -> list[str]:
    """Let two processes, four processes and four threads run at once, in turns, up and down; return the violations."""
    violations, moments = [], random.Random(14)
    for number in range(count):
        verb = (UP, DOWN)[number // 3 % 2]
        processes, way = ((2, "program"), (4, "program"), (1, "four threads"))[number % 3]
        if wrong := together(clean, verb, processes, way, moments):
            violations.append(f"round {number}, {verb[0]}, {processes} x {way}: {wrong}")
    return violations


@pytest.fixture
def clean(server, ini, database) -> CleanRuns:
    """The chain with autocommit blocks, which needs no journal here: nobody is killed."""
    return CleanRuns(server, ini, database)


def test_of_many_runs_at_once_each_revision_is_applied_once(clean):
    none(rounds(clean, scaled(ROUNDS)))


# ---- a holder that is killed -----------------------------------------------------------------------------------------


@pytest.fixture(params=["in Python", "in a statement"])
def slow(request, server, tmp_path, database, capsys):
    """An environment whose revision takes a minute where ``first`` does not exist, and creates that file."""
    if request.param == "in a statement" and database.kind == "sqlite":
        pytest.skip("a statement of SQLite runs in the process that is killed")
    first = tmp_path / "first"
    sleep = {"postgresql": "SELECT pg_sleep(60)", "mysql": "SELECT SLEEP(60)"}.get(database.kind, "")
    wait = "time.sleep(60)" if request.param == "in Python" else f'op.execute("{sleep}")'
    upgrade = f"""
        import os, time
        if not os.path.exists({str(first)!r}):
            open({str(first)!r}, "w").close()
            {wait}
        op.create_table("slow", sa.Column("id", sa.Integer))
        """
    return write_project(tmp_path, (Revision("s01", upgrade, "pass"),)), first


def free_after(server, database, ini: str, first) -> float:
    """Kill a run that holds the lock while another waits; return the seconds until that has done its work."""
    database.empty()
    first.unlink(missing_ok=True)
    holder = server.start(["-c", ini, "upgrade", "head"], database.url)
    while not first.exists():
        time.sleep(0.005)
    waiter = server.start(["-c", ini, "upgrade", "head"], database.url)
    while "Waiting for another run" not in waiter.output.read_text():
        assert waiter.is_running(), waiter.output.read_text()
        time.sleep(0.02)
    holder.signal(signal.SIGKILL)
    killed = time.monotonic()
    ended = waiter.wait()
    seconds = time.monotonic() - killed
    holder.wait()
    assert ended.status == 0, ended.printed
    assert database.heads() == ["s01"]
    return seconds


def test_after_a_holder_was_killed_the_next_run_goes_on_soon(server, database, slow, record_property):
    seconds = [free_after(server, database, *slow) for _ in range(scaled(HOLDERS))]
    record_property("longest until the next run had ended, seconds", round(max(seconds), 2))
    assert max(seconds) < LONGEST
