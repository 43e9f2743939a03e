"""SQL and Python with coloured words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from kernel_core.util.secrets import redact

from .html import Html, esc, join, tag

Language = Literal["sql", "python"]

_COLOURED = {
    "Keyword": "key",
    "Operator.Word": "key",
    "Literal.String": "str",
    "Literal.Number": "num",
    "Comment": "com",
}


def code(text: str, language: Language) -> Html:
    """Return SQL or Python as a block."""
    return tag("pre", tag("code", coloured(text.rstrip("\n"), language)))


def coloured(text: str, language: Language) -> Html:
    """Return source in which keywords, strings, numbers and comments have a class; the text stays the same.

    >>> coloured("SELECT 1", "sql")
    '<span class="mig-key">SELECT</span> <span class="mig-num">1</span>'
    """
    return join(word(kind, part) for kind, part in parts(text, language))


def word(kind: str, text: str) -> Html:
    """Return a piece of source with the class of its kind."""
    return tag("span", text, class_=f"mig-{kind}") if kind and text else esc(text)


def parts(text: str, language: Language) -> Iterator[tuple[str, str]]:
    """Yield the text in pieces, each with its kind; "" for a piece without colour.

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
