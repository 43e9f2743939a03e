"""Real notebook kernels: Stop at a random moment, and two kernels that upgrade at once."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import rows
from chain import CHAIN, write_project
from clean_runs import CleanRuns
from databases import Database
from notebook_kernel import Kernel
from recovery import disturb
from results import Tally
from scale import scaled

from tests.patience import patience

pytestmark = pytest.mark.torture

STOPS = 40
ROUNDS = 100
READINGS = 20
LONGEST = 2
"""Seconds after which an interrupted cell must have ended."""

_NAMED = re.compile(r"the database is at (\w+)\.")


_OURS = re.compile(r"\b(mig_ipython|kernel_core)/")


def untidy(shown: list[str], seconds: float, tally: Tally) -> list[str]:
    """Return what is wrong with the end of an interrupted cell.

    Where the command has ended already, the kernel is displaying its result: it shows a traceback of the kernel's code, as
    for any cell.
    """
    tally.took(seconds)
    wrong = [text for text in shown if len(text.splitlines()) > 2 and _OURS.search(text)]
    return [*wrong, f"{seconds:.1f} s until the end"] if seconds > patience(LONGEST) else wrong


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with the first four revisions of the chain."""
    write_project(tmp_path, CHAIN[:4])
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
    return tmp_path


@pytest.fixture
def kernel(folder: Path, database: Database) -> Iterator[Kernel]:
    started = Kernel(folder, database.url)
    yield started
    started.close()


@pytest.fixture
def second_kernel(folder: Path, database: Database) -> Iterator[Kernel]:
    started = Kernel(folder, database.url)
    yield started
    started.close()


def test_two_kernels_that_upgrade_at_once_apply_each_revision_once(kernel, second_kernel, database, tally):
    kernels = (kernel, second_kernel)
    for number in range(scaled(ROUNDS)):
        requests = [each.send("%mig_upgrade") for each in kernels]
        wrong = [str(error) for each, sent in zip(kernels, requests, strict=True) for error in each.wait(sent)]
        if database.heads() != ["r04_batch"]:
            wrong.append(f"round {number}: {database.heads()}")
        tally.add("\n".join(wrong))
        kernels[0].run("%mig_downgrade base --yes")
    tally.done(rows.TWO_KERNELS, database.kind)


_READING = """
import os
counted = 0
while not os.path.exists({ended!r}):
    for name in ("mig", "mig_current", "mig_history"):
        get_ipython().run_line_magic(name, "")
        counted += 1
open({counted!r}, "w").write(str(counted))
"""


def test_a_kernel_that_reads_does_not_fail_while_others_run(kernel, folder, server, database, tally):
    others, moments = CleanRuns(server, str(folder / "alembic.ini"), database), random.Random(14)
    for number in range(scaled(READINGS)):
        ended, counted = folder / f"ended{number}", folder / f"counted{number}"
        request = kernel.send(_READING.format(ended=str(ended), counted=str(counted)))
        try:
            disturb(others, moments)
        finally:
            ended.touch()
        wrong = [f"round {number}: {error}" for error in kernel.wait(request)]
        tally.add("\n".join(wrong), 1 if wrong else int(counted.read_text()))
    tally.done(rows.KERNEL_READER, database.kind)


def test_stop_at_a_random_moment_of_a_run_says_where_the_database_is(kernel, database, tally):
    moments = random.Random(14)
    kernel.run("%mig_upgrade")
    kernel.run("%mig_downgrade base --yes")
    whole = kernel.run("%mig_upgrade")
    kernel.run("%mig_downgrade base --yes")
    for _ in range(scaled(STOPS)):
        shown, seconds = kernel.stop("%mig_upgrade", moments.uniform(0, whole))
        wrong = untidy(shown, seconds, tally)
        at = "".join(database.heads()) or "base"
        wrong += [f"{text} (is at {at})" for text in shown for said in _NAMED.findall(text) if said != at]
        tally.add("\n".join(wrong))
        kernel.complete("%mig_upgrade")
        kernel.run("%mig_downgrade base --yes")
    tally.done(rows.KERNEL_INTERRUPTED, database.kind)


# ---- where no revision runs ------------------------------------------------------------------------------------------

_MODELS = """%%mig_models
import sqlalchemy as sa
metadata = sa.MetaData()
sa.Table("account", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("mail", sa.String(40), index=True))
for number in range(4):
    sa.Table(f"made{number}", metadata, sa.Column("id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True))
"""


@pytest.mark.parametrize(
    "cell", ["%mig_autogenerate metadata -m made --accept all --write", "%mig_upgrade --sql"], ids=["write", "render"]
)
def test_stop_while_autogenerating_or_rendering_leaves_nothing_half(kernel, folder, database, cell, tally):
    versions, moments = folder / "migrations" / "versions", random.Random(14)
    if "--write" in cell:
        kernel.run("%mig_upgrade")
        kernel.run(_MODELS)
    before, own = database.fingerprint(), {path.name for path in versions.glob("*")} | {"__pycache__"}
    whole = kernel.run(cell)
    for _ in range(scaled(STOPS)):
        for path in versions.glob("*"):
            if path.name not in own:
                path.unlink()
        shown, seconds = kernel.stop(cell, moments.uniform(0, whole))
        wrong = untidy(shown, seconds, tally)
        wrong += [path.name for path in versions.glob("*") if path.name not in own and not _is_whole(path)]
        if database.fingerprint() != before:
            wrong.append("the database was changed")
        tally.add("\n".join(wrong))
        kernel.run("%mig_current")
    tally.done(rows.KERNEL_AUTOGENERATE_INTERRUPTED, database.kind)


def _is_whole(path: Path) -> bool:
    """Return whether a version file is complete: its last function is the downgrade."""
    return path.suffix == ".py" and "def downgrade" in path.read_text()


@pytest.fixture
def slow_folder(folder: Path) -> Path:
    """An environment whose only revision waits until the file ``go_on`` is in the folder, and creates ``begun``."""
    for path in (folder / "migrations" / "versions").glob("*.py"):
        path.unlink()
    upgrade = f"""
import os, time
open({str(folder / "begun")!r}, "w").close()
while not os.path.exists({str(folder / "go_on")!r}):
    time.sleep(0.01)
op.create_table("slow", sa.Column("id", sa.Integer))
"""
    body = "".join(f"    {line}\n" for line in upgrade.strip().splitlines())
    imports = "import sqlalchemy as sa\nfrom kernel_core import op\n"
    text = f'{imports}revision, down_revision = "s01", None\ndef upgrade():\n{body}def downgrade():\n    pass\n'
    (folder / "migrations" / "versions" / "s01.py").write_text(text)
    return folder


def test_stop_while_a_kernel_waits_for_the_run_lock(server, slow_folder, kernel, database, tally):
    moments = random.Random(14)
    holder = server.start(["-c", str(slow_folder / "alembic.ini"), "upgrade", "head"], database.url)
    while not (slow_folder / "begun").exists():
        time.sleep(0.01)
    for _ in range(scaled(STOPS)):
        shown, seconds = kernel.stop("%mig_upgrade", 0.5 + moments.uniform(0, 1))
        wrong = untidy(shown, seconds, tally)
        if not shown:
            wrong.append("the cell ended without an interrupt")
        tally.add("\n".join(wrong))
    (slow_folder / "go_on").touch()
    assert holder.wait().status == 0
    kernel.run("%mig_upgrade")
    assert database.heads() == ["s01"]
    tally.done(rows.KERNEL_WAITER_INTERRUPTED, database.kind)
