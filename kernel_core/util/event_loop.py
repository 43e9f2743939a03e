"""Async code from sync code: ``asyncio.run()`` where an event loop is running already, async functions in a run."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from .interrupts import free_frames

if TYPE_CHECKING:  # heads and history import this module, and not SQLAlchemy
    from sqlalchemy.engine import Connection

T = TypeVar("T")


@contextmanager
def running_loop_set_aside() -> Iterator[None]:
    """Let ``asyncio.run()`` and ``get_event_loop().run_until_complete()`` work inside the block.

    Inside the block the thread has no running loop; afterwards it has its loop again, which is blocked meanwhile, as by
    any synchronous code. Everything stays in one thread, so that SIGINT stops the work and connections of this
    thread can be used. Nothing changes if no loop runs, or if the code was called by
    ``AsyncConnection.run_sync()``, whose connection waits on the running loop. Nothing changes in a browser, whose only
    loop is that of the page.
    """
    asyncio = sys.modules.get("asyncio")
    running = asyncio._get_running_loop() if asyncio is not None else None  # noqa: SLF001 - asyncio's own seam for loops
    if asyncio is None or running is None or sys.platform == "emscripten" or _waits_for_the_loop():
        yield
        return
    task = asyncio.current_task(running)
    fresh = asyncio.new_event_loop()
    if task is not None:
        asyncio.tasks._leave_task(running, task)  # noqa: SLF001 - documented for extensions of asyncio
    asyncio._set_running_loop(None)  # noqa: SLF001
    asyncio.set_event_loop(fresh)
    try:
        yield
    except KeyboardInterrupt as error:
        _release(error)
        raise
    finally:
        asyncio.set_event_loop(running)
        asyncio._set_running_loop(running)  # noqa: SLF001
        if task is not None:
            asyncio.tasks._enter_task(running, task)  # noqa: SLF001
        fresh.close()


def _waits_for_the_loop() -> bool:
    """Return whether this code runs in a greenlet, from which a connection switches to the loop to wait."""
    greenlet: Any = sys.modules.get("greenlet")
    return greenlet is not None and greenlet.getcurrent().parent is not None


def _release(error: KeyboardInterrupt) -> None:
    """Copy the notes of the cancellation to the interrupt that ``asyncio.run()`` raised, and free its frames."""
    cause = error.__context__
    while cause is not None:
        for note in getattr(cause, "__notes__", ()):
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)
        cause = cause.__context__
    free_frames(error)


def await_on(connection: Connection, function: Callable[..., Awaitable[T]], *args: object, **kw: object) -> T:
    """Call an async function with an AsyncConnection for ``connection``, wait for it, and return its result."""
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine  # noqa: PLC0415 - a browser kernel has no greenlet
    from sqlalchemy.util import await_only  # noqa: PLC0415 - the same

    return await_only(function(AsyncConnection(AsyncEngine(connection.engine), connection), *args, **kw))
