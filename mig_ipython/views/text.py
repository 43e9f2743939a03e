"""Tables and sentences as plain text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from kernel_core.util.folders import shown_path
from kernel_core.util.messaging import printable
from kernel_core.util.secrets import redact

__all__ = ["indent", "panel_text", "short", "shown_path", "table", "typed", "width"]


def table(headings: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table with columns as wide as their widest cell; a line break in a cell becomes a blank.

    >>> print(table(("name", "n"), [("a", 1)]))
    name  n
    ----  -
    a     1
    """
    lines = [[_flat(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * size for size in widths])
    return "\n".join(
        "  ".join(cell + " " * (size - width(cell)) for cell, size in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def width(text: str) -> int:
    """Return how many columns a terminal needs for ``text``."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def short(text: str, length: int = 60) -> str:
    """Return the first line of ``text``, truncated with an ellipsis.

    Secrets are masked first: a truncated URL would not be recognised.
    """
    line = redact(text.strip().splitlines()[0]) if text.strip() else ""
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def indent(text: str, by: str = "    ") -> str:
    """Return ``text`` with every line that is not blank moved to the right."""
    return "\n".join(by + line if line.strip() else "" for line in text.splitlines())


def _flat(cell: object) -> str:
    return " ".join(printable(str(cell)).split())


def typed(word: object) -> str:
    """Return a word as it is typed after a magic: in quotes where it has a space or another special character."""
    text = str(word)
    if re.fullmatch(r"[^\s'\"#${};]+", text):
        return text
    if "'" in text or "{" in text:  # braces are replaced in single quotes too
        return '"' + re.sub(r'(["${])', r"\\\1", text) + '"'
    return f"'{text}'"


def panel_text(lead: str, instead: str) -> str:
    """Return what a front end without widgets shows in place of a panel: what it is, and what to do instead.

    The result of the cell may not be displayed below: it was assigned to a name, or is not the last expression.
    """
    return f"{lead}: a live panel, which needs its kernel. Without it: {instead}"
