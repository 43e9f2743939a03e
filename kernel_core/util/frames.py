"""Interrupts that reach the end of a command: the frames that they keep alive, and errors that took their place."""

from __future__ import annotations

import gc
import traceback


def interrupt_behind(error: BaseException) -> KeyboardInterrupt | None:
    """Return the interrupt whose place an error took, or the error if it is one; None without one.

    Code that is interrupted while it ends something may fail at it: ``logging.config`` releases a lock that it does
    not hold yet, a driver refuses to close a connection. A program that was stopped must not end with such an error.
    An exit, and an error that hides what it followed (``raise ... from None``), are meant by the code that raises them.
    """
    found: BaseException | None = error
    seen = set()
    while isinstance(found, Exception) and id(found) not in seen:
        seen.add(id(found))
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return found if isinstance(found, KeyboardInterrupt) else None


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
