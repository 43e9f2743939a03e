"""Waiting for the run lock: one upgrade, downgrade or stamp at a time for each version table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from ..ddl.run_lock import RunLock
from ..util.exc import CommandError, RunLocked
from ..util.logs import Log

_FIRST_POLL = 0.05
_LAST_POLL = 1.0
_REPORT_AFTER = 0.3
"""Seconds after which a waiting run is reported: a shorter wait is not worth a message."""

OnWait = Callable[[str], object]
"""Called with a sentence that names the holder, and again when the holder changes."""

log = Log("runtime.migration")


class Settings(Protocol):
    """What is read of a `Config`."""

    @property
    def attributes(self) -> Mapping[Any, Any]:
        """Live objects and settings of the caller."""

    def get_main_option(self, name: str, default: str | None = None) -> str | None:
        """Return an option of ``alembic.ini`` or ``[tool.alembic]``."""


@dataclass(frozen=True, slots=True)
class LockSettings:
    """How a run locks: ``timeout`` in seconds (None: no limit), ``on_wait`` is called while it waits.

    From ``context.configure(run_lock=, lock_timeout=)``, else from the attributes ``run_lock`` and ``lock_timeout`` of
    the Config (the command line and the notebook set these), else from its options of the same names. ``on_wait`` is
    an attribute too; without it the wait is logged.
    """

    enabled: bool = True
    timeout: float | None = None
    on_wait: OnWait = log.info

    @classmethod
    def of(cls, opts: Mapping[str, Any], config: Settings | None) -> LockSettings:
        """Return the settings of a run; raises CommandError for a value that is invalid."""
        attributes = config.attributes if config is not None else {}

        def value(name: str) -> Any:
            for given in (opts, attributes):
                if given.get(name) is not None:
                    return given[name]
            return config.get_main_option(name) if config is not None else None

        return cls(_enabled(value("run_lock")), _seconds(value("lock_timeout")), attributes.get("on_wait") or log.info)


def _enabled(value: object) -> bool:
    text = str(value).strip().lower()
    if value is None or text in ("true", "1", "yes", "on"):
        return True
    if text in ("false", "0", "no", "off"):
        return False
    raise CommandError(f"run_lock is {value!r}. Set it to true or false.")


def _seconds(value: object) -> float | None:
    """Return a timeout in seconds, None for no limit."""
    if value is None or str(value).strip() == "":
        return None
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise CommandError(f"lock_timeout is {value!r}. Set it to a number of seconds, 0 to not wait at all.")
    return seconds


@contextmanager
def held(lock: RunLock, table: str, settings: LockSettings) -> Iterator[None]:
    """Hold the run lock during the block; ``table`` is the version table, for messages.

    The wait can be interrupted. Raises RunLocked after the timeout.
    """
    try:
        _wait_for(lock, table, settings.timeout, settings.on_wait)
        yield
    finally:
        lock.release()


def _wait_for(lock: RunLock, table: str, timeout: float | None, on_wait: OnWait) -> None:
    start, poll, reported = time.monotonic(), _FIRST_POLL, None
    while not lock.acquire():
        seconds = time.monotonic() - start
        if timeout is not None and seconds >= timeout:
            raise RunLocked(table, lock.holder(), seconds)
        if seconds >= _REPORT_AFTER and (holder := lock.holder()) != reported:
            reported = holder
            on_wait(f"Waiting for another run on {table}{f', {holder}' if holder else ''}.")
        time.sleep(poll if timeout is None else max(0.0, min(poll, timeout - seconds)))
        poll = min(2 * poll, _LAST_POLL)
