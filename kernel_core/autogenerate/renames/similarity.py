"""The similarity of two names, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

_BORDER = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")


def words(name: str) -> list[str]:
    """Return the words of a name, in lower case.

    >>> words("userName_2"), words("HTTPStatus")
    (['user', 'name', '2'], ['http', 'status'])
    """
    return [word.lower() for word in _WORD.findall(_BORDER.sub("_", name))]


def similarity(old: str, new: str) -> float:
    """Return the similarity of two names, from 0 to 1, word by word.

    Letters that are the same by chance don't count: ``created_at`` is not similar to ``updated_at``. Names with
    different numbers are not similar either.

    >>> similarity("userName", "user_name"), similarity("qty", "quantity")
    (1.0, 0.8)
    >>> similarity("first_name", "last_name") < 0.5
    True
    """
    one, two = words(old), words(new)
    if not one or not two:
        return 1.0 if old == new else 0.0
    if "".join(one) == "".join(two):
        return 1.0
    rest, same = list(two), 0.0
    for word in one:
        best = max(rest, key=lambda other: _same_word(word, other), default="")
        likeness = _same_word(word, best) if best else 0.0
        if likeness:
            rest.remove(best)
            same += likeness * (len(word) + len(best))
    share = same / sum(map(len, one + two))
    if _numbers(one) != _numbers(two) and _numbers(one) and _numbers(two):
        return share / 2
    if share and (not rest or len(two) - len(rest) == len(one)):
        return max(share, 0.75)  # every word of the shorter name is in the longer one
    return share


def _numbers(parts: list[str]) -> list[str]:
    return [part for part in parts if part.isdigit()]


def _same_word(one: str, two: str) -> float:
    """Return 1 for the same word, less for a plural, a typing error or an abbreviation, 0 for another word."""
    if one == two:
        return 1.0
    short, long = sorted((one, two), key=len)
    if long in (short + "s", short + "es", short.removesuffix("y") + "ies"):
        return 0.95
    if len(short) >= 4 and SequenceMatcher(None, one, two).ratio() >= 0.8:
        return 0.85
    if len(short) >= 3 and long.startswith(short):
        return 0.8
    return 0.8 if short[0] == long[0] and len(long) >= 5 and _abbreviates(short, long) else 0.0


def _abbreviates(short: str, long: str) -> bool:
    """Return whether ``short`` is ``long`` without some letters, most of them vowels: ``nr``, ``qty``, ``addr``."""
    letters, vowels = iter(long), sum(letter in "aeiou" for letter in short)
    return len(short) >= 2 and vowels <= len(short) - 2 and vowels <= 1 and all(each in letters for each in short)
