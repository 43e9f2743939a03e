"""Waiting for a locked database file: SQLite is asked repeatedly, so that the wait is reported and can be stopped.

Inside SQLite's own busy handler no signal is handled. How long it is asked is the connection's busy timeout, by default
five seconds. (https://sqlite.org/pragma.html#pragma_busy_timeout)
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain, repeat

from sqlalchemy.engine import Connection, Transaction

from ..lock_wait import Holder, LockWait, OnLockWait, lock_failure
from .pragma import commit, is_usable, main_file, pragma, set_pragma

_FIRST_POLL, _LAST_POLL = 0.005, 0.1


def while_locked(connection: Connection, attempt: Callable[[], object], on_wait: OnLockWait) -> None:
    """Call ``attempt`` until the file is not locked, as long as the connection's busy timeout; then raise its error."""
    if connection.dialect.is_async:  # to wait here would stop the event loop, and with it perhaps the holder
        attempt()
        return
    limit = int(str(pragma(connection, "busy_timeout") or 0))
    set_pragma(connection, "busy_timeout", "0")
    start, poll = time.monotonic(), _FIRST_POLL
    try:
        while True:
            try:
                attempt()
                return
            except Exception as error:
                seconds = time.monotonic() - start
                if lock_failure(error) != "timeout" or seconds >= limit / 1000:
                    raise
            on_wait(lambda: _wait(connection), seconds)
            time.sleep(min(poll, max(0.0, limit / 1000 - seconds)))
            poll = min(2 * poll, _LAST_POLL)
    finally:
        if is_usable(connection):
            set_pragma(connection, "busy_timeout", str(limit))


def commit_while_locked(connection: Connection, transaction: Transaction, on_wait: OnLockWait) -> None:
    """Commit SQLAlchemy's transaction, which a reader of the file can delay; where that fails, the driver's."""
    attempts: Iterator[Callable[[], object]] = chain([transaction.commit], repeat(partial(commit, connection)))
    count = 0

    def attempt() -> None:
        nonlocal count
        count += 1
        next(attempts)()

    try:
        while_locked(connection, attempt, on_wait)
    except BaseException:
        transaction.rollback()  # else SQLAlchemy takes it for open
        raise
    if count > 1:
        transaction.rollback()  # SQLAlchemy keeps a transaction whose own commit failed; the driver has ended it


@contextmanager
def limited_waits(connection: Connection, seconds: float) -> Iterator[None]:
    """Limit how long the block waits for a lock on the file."""
    before = pragma(connection, "busy_timeout")
    set_pragma(connection, "busy_timeout", str(round(seconds * 1000)))
    try:
        yield
    finally:
        if is_usable(connection):
            set_pragma(connection, "busy_timeout", str(before))


def _wait(connection: Connection) -> LockWait:
    driver = connection.connection.driver_connection
    path = main_file(driver) if isinstance(driver, sqlite3.Connection) else ""
    lock = f"the database file {os.path.basename(path)}" if path else "the database"
    others = _owners(path) - {os.getpid()} or _owners(path)
    return LockWait(lock, tuple(Holder("process", each, application=_program(each)) for each in sorted(others)))


def _owners(path: str) -> set[int]:
    """Return the processes that lock the file, as far as the operating system lists them (Linux: /proc/locks).

    The file itself must not be opened for that: to close it again would release the locks of this process.
    """
    files = {place for each in (path, f"{path}-shm") if path and (place := _place(each))}
    try:
        with open("/proc/locks", encoding="ascii", errors="replace") as stream:
            found = [line.split() for line in stream]
    except OSError:
        return set()
    # 1: POSIX  ADVISORY  WRITE 1234 08:01:5678 1073741826 1073742335
    owners = [each[4] for each in found if len(each) >= 6 and each[1] == "POSIX" and each[5] in files]
    return {int(owner) for owner in owners if owner.isdigit()} - {0}


def _place(path: str) -> str:
    """Return a file's device and inode as /proc/locks writes them, "" if there is no such file."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"


def _program(process: int) -> str:
    with suppress(OSError), open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as stream:
        return stream.read().strip()
    return ""
