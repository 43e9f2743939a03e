"""One process or thread at a time writes revisions; the holder is named, and a killed holder frees the lock."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kernel_core.script import ScriptDirectory, writing_lock
from kernel_core.util import file_lock
from kernel_core.util.exc import CommandError, EnvironmentBusy, RevisionError
from kernel_core.util.file_lock import FileLock

HOLD = """
import sys, time
from kernel_core.script import ScriptDirectory
with ScriptDirectory(sys.argv[1]).writing():
    print("held", flush=True)
    time.sleep(60)
"""
WRITE = """
import sys
from kernel_core.script import ScriptDirectory
scripts = ScriptDirectory(sys.argv[1])
for number in range(3):
    scripts.generate_revision(sys.argv[2] + str(number), "one of many")
"""


@pytest.fixture
def holder(folder):
    """Another process that holds the lock of the folder."""
    with subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_after_the_timeout_the_error_names_the_holder(folder, holder):
    lock = ScriptDirectory(folder).writing(timeout=0.1)
    with pytest.raises(EnvironmentBusy, match=rf"written to by .* \(process {holder.pid}, since") as caught, lock:
        pytest.fail("two hold it")
    assert caught.value.directory == os.path.realpath(folder)
    assert str(holder.pid) in caught.value.holder


def test_nothing_is_written_while_another_one_writes(folder, holder, monkeypatch):
    monkeypatch.setattr(ScriptDirectory, "writing", lambda self: writing_lock.writing((self.dir,), 0.1))
    with pytest.raises(EnvironmentBusy):
        ScriptDirectory(folder).generate_revision("a", "x")
    assert not os.listdir(folder / "versions")


def test_a_killed_holder_frees_the_lock(folder, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (folder / writing_lock.NAME).exists()
    with ScriptDirectory(folder).writing(timeout=0):
        assert str(os.getpid()) in (folder / writing_lock.NAME).read_text()
    assert not (folder / writing_lock.NAME).exists()


def test_the_same_thread_may_enter_again_and_the_lock_file_is_deleted(folder):
    scripts = ScriptDirectory(folder)
    with scripts.writing(), scripts.writing():
        assert (folder / writing_lock.NAME).exists()
        scripts.generate_revision("a", "x")
        assert (folder / writing_lock.NAME).exists()
    assert sorted(os.listdir(folder)) == ["env.py", "script.py.mako", "versions"]
    assert not FileLock._depths


def test_an_error_frees_the_lock(folder):
    scripts = ScriptDirectory(folder)
    with pytest.raises(ZeroDivisionError), scripts.writing():
        _ = 1 / 0
    with scripts.writing(timeout=0):
        pass


def test_another_thread_waits_and_then_sees_what_was_written(folder):
    scripts = ScriptDirectory(folder)
    inside = threading.Event()

    def other() -> None:
        inside.set()
        ScriptDirectory(folder).generate_revision("b", "after")

    thread = threading.Thread(target=other)
    with scripts.writing():
        thread.start()
        inside.wait(5)
        time.sleep(0.1)
        assert scripts.generate_revision("a", "before").down_revision is None
    thread.join(10)
    assert ScriptDirectory(folder).get_revision("b").down_revision == "a"


@pytest.mark.slow
def test_processes_that_write_at_once_write_one_line_of_descent(folder):
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, folder, name]) for name in "pqr"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    found = ScriptDirectory(folder)
    assert len(found.get_heads()) == len(found.get_bases()) == 1
    assert len(found.map) == 9
    assert not found.broken


def test_a_parent_that_is_no_longer_a_head_is_refused(folder, put):
    put("a")
    seen = ScriptDirectory(folder)
    assert seen.get_heads() == ["a"]
    ScriptDirectory(folder).generate_revision("b", "theirs")
    with pytest.raises(RevisionError, match="a is not a head"):
        seen.generate_revision("c", "ours", head="a")


@pytest.mark.parametrize("fault", [ImportError("no fcntl"), OSError(38, "not implemented")])
def test_without_file_locks_writing_is_not_locked(folder, monkeypatch, fault):
    def none(handle: int) -> None:
        raise fault

    monkeypatch.setattr(file_lock, "_lock", none)
    assert ScriptDirectory(folder).generate_revision("a", "x").revision == "a"
    assert not (folder / writing_lock.NAME).exists()


def test_a_file_system_that_fails_while_it_locks_is_not_taken_for_another_writer(folder, monkeypatch):
    def fails(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(file_lock, "_lock", fails)
    with pytest.raises(OSError, match="Input/output error"):
        FileLock(str(folder / writing_lock.NAME)).acquire()


def test_a_folder_that_cannot_be_written_to_is_named(folder, monkeypatch):
    real = os.open

    def refused(path, flags, *mode):
        if str(path).endswith(writing_lock.NAME):
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags, *mode)

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(CommandError, match=r"migrations cannot be written to \(Permission denied\)"):
        ScriptDirectory(folder).generate_revision("a", "x")


def test_the_lock_file_is_in_a_writable_folder(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name == "versions")
    with ScriptDirectory(folder).writing():
        assert (folder / "versions" / writing_lock.NAME).exists()
        assert not ScriptDirectory(folder).map
