"""SQL and Python as a person likes to read them: coloured words, and the lines marked that were changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Literal

from kernel_core.util.secrets import redact

from ...review.marked import Sign
from ...views.html import Html, esc, join, tag

Language = Literal["sql", "python"]

_COLOURED = {
    "Keyword": "key",
    "Operator.Word": "key",
    "Literal.String": "str",
    "Literal.Number": "num",
    "Comment": "com",
}
_SIGNS = {"+": ("mig-plus", "+"), "-": ("mig-minus", "\N{MINUS SIGN}"), " ": (None, " ")}


def code(text: str, language: Language) -> Html:
    """Return SQL or Python as a block that scrolls by keyboard too."""
    return tag("pre", coloured(text.rstrip("\n"), language), class_="mig-code", tabindex="0")


def marked_code(lines: Sequence[tuple[Sign, str]]) -> Html:
    """Return Python with a sign before each line that was added or left out."""
    shown = iter(_lines("\n".join(line for sign, line in lines if sign != "-")))  # a docstring has several lines
    return tag(
        "pre",
        join(_line(sign, coloured(line, "python") if sign == "-" else next(shown)) for sign, line in lines),
        class_="mig-code mig-marked",
        tabindex="0",
    )


def coloured(text: str, language: Language) -> Html:
    """Return source in which keywords, strings, numbers and comments have a class; the text stays the same.

    >>> coloured("SELECT 1", "sql")
    '<span class="mig-key">SELECT</span> <span class="mig-num">1</span>'
    """
    return join(_word(kind, part) for kind, part in _parts(text, language))


def _line(sign: Sign, line: Html) -> Html:
    class_, shown = _SIGNS[sign]
    return tag("span", tag("span", f"{shown} ", class_="mig-gutter"), line, "\n", class_=class_)


def _lines(text: str) -> list[Html]:
    """Return the coloured lines of Python."""
    lines: list[list[Html]] = [[]]
    for kind, part in _parts(text, "python"):
        for number, piece in enumerate(part.split("\n")):
            if number:
                lines.append([])
            lines[-1].append(_word(kind, piece))
    return [join(line) for line in lines]


def _word(kind: str, text: str) -> Html:
    return tag("span", text, class_=f"mig-{kind}") if kind and text else esc(text)


def _parts(text: str, language: Language) -> Iterator[tuple[str, str]]:
    """Give the text in pieces, each with the kind of word that it is, "" for what needs no colour.

    Secrets are masked before: a lexer might cut one in two.
    """
    waiting, kind = "", ""
    for token, piece in _lexer(language).get_tokens(redact(text)):
        name = str(token).removeprefix("Token.")
        this = next((short for start, short in _COLOURED.items() if name.startswith(start)), "")
        if this != kind and waiting:
            yield kind, waiting
            waiting = ""
        waiting, kind = waiting + piece, this
    if waiting:
        yield kind, waiting


@cache
def _lexer(language: Language) -> Any:
    from pygments.lexers import PythonLexer, SqlLexer

    return (SqlLexer if language == "sql" else PythonLexer)(stripnl=False, ensurenl=False)
