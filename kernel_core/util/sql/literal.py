"""String literals: read their values, and quote strings."""

from __future__ import annotations

import re

from .grammar import Grammar
from .lexer import unquoted

_SIMPLE_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_MYSQL_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "%": "\\%", "_": "\\_"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)


def string_value(text: str, grammar: Grammar) -> str | None:
    r"""Return the value of a string literal; None for bytes and bits, and where it is not known.

    >>> from .grammar import grammar_of
    >>> string_value(r"'it\'s'", grammar_of("mariadb")), string_value("$$it's$$", grammar_of("postgresql"))
    ("it's", "it's")
    """
    prefix = text[:1]
    if prefix in ("'", '"'):
        return _without_backslashes(unquoted_text(text), grammar) if grammar.backslash else unquoted(text)
    if prefix == "$":
        return text[text.index("$", 1) + 1 : text.rindex("$", 0, -1)]
    if prefix in "nN" and text[1:2] == "'":
        return string_value(text[1:], grammar)
    if grammar.name == "postgresql" and prefix in "eE":
        return _without_escapes(unquoted_text(text[1:]))
    if grammar.name == "postgresql" and text[:2] in ("U&", "u&"):
        return unquoted(text)
    return None


def unquoted_text(text: str) -> str:
    r"""Return what is between the quotes; a doubled quote is one, a backslash escapes the next character."""
    mark = text[-1]
    doubled = re.compile(rf"\\.|{mark}{mark}", re.DOTALL)
    return doubled.sub(lambda found: mark if found.group() == mark * 2 else found.group(), text[1:-1])


def _without_backslashes(text: str, grammar: Grammar) -> str:
    if grammar.name != "mysql":
        return _without_escapes(text)
    return re.sub(r"\\(.)", lambda found: _MYSQL_ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)


def _without_escapes(text: str) -> str:
    """Return a text of PostgreSQL without its C-style escapes."""

    def meant(found: re.Match[str]) -> str:
        number = found[1] or found[2] or found[3]
        if number:
            return chr(int(number, 16))
        if found[4]:
            return chr(int(found[4], 8))
        return _SIMPLE_ESCAPES.get(found[5], found[5])

    return _ESCAPE.sub(meant, text)


def string_literal(value: str, grammar: Grammar) -> str:
    """Return a string as this database quotes it."""
    if grammar.backslash:
        value = value.replace("\\", "\\\\")
    return "'" + value.replace("'", "''") + "'"
