"""The process in a name is found to run or to have ended."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

import pytest

from kernel_core.util.process_names import maker_of, process_name

linux = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="elsewhere a process with this number counts")


def made_by(pid: int, at: int) -> str:
    """Return a name that a process made at a time."""
    return re.sub(r"_\d+_\d+_", f"_{pid}_{at}_", process_name("mig_copy", "x"))


def test_this_process_runs():
    maker = maker_of(process_name("mig_copy", "x"), "mig_copy")
    assert maker is not None
    assert maker.on_this_host
    assert not maker.has_ended


def test_a_name_of_something_else_has_no_maker():
    assert maker_of("mig_copy_of_mine", "mig_copy") is None


@linux
def test_a_process_that_only_has_the_same_number_is_another_one():
    maker = maker_of(made_by(os.getpid(), int(time.time()) - 10**6), "mig_copy")
    assert maker is not None
    assert maker.has_ended


@pytest.mark.sweep
@linux
def test_a_process_runs_although_nobody_looked_at_it_before():
    started = int(time.time())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        maker = maker_of(made_by(process.pid, started), "mig_copy")
        assert maker is not None
        time.sleep(3.5)  # the times of a folder in /proc are those of the first look
        assert not maker.has_ended
        process.kill()
    assert maker.has_ended
