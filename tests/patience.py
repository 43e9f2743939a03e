"""Limits for measured times, longer where several processes wait for each processor."""

from __future__ import annotations

import os
from pathlib import Path

_STATE = Path("/proc/loadavg")


def patience(seconds: float) -> float:
    """Return a limit for a time, longer where several processes wait for each processor.

    They are counted now and as an average of the last minute.
    """
    waiting = os.getloadavg()[0]
    if _STATE.exists():
        waiting = max(waiting, int(_STATE.read_text().split()[3].partition("/")[0]))
    return seconds * max(1.0, waiting / (os.cpu_count() or 1))
