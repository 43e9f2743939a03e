"""Waiting for the run lock: one upgrade, downgrade or stamp at a time for each version table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Table

from ..ddl import DefaultImpl
from ..ddl.run_lock import RunLock
from ..util.exc import RunLocked
from .lock_settings import LockSettings, OnWait

_FIRST_POLL = 0.05
_LAST_POLL = 1.0
_REPORT_AFTER = 0.3
"""Seconds after which a waiting run is reported: a shorter wait is not worth a message."""


def lock_of(impl: DefaultImpl, connection: Connection | None, table: Table) -> RunLock | None:
    """Return the run lock of a version table; None offline, and on a database that has none."""
    if not isinstance(connection, Connection):
        return None
    return impl.run_lock(connection, table, borrowed=connection.in_transaction())


@contextmanager
def locked(impl: DefaultImpl, connection: Connection | None, table: Table, settings: LockSettings) -> Iterator[bool]:
    """Hold the run lock during the block; the value is False where there is none, or it is switched off.

    The wait can be interrupted. Raises RunLocked after the timeout.
    """
    lock = lock_of(impl, connection, table) if settings.enabled else None
    if lock is None:
        yield False
        return
    try:
        _wait_for(lock, table.fullname, settings.timeout, settings.on_wait)
        yield True
    finally:
        lock.release()


def _wait_for(lock: RunLock, table: str, timeout: float | None, on_wait: OnWait) -> None:
    start, poll, reported = time.monotonic(), _FIRST_POLL, None
    while not lock.acquire():
        seconds = time.monotonic() - start
        if timeout is not None and seconds >= timeout:
            raise RunLocked(table, lock.holder(), seconds)
        if seconds >= _REPORT_AFTER and (holder := lock.holder()) != reported:
            reported = holder
            on_wait(f"Waiting for another run on {table}{f', {holder}' if holder else ''}.")
        time.sleep(poll if timeout is None else max(0.0, min(poll, timeout - seconds)))
        poll = min(2 * poll, _LAST_POLL)
