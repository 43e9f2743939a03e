"""The lock where the module fcntl is empty, as in a browser: the file is the lock."""

from __future__ import annotations

import os
import sys
import threading
import time
import types

import pytest

from kernel_core.util.file_lock import STALE_AFTER, FileLock


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", types.ModuleType("fcntl"))
    monkeypatch.setattr(sys, "platform", "emscripten")
    return str(tmp_path / "x.lock")


def in_thread(function):
    """What the function returns in another thread, which is another holder as another kernel is."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_only_one_holds_it_and_the_file_names_the_holder(path):
    first, second = FileLock(path), FileLock(path)
    assert first.acquire()
    assert not in_thread(second.acquire)
    assert second.holder().startswith("a notebook in this browser (since ")
    first.release()
    assert not os.path.exists(path)
    assert in_thread(second.acquire)


def test_it_is_reentrant_and_the_last_release_deletes_the_file(path):
    lock = FileLock(path)
    assert lock.acquire()
    assert FileLock(path).acquire()
    lock.release()
    assert os.path.exists(path)
    lock.release()
    assert not os.path.exists(path)


@pytest.mark.parametrize(("age", "taken"), [(STALE_AFTER - 5, False), (STALE_AFTER + 5, True)])
def test_a_file_that_an_ended_kernel_left_is_taken_over_when_it_is_old(path, age, taken):
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("a notebook in this browser (since 12:00:00)")
    os.utime(path, (time.time() - age,) * 2)
    lock = FileLock(path)
    assert lock.acquire() is taken
    assert ("12:00:00" in lock.holder()) is not taken
    lock.release()


def test_a_folder_that_is_missing_is_an_error(path):
    with pytest.raises(FileNotFoundError):
        FileLock(os.path.join(path, "inside")).acquire()
