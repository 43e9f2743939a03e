"""DDL that waits to be sent to the server together: one round trip for many statements."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy.engine import Connection

_AT_FIRST: Final = 4
_AT_MOST: Final = 200
_GROWTH: Final = 4


class StatementQueue:
    """Statements of which nothing reads a result, sent as one text where a database and its driver take that.

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
        self.times_sent = 0
        self._seconds, self._limit = seconds, _AT_FIRST

    @property
    def is_full(self) -> bool:
        """Whether it should be sent now."""
        return len(self.texts) >= self._limit

    def send(self, connection: Connection) -> None:
        """Run the statements, if there are any; raises the first error of the driver."""
        texts, self.texts = self.texts, []
        if not texts:
            return
        self.times_sent += 1
        began = time.perf_counter()
        # On lines of their own, so that no comment at the end of a statement hides the semicolon.
        connection.exec_driver_sql("\n;\n".join([self.first, *texts] if self.first else texts))
        self.first = ""
        fitting = int(len(texts) * self._seconds / max(time.perf_counter() - began, 1e-6))
        self._limit = max(1, min(fitting, self._limit * _GROWTH, _AT_MOST))
