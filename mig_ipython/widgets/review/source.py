"""SQL and Python with syntax colours and with marked changes."""

from __future__ import annotations

from collections.abc import Sequence

from ...review.line_diff import Sign
from ...views.html import Html, join, tag
from ...views.source import Language, coloured, parts, word

_SIGNS = {"+": ("mig-plus", "+"), "-": ("mig-minus", "\N{MINUS SIGN}"), " ": (None, " ")}


def code(text: str, language: Language) -> Html:
    """Return SQL or Python as a block that can be scrolled by keyboard."""
    return tag("pre", coloured(text.rstrip("\n"), language), class_="mig-code", tabindex="0")


def marked_code(lines: Sequence[tuple[Sign, str]]) -> Html:
    """Return Python with a sign before each added or removed line."""
    shown = iter(_lines("\n".join(line for sign, line in lines if sign != "-")))  # a docstring has several lines
    return tag(
        "pre",
        join(_line(sign, coloured(line, "python") if sign == "-" else next(shown)) for sign, line in lines),
        class_="mig-code mig-marked",
        tabindex="0",
    )


def _line(sign: Sign, line: Html) -> Html:
    class_, shown = _SIGNS[sign]
    return tag("span", tag("span", f"{shown} ", class_="mig-gutter"), line, "\n", class_=class_)


def _lines(text: str) -> list[Html]:
    """Return the coloured lines of Python."""
    lines: list[list[Html]] = [[]]
    for kind, part in parts(text, "python"):
        for number, piece in enumerate(part.split("\n")):
            if number:
                lines.append([])
            lines[-1].append(word(kind, piece))
    return [join(line) for line in lines]
