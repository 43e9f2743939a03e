"""Counts the calls of the database drivers, and kills or interrupts the process before one of them.

A call is what reaches the database: a statement, COMMIT or ROLLBACK. The methods of the drivers themselves are wrapped, so that
calls which pass SQLAlchemy by are counted too.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from typing import Any, Literal

import psycopg
import pymysql

Action = Literal["kill", "interrupt"]
_SIGNALS = {"kill": signal.SIGKILL, "interrupt": signal.SIGINT}
_connect = sqlite3.dbapi2.connect


class Calls:
    """The calls since `begin`; before call number ``at``, counted from 1, a signal is sent to the process itself."""

    def __init__(self, at: int, action: Action) -> None:
        self._wanted, self._signal = at, _SIGNALS[action]
        self._at = 0
        self.texts: list[str] = []
        self.acted: float | None = None

    def begin(self) -> None:
        """Count from here."""
        self.texts.clear()
        self._at = self._wanted

    def end(self) -> None:
        """Send no signal from here on."""
        self._at = 0

    def before(self, text: str) -> None:
        """Count a call."""
        self.texts.append(text)
        if len(self.texts) == self._at:
            self.acted = time.monotonic()
            os.kill(os.getpid(), self._signal)


def watch(at: int, action: Action) -> Calls:
    """Watch this process; ``at`` 0 only counts."""
    calls = Calls(at, action)
    for cursor in (psycopg.Cursor, pymysql.cursors.Cursor):
        for name in ("execute", "executemany"):
            _wrap(cursor, name, calls)
    for connection in (psycopg.Connection, pymysql.Connection):
        for name in ("commit", "rollback"):
            _wrap(connection, name, calls)

    class WatchedCursor(sqlite3.Cursor):
        pass

    class WatchedConnection(sqlite3.Connection):
        def cursor(self, factory: type[sqlite3.Cursor] = WatchedCursor) -> sqlite3.Cursor:
            return super().cursor(factory)

    for name in ("execute", "executemany", "executescript"):
        _wrap(WatchedCursor, name, calls)
    for name in ("commit", "rollback"):
        _wrap(WatchedConnection, name, calls)

    def connect(*args: Any, **kw: Any) -> sqlite3.Connection:
        return _connect(*args, **{"factory": WatchedConnection, **kw})

    sqlite3.dbapi2.connect = connect
    return calls


def _wrap(cls: type, name: str, calls: Calls) -> None:
    method: Callable[..., Any] = getattr(cls, name)

    def counted(self: Any, *args: Any, **kw: Any) -> Any:
        calls.before(" ".join(str(args[0]).split()) if args else name.upper())
        return method(self, *args, **kw)

    setattr(cls, name, counted)
