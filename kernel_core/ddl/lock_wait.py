"""What a statement of a run waits for: a lock of another session, who holds it, and the errors when it is not granted.

A database that can tell implements `LockWaitReader`, and returns it from `DefaultImpl.lock_waits`. When it is called,
and what is reported, is the same for all of them and is in `kernel_core.runtime.lock_watch`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from ..util.exc import sqlstate

LockFailure = Literal["", "timeout", "deadlock", "serialization"]

_BY_STATE: dict[str, LockFailure] = {"55P03": "timeout", "40P01": "deadlock", "40001": "serialization"}
"""SQLSTATEs of PostgreSQL (manual, appendix A)."""
_BY_NUMBER: dict[int, LockFailure] = {1205: "timeout", 1213: "deadlock"}
"""Error numbers of MariaDB and MySQL."""
_LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED")
"""Names of SQLite's errors; extended codes have a suffix."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A session that holds a lock; what is not known is "".

    ``kind`` and ``number`` name it: ``process 123`` on PostgreSQL and SQLite, ``connection 12`` on MariaDB, whose
    ``number`` is None where not even that is known. ``activity`` is what it does and since when, ``query`` the SQL that
    it runs or ran last.
    """

    kind: str
    number: int | None = None
    user: str = ""
    application: str = ""
    host: str = ""
    activity: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class LockWait:
    """A lock that a statement waits for: ``lock`` is what is locked, such as ``cats`` or ``a row of cats``.

    ``is_certain`` is False where the ``holders`` are the sessions that may hold it.
    """

    lock: str
    holders: tuple[Holder, ...]
    is_certain: bool = True


OnLockWait = Callable[[Callable[[], LockWait], float], object]
"""Called with a function that returns what is waited for, and the seconds so far; it may raise KeyboardInterrupt."""


class LockWaitReader(Protocol):
    """Reads on a second connection, in another thread, what the connection of the run waits for."""

    def read(self) -> LockWait | None:
        """Return the lock that the running statement waits for, None if it waits for none.

        Raises CommandError or an error of SQLAlchemy where that cannot be known.
        """

    def close(self) -> None:
        """Close the second connection, if it is open."""


def ignored(_read: Callable[[], LockWait], _seconds: float) -> None:
    """Ignore a wait: what an implementation calls outside of a run."""


def lock_failure(error: BaseException) -> LockFailure:
    """Return which kind of failure the error of a database is, "" if it has nothing to do with locks."""
    cause = getattr(error, "orig", None) or error
    state = sqlstate(cause)
    if state in _BY_STATE:
        return _BY_STATE[state]
    name = str(getattr(cause, "sqlite_errorname", ""))
    if name.startswith(_LOCKED):
        return "timeout"
    number = cause.args[0] if cause.args else None
    is_of_mysql = type(cause).__module__.partition(".")[0].lower() in ("pymysql", "mysqldb", "mysql", "mariadb")
    return _BY_NUMBER.get(number, "") if is_of_mysql and isinstance(number, int) else ""
