"""The seam through which a rehearsal observes each operation that runs."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol


class Watcher(Protocol):
    """Runs operations in place of `Operations.invoke`, and batches in place of their end."""

    def operation(self, operations: Any, operation: Any, run: Callable[[], Any]) -> Any:
        """Call ``run``, which runs a `MigrateOperation` of these `Operations`, and return its result."""

    def batch(self, operations: Any, batch: Any, run: Callable[[], None]) -> None:
        """Call ``run``, which runs the changes that a `Batch` of these `BatchOperations` has collected."""


watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)
"""What observes the operations that run in this context; None for nothing."""
