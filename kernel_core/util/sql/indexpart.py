"""What an index is over: an expression, and what may follow it in CREATE INDEX."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from .expression import is_enclosed
from .grammar import Grammar, SQLDialect, grammar_of
from .lexer import Token, closing, tokens
from .normal import SPECIAL, normal_sql

_ORDERS = ("ASC", "DESC")


class IndexPart(NamedTuple):
    """One column or expression of an index, as written; ``collation``, ``opclass`` and ``order`` may be empty.

    ``opclass`` and a separate ``collation`` are PostgreSQL's. In ``order``, what is implied is left out.
    """

    expression: str
    collation: str = ""
    opclass: str = ""
    order: str = ""

    def normal(self, dialect: SQLDialect) -> str:
        """Return the one spelling of the part, without its operator class."""
        collation = f" collate {normal_sql(self.collation, dialect)}" if self.collation else ""
        order = f" {self.order.lower()}" if self.order else ""
        return f"{normal_sql(self.expression, dialect)}{collation}{order}"


def index_part(sql: str, dialect: SQLDialect) -> IndexPart:
    """Split one part of a CREATE INDEX into its clauses.

    >>> index_part('(lower(name)) COLLATE "C" text_pattern_ops DESC NULLS FIRST', "postgresql")
    IndexPart(expression='lower(name)', collation='"C"', opclass='text_pattern_ops', order='DESC')
    """
    grammar = grammar_of(dialect)
    found = tokens(sql, grammar)
    found, order = _order(found)
    opclass = collation = ""
    if grammar.name == "postgresql":
        found, opclass = _opclass(found, sql)
        found, collation = _collation(found, sql)
    words = _words(found, sql)
    while is_enclosed(words, grammar):
        words = _words(tokens(words, grammar)[1:-1], words)
        if grammar.name == "postgresql" and not collation:
            found, collation = _collation(tokens(words, grammar), words)
            words = _words(found, words)
    return IndexPart(words, collation, opclass, order)


def _words(found: Sequence[Token], sql: str) -> str:
    return sql[found[0].start : found[-1].end] if found else ""


def _order(found: list[Token]) -> tuple[list[Token], str]:
    """Return the tokens in front of the order, and the order."""
    nulls = order = ""
    if len(found) > 2 and found[-2].keyword == "NULLS" and found[-1].keyword in ("FIRST", "LAST"):
        nulls, found = found[-1].keyword, found[:-2]
    if len(found) > 1 and found[-1].keyword in _ORDERS:
        order, found = found[-1].keyword, found[:-1]
    order = "" if order == "ASC" else order
    implied = "FIRST" if order else "LAST"
    return found, f"{order} NULLS {nulls}".strip() if nulls not in ("", implied) else order


def _opclass(found: list[Token], sql: str) -> tuple[list[Token], str]:
    """Return the tokens in front of an operator class, and the class with its options."""
    end = start = len(found)
    if end and found[-1].text == ")":
        start = _opening(found, end - 1)
    if start < 2 or not _is_name(found[start - 1]):
        return found, ""
    start -= 1
    while start > 1 and found[start - 1].text == "." and _is_name(found[start - 2]):
        start -= 2
    before = found[:start]
    if not before or not _ends_operand(before[-1]):
        return found, ""
    if not (found[start].name.endswith("_ops") or found[end - 1].name.endswith("_ops") or _is_element(before)):
        return found, ""
    return before, _words(found[start:], sql)


def _opening(found: Sequence[Token], end: int) -> int:
    depth = 0
    for place in range(end, -1, -1):
        depth += (found[place].text == ")") - (found[place].text == "(")
        if depth == 0:
            return place
    return 0


def _collation(found: list[Token], sql: str) -> tuple[list[Token], str]:
    """Return the tokens in front of a COLLATE that is applied last, and the collation."""
    start = len(found) - 1
    while start > 1 and found[start - 1].text == "." and _is_name(found[start - 2]):
        start -= 2
    if start < 2 or not _is_name(found[start]) or found[start - 1].keyword != "COLLATE":
        return found, ""
    before = found[: start - 1]
    collation = _words(found[start:], sql).removeprefix("pg_catalog.")
    return (before, collation) if _is_element(before) else (found, "")


def _is_name(token: Token) -> bool:
    return token.kind == "name" or (token.kind == "word" and token.text.lower() not in SPECIAL)


def _ends_operand(token: Token) -> bool:
    return token.kind in ("word", "name", "text") or token.text in (")", "]")


def _is_element(found: Sequence[Token]) -> bool:
    """Return whether PostgreSQL takes it as it is: a column, a call, or parentheses; a COLLATE may follow."""
    if len(found) > 2 and found[-2].keyword == "COLLATE":
        found = found[:-2]
    elif len(found) > 4 and found[-4].keyword == "COLLATE" and found[-2].text == ".":
        found = found[:-4]
    if len(found) == 1:
        return _is_name(found[0])
    if not found:
        return False
    if found[0].text == "(":
        return _closes(found, 0)
    place = 0
    while place + 2 < len(found) and _is_name(found[place]) and found[place + 1].text == ".":
        place += 2
    if not (_is_name(found[place]) or found[place].keyword == "CAST") or found[place].keyword in _NO_CALLS:
        return False
    return place + 1 < len(found) and found[place + 1].text == "(" and _closes(found, place + 1)


_NO_CALLS = frozenset({"NOT", "CASE", "ARRAY", "ROW", "EXISTS", "ANY", "ALL", "SOME"})


def _closes(found: Sequence[Token], opening: int) -> bool:
    try:
        return closing(found, opening) == len(found) - 1
    except ValueError:
        return False


def index_part_sql(sql: str, dialect: SQLDialect) -> str:
    """Return a part as CREATE INDEX takes it: PostgreSQL wants parentheses around all but columns and calls.

    >>> index_part_sql("n + 1 DESC", "postgresql"), index_part_sql("lower(a) DESC", "postgresql")
    ('(n + 1) DESC', 'lower(a) DESC')
    """
    grammar = grammar_of(dialect)
    if grammar.name != "postgresql":
        return sql
    found, _ = _order(tokens(sql, grammar))
    if _is_element(found):
        return sql
    found, _ = _opclass(found, sql)
    if not found or _is_element(found):
        return sql
    return f"({_words(found, sql)}){sql[found[-1].end :]}"


def normal_name(name: str, dialect: SQLDialect) -> str:
    """Return how `normal_sql` spells the identifier that a column is named."""
    return _normal_name(name, grammar_of(dialect))


@functools.lru_cache(maxsize=8192)
def _normal_name(name: str, grammar: Grammar) -> str:
    quoted = grammar.quote + name.replace(grammar.quote, grammar.quote * 2) + grammar.quote
    return normal_sql(quoted, grammar)
