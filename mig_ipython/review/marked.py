"""What a person changed in a script, line by line."""

from __future__ import annotations

import difflib
from typing import Literal

Sign = Literal[" ", "+", "-"]


def marked(found: str, now: str) -> tuple[tuple[Sign, str], ...]:
    r"""Return the lines of ``now`` and those of ``found`` that are gone, each with its sign.

    >>> marked("a\nb", "a\nc")
    ((' ', 'a'), ('-', 'b'), ('+', 'c'))
    """
    before, after = found.splitlines(), now.splitlines()
    lines: list[tuple[Sign, str]] = []
    for what, first, last, start, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            lines += ((" ", line) for line in after[start:end])
        else:
            lines += (("-", line) for line in before[first:last])
            lines += (("+", line) for line in after[start:end])
    return tuple(lines)
