"""Numbers with their nouns, as sentences have them."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> counted(1, "change"), counted(2000, "index", "indexes")
    ('1 change', '2,000 indexes')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
