"""Names of what a process makes and removes: they have the process and the time, so that what a kill left is found."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import time
from dataclasses import dataclass


def host_mark() -> str:
    """Return eight hexadecimal digits that names made on this host contain."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def process_name(prefix: str, suffix: str) -> str:
    """Return ``PREFIX_HOST_PID_TIME_SUFFIX``, a name of this process that `maker_of` reads."""
    return f"{prefix}_{host_mark()}_{os.getpid()}_{int(time.time())}_{suffix}"


@dataclass(frozen=True, slots=True)
class Maker:
    """The process in a name: whether it is on this host, its number, and the time in seconds since 1970."""

    on_this_host: bool
    pid: int
    made_at: int

    @property
    def has_ended(self) -> bool:
        """Whether the process is certain to be gone; False for one on another host, of which nothing is known."""
        return self.on_this_host and not _is_running(self.pid, self.made_at)


def maker_of(name: str, prefix: str) -> Maker | None:
    """Return the maker of what has this name, None for a name that `process_name` has not made."""
    match = re.fullmatch(rf"{prefix}_([0-9a-f]{{8}})_(\d+)_(\d+)_\w+", name)
    return Maker(match[1] == host_mark(), int(match[2]), int(match[3])) if match else None


def _is_running(pid: int, since: int) -> bool:
    """Return whether a process exists that was started before ``since``; a later one has only got the same number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        return _started(pid) <= since + 2
    except (OSError, ValueError):  # no Linux
        return True


def _started(pid: int) -> float:
    """Return when a process was started, in seconds since 1970.

    Its folder in ``/proc`` does not tell: the times of that are those of the first look at it (proc(5)).
    """
    with open(f"/proc/{pid}/stat", "rb") as of_process:
        ticks = int(of_process.read().rpartition(b")")[2].split()[19])
    with open("/proc/stat", "rb") as of_kernel:
        booted = next(int(line.split()[1]) for line in of_kernel if line.startswith(b"btime "))
    return booted + ticks / os.sysconf("SC_CLK_TCK")
