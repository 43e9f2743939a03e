"""Compare two server defaults by their SQL."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy.engine import Dialect

from ..util.sql import STANDARD, Grammar, Token, grammar_of, normal_sql, string_value, tokens

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?")
_NOW = frozenset({"now ( )", "current_timestamp", "current_timestamp ( )", "transaction_timestamp ( )"})
_ON_UPDATE = " on update "
_TRUTH = {"true": "1", "false": "0", "t": "1", "f": "0"}


def defaults_differ(
    inspected: str | None, rendered_metadata: str | None, dialect: Dialect | Grammar = STANDARD
) -> bool:
    """Return whether the database's default differs from the metadata's; both are SQL, None if there is none.

    Redundant parentheses, casts of the whole default, white space and the case of words outside strings do not count.
    A number equals the string of it, and NULL equals no default.

    >>> defaults_differ("'new'::character varying", "'new'")
    False
    """
    if inspected == rendered_metadata:
        return False
    one, two = (_Default.of(text, grammar_of(dialect)) for text in (inspected, rendered_metadata))
    if one is None or two is None:
        return one is not two
    if one.text is not None and two.text is not None:
        return one.text != two.text
    return one.words != two.words


class _Default:
    """A default in normal form; ``text`` is the string where the default is a string literal."""

    __slots__ = ("text", "words")

    def __init__(self, words: str, text: str | None = None) -> None:
        self.words, self.text = words, text

    @classmethod
    @functools.lru_cache(maxsize=4096)
    def of(cls, sql: str | None, grammar: Grammar) -> _Default | None:
        """Return the default; None for none, and for NULL."""
        words = "null" if sql is None else _without_casts(normal_sql(sql, grammar), grammar)
        if words == "null":
            return None
        found = tokens(words, grammar)
        text = _literal(found, grammar)
        if text is not None:
            return cls(_number(text) if _NUMBER.fullmatch(text) else words, text)
        joined = "".join(token.text for token in found)
        if _NUMBER.fullmatch(joined):
            return cls(_number(re.sub(r"^0+(?=\d)", "", joined)))  # MySQL reflects the zeros of ZEROFILL
        moments = ("now ( )" if part in _NOW else part for part in words.split(_ON_UPDATE))
        words = _ON_UPDATE.join(moments)
        return cls(_TRUTH.get(words, words))


def _literal(found: Sequence[Token], grammar: Grammar) -> str | None:
    """Return the value of a string literal; on SQLite a quoted name is one too, because a default has no columns."""
    if len(found) != 1:
        return None
    if found[0].kind == "name" and grammar.name == "sqlite":
        return found[0].name
    return string_value(found[0].text, grammar) if found[0].kind == "text" else None


def _number(text: str) -> str:
    if "e" in text:
        text = f"{Decimal(text):f}"
    text = text.removeprefix("+")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _without_casts(words: str, grammar: Grammar) -> str:
    """Return a default without casts of the whole: of a literal, a name, a call or a group in parentheses."""
    while True:
        found = tokens(words, grammar)
        place = _last_cast(found)
        if not place or not _is_operand(found[:place]):
            return words
        words = normal_sql(" ".join(token.text for token in found[:place]), grammar)


def _last_cast(found: Sequence[Token]) -> int:
    """Return the index of the last ``::`` if only a type comes after it; 0 for none."""
    depth = 0
    for place in range(len(found) - 1, 0, -1):
        token = found[place]
        depth += (token.text in ")]") - (token.text in "([") if token.kind == "sign" else 0
        if depth == 0 and token.text == "::":
            return place
        if depth == 0 and token.kind == "operator":
            return 0
    return 0


def _is_operand(found: Sequence[Token]) -> bool:
    """Return whether a cast after these tokens applies to all of them."""
    depth = 0
    for place, token in enumerate(found):
        if token.kind == "sign":
            depth += (token.text in "([") - (token.text in ")]")
        if depth == 0 and token.kind == "operator" and token.text != "::" and place:
            return False
    return found[0].kind != "operator" and len(found) > 0
