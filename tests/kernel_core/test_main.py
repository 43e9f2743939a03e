"""``mig`` as a process: Ctrl-C before its command begins, and after it ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_INTERRUPTS = """
import atexit, os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background process of a shell inherits that it is ignored

class Importing:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Importing())
if "{module}" == "exit":
    atexit.register(os.kill, os.getpid(), signal.SIGINT)
"""


def interrupted(folder: Path, module: str) -> tuple[int, str]:
    """Run ``mig --version`` and interrupt it while a module is imported; return its exit code and its stderr."""
    (folder / "sitecustomize.py").write_text(_INTERRUPTS.format(module=module))
    environ = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "COVERAGE_PROCESS_START": ""}
    argv = [sys.executable, "-m", "kernel_core", "--version"]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, cwd=folder)
    return done.returncode, done.stderr


@pytest.mark.parametrize("module", ["kernel_core.config", "kernel_core.script"])
def test_an_interrupt_while_the_engine_is_imported_shows_no_traceback(tmp_path, module):
    assert interrupted(tmp_path, module) == (130, "Stopped.\n")


def test_an_interrupt_while_python_exits_shows_no_traceback(tmp_path):
    assert interrupted(tmp_path, "exit") == (-signal.SIGINT, "")
