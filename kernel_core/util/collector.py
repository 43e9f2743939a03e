"""A block in which Python's garbage collector does not run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the garbage collector from running inside the block, in all threads; afterwards it is as it was.

    For work that makes many objects, keeps them, and leaves few cycles behind: the collector would visit them again and
    again. Objects without cycles are freed as always. If a collection of many young objects would follow at once, it
    does not visit what was made: all objects there are then count as old.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            # A few thousand new objects are left where they are: to count what is frozen Python visits each frozen
            # object, which takes longer. What a server has frozen before it forks stays so.
            if gc.get_count()[0] > 10 * gc.get_threshold()[0] and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
