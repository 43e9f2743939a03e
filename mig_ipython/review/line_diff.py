"""The difference of two texts, line by line."""

from __future__ import annotations

import difflib
from typing import Literal

Sign = Literal[" ", "+", "-"]


def line_diff(before: str, after: str) -> tuple[tuple[Sign, str], ...]:
    r"""Return the lines of both texts, each with its sign: ``-`` only before, ``+`` only after, `` `` in both.

    >>> line_diff("a\nb", "a\nc")
    ((' ', 'a'), ('-', 'b'), ('+', 'c'))
    """
    old, new = before.splitlines(), after.splitlines()
    lines: list[tuple[Sign, str]] = []
    for what, first, last, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            lines += ((" ", line) for line in new[start:end])
        else:
            lines += (("-", line) for line in old[first:last])
            lines += (("+", line) for line in new[start:end])
    return tuple(lines)
