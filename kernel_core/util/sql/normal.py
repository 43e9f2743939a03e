"""The normal form of a SQL expression: what is insignificant to its database is removed.

Space, comments, the case of words, redundant quotes, the way a string is quoted and redundant parentheses are removed.
Parentheses that change what is computed stay: ``(a + b) * c`` is not ``a + b * c``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from .grammar import Grammar, Precedence, SQLDialect, grammar_of
from .lexer import Token, tokens
from .literal import string_literal, string_value

_SIMPLE = re.compile(r"[a-z_][a-z0-9_$]*")
SPECIAL = frozenset(
    re.findall(
        r"\w+",
        """all and any array as asc between both by case cast check collate create cross current_catalog current_date
        current_role current_schema current_time current_timestamp current_user default desc distinct div else end
        escape except exists false fetch for from glob group having ilike in interval intersect is isnull join like
        limit localtime localtimestamp match mod not notnull null of on or order primary references regexp rlike row
        select session_user similar some table then true union unique user using values when where with xor""",
    )
)
"""Words that mean something else without quotes."""
_QUERIES = frozenset({"select", "values", "with", "table"})
_BETWEEN = frozenset({"between", "not between"})
_BORDERS = frozenset({"when", "then", "else"})
_JOINED: tuple[tuple[str, ...], ...] = (
    ("is", "not", "distinct", "from"),
    ("is", "distinct", "from"),
    ("is", "not"),
    *(("not", word) for word in ("like", "ilike", "in", "between", "glob", "regexp", "match", "rlike")),
    ("not", "similar", "to"),
    ("similar", "to"),
    ("sounds", "like"),
    ("at", "time", "zone"),
)
_LOOSEST, _UNKNOWN, _TIGHTEST = 0, 999, 1000
_DEEPEST = 100


class _Piece:
    """A token in its one spelling, or a group of pieces: in ``( )``, in ``[ ]``, or between CASE and END."""

    __slots__ = ("items", "kind", "text")

    def __init__(self, kind: str, text: str, items: list[_Piece] | None = None) -> None:
        self.kind, self.text, self.items = kind, text, items

    def words(self) -> Iterator[str]:
        """Yield the words of it, in order."""
        yield self.text
        if self.items is not None:
            for item in self.items:
                yield from item.words()
            yield _CLOSED[self.text]


_CLOSED = {"(": ")", "[": "]", "{": "}", "case": "end"}


def normal_sql(sql: str, dialect: SQLDialect) -> str:
    """Return the one spelling of an expression: two expressions with the same spelling mean the same.

    >>> normal_sql('(("Age" >=  18) AND kind IN (1,2))', "sqlite")
    'age >= 18 and kind in ( 1 , 2 )'
    >>> normal_sql("((a+b)*c)", "postgresql")
    '( a + b ) * c'
    """
    return _normal(sql, grammar_of(dialect))


@functools.lru_cache(maxsize=8192)
def _normal(sql: str, grammar: Grammar) -> str:
    found = [_spelled(token, grammar) for token in tokens(sql, grammar)]
    pieces = _grouped(found)
    if pieces is None:  # parentheses that do not match: nothing is known of them
        return " ".join(piece.text for piece in found)
    if grammar.name == "postgresql":
        pieces = _casts(pieces)
    return " ".join(word for piece in _reduced(pieces, grammar.precedence) for word in piece.words())


def _spelled(token: Token, grammar: Grammar) -> _Piece:
    if token.kind == "name":
        name = token.name.lower() if grammar.folds_quoted else token.name
        if _SIMPLE.fullmatch(name) and name not in SPECIAL:
            return _Piece("name", name)
        return _Piece("name", grammar.quote + name.replace(grammar.quote, grammar.quote * 2) + grammar.quote)
    if token.kind == "text":
        value = string_value(token.text, grammar)
        return _Piece("text", token.text.lower() if value is None else string_literal(value, grammar))
    if token.kind == "operator":
        return _Piece("operator", {"!=": "<>", "==": "="}.get(token.text, token.text))
    if token.kind in ("word", "number"):
        return _Piece(token.kind, token.text.lower())
    return _Piece(token.kind, token.text)


def _grouped(found: Sequence[_Piece]) -> list[_Piece] | None:
    """Return the pieces, each group combined; None where the groups do not match."""
    stack: list[list[_Piece]] = [[]]
    for piece in found:
        opens = piece.text in _CLOSED if piece.kind in ("sign", "word") else False
        if opens and (piece.text != "case" or piece.kind == "word"):
            piece.items = []
            stack[-1].append(piece)
            stack.append(piece.items)
            if len(stack) > _DEEPEST:
                return None
        elif piece.kind in ("sign", "word") and piece.text in (")", "]", "}", "end"):
            stack.pop()
            if not stack or not stack[-1] or _CLOSED[stack[-1][-1].text] != piece.text:
                return None
        else:
            stack[-1].append(piece)
    return _operators(stack[0]) if len(stack) == 1 else None


def _operators(pieces: list[_Piece]) -> list[_Piece]:
    """Put the words of one operator together: ``IS NOT DISTINCT FROM``; mark the AND of a BETWEEN."""
    joined: list[_Piece] = []
    between = place = 0
    while place < len(pieces):
        piece = pieces[place]
        if piece.items is not None:
            piece.items = _operators(piece.items)
        run = _operator_at(pieces, place) if piece.kind == "word" else ()
        if len(run) > 1 and (run[0] != "not" or (joined and _is_operand(joined[-1]))):
            piece = _Piece("word", " ".join(run))
            place += len(run) - 1
        if piece.text in _BETWEEN:
            between += 1
        elif piece.kind == "word" and piece.text == "and" and between:
            between -= 1
            piece.kind = "between"
        joined.append(piece)
        place += 1
    return joined


def _operator_at(pieces: Sequence[_Piece], place: int) -> tuple[str, ...]:
    for run in _JOINED:
        there = pieces[place : place + len(run)]
        if tuple(piece.text for piece in there) == run and all(piece.kind == "word" for piece in there):
            return run
    return ()


def _is_operand(piece: _Piece) -> bool:
    """Return whether a piece can be the left operand of an operator."""
    if piece.items is not None or piece.kind in ("name", "text", "number"):
        return True
    return piece.kind == "word" and piece.text not in SPECIAL - {"null", "true", "false"} and " " not in piece.text


def _casts(pieces: list[_Piece]) -> list[_Piece]:
    """Spell ``CAST(a AS t)`` as PostgreSQL does, ``(a)::t``, and types by their full names."""
    done: list[_Piece] = []
    for piece in pieces:
        if piece.items is not None:
            piece.items = _casts(piece.items)
            before = done[-1] if done else None
            cut = next((at for at, item in enumerate(piece.items) if item.kind == "word" and item.text == "as"), None)
            if before is not None and before.kind == "word" and before.text == "cast" and cut is not None:
                done[-1] = _Piece("sign", "(", piece.items[:cut])
                done += [_Piece("operator", "::"), *_type(piece.items[cut + 1 :])]
                continue
        elif done and done[-1].text == "::" and piece.kind == "word":
            done += _type([piece])
            continue
        done.append(piece)
    return done


_TYPES = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "bool": "boolean",
    "decimal": "numeric",
    "varchar": "character varying",
    "float8": "double precision",
    "float4": "real",
    "char": "character",
}


def _type(pieces: list[_Piece]) -> list[_Piece]:
    if len(pieces) > 1 and pieces[0].text in ("double", "national"):
        return pieces
    words = _TYPES.get(pieces[0].text, pieces[0].text) if pieces else ""
    return [*(_Piece("word", word) for word in words.split()), *pieces[1:]]


def _reduced(pieces: list[_Piece], known: Precedence) -> list[_Piece]:
    """Return the pieces without parentheses that change nothing."""
    for piece in pieces:
        if piece.items is not None:
            piece.items = _reduced(piece.items, known)
    done: list[_Piece] = []
    for place, piece in enumerate(pieces):
        if piece.text == "(" and piece.items and _is_redundant(piece.items, done, pieces[place + 1 :][:1], known):
            done += piece.items
        else:
            done.append(piece)
    return done


def _is_redundant(items: list[_Piece], before: list[_Piece], after: list[_Piece], known: Precedence) -> bool:
    """Return whether parentheses around ``items`` are redundant."""
    first = items[0]
    if any(item.kind == "sign" and item.text == "," for item in items):
        return False
    if first.kind == "word" and first.text in _QUERIES:
        return False
    left = _binding_before(before, known)
    right = _binding_after(after, known)
    if left is None or right is None:
        return False
    inner = _loosest(items, known)
    if left == right == _LOOSEST:
        return True
    if inner is None:  # unknown words: parentheses next to them stay
        return False
    is_logic = inner in (known.binary["and"], known.binary["or"])  # a AND (b AND c) is (a AND b) AND c
    if not (inner > left or (is_logic and inner == left)):
        return False
    return inner > right or (inner == right and (is_logic or inner in known.left))


def _binding_before(before: Sequence[_Piece], known: Precedence) -> int | None:
    """Return how tightly what is in front takes the group; None where it is a call, a list, or not known."""
    if not before:
        return _LOOSEST
    piece = before[-1]
    if _is_border(piece):
        return _binding_of_border(piece, known)
    if piece.text in ("in", "not in") or piece.items is not None:
        return None
    if piece.kind != "operator" and piece.text not in known.binary and piece.text not in known.unary:
        return None
    if piece.kind not in ("operator", "word"):
        return None
    if len(before) == 1 or not _is_operand(before[-2]):
        return known.unary.get(piece.text, known.other or _UNKNOWN)
    return known.binary.get(piece.text, known.other or _UNKNOWN)


def _binding_after(after: Sequence[_Piece], known: Precedence) -> int | None:
    """Return how tightly what follows takes the group; None where that needs the parentheses."""
    if not after:
        return _LOOSEST
    piece = after[0]
    if _is_border(piece):
        return _binding_of_border(piece, known)
    if piece.kind in ("operator", "word") and piece.text in known.binary:
        return known.binary[piece.text]
    return known.other or _UNKNOWN if piece.kind == "operator" else None


def _is_border(piece: _Piece) -> bool:
    """Return whether a piece ends an operand without being an operator: a comma, a keyword, the words of BETWEEN."""
    if piece.kind in ("sign", "between") or piece.text in _BETWEEN:
        return True
    return piece.kind == "word" and piece.text in _BORDERS


def _binding_of_border(piece: _Piece, known: Precedence) -> int | None:
    """Return how tightly a border takes the group next to it; None for a sign that needs the parentheses."""
    if piece.kind == "sign":
        return _LOOSEST if piece.text == "," else None
    return known.predicate if piece.kind == "between" or piece.text in _BETWEEN else _LOOSEST


def _loosest(items: Sequence[_Piece], known: Precedence) -> int | None:
    """Return the level of the operator that is applied last; None where it contains unknown words."""
    lowest = _TIGHTEST
    is_operand = is_typed = False
    for place, piece in enumerate(items):
        level = _level(piece, is_operand, known)
        if level is None and piece.kind == "operator":
            return None
        if level is not None:
            lowest = min(lowest, level)
            is_typed = piece.text == "::"
            is_operand = piece.text in ("isnull", "notnull", "not null")
            continue
        if piece.kind == "sign" and piece.text == ".":
            is_operand = False
            continue
        follows = is_operand and not is_typed
        if follows and not (piece.text in "([" and piece.items is not None and _may_be_called(items[place - 1])):
            return None
        is_operand = True
    return lowest


def _level(piece: _Piece, is_operand: bool, known: Precedence) -> int | None:
    if piece.kind == "between":
        return known.binary["between"]
    if piece.items is not None or piece.kind not in ("operator", "word"):
        return None
    table = known.binary if is_operand else known.unary
    if piece.text in table:
        return table[piece.text]
    return known.other if piece.kind == "operator" else None


def _may_be_called(piece: _Piece) -> bool:
    return piece.kind in ("word", "name") or (piece.items is not None and piece.text == "[")
