"""A server that is killed during a run, as by a power failure, leaves a database that the next run completes."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import rows
import servers
from clean_runs import DOWN, UP, CleanRuns
from databases import Database
from recovery import violation
from results import Tally
from runs import ForkServer
from scale import scaled
from servers import Server

pytestmark = pytest.mark.torture

KILLS = 20


@contextmanager
def running(made: Server) -> Iterator[Server]:
    """Start a server, and remove it after the block."""
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture(params=[servers.postgresql, servers.mariadb], ids=["postgresql", "mariadb"])
def own_server(request) -> Iterator[Server]:
    with running(request.param()) as server:
        yield server


@pytest.fixture
def postgresql_server() -> Iterator[Server]:
    with running(servers.postgresql()) as server:
        yield server


def test_after_a_server_was_killed_the_next_run_completes_it(postgresql_server, server, transactional_ini, tally):
    server_killed(postgresql_server, server, transactional_ini, tally, may_resume=False)
    tally.done(rows.SERVER_KILLED_IN_TRANSACTIONS, "postgresql")


def test_after_a_server_was_killed_in_a_revision_that_commits_resume_completes_it(own_server, server, ini, tally):
    tally.done(rows.SERVER_KILLED, server_killed(own_server, server, ini, tally, may_resume=True))


def server_killed(own: Server, server: ForkServer, ini: str, tally: Tally, *, may_resume: bool) -> str:
    """Kill the server at random moments of runs; return its kind."""
    clean = CleanRuns(server, ini, Database(own.url))
    moments = random.Random(14)
    for number in range(scaled(KILLS)):
        verb = (UP, DOWN)[number % 2]
        clean.prepare(verb)
        run = clean.start(*verb)
        seconds = moments.uniform(0, clean.seconds[verb])
        time.sleep(seconds)
        own.kill()
        ended = run.wait()
        own.start()
        wrong = violation(clean, verb, may_resume=may_resume)
        bad = "Traceback" in ended.printed or wrong
        tally.add(f"{verb[0]}, server killed after {seconds:.4f} s:\n{ended.printed}\n{wrong}" if bad else "")
    return clean.database.kind
