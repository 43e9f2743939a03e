"""Which ALGORITHM and LOCK MariaDB accepts for a change of a table: the cheapest that it does not refuse.

A refused one changes nothing, so the statement itself is run with each in turn until one is accepted. The server
accepts INSTANT for some changes that it makes by copying the rows, such as ORDER BY and another engine: it tells how
many it has copied, and of an empty table the words of the statement decide.
https://mariadb.com/kb/en/innodb-online-ddl-overview/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..util.sql import Token, tokens

_CHOICES = (
    "ALGORITHM=INSTANT, LOCK=NONE",
    "ALGORITHM=INSTANT, LOCK=SHARED",
    "ALGORITHM=INSTANT, LOCK=EXCLUSIVE",
    "ALGORITHM=NOCOPY, LOCK=NONE",
    "ALGORITHM=NOCOPY, LOCK=SHARED",
    "ALGORITHM=INPLACE, LOCK=NONE",
    "ALGORITHM=INPLACE, LOCK=SHARED",
    "ALGORITHM=COPY, LOCK=SHARED",
    "ALGORITHM=COPY, LOCK=EXCLUSIVE",
)
_COPIES = frozenset({"ORDER", "PARTITION", "PARTITIONING"})
"""Words after which no clause can follow: it is written before them. DROP PARTITION and the like have none."""

_REFUSED = (1221, 1845, 1846, 1064)
"""Incorrect usage, not supported, not supported with a reason, and what has no such clause."""


def accepted_algorithm(sql: str, execute: Callable[[str], object], copied_rows: Callable[[], int]) -> str:
    """Execute a statement and return the first choice that the server accepts; "" for what has no such choice.

    ``copied_rows`` returns the number of rows that the last statement has affected.
    """
    found = [token for token in tokens(sql, "mysql") if token.kind not in ("space", "comment") and token.text != ";"]
    words = [token.keyword for token in found]
    is_alter = words[:2] == ["ALTER", "TABLE"] or words[:3] in (
        ["ALTER", "ONLINE", "TABLE"],
        ["ALTER", "IGNORE", "TABLE"],
    )
    is_index = words[:1] in (["CREATE"], ["DROP"]) and "INDEX" in words[1:4]
    if not (is_alter or is_index) or {"ALGORITHM", "LOCK"} & set(words) or "%(" in sql:
        execute(sql)
        return ""
    text = sql[: found[-1].end]  # without a comment at the end, which would take in what is added
    if (
        words[:2] == ["DROP", "INDEX"] and "ON" in words
    ):  # it has no such clause, but is the same as a change of the table
        on = words.index("ON")
        text = f"ALTER TABLE {sql[found[on].end : found[-1].end]} DROP INDEX {sql[found[2].start : found[on].start]}"
        is_alter = True
    copies = bool(_COPIES & set(words))
    end = _end_of_table(found) if copies and is_alter else 0
    following = next((token.keyword for token in found if end and token.start >= end), "")
    comma = "" if following in ("PARTITION", "REMOVE") else ","
    for choice in _CHOICES:
        clause = f", {choice}" if is_alter else f" {choice.replace(',', '')}"
        try:
            execute(f"{sql[:end]} {choice}{comma}{text[end:]}" if end else text + clause)
        except Exception as error:
            if _number(error) not in _REFUSED:
                raise
            continue
        is_copy = copied_rows() > 0 or (choice.startswith("ALGORITHM=INSTANT") and (copies or "ENGINE" in words))
        return f"ALGORITHM=COPY, {choice.partition(', ')[2]}" if is_copy else choice
    execute(sql)
    return ""


def _end_of_table(found: Sequence[Token]) -> int:
    """Return where the name of the table ends in ALTER TABLE, with what may follow it: WAIT, NOWAIT."""
    place = next(place for place, token in enumerate(found) if token.keyword == "TABLE") + 1
    place += 2 if found[place].keyword == "IF" else 0
    place += 2 if found[place + 1].text == "." else 0
    following = found[place + 1].keyword if place + 1 < len(found) else ""
    return found[place + {"WAIT": 2, "NOWAIT": 1}.get(following, 0)].end


def _number(error: Exception) -> int:
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0
