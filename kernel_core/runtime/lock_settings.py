"""The settings of locks: the run lock, the locks of other sessions, and what is tried again after them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..util.exc import CommandError
from ..util.logs import Log
from .settings import Settings, is_on

log = Log("runtime.migration")

_REPORT_AFTER = 0.5

OnWait = Callable[[str], object]
"""Called with a sentence that names the holder, and again when the holder changes; by a thread during a statement."""

NameSession = Callable[[object], str]
"""Returns the name of a connection of this process, such as ``the Session s``; "" if it has none.

Its argument is the driver's own connection.
"""


def _unnamed(_driver: object) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class LockSettings:
    """How a run locks and waits.

    ``enabled`` is whether it holds the run lock, ``timeout`` is how many seconds it waits for that (None: no limit).
    ``statement_timeout`` is how many seconds each statement waits for a lock of another session (None: the limit of the
    connection). ``retries`` is how often a step is tried again after it failed by such a lock. ``on_wait`` is called
    while it waits, and before it tries again; ``name_session`` names a connection of this process. A wait is reported
    after ``report_after`` seconds; a statement is not looked at before.

    Each is from ``context.configure(run_lock=, lock_timeout=, statement_lock_timeout=, retries=)``, else from the
    attribute of the same name of the Config (the command line and the notebook set these), else from its option of the
    same name. ``on_wait``, ``name_session`` and ``report_after`` (``report_waits_after``) are attributes only; without
    ``on_wait`` the wait is logged.
    """

    enabled: bool = True
    timeout: float | None = None
    statement_timeout: float | None = None
    retries: int = 0
    on_wait: OnWait = log.info
    name_session: NameSession = _unnamed
    report_after: float = _REPORT_AFTER

    @classmethod
    def of(cls, opts: Mapping[str, Any], config: Settings | None) -> LockSettings:
        """Return the settings of a run; raises CommandError for a value that is invalid."""
        attributes = config.attributes if config is not None else {}

        def value(name: str) -> Any:
            for given in (opts, attributes):
                if given.get(name) is not None:
                    return given[name]
            return config.get_main_option(name) if config is not None else None

        def seconds(name: str) -> float | None:
            return _seconds(name, value(name))

        return cls(
            is_on("run_lock", value("run_lock"), default=True),
            seconds("lock_timeout"),
            seconds("statement_lock_timeout"),
            _count("retries", value("retries")),
            attributes.get("on_wait") or log.info,
            attributes.get("name_session") or _unnamed,
            float(attributes.get("report_waits_after", _REPORT_AFTER)),
        )


def _seconds(name: str, value: object) -> float | None:
    """Return a timeout in seconds, None for no limit."""
    if value is None or str(value).strip() == "":
        return None
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise CommandError(f"{name} is {value!r}. Set it to a number of seconds, 0 to not wait at all.")
    return seconds


def _count(name: str, value: object) -> int:
    """Return how often something is tried again, 0 by default."""
    text = "0" if value is None else str(value).strip() or "0"
    if not (text.isascii() and text.isdigit()):
        raise CommandError(f"{name} is {value!r}. Set it to a whole number, 0 to not try again.")
    return int(text)
