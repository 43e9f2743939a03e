"""A notebook kernel killed at a random moment of an upgrade, a downgrade or a resume; a new kernel completes it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import rows
from chain import write_project
from databases import Database, difference
from notebook_kernel import Kernel
from results import Tally
from scale import scaled

pytestmark = pytest.mark.torture

KILLS = 30
UP, DOWN = "%mig_upgrade", "%mig_downgrade base --yes"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with the chain."""
    write_project(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
    return tmp_path


class Kernels:
    """One kernel after the other on one database, and what an undisturbed one leaves."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        self.moments = random.Random(14)
        self.kernel = self.new()
        self.seconds = {cell: self.kernel.run(cell) for cell in (UP, DOWN)}
        self.after = {}
        for cell in (UP, DOWN):
            self.kernel.run(cell)
            self.after[cell] = database.fingerprint()

    def new(self) -> Kernel:
        """Start a kernel."""
        return Kernel(self.folder, self.database.url)

    def killed(self, cell: str) -> None:
        """Kill the kernel at a random moment of a run, and start a new one."""
        self.kernel.kill(cell, self.moments.uniform(0, self.seconds[cell]))
        self.kernel = self.new()

    def resume_killed(self) -> None:
        """Kill the kernel at a random moment of a resume, and start a new one."""
        self.kernel.kill("%mig_resume", self.moments.uniform(0, 0.2))
        self.kernel = self.new()

    def completed(self, cell: str, tally: Tally) -> None:
        """Let the kernel complete what was killed, and compare."""
        try:
            self.kernel.complete(cell)
        except AssertionError as error:
            tally.add(f"{cell}: {error}")
            return
        tally.add("\n".join(difference(self.database.fingerprint(), self.after[cell])))


@pytest.fixture
def kernels(folder, database):
    made = Kernels(folder, database)
    yield made
    made.kernel.close()


def test_after_a_kernel_was_killed_a_new_one_completes_the_run(kernels, tally):
    for number in range(scaled(KILLS)):
        cell = (UP, DOWN)[number % 2]
        kernels.killed(cell)
        kernels.completed(cell, tally)
    tally.done(rows.KERNEL_KILLED, kernels.database.kind)


def test_after_a_kernel_was_killed_while_resuming_a_new_one_completes_the_run(kernels, tally):
    for number in range(scaled(KILLS) // 2 or 1):
        cell = (UP, DOWN)[number % 2]
        kernels.killed(cell)
        kernels.resume_killed()
        kernels.completed(cell, tally)
    tally.done(rows.KERNEL_KILLED_IN_RESUME, kernels.database.kind)
