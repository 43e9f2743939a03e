"""What the torture tests share: a fork server, an environment with the chain, and a database of each kind.

The counts of the full run are multiplied by MIG_TORTURE, a number up to 1: ``MIG_TORTURE=0.02 pytest -m torture``. What was
tried is written to the file that MIG_TORTURE_RESULTS names (``results.py``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from chain import in_transactions, write_project
from clean_runs import CleanRuns, Known
from databases import KINDS, Database
from results import Tally
from runs import ForkServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """The process that runs ``mig`` in forks of itself."""
    server = ForkServer(tmp_path_factory.mktemp("runs"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def ini(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The ini file of an environment with the chain."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        return write_project(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="session")
def transactional_ini(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The ini file of an environment with the chain, without its autocommit blocks."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        return write_project(tmp_path_factory.mktemp("transactional"), in_transactions())


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database, one of each kind."""
    return Database(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=KINDS[:2])
def transactional_database(request: pytest.FixtureRequest) -> Database:
    """An empty database whose DDL is transactional."""
    return Database(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(scope="session")
def known() -> Known:
    """What undisturbed runs leave."""
    return {}


@pytest.fixture
def blocks(server, ini, database, known) -> CleanRuns:
    """The chain with autocommit blocks; on MariaDB each statement commits."""
    return CleanRuns(server, ini, database, known)


@pytest.fixture
def transactions(server, transactional_ini, transactional_database, known) -> CleanRuns:
    """The chain with a transaction for each revision."""
    return CleanRuns(server, transactional_ini, transactional_database, known)


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Counts what the test tries."""
    return Tally(request.node.nodeid.rpartition("/")[2])
