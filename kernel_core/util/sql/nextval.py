"""The sequences that SQL takes numbers from: calls of ``nextval`` in PostgreSQL and MariaDB.

PostgreSQL names the sequence in a string, which it reads as an identifier: ``nextval('app."Order no"'::regclass)``
(https://www.postgresql.org/docs/current/functions-sequence.html). MariaDB names it outside of quotes:
``nextval(`app`.`order_no`)`` (https://mariadb.com/kb/en/next-value-for-sequence_name/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .grammar import grammar_of
from .lexer import Token, closing, likely_grammar, tokens
from .literal import string_value

_POSTGRESQL = "postgresql"
_PART = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<bare>[^".\s]+))\s*(?:\.|\Z)')
_USUAL = re.compile(r"nextval\('(?:([a-z_][a-z0-9_]*)\.)?([a-z_][a-z0-9_]*)'::regclass\)")
"""The default of SERIAL as PostgreSQL prints it for plain names; many tables have it, so it is read without tokens."""


@dataclass(frozen=True, slots=True)
class SequenceName:
    """The schema, None where SQL does not name one, and the name of a sequence, without quotes."""

    schema: str | None
    name: str

    def key(self, default_schema: str | None = None) -> tuple[str | None, str]:
        """Return schema and name; the schema is None where it is the default one."""
        return (None if self.schema == default_schema else self.schema, self.name)


def sequence_of_default(sql: str | None) -> SequenceName | None:
    """Return the sequence whose next value is the whole of an expression; None for any other expression.

    >>> sequence_of_default("nextval('sales.Order_no'::regclass)")
    SequenceName(schema='sales', name='order_no')
    >>> sequence_of_default("nextval('s') + 1") is None
    True
    """
    usual = _USUAL.fullmatch(sql or "")
    if usual is not None:
        return SequenceName(*usual.groups())
    found = _tokens(sql or "")
    while len(found) > 1 and found[0].text == "(" and _closing(found, 0) == len(found) - 1:
        found = found[1:-1]
    start = 2 if [token.name.lower() for token in found[:2]] == ["pg_catalog", "."] else 0
    if not _is_call(found, start) or _closing(found, start + 1) != len(found) - 1:
        return None
    return _argument(found[start + 2 : -1])


def sequences_in(sql: str | None) -> list[SequenceName]:
    """Return the sequences that an expression takes numbers from, each once, in their order.

    >>> sequences_in("nextval('a') + nextval(`shop`.`B`)")
    [SequenceName(schema=None, name='a'), SequenceName(schema='shop', name='B')]
    """
    return list(dict.fromkeys(_sequences(_tokens(sql or ""))))


def _sequences(found: Sequence[Token]) -> Iterator[SequenceName]:
    for place in range(len(found)):
        end = _closing(found, place + 1) if _is_call(found, place) else None
        sequence = None if end is None else _argument(found[place + 2 : end])
        if sequence is not None:
            yield sequence


def _tokens(sql: str) -> list[Token]:
    return tokens(sql, likely_grammar(sql)) if "nextval" in sql.lower() else []


def _is_call(found: Sequence[Token], place: int) -> bool:
    return len(found) > place + 1 and found[place].keyword == "NEXTVAL" and found[place + 1].text == "("


def _closing(found: Sequence[Token], opening: int) -> int | None:
    try:
        return closing(found, opening)
    except ValueError:
        return None


def _argument(found: Sequence[Token]) -> SequenceName | None:
    """Return the sequence that the argument of ``nextval`` names; None where it is computed."""
    if not found:
        return None
    if found[0].kind == "text":
        value = string_value(found[0].text, grammar_of(_POSTGRESQL))
        return None if value is None or not _is_cast(found[1:]) else _from_string(value)
    parts, points = found[::2], found[1::2]
    if len(parts) == len(points) or any(part.kind not in ("name", "word") for part in parts):
        return None
    return _named([part.name for part in parts]) if all(point.text == "." for point in points) else None


def _is_cast(found: Sequence[Token]) -> bool:
    """Return whether tokens are nothing, or casts such as ``::text::regclass``."""
    return all(token.text in ("::", ".") or token.kind in ("name", "word") for token in found) and (
        not found or found[0].text == "::"
    )


def _from_string(text: str) -> SequenceName | None:
    """Return the sequence that PostgreSQL finds for a string: a name without quotes is folded to lower case."""
    parts: list[str] = []
    place = 0
    while place < len(text):
        part = _PART.match(text, place)
        if part is None:
            return None
        parts.append(part["quoted"].replace('""', '"') if part["quoted"] else part["bare"].lower())
        place = part.end()
    return _named(parts)


def _named(parts: Sequence[str]) -> SequenceName | None:
    """Return the name of a path; a database before the schema is the one that is connected."""
    return SequenceName(parts[-2] if len(parts) > 1 else None, parts[-1]) if parts else None
