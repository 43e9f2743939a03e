"""The statements that an operation has executed, and how to run them again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Again = Callable[[], object]
"""Runs the statements of an operation again, by the driver; raises its error."""


@dataclass(frozen=True, slots=True)
class Ran:
    """The statements that an operation has executed, the last of which failed.

    ``again`` executes once more those that are undone: all, or the last one where those before it are committed.
    """

    texts: tuple[str, ...]
    again: Again
