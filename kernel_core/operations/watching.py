"""The seam through which a rehearsal observes each operation that runs."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol


class Watcher(Protocol):
    """Runs operations in place of `Operations.invoke`, and batches in place of their end."""

    @property
    def operation(self) -> Callable[..., object]:
        """A function of (`Operations`, `MigrateOperation`, run), which calls ``run`` and returns its result."""

    @property
    def batch(self) -> Callable[..., None]:
        """A function of (`BatchOperations`, `Batch`, run), which calls ``run`` at the end of the batch."""

    @property
    def committing(self) -> Callable[..., None]:
        """A function of (`Connection`), called before a COMMIT that no event of SQLAlchemy announces."""

    @property
    def refused(self) -> Callable[..., None]:
        """A function of (`Connection`, error), called before a transaction is rolled back because of what it holds."""


watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)
"""What observes the operations that run in this context; None for nothing."""
