"""A front end for tests: runs cells in a real kernel, keeps what each of them shows, and presses Stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel


class Page:
    """A front end: runs cells, and keeps what each of them shows."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager, self.client = manager, client

    def run(self, cell: str, *, interrupt_at: str | None = None) -> list[dict[str, Any]]:
        """Run a cell and return its messages; where its output says ``interrupt_at``, press Stop."""
        request = self.client.execute(cell, allow_stdin=True)
        messages: list[dict[str, Any]] = []
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != request:
                continue
            messages.append(message)
            if interrupt_at is not None and interrupt_at in message["content"].get("text", ""):
                interrupt_at = None
                self.manager.interrupt_kernel()
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return messages


@contextmanager
def started(folder: Path) -> Iterator[Page]:
    """A kernel in a folder, shut down afterwards."""
    manager, client = start_new_kernel(cwd=str(folder))
    try:
        yield Page(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def of_kind(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [message["content"] for message in messages if message["msg_type"] == kind]


def errors(messages: list[dict[str, Any]]) -> list[str]:
    return ["\n".join(content["traceback"]) for content in of_kind(messages, "error")]


def plain(contents: list[dict[str, Any]]) -> list[str]:
    return [content["data"]["text/plain"] for content in contents if "text/plain" in content["data"]]
