"""How much of the torture runs: all of it, or the fraction that MIG_TORTURE names."""

from __future__ import annotations

import os
from collections.abc import Sequence

FRACTION = min(1.0, float(os.environ.get("MIG_TORTURE", "1")))


def scaled(count: int) -> int:
    """Return the part of ``count`` rounds to run, at least one."""
    return max(1, round(count * FRACTION))


def spread(last: int, count: int) -> Sequence[int]:
    """Return ``count`` numbers from 1 to ``last``, evenly spread; all of them if there are not more."""
    if count >= last:
        return range(1, last + 1)
    step = last / count
    return [round(step * (place + 0.5)) or 1 for place in range(count)]
