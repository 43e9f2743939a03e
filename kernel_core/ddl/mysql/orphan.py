"""Ends the session of a killed process on this machine, which holds its locks until its statement ends.

MariaDB notices during a statement only every five seconds that the client is gone, in a wait such as SLEEP(), and in
others not at all. A client that came by the loopback interface is a process on the machine of the server. Where that is
this machine too, the kernel shows whether its end of the connection still exists.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_USED = frozenset({"01", "08"})
"""States of a socket whose process lives: ESTABLISHED, and CLOSE_WAIT (linux/include/net/tcp_states.h)."""


def is_orphan(client: str, own: str) -> bool:
    """Return whether no process on this machine has the client's end of a connection any more.

    ``client`` and ``own`` are the other session and this one as the process list shows them, ``localhost:54321``.
    False where that cannot be known: on another machine, in another network namespace, or by a Unix socket.
    """
    port = _loopback_port(client)
    if port is None or _loopback_port(own) is None:
        return False
    used = _used_ports()
    # This session's own port shows that these are the sockets of the machine that the server sees.
    return _loopback_port(own) in used and port not in used


def _loopback_port(shown: str) -> int | None:
    host, _, port = shown.rpartition(":")
    return int(port) if host in _LOOPBACK and port.isdigit() else None


def _used_ports() -> frozenset[int]:
    """Return the local ports of the TCP connections that a process has; none where the kernel does not show them."""
    ports: set[int] = set()
    for table in _TABLES:
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] in _USED:
                    ports.add(int(fields[1].rpartition(":")[2], 16))
    return frozenset(ports)
