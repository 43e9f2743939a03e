"""Real notebook kernels: Stop at a random moment of a run, and two kernels that upgrade at once."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chain import CHAIN, write_project
from databases import Database
from jupyter_client.manager import start_new_kernel
from scale import none, scaled

from kernel_core import command

pytestmark = pytest.mark.torture

STOPS = 40
ROUNDS = 20
SECONDS = 60

_NAMED = re.compile(r"the database is at (\w+)\.")


class Kernel:
    """A kernel whose extension is connected to a database, in the folder of an environment."""

    def __init__(self, folder: Path, url: str) -> None:
        self.manager, self.client = start_new_kernel(cwd=str(folder))
        self.run(f"%load_ext mig_ipython\n%mig_connect {url}")

    def send(self, cell: str) -> str:
        """Begin to run a cell; return its number for `wait`."""
        return str(self.client.execute(cell))

    def wait(self, request: str) -> list[dict[str, Any]]:
        """Return the errors of a cell when it has ended."""
        errors = []
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "error":
                errors.append(message["content"])
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return errors

    def run(self, cell: str) -> None:
        """Run a cell that must not fail."""
        errors = self.wait(self.send(cell))
        assert not errors, errors

    def complete(self) -> None:
        """Upgrade to the head; a half revision that the journal names is completed first."""
        errors = self.wait(self.send("%mig_upgrade"))
        if "resume" in str(errors):
            self.run("%mig_resume")
            self.run("%mig_upgrade")
            return
        assert not errors, errors

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with the first four revisions of the chain."""
    write_project(tmp_path, CHAIN[:4])
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
    return tmp_path


@pytest.fixture
def kernels(folder: Path, database: Database) -> Iterator[list[Kernel]]:
    """Two kernels on one database."""
    started = [Kernel(folder, database.url) for _ in range(2)]
    yield started
    for kernel in started:
        kernel.close()


def test_two_kernels_that_upgrade_at_once_apply_each_revision_once(kernels, database):
    wrong = []
    for number in range(scaled(ROUNDS)):
        requests = [kernel.send("%mig_upgrade") for kernel in kernels]
        wrong += [str(error) for kernel, sent in zip(kernels, requests, strict=True) for error in kernel.wait(sent)]
        if database.heads() != ["r04_batch"]:
            wrong.append(f"round {number}: {database.heads()}")
        kernels[0].run("%mig_downgrade base --yes")
    none(wrong)


def test_stop_at_a_random_moment_of_a_run_says_where_the_database_is(kernels, database, record_property):
    if database.kind == "mysql" and not hasattr(command, "resume"):
        pytest.skip("this engine has no journal")
    kernel, moments, wrong, slowest = kernels[0], random.Random(14), [], 0.0
    for _ in range(scaled(STOPS)):
        request = kernel.send("%mig_upgrade")
        time.sleep(moments.uniform(0, 0.2))
        kernel.manager.interrupt_kernel()
        stopped = time.monotonic()
        shown = ["\n".join(error["traceback"]) for error in kernel.wait(request)]
        slowest = max(slowest, time.monotonic() - stopped)
        at = "".join(database.heads()) or "base"
        wrong += [text for text in shown if len(text.splitlines()) > 2]
        wrong += [f"{text} (is at {at})" for text in shown for said in _NAMED.findall(text) if said != at]
        kernel.complete()
        kernel.run("%mig_downgrade base --yes")
    record_property("slowest stop, seconds", round(slowest, 2))
    none(wrong)
