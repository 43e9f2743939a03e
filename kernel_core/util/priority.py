"""When a function of a registry has its turn, and whether the next one has a turn after it."""

from __future__ import annotations

from enum import Enum, IntEnum


class DispatchPriority(IntEnum):
    """When a function has its turn among those for the same thing: ``FIRST`` before ``MEDIUM`` before ``LAST``."""

    FIRST = 50
    MEDIUM = 25
    LAST = 10


class PriorityDispatchResult(Enum):
    """What a function answers: ``STOP`` keeps those behind it in the same chain from being asked."""

    CONTINUE = "continue"
    STOP = "stop"
