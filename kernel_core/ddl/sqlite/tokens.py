"""Cut SQLite's SQL into tokens, so that a definition can be edited without losing a letter of the rest.

The rules are those of https://sqlite.org/lang_keywords.html and https://sqlite.org/syntax/comment-syntax.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy.dialects import sqlite

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))
    | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    | (?P<text>[xX]?'(?:[^']|'')*')
    | (?P<word>[^\W\d][\w$]*)
    | (?P<number>\d[\w.]*)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A piece of SQL: ``kind`` is name (quoted), text, word, number or sign; ``start`` and ``end`` its place."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The bare word in upper case; empty for everything else."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """The identifier that this stands for, without its quotes."""
        if self.kind == "name" or (self.kind == "text" and self.text[:1] == "'"):
            mark = self.text[-1]
            return self.text[1:-1].replace(mark * 2, mark)
        return self.text


def tokens(sql: str) -> list[Token]:
    """Return the tokens of ``sql``, without space and comments."""
    return [
        Token(match.lastgroup or "sign", match.group(), match.start(), match.end())
        for match in _TOKEN.finditer(sql)
        if match.lastgroup != "space"
    ]


def split_commas(found: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the runs between the commas that stand outside every bracket."""
    depth, run = 0, list[Token]()
    for token in found:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and depth == 0:
            yield run
            run = []
        else:
            run.append(token)
    if run:
        yield run


def closing(found: Sequence[Token], opening: int) -> int:
    """Return the place of the bracket that closes the one at ``opening``."""
    depth = 0
    for place in range(opening, len(found)):
        depth += (found[place].text == "(") - (found[place].text == ")")
        if depth == 0:
            return place
    raise ValueError("a bracket is not closed")


def mentions(found: Iterable[Token], name: str) -> bool:
    """Tell whether an identifier of that name occurs, in any case and any quotes."""
    return any(token.kind in ("name", "word") and token.name.lower() == name.lower() for token in found)


def in_schema(sql: str, schema: str | None) -> str:
    """Return a CREATE INDEX or CREATE TRIGGER for an attached database: SQLite stores them without its name.

    >>> in_schema("CREATE UNIQUE INDEX ix ON t (a)", "app")
    'CREATE UNIQUE INDEX app.ix ON t (a)'
    """
    if not schema:
        return sql
    found = tokens(sql)
    place = next(place for place, token in enumerate(found) if token.keyword in ("INDEX", "TRIGGER")) + 1
    place += 3 if found[place].keyword == "IF" else 0
    if found[place + 1].text == ".":
        return sql
    return f"{sql[: found[place].start]}{quote(schema)}.{sql[found[place].start :]}"


def quote(name: str) -> str:
    """Return a name in double quotes where it needs them."""
    return _PREPARER.quote(str(name))


_PREPARER = sqlite.dialect().identifier_preparer
