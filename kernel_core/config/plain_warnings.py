"""Python warnings on the terminal: one line for each, without the place in the code."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from typing import TextIO

from ..util.folders import shown_path, with_relative_paths
from ..util.secrets import redact

_OF_DEVELOPERS = (DeprecationWarning, PendingDeprecationWarning, ResourceWarning, ImportWarning, BytesWarning)
"""Python hides these unless a developer asks for them; their place in the code is what the developer looks for."""


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Print each warning as ``Warning: ...`` on stderr, each text once.

    Which warnings are shown, and which are errors, remains a matter of ``-W``, PYTHONWARNINGS and filters: only how a
    warning is shown is replaced. A function that env.py sets as ``warnings.showwarning`` stays in place.
    """
    before = warnings.showwarning
    shown: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if file is not None or issubclass(category, _OF_DEVELOPERS):
            before(message, category, filename, lineno, file, line)
            return
        text = _line(str(message), category, filename, lineno)
        stream = sys.stderr
        if stream is not None and text not in shown:  # a program without a terminal may have no stderr
            shown.add(text)
            with contextlib.suppress(OSError):  # as Python does: a closed pipe must not end a migration
                print(text, file=stream)

    warnings.showwarning = show
    try:
        yield
    finally:
        if warnings.showwarning is show:
            warnings.showwarning = before


def _line(message: str, category: type[Warning], filename: str, lineno: int) -> str:
    """Return the line for a warning, with secrets masked; one about the syntax of a file names the file."""
    text = with_relative_paths(redact(" ".join(filter(None, map(str.strip, message.splitlines())))))
    place = f"{shown_path(filename)}, line {lineno}: " if issubclass(category, SyntaxWarning) else ""
    return f"Warning: {place}{text}"
