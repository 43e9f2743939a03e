"""SQL text for ``text()``: escape colons that are not parameters, reject NUL characters."""

from __future__ import annotations

import re

from ..exc import CommandError, shortened

_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)")
_ESCAPE = re.compile(r"\\(?=:[\w$]*(?![:\w$]))")


def without_parameters(sql: str) -> str:
    r"""Return SQL for ``text()`` that is sent to the database exactly as ``sql``.

    Each colon that would start a parameter is escaped, and each backslash that would escape a colon.

    >>> print(without_parameters("a::int + :b"))
    a::int + \:b
    """
    return without_typed_parameters(_ESCAPE.sub(r"\\\\", sql))


def without_typed_parameters(sql: str) -> str:
    r"""Return user input for ``text()``: a colon is a colon, and so is ``\:``, as in ``text()``."""
    return _PARAMETER.sub(r"\\:", sql)


def refuse_nul(text: str) -> None:
    """Raise CommandError for text with a NUL, at which drivers truncate it or raise an unclear error."""
    place = text.find("\0")
    if place >= 0:
        around = shortened(text[max(0, place - 30) : place + 30])
        raise CommandError(f"A statement holds a NUL character, around {around}. Take it out of that name or text.")
