"""Ctrl-C and the notebook's Stop during a run: the statement is cancelled, then the run stops between two statements.

Python raises KeyboardInterrupt at any instruction. Inside SQLAlchemy that invalidates the connection: revisions that
share the transaction are lost, and the current revision cannot be read. So while steps run, an interrupt that comes
inside SQLAlchemy or this engine only cancels the running statement. KeyboardInterrupt is raised where the revision's
own code is running, or at the end of the step.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType

from sqlalchemy import Connection

from ..ddl import DefaultImpl
from ..ddl.cancelling import Cancelling
from ..util.interrupts import interrupt_behind
from .listeners import listening

_PACKAGE = __name__.partition(".")[0]
_CALLER = f"{_PACKAGE}.runtime.execution"
"""The module that calls the functions of revisions, listeners and callbacks."""
_AGAIN = 0.2
"""Seconds after which a statement that is still running is cancelled again: one that the driver had begun, but the
database not yet, does not notice that it is cancelled."""
_LAST = 3
"""The interrupt that is raised at once, wherever it comes, in case that cancelling does not work."""


class _Stopped(Exception):
    """Raised by the statement after an interrupt. Unlike KeyboardInterrupt it does not invalidate the connection."""


class Interrupts:
    """The interrupts of one run; ``cancel`` stops the running statement, ``by_thread`` if a thread calls it.

    Where `handle` is not installed, nothing is ever pending, and Python raises KeyboardInterrupt itself.
    """

    def __init__(self, cancel: Callable[[], object] = lambda: None, *, by_thread: bool = False) -> None:
        self._cancel, self._by_thread = cancel, by_thread
        self._count = self._statements = 0
        self.is_in_revision = self._is_running = False

    @property
    def pending(self) -> bool:
        """Whether an interrupt came that is not raised yet."""
        return self._count > 0

    def handle(self, _number: int, frame: FrameType | None) -> None:
        """Handle SIGINT: raise KeyboardInterrupt in the code of a revision, else cancel the running statement."""
        self._count += 1
        if self._count >= _LAST or not _is_in_engine(frame):
            raise KeyboardInterrupt
        if not self._by_thread:
            self._cancel()
            if self._is_running and self._count == 1:
                threading.Thread(target=self._cancel_again, name="mig-interrupts", daemon=True).start()

    def in_revision(self) -> AbstractContextManager[None]:
        """Run the code of a revision: after an interrupt its next statement fails, and so does the block."""
        return _InRevision(self)

    def check(self) -> None:
        """Raise KeyboardInterrupt if an interrupt is pending."""
        if self._count:
            raise KeyboardInterrupt

    def cause_of(self, error: BaseException) -> BaseException:
        """Return KeyboardInterrupt for an error that followed an interrupt, else the error."""
        if not isinstance(error, Exception):
            return error
        if self.pending:
            return KeyboardInterrupt().with_traceback(error.__traceback__)
        return interrupt_behind(error) or error

    def before_statement(self, *_: object) -> None:
        """Stop before a statement of the revision, if an interrupt is pending."""
        if self.pending and self.is_in_revision:
            raise _Stopped
        self._statements += 1
        self._is_running = True

    def after_statement(self, *_: object) -> None:
        """Take note that no statement is running."""
        self._is_running = False

    def cancel_running(self) -> None:
        """Cancel the running statement, if there is one, until it has ended: no other one must be hit by mistake."""
        statement = self._statements
        while self._is_running and self._statements == statement:
            with suppress(Exception):  # of the driver; then the statement goes on, and nobody could catch it here
                self._cancel()
            time.sleep(_AGAIN)

    def _cancel_again(self) -> None:
        time.sleep(_AGAIN)
        self.cancel_running()


class _InRevision:
    """The block of `Interrupts.in_revision`: a class, because one is entered for each revision."""

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts

    def __enter__(self) -> None:
        self._interrupts.is_in_revision = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._interrupts.is_in_revision = False
        if kind is None:
            self._interrupts.check()


class _Deferred:
    """Handles SIGINT while no steps run: it waits while a connection is closed, which begins with a rollback.

    Interrupted there, SQLAlchemy logs a traceback. A second interrupt is raised at once.
    """

    def __init__(self) -> None:
        self.is_pending = False

    def handle(self, _number: int, frame: FrameType | None) -> None:
        """Handle SIGINT."""
        if self.is_pending or not _is_closing(frame):
            raise KeyboardInterrupt
        self.is_pending = True

    def check(self) -> None:
        """Raise KeyboardInterrupt if an interrupt is pending."""
        if self.is_pending:
            self.is_pending = False
            raise KeyboardInterrupt


@contextmanager
def deferred_while_closing() -> Iterator[None]:
    """Defer an interrupt that comes while a connection is closed: to the end of the block, or the next run in it.

    Only in the main thread, and only in place of Python's own handler: one of an application is left as it is.
    """
    if not _is_main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    deferred = _Deferred()
    signal.signal(signal.SIGINT, deferred.handle)
    try:
        yield
        deferred.check()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def handled(connection: Connection | None, impl: DefaultImpl) -> Iterator[Interrupts]:
    """Handle interrupts during the block.

    Only in the main thread, and only in place of Python's own handler or of `deferred_while_closing`: one of an
    application is left as it is.
    """
    before = signal.getsignal(signal.SIGINT) if _is_main_thread() else None
    deferred = getattr(before, "__self__", None)
    if isinstance(deferred, _Deferred):
        deferred.check()
    elif before is not signal.default_int_handler and not _is_of_asyncio(before):
        connection = None
    if connection is None:
        yield Interrupts()
        return
    with impl.cancelling(connection) as cancel:
        if cancel is None:
            yield Interrupts()
            return
        interrupts = Interrupts(cancel, by_thread=cancel.blocks_signals)
        listeners = {
            "before_cursor_execute": interrupts.before_statement,
            "after_cursor_execute": interrupts.after_statement,
            "rollback": interrupts.after_statement,
            "rollback_savepoint": interrupts.after_statement,
        }
        with listening(connection, listeners), _in_thread(interrupts, cancel):
            signal.signal(signal.SIGINT, interrupts.handle)
            try:
                yield interrupts
            finally:
                signal.signal(signal.SIGINT, before)
                interrupts.after_statement()  # one that failed outside of a transaction is followed by no other event


@contextmanager
def _in_thread(interrupts: Interrupts, cancel: Cancelling) -> Iterator[None]:
    """Cancel by a thread during the block, where the driver keeps Python from handling signals.

    Python writes the number of a signal into a file descriptor as soon as it comes (`signal.set_wakeup_fd`).
    """
    if not cancel.blocks_signals:
        yield
        return
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    before = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)

    def watch() -> None:
        while numbers := receiver.recv(64):
            if before != -1:  # an event loop is woken by it
                with suppress(OSError):
                    os.write(before, numbers)
            if signal.SIGINT in numbers:
                interrupts.cancel_running()

    thread = threading.Thread(target=watch, name="mig-interrupts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        sender.close()
        thread.join()
        receiver.close()


def _is_of_asyncio(handler: object) -> bool:
    """Return whether a handler is the one of ``asyncio.run()``, which only cancels the task at its next wait."""
    owner = getattr(getattr(handler, "func", handler), "__self__", None)
    return type(owner).__module__ == "asyncio.runners"


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _is_closing(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code is not Connection.close.__code__:
        frame = frame.f_back
    return frame is not None


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
