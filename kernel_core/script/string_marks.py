"""Replaces the simple strings of a source (``"1f2e"``) by marks, so that files that differ only in them have one text.

    parts, strings = split_strings('revision = "1f2e"')     # ("revision = ", '"', ""), ["1f2e"]
    with_marks(parts)                                       # 'revision = "mig_text_0_"'

A mark replaces word characters between two quotes by other word characters, so it changes nothing else within a string
or a comment. Between two strings (``"a"b"c"``) it is a name where no name is allowed: that text does not parse.
"""

from __future__ import annotations

import re

_SIMPLE = re.compile(r"([\"'])([0-9A-Za-z_]+)\1")
MARK = "mig_text_"


def can_have_marks(source: str) -> bool:
    """Return whether a source contains no mark yet, and no surrogates, which Python refuses in a source."""
    if MARK in source:
        return False
    try:
        return source.isascii() or bool(source.encode())
    except UnicodeEncodeError:
        return False


def split_strings(text: str) -> tuple[tuple[str, ...], list[str]]:
    """Return what is between simple strings, as text, quote, text, quote, ..., text; and the strings."""
    parts = _SIMPLE.split(text)  # text, quote, string, text, quote, string, ..., text
    strings = parts[2::3]
    del parts[2::3]
    return tuple(parts), strings


def with_marks(parts: tuple[str, ...]) -> str:
    """Return the text of which `split_strings` returned the parts, with a mark for each simple string."""
    marked = [parts[0]]
    for position, (quote, text) in enumerate(zip(parts[1::2], parts[2::2], strict=True)):
        marked += [quote, f"{MARK}{position}_", quote, text]
    return "".join(marked)
