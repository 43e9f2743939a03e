"""Several runs at once: each revision is applied once, nobody sees an error, and a killed holder blocks nobody."""

from __future__ import annotations

import random
import re
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
import rows
from chain import CHAIN, Revision, write_project
from clean_runs import DOWN, UP, CleanRuns, Verb
from databases import difference
from runs import soon
from scale import scaled

from tests.patience import patience

pytestmark = pytest.mark.torture

ROUNDS = 100
HOLDERS = 30
LONGEST = {"in Python": 5, "in a statement": 10}
"""Seconds until the next run has ended. MariaDB looks every 5 seconds whether the client of a sleeping statement is gone."""


AT_ONCE = {
    "2 processes": (2, "program", rows.TWO_PROCESSES),
    "4 processes": (4, "program", rows.FOUR_PROCESSES),
    "4 threads": (1, "four threads", rows.FOUR_THREADS),
}


def together(clean: CleanRuns, verb: Verb, processes: int, way: str, moments: random.Random) -> str:
    """Run at once; return what is wrong, "" if nothing is."""
    start = soon(0.05)
    runs = [clean.start(*verb, start=start + moments.uniform(0, 0.02), way=way) for _ in range(processes)]
    ended = [run.wait() for run in runs]
    printed = "\n".join(each.printed for each in ended)
    wrong = [each.printed for each in ended if each.status or "Traceback" in each.printed]
    applied = Counter(re.findall(rf"^{verb[0]} (\w+) ", printed, re.MULTILINE))
    if way == "program" and applied != Counter(each.name for each in CHAIN):
        wrong.append(f"applied: {applied}")
    return "\n".join(wrong + difference(clean.database.fingerprint(), clean.after[verb]))


@pytest.mark.parametrize("at_once", AT_ONCE)
def test_of_many_runs_at_once_each_revision_is_applied_once(blocks, at_once, tally):
    processes, way, row = AT_ONCE[at_once]
    moments = random.Random(14)
    for number in range(scaled(ROUNDS)):
        verb = (UP, DOWN)[number % 2]
        if verb == UP:  # a downgrade begins where the upgrade before it ended
            blocks.database.empty()
        wrong = together(blocks, verb, processes, way, moments)
        tally.add(wrong and f"round {number}, {verb[0]}: {wrong}")
        if wrong:
            blocks.prepare(DOWN)
    tally.done(row, blocks.database.kind)


# ---- a holder that is killed -----------------------------------------------------------------------------------------


@pytest.fixture(params=["in Python", "in a statement"])
def where(request, database) -> str:
    """Where the holder is killed."""
    if request.param == "in a statement" and database.kind == "sqlite":
        pytest.skip("a statement of SQLite runs in the process that is killed")
    return request.param


@pytest.fixture
def slow(where, tmp_path, database) -> tuple[str, Path]:
    """An environment whose revision takes a minute where ``first`` does not exist, and creates that file."""
    first = tmp_path / "first"
    sleep = {"postgresql": "SELECT pg_sleep(60)", "mysql": "SELECT SLEEP(60)"}.get(database.kind, "")
    wait = "time.sleep(60)" if where == "in Python" else f'op.execute("{sleep}")'
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


def test_after_a_holder_was_killed_the_next_run_goes_on_soon(server, database, where, slow, tally):
    for _ in range(scaled(HOLDERS)):
        seconds = free_after(server, database, *slow)
        tally.took(seconds)
        tally.add("" if seconds < patience(LONGEST[where]) else f"{seconds:.1f} s")
    tally.done({"in Python": rows.HOLDER_KILLED}.get(where, rows.HOLDER_KILLED_IN_A_STATEMENT), database.kind)
