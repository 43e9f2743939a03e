"""Run the body of an exercise's cell, which may hold several cell magics: IPython expects each in a cell alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_SEPARATOR = re.compile(r"#\s*%%")


def blocks(body: str) -> list[str]:
    r"""Return the parts of a body that are run one after the other.

    A line that begins with ``%%`` begins a part; it ends before the next line that begins with ``%`` or ``# %%``.

    >>> blocks("x = 1\n%%migration 'a' --up\nop.f()\n%mig_history")
    ['x = 1', "%%migration 'a' --up\nop.f()", '%mig_history']
    """
    return [part for part in _parts(body) if not is_empty(part)]


def _parts(body: str) -> Iterator[str]:
    part: list[str] = []
    in_magic = False
    for line in body.splitlines():
        if line.startswith("%%") or _SEPARATOR.match(line) or (in_magic and line.startswith("%")):
            yield "\n".join(part).strip("\n")
            part = []
            in_magic = line.startswith("%%")
            if _SEPARATOR.match(line):
                continue
        part.append(line)
    yield "\n".join(part).strip("\n")


def is_empty(body: str) -> bool:
    """Return whether a body has no code: blank lines, comments, and ``pass`` or ``...`` alone."""
    lines = (line.strip() for line in body.splitlines())
    return all(not line or line.startswith("#") or line in ("pass", "...") for line in lines)


def run_quietly(shell: InteractiveShell, body: str) -> BaseException | None:
    """Run the parts of a body without their output; return the exception that stopped it."""
    from IPython.utils.capture import capture_output

    with capture_output():
        return run_blocks(shell, body)


def run_blocks(shell: InteractiveShell, body: str) -> BaseException | None:
    """Run the parts of a body in the notebook; return the exception that stopped it, whose traceback is displayed."""
    hook = shell.displayhook
    outer = hook.exec_result  # each cell that runs inside another one would leave None behind
    try:
        for part in blocks(body):
            result = shell.run_cell(part, store_history=False)  # type: ignore[no-untyped-call]
            error: BaseException | None = result.error_before_exec or result.error_in_exec
            if error is not None:
                return error
        return None
    finally:
        hook.exec_result = outer
