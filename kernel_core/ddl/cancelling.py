"""Cancelling the statement that a connection runs, from a signal handler or a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.util import greenlet_spawn

from .run_lock import second_connection


@dataclass(frozen=True, slots=True)
class Cancelling:
    """Calling it cancels the running statement.

    With ``blocks_signals`` the driver waits in C, where Python handles no signal before the statement has ended: then
    it must be called by a thread.
    """

    cancel: Callable[[], object]
    blocks_signals: bool = False

    def __call__(self) -> object:
        """Cancel the running statement."""
        return self.cancel()


def by_statement(connection: Connection, sql: str) -> Callable[[], object]:
    """Return a function that cancels by running ``sql`` on a second connection.

    Of an async driver that connection has an event loop and a separate thread, because the handler of a signal cannot
    wait for the loop that it has interrupted.
    """

    def run() -> None:
        with second_connection(connection) as second:
            second.exec_driver_sql(sql)

    async def run_async() -> None:
        with suppress(Exception):  # nobody waits for it
            await greenlet_spawn(run)

    def run_in_thread() -> None:
        threading.Thread(target=lambda: asyncio.run(run_async()), name="mig-cancel", daemon=True).start()

    return run_in_thread if connection.dialect.is_async else run
