"""Ctrl-C where no revision runs: while waiting for the run lock, rendering SQL, and comparing models with the database.

Nothing was begun, so nothing may be left: no traceback, no half-written version file, no lock.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import rows
from chain import CHAIN, Revision, write_project
from databases import Database
from results import Tally
from runs import Ended, ForkServer, Run
from scale import scaled, spread

from tests.patience import patience

pytestmark = pytest.mark.torture

ROOT = Path(__file__).parents[2]
RANDOM_MOMENTS = 150
LONGEST = 2
"""Seconds after which an interrupted run must have ended."""

_MODELS = """import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("account", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("mail", sa.String(40), index=True))
for number in range(4):
    sa.Table(f"made{number}", metadata, sa.Column("id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True))
"""


@dataclass
class Commands:
    """Runs of ``mig`` in one environment, on one database."""

    server: ForkServer
    ini: str
    database: Database

    def start(self, *argv: str, at: int = 0) -> Run:
        """Start a command; ``at`` is the number of the driver call before which it is interrupted."""
        return self.server.start(["-c", self.ini, *argv], self.database.url, at=at, action="interrupt")

    def succeed(self, *argv: str) -> Ended:
        """Run a command that must not fail."""
        ended = self.start(*argv).wait()
        assert ended.status == 0, ended.printed
        return ended


def stopped(run: Run, after: float, tally: Tally) -> tuple[Ended, list[str]]:
    """Interrupt a run after so many seconds; return how it ended, and what is wrong with that."""
    time.sleep(after)
    run.signal(signal.SIGINT)
    sent = time.monotonic()
    ended = run.wait()
    seconds = time.monotonic() - sent
    tally.took(seconds)
    return ended, untidy(ended, seconds)


def untidy(ended: Ended, seconds: float) -> list[str]:
    """Return what is wrong with the end of a command that was interrupted."""
    wrong = [] if ended.status in (0, 130) else [f"exit code {ended.status}"]
    if "Traceback" in ended.printed or "FAILED" in ended.printed:
        wrong.append("an error is shown")
    if seconds > patience(LONGEST):
        wrong.append(f"{seconds:.1f} s until the end")
    return [*wrong, ended.printed] if wrong else []


# ---- while waiting for the run lock ----------------------------------------------------------------------------------


@pytest.fixture
def held(server, tmp_path, database) -> Iterator[tuple[Commands, Path]]:
    """A run that holds the run lock until the file that is returned exists."""
    begun, go_on = tmp_path / "begun", tmp_path / "go_on"
    upgrade = f"""
        import os, time
        open({str(begun)!r}, "w").close()
        while not os.path.exists({str(go_on)!r}):
            time.sleep(0.01)
        op.create_table("slow", sa.Column("id", sa.Integer))
        """
    commands = Commands(server, write_project(tmp_path, (Revision("s01", upgrade, "pass"),)), database)
    holder = commands.start("upgrade", "head")
    while not begun.exists():
        time.sleep(0.01)
    yield commands, go_on
    go_on.touch()
    ended = holder.wait()
    assert ended.status == 0, ended.printed
    assert database.heads() == ["s01"]


@pytest.mark.parametrize("verb", [("upgrade", "head"), ("stamp", "head")], ids=["upgrade", "stamp"])
def test_a_run_that_waits_for_another_one_can_be_interrupted_at_any_moment(held, verb, tally):
    (commands, _), moments = held, random.Random(14)
    for _ in range(scaled(30)):
        run, started = commands.start(*verb), time.monotonic()
        while "Waiting for another run" not in run.output.read_text():
            assert run.is_running(), run.output.read_text()
            assert time.monotonic() - started < 30
            time.sleep(0.01)
        ended, wrong = stopped(run, moments.uniform(0, 1), tally)
        if ended.status != 130:
            wrong.append(f"exit code {ended.status}")
        tally.add("\n".join(wrong))
    tally.done(rows.WAITER_INTERRUPTED, commands.database.kind)


# ---- while SQL is rendered -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [("upgrade", "head"), ("downgrade", "r12_constraints:base")], ids=["up", "down"])
def test_rendering_can_be_interrupted_at_any_moment(server, ini, database, verb, tally):
    commands, moments = Commands(server, ini, database), random.Random(14)
    began = time.monotonic()
    whole = commands.succeed(*verb, "--sql")
    seconds = time.monotonic() - began
    before = database.fingerprint()
    for _ in range(scaled(RANDOM_MOMENTS)):
        ended, wrong = stopped(commands.start(*verb, "--sql"), moments.uniform(0, seconds), tally)
        if ended.status == 0 and ended.printed != whole.printed:
            wrong.append("the script is not whole, and the exit code is 0")
        if database.fingerprint() != before:
            wrong.append("the database was changed")
        tally.add("\n".join(wrong))
    tally.done(rows.RENDERING_INTERRUPTED, database.kind)


# ---- while autogenerating --------------------------------------------------------------------------------------------


@pytest.fixture
def models(server, tmp_path, database) -> Commands:
    """An environment with models that differ from the database, which is at the head."""
    ini = write_project(tmp_path, CHAIN[:1])
    (tmp_path / "models.py").write_text(_MODELS)
    env = tmp_path / "migrations" / "env.py"
    text = env.read_text()
    given = 'config.attributes.get("target_metadata")'
    assert text.count(given) == 1
    loaded = f"import runpy\n\ntarget_metadata = runpy.run_path({str(tmp_path / 'models.py')!r})['metadata']"
    env.write_text(text.replace(f"target_metadata = {given}", loaded))
    commands = Commands(server, ini, database)
    commands.succeed("upgrade", "head")
    return commands


def left_by(commands: Commands, ended: Ended, before: object) -> list[str]:
    """Return what is wrong with the folder or the database after ``revision --autogenerate``, and tidy up."""
    folder = Path(commands.ini).parent / "migrations" / "versions"
    files = sorted(path for path in folder.iterdir() if path.name not in ("r01_create.py", "__pycache__"))
    wrong = [f"{path.name} was left" for path in files if path.suffix != ".py"]
    for path in files:
        if path.suffix == ".py":
            try:
                compile(path.read_text(), path.name, "exec")
            except SyntaxError as error:
                wrong.append(f"{path.name} is not whole: {error}")
        path.unlink()
    if ended.status == 0 and len(files) != 1:
        wrong.append(f"exit code 0, and {len(files)} files")
    if commands.database.fingerprint() != before:
        wrong.append("the database was changed")
    return wrong


def test_autogenerating_can_be_interrupted_before_any_driver_call(models, tally):
    before = models.database.fingerprint()
    whole = models.succeed("revision", "--autogenerate", "-m", "made")
    assert not left_by(models, whole, before)
    every = len(whole.calls) + 1
    for number in spread(every, scaled(every)):
        ended = models.start("revision", "--autogenerate", "-m", "made", at=number).wait()
        tally.took(ended.seconds or 0.0)
        wrong = untidy(ended, ended.seconds or 0.0) + left_by(models, ended, before)
        tally.add("\n".join([f"before call {number}, {whole.calls[number - 1 : number]}:", *wrong]) if wrong else "")
    tally.done(rows.AUTOGENERATE_INTERRUPTED, models.database.kind)


def test_autogenerating_can_be_interrupted_at_any_moment(models, tally):
    before, moments = models.database.fingerprint(), random.Random(14)
    began = time.monotonic()
    whole = models.succeed("revision", "--autogenerate", "-m", "made")
    seconds = time.monotonic() - began
    assert not left_by(models, whole, before)
    for _ in range(scaled(RANDOM_MOMENTS)):
        after = moments.uniform(0, seconds)
        ended, wrong = stopped(models.start("revision", "--autogenerate", "-m", "made"), after, tally)
        wrong += left_by(models, ended, before)
        tally.add("\n".join([f"after {after:.4f} s:", *wrong]) if wrong else "")
    tally.done(rows.AUTOGENERATE_INTERRUPTED, models.database.kind)


# ---- a whole process -------------------------------------------------------------------------------------------------

STARTED = 'open({path!r}, "w").close()'
"""A sitecustomize module: Python has started."""


@pytest.fixture
def start_process(ini, database, tmp_path) -> Callable[[], subprocess.Popen[str]]:
    """Start ``mig current``, and return when Python has started."""
    started = tmp_path / "started"
    (tmp_path / "sitecustomize.py").write_text(STARTED.format(path=str(started)))
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "DATABASE_URL": database.url}
    # A program that was started in the background ignores SIGINT, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def start() -> subprocess.Popen[str]:
        started.unlink(missing_ok=True)
        argv = [sys.executable, "-m", "kernel_core", "-c", ini, "current"]
        process = subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while not started.exists() and process.poll() is None:
            time.sleep(0.002)
        return process

    return start


def test_a_process_can_be_interrupted_at_any_moment(start_process, database, tally):
    moments, began = random.Random(14), time.monotonic()
    start_process().communicate()
    seconds = time.monotonic() - began
    for _ in range(scaled(50)):
        process = start_process()
        after = moments.uniform(0.01, seconds)
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        printed = process.communicate()[0]
        ended = Ended(process.returncode if process.returncode != -signal.SIGINT else 130, printed)
        tally.took(time.monotonic() - sent)
        is_own = "kernel_core" in printed or "Traceback" not in printed  # not of Python itself, which still starts
        wrong = untidy(ended, time.monotonic() - sent) if is_own else []
        tally.add("\n".join([f"after {after:.3f} s:", *wrong]) if wrong else "")
    tally.done(rows.PROCESS_INTERRUPTED, database.kind)
