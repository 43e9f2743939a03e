"""Two notebooks of one lesson: the second one must not reset the folder in which the first one works."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.lab.workshop import workshop_of
from mig_ipython.session import session_of

OTHER = """
import sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
shell.run_line_magic("load_ext", "mig_ipython")
for line in sys.stdin:
    result = shell.run_cell(line)
    print("DONE", type(result.error_in_exec).__name__, flush=True)
"""


class OtherKernel:
    """Another process with the extension, in the same folder."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", OTHER]
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def run(self, line: str) -> str:
        """Run a line; return the type of its error, "NoneType" without one."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return next(each.split()[1] for each in self.process.stdout if each.startswith("DONE "))

    def end(self) -> None:
        """Kill it, as a kernel that is shut down."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def other(lesson, tmp_path) -> Iterator[OtherKernel]:
    kernel = OtherKernel(tmp_path)
    yield kernel
    kernel.end()


@pytest.mark.slow
@pytest.mark.costly
@pytest.mark.parametrize(
    ("command", "resets"),
    [
        ("%mig_lab start 90", True),
        ("%mig_lab reset 90", True),
        ("%mig_lab reset 90.1", True),
        ("%mig_lab begin 90.1", False),
    ],
)
def test_the_folder_of_another_notebook_is_not_reset(lesson, other, tmp_path, command, resets):
    assert other.run("%mig_lab start 90") == "NoneType"
    own = tmp_path / "workshop" / "lesson_90" / "own.txt"
    own.write_text("work of the first notebook")
    shown = lesson.fail(command)
    assert "Another notebook is open in lesson 90" in shown
    assert "%mig_lab start 90 --yes" in shown
    assert own.exists()
    assert lesson.run("%mig_lab progress").total  # what writes nothing is not refused
    other.end()
    lesson.run(command)
    assert own.exists() is not resets


@pytest.mark.slow
def test_a_confirmed_start_resets_the_folder_and_the_first_notebook_learns_of_it(lesson, other):
    lesson.run("%mig_lab start 90")
    assert other.run("%mig_lab start 90") == "MigError"
    assert other.run("%mig_lab start 90 --yes") == "NoneType"
    assert other.run("%mig_lab begin 90.1") == "NoneType"
    result = lesson.run("%%mig_lab 90.1\ndesk.show('airlines')")
    assert "Another notebook has worked in `workshop/lesson_90` meanwhile" in result.note
    assert "Another notebook" not in lesson.run("%%mig_lab 90.1\ndesk.show('airlines')").note


@pytest.mark.slow
def test_a_notebook_gives_a_lesson_up_when_it_begins_another(lesson, other):
    lesson.run("%mig_lab start 90")
    lesson.run("%mig_lab start 1")
    assert other.run("%mig_lab start 90") == "NoneType"
    assert other.run("%mig_lab start 1") == "MigError"


@pytest.mark.sweep
def test_in_a_browser_there_is_no_lock_and_nothing_is_refused(lesson, other, monkeypatch):
    assert other.run("%mig_lab start 90") == "NoneType"
    claim = workshop_of(session_of(lesson.shell)).claim
    with pytest.raises(CommandError, match="Another notebook"):
        claim.take(90)
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert claim.take(90) is None
