"""The run lock: at most one upgrade, downgrade or stamp at a time for each version table.

A database that has such a lock implements `RunLock`, and returns it from `DefaultImpl.run_lock`. The
waiting, with its messages and its timeout, is the same for all of them and is in `kernel_core.runtime.run_lock`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Protocol

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError


class RunLock(Protocol):
    """A lock that the database or the operating system releases when its holder dies.

    ``before_reading`` is whether a run tries it before it knows whether there is anything to do: where the lock is the
    server's, which saves a round trip, because then the version table is read only once.
    """

    before_reading: bool

    def found(self) -> frozenset[str] | None:
        """Return which of the tables of the run `acquire` found after it had the lock; None if it did not look."""

    def acquire(self) -> bool:
        """Acquire the lock if it is free, without waiting; return whether it is held now."""

    def release(self) -> None:
        """Release the lock. Does nothing if it is not held, or if the connection that held it is gone."""

    def is_held(self) -> bool:
        """Return whether another run holds the lock now."""

    def holder(self) -> str:
        """Return who holds the lock, for a message: process, user, host, time; "" if that cannot be known."""


SECOND = "mig_second_connection"
"""The execution option of a further connection: what runs on it belongs to no revision."""


class SecondConnection:
    """A further connection to the database of ``connection``: AUTOCOMMIT, opened when it is first read from.

    second = SecondConnection(connection)
    second.opened().execute(...)
    second.close()
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._closing = ExitStack()
        self._second: Connection | None = None

    def opened(self) -> Connection:
        """Return the connection; the first call opens it."""
        if self._second is None:
            second = self._closing.enter_context(second_connection(self._connection))
            self._second = second.execution_options(isolation_level="AUTOCOMMIT")
        return self._second

    def close(self) -> None:
        """Close the connection, if it is open; an error of the driver is ignored, since the server may be gone."""
        self._second = None
        with suppress(DBAPIError):
            self._closing.close()


@contextmanager
def second_connection(connection: Connection) -> Iterator[Connection]:
    """Open a further connection to the same database, as the engine opens its own, and close it after the block."""
    pool, url = connection.engine.pool.recreate(), connection.engine.url
    engine = Engine(pool, connection.dialect, url, execution_options={SECOND: True})
    try:
        with engine.connect() as second:
            yield second
    finally:
        engine.dispose()
