"""Which databases a statement of MariaDB names: ``shop.orders`` is the table orders of the database shop.

The same spelling is a column of a table: ``shop.id``. A word before a dot is a database where a table is expected, in a
name of three parts, and where no table or alias of that name is in the statement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from ..util.sql import Token, in_backticks, tokens

_READ = frozenset({"FROM", "JOIN", "STRAIGHT_JOIN"})
_WRITTEN = frozenset(
    {"INTO", "UPDATE", "INSERT", "REPLACE", "DELETE", "TABLE", "TABLES", "TRUNCATE", "REFERENCES", "VIEW", "TRIGGER"}
)
_WRITTEN |= {"PROCEDURE", "FUNCTION", "EVENT", "SEQUENCE", "CALL", "TO", "EXISTS", "UNION", "HANDLER"}
_MODIFIERS = frozenset(
    {"LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE", "QUICK", "IF", "NOT", "EXISTS", "LATERAL", "(", "="}
)
_SYSTEM = frozenset({"information_schema", "mysql", "performance_schema", "sys"})


def significant(sql: str) -> list[Token]:
    """Return the tokens of a statement without spaces and comments."""
    return [token for token in tokens(sql, "mysql") if token.kind not in ("space", "comment")]


def databases(words: Sequence[Token]) -> Iterator[tuple[int, str]]:
    """Yield the place of each word that names a database, and READ, WRITTEN or "" for how it is used."""
    loose = {
        token.name.lower()
        for place, token in enumerate(words)
        if token.kind in ("word", "name") and not _follows(words, place, ".")
    }
    for place, token in enumerate(words):
        if token.kind not in ("word", "name") or not _follows(words, place, ".") or _text(words, place - 1) == ".":
            continue
        use = _use(words, place)
        if not use and token.keyword in ("NEW", "OLD"):
            continue  # the row of a trigger
        if use or _text(words, place + 3) == "." or token.name.lower() not in loose:
            yield place, use


def other_database(words: Sequence[Token], own: Collection[str], others: Collection[str]) -> str:
    """Return the name of another database of the server that a statement uses, "" if there is none.

    Those of the server itself, such as ``information_schema``, may be read.
    """
    known = {name.lower() for name in others} - {name.lower() for name in own}
    for place, use in databases(words):
        name = words[place].name
        reads = use == "READ" and words[0].keyword != "DELETE"
        if name.lower() in _SYSTEM and (reads or not use):
            continue
        if name.lower() in known or (name.lower() in _SYSTEM and name not in own):
            return name
    return ""


def renamed(sql: str, name: str, new_name: str, quote: Callable[[str], str] = in_backticks) -> str:
    """Return SQL with another name of a database, where it qualifies the names of tables, routines and columns."""
    if name not in sql:
        return sql
    words = significant(sql)
    places = [place for place, _ in databases(words) if words[place].name == name]
    for place in reversed(places):
        sql = sql[: words[place].start] + quote(new_name) + sql[words[place].end :]
    return sql


def _use(words: Sequence[Token], place: int) -> str:
    """Return READ or WRITTEN where a table or a routine is expected, "" elsewhere."""
    before = place - 1
    while before >= 0 and (words[before].keyword in _MODIFIERS - {"EXISTS"} or words[before].text in ("(", "=")):
        before -= 1
    keyword = words[before].keyword if before >= 0 else ""
    if _text(words, place - 1) == ",":
        return _use_of_list(words, place - 1)
    if keyword == "ON":
        return "WRITTEN" if {"INDEX", "TRIGGER"} & {each.keyword for each in words[:7]} else ""
    if keyword == "UPDATE" and before and words[before - 1].keyword in ("KEY", "ON"):
        return ""  # ON DUPLICATE KEY UPDATE, which a column follows
    if keyword == "LIKE":
        return "READ" if words[0].keyword == "CREATE" and words[1].keyword == "TABLE" else ""
    if _text(words, place - 1) in ("(", "=") and keyword not in ("UNION", "LIKE", *_READ):
        return ""  # the argument of a function
    return "READ" if keyword in _READ else "WRITTEN" if keyword in _WRITTEN else ""


def _use_of_list(words: Sequence[Token], comma: int) -> str:
    """Return how the names of a list are used, from the word that the list follows."""
    place = comma - 1
    while place >= 0:
        token = words[place]
        if token.keyword in _READ:
            return "READ"
        if token.keyword in _WRITTEN:
            is_key = token.keyword == "UPDATE" and place and words[place - 1].keyword == "KEY"
            return "" if is_key else "WRITTEN"
        is_of_list = token.kind in ("word", "name") or token.text in (".", ",")
        if not is_of_list or token.keyword in ("SELECT", "SET", "BY"):
            return ""
        place -= 1
    return ""


def _follows(words: Sequence[Token], place: int, text: str) -> bool:
    return _text(words, place + 1) == text and place + 2 < len(words) and words[place + 2].kind in ("word", "name")


def _text(words: Sequence[Token], place: int) -> str:
    return words[place].text if 0 <= place < len(words) else ""
