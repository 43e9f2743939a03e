"""Server defaults that PostgreSQL evaluates to compare them, where evaluating them cannot change anything."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from ....util.sql import expression_fault, lex
from ..rules import DefaultPair


def equal_defaults(connection: Connection, pairs: Collection[DefaultPair]) -> set[DefaultPair]:
    """Return the pairs of literals, casts, operators and the clock that have equal values."""
    harmless = [each for each in pairs if is_harmless(each.inspected) and is_harmless(each.wanted)]
    answers = _equal_values(connection, harmless)
    return {each for each, is_equal in zip(harmless, answers, strict=True) if is_equal}


_CALLABLE = frozenset({"array", "bit", "cast", "char", "character", "decimal", "float", "interval", "now", "numeric"})
_CALLABLE |= {"time", "timestamp", "varbit", "varchar", "varying"}
_SIGNS = frozenset("()[],.:+-*/<>=~!^#|&")


def is_harmless(expression: str) -> bool:
    """Return whether evaluating an expression of PostgreSQL changes nothing, and whether it is one expression.

    >>> is_harmless("(('1'::text)::numeric(10,2) + 2)"), is_harmless("nextval('s')"), is_harmless("1) -- ")
    (True, False, False)
    """
    if expression_fault(expression, "postgresql"):
        return False
    before, name = "", ""
    for token in lex(expression, "postgresql"):
        if token.kind == "comment" or "%" in token.text:
            return False
        if token.kind == "text" and (token.text[0] != "'" or "\\" in token.text):  # E'', B'', U&'', $$
            return False
        is_sign = token.kind in ("operator", "sign")
        if is_sign and (not set(token.text) <= _SIGNS or (token.text == "(" and name and name not in _CALLABLE)):
            return False
        if token.kind == "text" and before in ("word", "name"):
            return False
        if token.kind != "space":
            name = token.name.lower() if token.kind in ("word", "name") else ""
        before = token.kind
    return True


def _equal_values(connection: Connection, pairs: Sequence[DefaultPair]) -> list[bool]:
    """Return whether the defaults of each pair are equal: by one query, or by one for each where that fails."""
    if not pairs:
        return []
    try:
        return _query(connection, pairs)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        if len(pairs) == 1:
            return [False]
        return [answer for pair in pairs for answer in _equal_values(connection, [pair])]


def _query(connection: Connection, pairs: Sequence[DefaultPair]) -> list[bool]:
    """Run the query inside a savepoint, so that an error does not end the caller's transaction."""
    terms = ", ".join(
        f"CAST(CAST(({each.inspected}) AS {each.type_text}) AS text) IS NOT DISTINCT FROM "
        f"CAST(CAST(({each.wanted}) AS {each.type_text}) AS text)"
        for each in pairs
    )
    statement = f"SELECT ARRAY[{terms}]"
    if getattr(connection.connection.dbapi_connection, "autocommit", False):
        return list(connection.exec_driver_sql(statement).scalar_one())
    with connection.begin_nested():
        return list(connection.exec_driver_sql(statement).scalar_one())
