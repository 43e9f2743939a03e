"""The frames that an interrupt keeps alive, and with them what their variables refer to."""

from __future__ import annotations

import gc
import traceback


def free_frames(error: KeyboardInterrupt) -> None:
    """Clear the variables in the frames of an interrupt, and in those of the errors that it followed.

    SQLAlchemy does not close the cursor of a statement that was interrupted. While a frame of the traceback refers to
    it, SQLite keeps its lock on the file, even after the connection was closed: a notebook keeps its last traceback, so
    that the next run would wait for the lock. Frames that still run are left as they are.
    """
    errors: list[BaseException | None] = [error]
    for each in errors:
        if each is not None:
            traceback.clear_frames(each.__traceback__)
            errors += (found for found in (each.__cause__, each.__context__) if found not in errors)
    gc.collect()  # a result and its cursor refer to each other
