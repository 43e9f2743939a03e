"""SQL without what no database minds: space, comments, the case of words, needless quotes, outer brackets."""

from __future__ import annotations

import re

from ..ddl.sqlite.tokens import Token, closing, tokens

_SIMPLE = re.compile(r"[a-z_][a-z0-9_$]*")


def plain_sql(sql: str, *, folds_names: bool = True) -> str:
    """Return the words of a piece of SQL with one blank between them.

    With ``folds_names`` a quoted name is the same in any case, as in SQLite and MariaDB.

    >>> plain_sql('(("Age" >=  18) AND kind IN (1,2))')
    '( age >= 18 ) and kind in ( 1 , 2 )'
    """
    found = tokens(sql)
    while found and found[0].text == "(" and _closes_last(found):
        found = found[1:-1]
    return " ".join(_spoken(token, folds_names) for token in _joined(found))


def _closes_last(found: list[Token]) -> bool:
    try:
        return closing(found, 0) == len(found) - 1
    except ValueError:
        return False


def _joined(found: list[Token]) -> list[Token]:
    """Put the signs of one operator together: ``>`` and ``=``."""
    joined: list[Token] = []
    for token in found:
        last = joined[-1] if joined else None
        both = last is not None and last.kind == token.kind == "sign" and last.end == token.start
        if both and last is not None and not {last.text[-1], token.text} & set("(),"):
            joined[-1] = Token("sign", last.text + token.text, last.start, token.end)
        else:
            joined.append(token)
    return joined


def _spoken(token: Token, folds_names: bool) -> str:
    if token.kind == "name":
        name = token.name.lower() if folds_names else token.name
        return name if _SIMPLE.fullmatch(name) else f'"{name}"'
    return token.text.lower() if token.kind == "word" else token.text
