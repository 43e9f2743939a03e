"""Waiting for the run lock: one upgrade, downgrade or stamp at a time for each version table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..ddl.run_lock import RunLock
from ..util.exc import RunLocked

_FIRST_POLL = 0.05
_LAST_POLL = 1.0
_REPORT_AFTER = 0.5
"""Seconds after which a waiting run is reported: a shorter wait is not worth a message."""

OnWait = Callable[[str], object]
"""Called with a sentence that names the holder, and again when the holder changes."""


@contextmanager
def held(lock: RunLock | None, table: str, timeout: float | None, on_wait: OnWait) -> Iterator[bool]:
    """Hold the run lock during the block; the value is whether it had to be waited for.

    ``lock`` is None if the database has none; ``table`` is the version table, for messages. Without a ``timeout`` (in
    seconds) the wait has no limit; it can be interrupted. Raises RunLocked after ``timeout`` seconds.
    """
    if lock is None:
        yield False
        return
    waited = _wait_for(lock, table, timeout, on_wait)
    try:
        yield waited
    finally:
        lock.release()


def _wait_for(lock: RunLock, table: str, timeout: float | None, on_wait: OnWait) -> bool:
    """Acquire the lock; return whether another run held it at first."""
    start, poll, reported, waited = time.monotonic(), _FIRST_POLL, None, False
    while not lock.acquire():
        waited = True
        seconds = time.monotonic() - start
        if timeout is not None and seconds >= timeout:
            raise RunLocked(table, lock.holder(), seconds)
        if seconds >= _REPORT_AFTER and (holder := lock.holder()) != reported:
            reported = holder
            on_wait(f"Waiting for another run on {table}{f', {holder}' if holder else ''}.")
        time.sleep(poll if timeout is None else max(0.0, min(poll, timeout - seconds)))
        poll = min(2 * poll, _LAST_POLL)
    return waited
