"""Interrupts around a command: none is lost, errors that took the place of one, and the frames that one keeps alive."""

from __future__ import annotations

import _thread
import gc
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

_AGAIN = 0.01
"""Seconds after which an interrupt that Python could not raise is sent again."""


class _Lost:
    """A `sys.unraisablehook` that sends an interrupt again, and leaves everything else to the hook before it.

    Python cannot raise what is raised in a destructor, in the callback of a weak reference (the import system has one
    for each module that it loads, SQLAlchemy for its events) or during a garbage collection: it reports the error and
    goes on. https://docs.python.org/3/library/sys.html#sys.unraisablehook
    """

    def __init__(self) -> None:
        self.before = sys.unraisablehook
        self._is_pending = self._is_called = False
        self._sending = _thread.allocate_lock()

    def __call__(self, unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            self.before(unraisable)
            return
        if self._is_pending:
            return
        self._is_called = self._is_pending = True
        try:
            _thread.start_new_thread(self._send, ())  # a threading.Thread takes a lock that this thread may hold
        except RuntimeError:
            pass  # a browser has no threads: it is raised at the end of the block
        finally:
            self._is_called = False

    def _send(self) -> None:
        time.sleep(_AGAIN)  # the callback ends meanwhile
        while self._is_called:
            time.sleep(_AGAIN)  # on a busy machine: sent now, it would be lost again
        with self._sending:
            if self._is_pending:
                self._is_pending = False
                send_interrupt()

    def take(self) -> bool:
        """Return whether an interrupt was lost and is not sent again yet; it is not sent any more."""
        with self._sending:
            was_pending, self._is_pending = self._is_pending, False
        return was_pending


@contextmanager
def none_lost() -> Iterator[None]:
    """Raise an interrupt again that came where Python cannot raise it, 10 ms later or at the end of the block.

    Example:
        with none_lost():
            run_command()  # Ctrl-C stops it, wherever it comes
    """
    if isinstance(sys.unraisablehook, _Lost):  # a block in a block
        yield
        return
    hook = sys.unraisablehook = _Lost()
    try:
        yield
        if hook.take():
            raise KeyboardInterrupt
    finally:
        if sys.unraisablehook is hook:
            sys.unraisablehook = hook.before
        hook.take()


def send_interrupt() -> None:
    """Interrupt the main thread as Ctrl-C does: also a system call in which it waits, where the system can do that."""
    import signal  # noqa: PLC0415 - a program that lists revisions does without it

    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


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
