"""Ctrl-C and the notebook's Stop during a run: the statement is cancelled, then the run stops between two statements.

Python raises KeyboardInterrupt at any instruction. Inside SQLAlchemy that invalidates the connection: revisions that
share the transaction are lost, and the current revision cannot be read. So while steps run, an interrupt that comes
inside SQLAlchemy or this engine only cancels the running statement. KeyboardInterrupt is raised where the revision's
own code is running, or at the end of the step.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from sqlalchemy import Connection, event

from ..ddl import DefaultImpl

_PACKAGE = __name__.partition(".")[0]
_CALLER = f"{_PACKAGE}.runtime.execution"
"""The module that calls the functions of revisions, listeners and callbacks."""
_LAST = 3
"""The interrupt that is raised at once, wherever it comes, in case that cancelling does not work."""


class _Stopped(Exception):
    """Raised by the statement after an interrupt. Unlike KeyboardInterrupt it does not invalidate the connection."""


class Interrupts:
    """The interrupts of one run; ``cancel`` stops the running statement.

    Where `handle` is not installed, nothing is ever pending, and Python raises KeyboardInterrupt itself.
    """

    def __init__(self, cancel: Callable[[], object] = lambda: None) -> None:
        self._cancel = cancel
        self._count = 0
        self._is_in_revision = False

    @property
    def pending(self) -> bool:
        """Whether an interrupt came that is not raised yet."""
        return self._count > 0

    def handle(self, _number: int, frame: FrameType | None) -> None:
        """Handle SIGINT: raise KeyboardInterrupt in the code of a revision, else cancel the running statement."""
        self._count += 1
        if self._count >= _LAST or not _is_in_engine(frame):
            raise KeyboardInterrupt
        self._cancel()

    @contextmanager
    def in_revision(self) -> Iterator[None]:
        """Run the code of a revision: after an interrupt its next statement fails, and so does the block."""
        self._is_in_revision = True
        try:
            yield
        finally:
            self._is_in_revision = False
        self.check()

    def check(self) -> None:
        """Raise KeyboardInterrupt if an interrupt is pending."""
        if self.pending:
            raise KeyboardInterrupt

    def cause_of(self, error: BaseException) -> BaseException:
        """Return KeyboardInterrupt for the error of a statement that was cancelled, else the error."""
        if not self.pending or not isinstance(error, Exception):
            return error
        return KeyboardInterrupt().with_traceback(error.__traceback__)

    def before_statement(self, *_: object) -> None:
        """Stop before a statement of the revision, if an interrupt is pending."""
        if self.pending and self._is_in_revision:
            raise _Stopped


@contextmanager
def handled(connection: Connection | None, impl: DefaultImpl) -> Iterator[Interrupts]:
    """Handle interrupts during the block.

    Only in the main thread, and only in place of Python's own handler: one of an application is left as it is.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if connection is None or not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield Interrupts()
        return
    with impl.cancelling(connection) as cancel:
        if cancel is None:
            yield Interrupts()
            return
        interrupts = Interrupts(cancel)
        event.listen(connection, "before_cursor_execute", interrupts.before_statement)
        signal.signal(signal.SIGINT, interrupts.handle)
        try:
            yield interrupts
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            event.remove(connection, "before_cursor_execute", interrupts.before_statement)


def _is_in_engine(frame: FrameType | None) -> bool:
    """Return whether SQLAlchemy or this engine is running, and not code of a revision that they called."""
    innermost = True
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        package = name.partition(".")[0]
        if package == "sqlalchemy":
            return True
        if package == _PACKAGE:
            return innermost or name != _CALLER
        innermost, frame = False, frame.f_back
    return False
