"""DDL that waits to be sent to the server together: one round trip for many statements."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import CoreExecuteOptionsParameter

_AT_FIRST: Final = 4
_AT_MOST: Final = 200
_GROWTH: Final = 4
_OPTION: Final = "mig_sent_together"


@dataclass(frozen=True, slots=True)
class SentTogether:
    """How many statements are in one text, the first of a revision, and how many revisions are not committed yet."""

    count: int
    first: str
    revisions: int


class _HasOptions(Protocol):
    @property
    def execution_options(self) -> CoreExecuteOptionsParameter: ...


def sent_together(context: _HasOptions | None) -> SentTogether | None:
    """Return what is in a text of several statements; None for a single statement.

    ``context`` is what the listeners ``before_cursor_execute`` and ``after_cursor_execute`` get.
    """
    found = None if context is None else context.execution_options.get(_OPTION)
    return found if isinstance(found, SentTogether) else None


class StatementQueue:
    """Statements whose results are not read, sent together as one text where the database and its driver accept that.

        queue = StatementQueue(0.2)
        queue.texts.append("CREATE TABLE a (id INTEGER)")
        queue.send(connection)

    It takes as many as are likely to run in ``seconds``, which is learnt from those that were sent; at first few.
    Where one of them fails, the transaction has to be rolled back: which one it was is not known.
    """

    def __init__(self, seconds: float) -> None:
        self.texts: list[str] = []
        self.first = ""
        """A statement that is sent before the first of them, with it."""
        self.times_used = self.revisions = 0
        """How often something was sent, or run between; and of how many revisions the statements are since a commit."""
        self._seconds, self._limit = seconds, _AT_FIRST

    @property
    def is_full(self) -> bool:
        """Whether it should be sent now."""
        return len(self.texts) >= self._limit

    def make_way(self, connection: Connection) -> None:
        """Send everything that waits, `first` too: a statement that is not queued is run now, and belongs after it."""
        self.times_used += 1
        if not self.texts and self.first:
            connection.exec_driver_sql(self.first)
            self.first = ""
        self.send(connection)

    def send(self, connection: Connection) -> None:
        """Run the statements, if there are any; raises the first error of the driver."""
        texts, self.texts = self.texts, []
        if not texts:
            return
        self.times_used += 1
        began = time.perf_counter()
        statements = (self.first, *texts) if self.first else tuple(texts)
        options = {_OPTION: SentTogether(len(statements), texts[0], self.revisions)}
        # On lines of their own, so that no comment at the end of a statement hides the semicolon.
        connection.exec_driver_sql("\n;\n".join(statements), execution_options=options)
        self.first = ""
        fitting = int(len(texts) * self._seconds / max(time.perf_counter() - began, 1e-6))
        self._limit = max(1, min(fitting, self._limit * _GROWTH, _AT_MOST))
