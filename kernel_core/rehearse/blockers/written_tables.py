"""The table that an INSERT, REPLACE or UPDATE writes to, in the words of each dialect."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from ...util.sql import SQLDialect
from .reader import Name, Reader

_JOINS = ("SET", "JOIN", "INNER", "LEFT", "RIGHT", "CROSS", "NATURAL", "STRAIGHT_JOIN", "ON", "USING")


@dataclass(frozen=True, slots=True)
class Write:
    """An INSERT or UPDATE: its word, and the schema, if it is named, and the name of its table.

    ``conflict`` is what it does with rows of the same key: IGNORE, REPLACE, or another word after OR. ``upsert`` is
    what follows ON CONFLICT or ON DUPLICATE KEY: UPDATE or NOTHING. Each is "" without. REPLACE is an INSERT.
    """

    word: str
    schema: str | None
    table: str
    conflict: str = ""
    upsert: str = ""

    @property
    def is_update(self) -> bool:
        """Whether it is an UPDATE."""
        return self.word == "UPDATE"

    @property
    def events(self) -> frozenset[str]:
        """The events of MariaDB that fire triggers."""
        return frozenset({self.word, "DELETE"} if self.conflict == "REPLACE" else {self.word, self.upsert or self.word})


def write_of(sql: str, dialect: SQLDialect) -> Write | None:
    """Return what a statement writes to; None for any other statement, and for an UPDATE of several tables."""
    reader = Reader(sql, dialect)
    with suppress(IndexError, ValueError):
        if not reader.is_mysql and reader.takes("WITH"):
            reader.skip_queries()
        word = next((each for each in ("INSERT", "UPDATE", "REPLACE") if reader.takes(each)), "")
        if not word:
            return None
        conflict = _conflict(reader, word)
        reader.takes("INTO")
        if reader.is_postgresql:
            reader.takes("ONLY")
        table = _updated(reader) if reader.is_mysql and word == "UPDATE" else reader.qualified()
        if table is not None:
            return Write("UPDATE" if word == "UPDATE" else "INSERT", *table, conflict, _upsert(reader, word))
    return None


def _conflict(reader: Reader, word: str) -> str:
    """Read what is between the word of a statement and its table; return how rows with the same key are handled."""
    if reader.is_mysql:
        reader.skip_priorities()
        if reader.takes("IGNORE"):
            return "IGNORE"
    elif word != "REPLACE" and reader.takes("OR"):
        return reader.name().upper()
    return "REPLACE" if word == "REPLACE" else ""


def _upsert(reader: Reader, word: str) -> str:
    """Return what an INSERT does with rows of the same key by a clause at its end."""
    words = [token.keyword for token in reader.left]
    if word == "UPDATE":
        return ""
    if reader.is_mysql:
        return "UPDATE" if "DUPLICATE" in words else ""
    if ("ON", "CONFLICT") not in pairwise(words):
        return ""
    actions = [after for before, after in pairwise(words) if before == "DO"]
    return "UPDATE" if "UPDATE" in actions else "".join(actions[:1])


def _updated(reader: Reader) -> Name | None:
    """Return the table whose columns an UPDATE sets, which may join others; None where it sets those of several."""
    tables, is_name = dict[str, Name](), True
    while not reader.takes("SET"):
        if is_name and not reader.is_at("("):
            table = reader.qualified()
            reader.takes("AS")
            ends = not reader.left or reader.left[0].kind not in ("word", "name")
            alias = table[1] if ends or reader.left[0].keyword in _JOINS else reader.name()
            tables[alias] = table
            is_name = False
        elif reader.is_at("("):
            reader.parenthesised()
            is_name = False
        else:
            is_name = reader.is_at(",") or reader.left[0].keyword in ("JOIN", "STRAIGHT_JOIN")
            reader.name()
    set_ = set[str]()
    while True:
        names = [reader.name()]
        while reader.is_at("."):
            reader.name()
            names.append(reader.name())
        set_.add(names[-2] if len(names) > 1 else "")
        reader.rest_of_action("WHERE", "ORDER", "LIMIT")
        if not reader.skip_comma():
            break
    if len(tables) == 1:
        return next(iter(tables.values()))
    return tables.get(set_.pop()) if len(set_) == 1 else None
