"""Which ALGORITHM and LOCK MariaDB accepts for a change of a table: the cheapest that it does not refuse.

A refused one changes nothing, so the statement itself is run with each in turn until one is accepted.
https://mariadb.com/kb/en/innodb-online-ddl-overview/
"""

from __future__ import annotations

from collections.abc import Callable

from ..util.sql import tokens

_CHOICES = (
    "ALGORITHM=INSTANT, LOCK=NONE",
    "ALGORITHM=INSTANT, LOCK=EXCLUSIVE",
    "ALGORITHM=NOCOPY, LOCK=NONE",
    "ALGORITHM=NOCOPY, LOCK=SHARED",
    "ALGORITHM=INPLACE, LOCK=NONE",
    "ALGORITHM=INPLACE, LOCK=SHARED",
    "ALGORITHM=COPY, LOCK=SHARED",
    "ALGORITHM=COPY, LOCK=EXCLUSIVE",
)
_REFUSED = (1221, 1845, 1846, 1064)
"""Incorrect usage, not supported, not supported with a reason, and what has no such clause."""


def accepted_algorithm(sql: str, execute: Callable[[str], object]) -> str:
    """Execute a statement and return the first choice that the server accepts; "" for what has no such choice."""
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
    for choice in _CHOICES:
        clause = f", {choice}" if is_alter else f" {choice.replace(',', '')}"
        try:
            execute(text + clause)
        except Exception as error:
            if _number(error) not in _REFUSED:
                raise
            continue
        return choice
    execute(sql)
    return ""


def _number(error: Exception) -> int:
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0
