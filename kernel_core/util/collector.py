"""A block in which Python's garbage collector does not run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the garbage collector from running inside the block, in all threads; afterwards it is as it was.

    For work that makes many objects, keeps them, and leaves few cycles behind: the collector would visit them again and
    again. Objects without cycles are freed as always. All objects there are then count as old: the next collection of
    young ones, which would be at once, does not visit what was made.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():  # what a server has frozen before it forks stays so
                gc.freeze()
                gc.unfreeze()
            gc.enable()
