"""The names of clones: they tell which process made a clone and when, so that a clone of a killed process is found."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass

PREFIX = "mig_rehearsal"
_NAME = re.compile(rf"{PREFIX}_(?P<host>[0-9a-f]{{6}})_(?P<pid>\d+)_(?P<time>\d+)_[0-9a-f]{{4}}_(?P<role>before|clone)")


def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:6]


def new_names() -> tuple[str, str]:
    """Return the names of a new pair: the copy of the data as it was, and the clone on which the run happens.

    Both are at most 63 characters long, the limit of PostgreSQL; MariaDB allows 64.
    """
    start = f"{PREFIX}_{_host()}_{os.getpid()}_{int(time.time())}_{secrets.token_hex(2)}"
    return f"{start}_before", f"{start}_clone"


def is_kept_whole(table: str, columns: Collection[str]) -> bool:
    """Return whether a table belongs to the runs themselves: a version table, or its journal. No sample is taken."""
    return "version_num" in columns or table.endswith("_journal")


@dataclass(frozen=True, slots=True)
class Maker:
    """The process that made a clone: whether it is on this host, its number, and the time in seconds since 1970."""

    on_this_host: bool
    pid: int
    made_at: int

    @property
    def has_ended(self) -> bool:
        """Whether the process is certain to be gone; False for one on another host, of which nothing is known."""
        return self.on_this_host and not _is_running(self.pid, self.made_at)


def maker_of(name: str) -> Maker | None:
    """Return the maker of a clone, None for a name that is not a clone's."""
    match = _NAME.fullmatch(name)
    return Maker(match["host"] == _host(), int(match["pid"]), int(match["time"])) if match else None


def _is_running(pid: int, since: int) -> bool:
    """Return whether a process exists that was started before ``since``; a later one has only got the same number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        started = os.stat(f"/proc/{pid}").st_ctime
    except OSError:
        return True
    return started <= since + 2
