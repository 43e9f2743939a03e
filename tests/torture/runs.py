"""Runs of ``mig`` in child processes that can be killed or interrupted at a chosen driver call."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit status (negative: the signal), what it printed, its driver calls.

    ``seconds`` is the time from the interrupt to the end, None where there was none. A killed run has no calls.
    """

    status: int
    printed: str
    calls: tuple[str, ...] = ()
    seconds: float | None = None

    @property
    def was_killed(self) -> bool:
        return self.status == -signal.SIGKILL


class Run:
    """A run that was started."""

    def __init__(self, server: ForkServer, pid: int, output: Path) -> None:
        self.server, self.pid, self.output = server, pid, output

    def signal(self, number: int) -> None:
        """Send a signal to the process, which may have ended already."""
        os.kill(self.pid, number)

    def is_running(self) -> bool:
        """Return whether the process has not ended yet; an ended one is a zombie until `wait`."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"

    def wait(self) -> Ended:
        """Wait for the end."""
        status = self.server.ask({"wait": self.pid})
        printed, calls = self.output.read_text(errors="replace"), Path(f"{self.output}.calls")
        self.output.unlink()
        written = calls.read_text() if calls.exists() else ""
        calls.unlink(missing_ok=True)
        if status == -signal.SIGKILL or not written:  # a kill at a random moment may leave half of the text
            return Ended(status, printed)
        told = json.loads(written)
        return Ended(status, printed, tuple(told["calls"]), told["seconds"])


class ForkServer:
    """The process in ``fork_server.py``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = 0
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", HERE / "fork_server.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        )

    def start(
        self,
        argv: Sequence[str],
        url: str,
        *,
        at: int = 0,
        action: str = "kill",
        start: float = 0.0,
        way: str = "program",
    ) -> Run:
        """Start ``mig ARGV`` on the database ``url``; ``at`` is the number of a driver call, 0 for none.

        It begins at the time ``start`` of `time.monotonic`. ``way`` is one of those of
        ``fork_server.py``.
        """
        self._number += 1
        output = self.folder / f"run{self._number}"
        output.touch()
        request = {
            "argv": list(argv),
            "environ": {"DATABASE_URL": url},
            "at": at,
            "action": action,
            "start": start,
            "way": way,
            "output": str(output),
        }
        return Run(self, self.ask(request), output)

    def ask(self, request: dict[str, Any]) -> int:
        """Send a request and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process; runs that were not waited for go on."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


def soon(seconds: float = 0.1) -> float:
    """Return the time at which runs that are started now begin together."""
    return time.monotonic() + seconds
