"""A server that is killed during a run, as by a power failure, leaves a database that the next run completes."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import servers
from clean_runs import DOWN, UP, CleanRuns
from databases import Database
from recovery import violation
from runs import ForkServer
from scale import none, scaled
from servers import Server

from kernel_core import command

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


def test_after_a_server_was_killed_the_next_run_completes_it(postgresql_server, server, transactional_ini):
    none(server_killed(postgresql_server, server, transactional_ini, may_resume=False))


@pytest.mark.skipif(not hasattr(command, "resume"), reason="this engine has no journal")
def test_after_a_server_was_killed_in_a_revision_that_commits_resume_completes_it(own_server, server, ini):
    none(server_killed(own_server, server, ini, may_resume=True))


def server_killed(own: Server, server: ForkServer, ini: str, *, may_resume: bool) -> list[str]:
    """Kill the server at random moments of runs; return the violations."""
    clean = CleanRuns(server, ini, Database(own.url))
    violations, moments = [], random.Random(14)
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
        if "Traceback" in ended.printed or wrong:
            violations.append(f"{verb[0]}, server killed after {seconds:.4f} s:\n{ended.printed}\n{wrong}")
    return violations
