"""Results that a second comparison of one clone reuses, because the copy never changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ..clone.base import Clone


@dataclass(slots=True)
class Kept:
    """Counts and checksums of the copy, by query, and its rows in temporary tables of ``connection``, by definition."""

    connection: Connection | None = None
    results: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)

    def result(self, sql: str, read: Callable[[str], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Return the one row of a query of the copy, which is read at most once."""
        if sql not in self.results:
            self.results[sql] = read(sql)
        return self.results[sql]

    def connected(self, clone: Clone) -> Connection:
        """Return a connection to the clone, which keeps its temporary tables."""
        if self.connection is None or self.connection.closed or self.connection.invalidated:
            self.connection, self.tables = clone.after.connect(), {}
        return self.connection

    def close(self) -> None:
        """Close the connection; its temporary tables end with it."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        self.tables.clear()
