"""Restore logging after a test, so that no test logs into a stream of an earlier one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def restored_logging() -> Iterator[None]:
    """Restore levels and handlers after the block; a logger that is new has no level afterwards.

    A command that runs in the test's process calls ``fileConfig()`` with its ini file. The handler writes to the stderr
    of that test, which is closed afterwards: a later test that logs would have a traceback on its own stderr.
    """
    manager = logging.root.manager
    loggers = [logging.root, *(one for one in manager.loggerDict.values() if isinstance(one, logging.Logger))]
    before = [(one, one.level, one.disabled, one.propagate, list(one.handlers)) for one in loggers]
    try:
        yield
    finally:
        for one, level, disabled, propagate, handlers in before:
            if one.level != level:
                one.setLevel(level)  # it clears the caches of all loggers
            one.disabled, one.propagate, one.handlers[:] = disabled, propagate, handlers
        for name in manager.loggerDict.keys() - {one.name for one in loggers}:
            logging.getLogger(name).setLevel(logging.NOTSET)
