"""What the torture tests share: a fork server, an environment with the chain, and a database of each kind.

The counts of the full run are multiplied by MIG_TORTURE, a number up to 1: ``MIG_TORTURE=0.02 pytest -m torture``.
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
from clean_runs import CleanRuns
from databases import KINDS, Database
from runs import ForkServer

from kernel_core import command


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


@pytest.fixture
def blocks(server, ini, database) -> CleanRuns:
    """The chain with autocommit blocks; on MariaDB each statement commits."""
    if not hasattr(command, "resume"):
        pytest.skip("this engine has no journal")
    return CleanRuns(server, ini, database)


@pytest.fixture
def transactions(server, transactional_ini, transactional_database) -> CleanRuns:
    """The chain with a transaction for each revision."""
    return CleanRuns(server, transactional_ini, transactional_database)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests measured."""
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.stats.get(kind, ())]
    lines = [
        f"{each.nodeid.rpartition('::')[2]}: {name}: {value}"
        for each in reports
        for name, value in each.user_properties
    ]
    if lines:
        terminalreporter.section("measured")
        terminalreporter.write_line("\n".join(lines))
