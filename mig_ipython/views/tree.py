"""The graph of revisions as lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from .revisions import Entry, children_first
from .text import short


def tree(given: Sequence[Entry]) -> list[str]:
    """Return the graph as lines of text, newest first: one line for each revision, ``|`` for the branches beside it."""
    lanes: list[str] = []
    lines: list[str] = []
    for entry in children_first(given):
        if entry.revision not in lanes:
            lanes.append(entry.revision)
        column = lanes.index(entry.revision)
        sign = "!" if entry.is_half else "@" if entry.is_current else "o" if entry.state == "pending" else "*"
        rail = " ".join(sign if number == column else "|" for number in range(len(lanes)))
        lines.append(f"{rail} {_told(entry)}")
        before = len(lanes)
        lanes = [name for number, name in enumerate(lanes) if name != entry.revision or number == column]
        parents = [parent for parent in entry.down if parent not in lanes]
        lanes[column : column + 1] = parents
        if len(entry.down) > 1 or before > len(lanes) > 0:
            lines.append(" ".join("|" for _ in lanes))
    return lines


def _told(entry: Entry) -> str:
    marks = f" ({', '.join(entry.marks)})" if entry.marks else ""
    follows = f" <- {', '.join(entry.down)}" if len(entry.down) > 1 else ""
    depends = f" [depends on {', '.join(entry.depends_on)}]" if entry.depends_on else ""
    return f"{entry.revision}{marks} {short(entry.doc)}".rstrip() + follows + depends
