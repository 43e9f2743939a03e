"""The lock of an environment's files: one thread, program or person at a time writes revisions."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..util.exc import CommandError, EnvironmentBusy
from ..util.file_lock import FileLock

NAME = ".writing.lock"
TIMEOUT = 10.0
"""Seconds to wait for another process to finish writing."""

_POLL = 0.05


@contextmanager
def writing(folders: Sequence[str], timeout: float = TIMEOUT) -> Iterator[None]:
    """Hold the lock of an environment; its file is in the first of the ``folders`` that can be written to.

    The lock is reentrant. Raises EnvironmentBusy after ``timeout`` seconds, CommandError if no folder is writable.
    """
    lock = FileLock(os.path.join(_folder(folders), NAME))
    _acquire(lock, timeout)
    try:
        yield
    finally:
        lock.release()


def _folder(folders: Sequence[str]) -> str:
    existing = [os.path.realpath(folder) for folder in folders if os.path.isdir(folder)]
    return next((folder for folder in existing if os.access(folder, os.W_OK)), existing[0])


def _acquire(lock: FileLock, timeout: float) -> None:
    start, directory = time.monotonic(), os.path.dirname(lock.path)
    try:
        while not lock.acquire():
            waited = time.monotonic() - start
            if waited >= timeout:
                raise EnvironmentBusy(directory, lock.holder(), waited)
            time.sleep(min(_POLL, timeout - waited))
    except OSError as error:
        raise CommandError(f"{directory} cannot be written to ({error.strerror or error}).") from error
