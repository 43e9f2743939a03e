"""Waiting for the run lock: one upgrade, downgrade or stamp at a time for each version table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
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


def lock_of(
    impl: DefaultImpl, connection: Connection | None, table: Table, looks_for: tuple[str, ...] = ()
) -> RunLock | None:
    """Return the run lock of a version table; None offline, and on a database that has none."""
    if not isinstance(connection, Connection):
        return None
    return impl.run_lock(connection, table, borrowed=connection.in_transaction(), looks_for=looks_for)


class HeldLock:
    """The run lock during a run: tried before the first read where that costs less, and waited for by `wait`.

    ``found`` are the tables, of those that it looked for, that existed when it was tried; None where it did not look.
    """

    def __init__(self, make: Callable[[], RunLock | None], table: str, settings: LockSettings) -> None:
        self._make, self._table, self._settings = make, table, settings
        self._lock: RunLock | None = None
        self.is_held = False
        self.found: frozenset[str] | None = None

    def try_early(self) -> None:
        """Acquire the lock if it is free."""
        self._lock = self._make()
        if self._lock is not None and self._lock.before_reading:
            self.is_held = self._lock.acquire()
            self.found = self._lock.found()

    def wait(self) -> bool:
        """Wait until the lock is held; return whether what was read before may have changed since.

        Raises RunLocked after the timeout.
        """
        if self.is_held:
            return False
        self._lock = self._lock or self._make()
        if self._lock is None:
            return False
        _wait_for(self._lock, self._table, self._settings.timeout, self._settings.on_wait)
        self.is_held, self.found = True, self._lock.found()
        return True

    def release(self) -> None:
        """Release the lock, also where acquiring it was interrupted."""
        if self._lock is not None:
            self._lock.release()


@contextmanager
def locked(
    impl: DefaultImpl, connection: Connection | None, table: Table, looks_for: tuple[str, ...], settings: LockSettings
) -> Iterator[HeldLock]:
    """Hold the run lock until the end of the block, from its `wait` at the latest.

    Nothing is locked offline, where it is switched off, and on a database that has none. The wait can be interrupted.
    """
    held = HeldLock(
        lambda: lock_of(impl, connection, table, looks_for) if settings.enabled else None, table.fullname, settings
    )
    try:
        if isinstance(connection, Connection) and not connection.in_transaction():
            held.try_early()
        yield held
    finally:
        held.release()


def _wait_for(lock: RunLock, table: str, timeout: float | None, on_wait: OnWait) -> None:
    start, poll, reported = time.monotonic(), _FIRST_POLL, None
    while not lock.acquire():
        seconds = time.monotonic() - start
        if seconds >= _REPORT_AFTER and (holder := lock.holder()) != reported:
            reported = holder
            on_wait(f"Waiting for another run on {table}{f', {holder}' if holder else ''}.")
        if timeout is not None and seconds >= timeout:
            raise RunLocked(table, lock.holder(), seconds)
        time.sleep(poll if timeout is None else max(0.0, min(poll, timeout - seconds)))
        poll = min(2 * poll, _LAST_POLL)
