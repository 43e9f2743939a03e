"""A crash in the middle of the next upgrade: what a power failure or ``kill -9`` leaves behind.

No process is killed, since a browser has none. The files are copied as they are at that moment, the connection is
closed, and the copies are written back: SQLite and the next command find what they would find after a real crash, also
an unfinished transaction in ``flights.db-journal``, which SQLite rolls back when the file is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from kernel_core import op

_WRITES = re.compile(r"\s*(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
_OF_ENGINE = re.compile(r"\balembic_version", re.IGNORECASE)
_BESIDE = ("", "-journal", "-wal")


class Crash(BaseException):
    """The run stops here, and nothing tidies up after it."""

    def _render_traceback_(self) -> list[str]:
        """Show one line: the traceback of a crash on request says nothing."""
        return [f"{type(self).__name__}: {self}"]


@dataclass
class Armed:
    """A crash that waits for the next run on a database file; it happens after a number of its statements."""

    path: str
    after: int = 2
    _written: int = 0
    _is_armed: bool = True

    def arm(self) -> None:
        """Wait for the run."""
        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "after_cursor_execute", self._executed)

    def disarm(self) -> None:
        """Stop waiting."""
        if self._is_armed:
            self._is_armed = False
            event.remove(Engine, "before_cursor_execute", self._before)
            event.remove(Engine, "after_cursor_execute", self._executed)

    @property
    def is_armed(self) -> bool:
        """Whether it has not happened yet."""
        return self._is_armed

    # SQLAlchemy passes: connection, cursor, statement, parameters, execution context, whether there are many.
    def _before(self, connection: Connection, cursor: Any, statement: str, *rest: object) -> None:
        """Crash before the version row is written, where a revision has fewer statements."""
        is_row = re.match(r"\s*(INSERT|UPDATE|DELETE)", statement, re.IGNORECASE) and _OF_ENGINE.search(statement)
        if is_row and "_journal" not in statement and self._written and self._concerns(connection):
            self._crash(connection)

    def _executed(self, connection: Connection, cursor: Any, statement: str, *rest: object) -> None:
        if not _WRITES.match(statement) or _OF_ENGINE.search(statement) or not self._concerns(connection):
            return
        self._written += 1
        if self._written >= self.after:
            self._crash(connection)

    def _concerns(self, connection: Connection) -> bool:
        """Return whether a migration is running on this file; what a cell executes itself is left alone."""
        database = connection.engine.url.database or ""
        if os.path.realpath(database) != self.path:
            return False
        try:
            op.get_context()
        except NameError:  # outside of a run
            return False
        return True

    def _crash(self, connection: Connection) -> None:
        self.disarm()
        left = {each: _content(self.path + each) for each in _BESIDE}
        driver = connection.connection.dbapi_connection
        if driver is not None:
            driver.close()
        for each, content in left.items():
            if content is not None:
                with open(self.path + each, "wb") as stream:
                    stream.write(content)
        raise Crash("the run was stopped in the middle, as you have asked. What is there now: %mig_status")


def crashing(path: str, run: Callable[[], object], after: int = 2) -> bool:
    """Call ``run`` and let it crash; return whether it did. Its own errors are raised."""
    armed = Armed(os.path.realpath(path), after)
    armed.arm()
    try:
        run()
    except Crash:
        return True
    finally:
        armed.disarm()
    return False


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
