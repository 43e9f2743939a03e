"""A real notebook kernel whose extension is connected to a database."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel

SECONDS = 60


class Kernel:
    """A kernel whose extension is connected to a database, in the folder of an environment."""

    def __init__(self, folder: Path, url: str) -> None:
        self.manager, self.client = start_new_kernel(cwd=str(folder))
        self.run(f"%load_ext mig_ipython\n%mig_connect {url}")

    def send(self, cell: str) -> str:
        """Begin to run a cell; return its number for `wait`."""
        return str(self.client.execute(cell))

    def wait(self, request: str) -> list[dict[str, Any]]:
        """Return the errors of a cell when it has ended."""
        errors = []
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "error":
                errors.append(message["content"])
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return errors

    def _begun(self, cell: str) -> str:
        """Begin to run a cell, and return its number when the kernel has begun: it ignores an interrupt before that."""
        request = self.send(cell)
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") == request and message["msg_type"] == "execute_input":
                return request

    def run(self, cell: str) -> float:
        """Run a cell that must not fail; return how many seconds it took."""
        began = time.monotonic()
        errors = self.wait(self.send(cell))
        assert not errors, errors
        return time.monotonic() - began

    def stop(self, cell: str, after: float) -> tuple[list[str], float]:
        """Interrupt a cell after so many seconds; return its tracebacks, and the seconds until it had ended."""
        request = self._begun(cell)
        time.sleep(after)
        self.manager.interrupt_kernel()
        stopped = time.monotonic()
        shown = ["\n".join(error["traceback"]) for error in self.wait(request)]
        return shown, time.monotonic() - stopped

    def complete(self, cell: str) -> bool:
        """Run an upgrade or downgrade that must succeed; return whether a half revision was resumed before."""
        errors = self.wait(self.send(cell))
        if "mig_resume" in str(errors):
            self.run("%mig_resume")
            self.run(cell)
            return True
        assert not errors, errors
        return False

    def kill(self, cell: str, after: float) -> None:
        """Begin to run a cell, and kill the process of the kernel after so many seconds."""
        self._begun(cell)
        time.sleep(after)
        self.close()

    def close(self) -> None:
        """Kill the process of the kernel."""
        self.client.stop_channels()
        os.kill(self.manager.provisioner.process.pid, signal.SIGKILL)
        self.manager.shutdown_kernel(now=True)
