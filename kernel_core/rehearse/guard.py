"""Statements that would leave the clone: they change the server, another database or a file."""

from __future__ import annotations

from ..util.exc import CommandError
from ..util.sql import tokens
from .clone.base import Clone

_OF_SERVER = frozenset(
    {"DATABASE", "ROLE", "USER", "TABLESPACE", "SYSTEM", "SUBSCRIPTION", "SERVER", "SCHEMA:mariadb", "GROUP:postgresql"}
)
_VERBS = frozenset({"CREATE", "ALTER", "DROP"})


def leaves_clone(sql: str, clone: Clone) -> bool:
    """Return whether a statement changes something outside of the clone: it must not run in a rehearsal."""
    words = [token for token in tokens(sql, clone.after.dialect) if token.kind not in ("space", "comment")]
    keywords = [token.keyword for token in words[:4]]
    match keywords:
        case ["ATTACH", *_]:
            return clone.kind == "sqlite"
        case ["VACUUM", *_]:
            return clone.kind == "sqlite" and any(token.keyword == "INTO" for token in words)
        case ["USE", *_]:
            return clone.kind == "mariadb" and words[1].name != clone.database
        case [verb, kind, *_] if verb in _VERBS and (kind in _OF_SERVER or f"{kind}:{clone.kind}" in _OF_SERVER):
            if kind == "DATABASE" and verb == "ALTER" and len(words) > 2:
                return words[2].name not in (clone.database, clone.source.database)
            return kind != "DATABASE" or clone.kind != "sqlite"
        case ["COPY", *_]:
            return any(token.keyword == "PROGRAM" for token in words)
    return clone.kind == "mariadb" and bool(_outside(sql, clone))


class LeavesClone(CommandError):
    """A statement would change something that was not cloned; it did not run."""


def refusal(sql: str, clone: Clone) -> LeavesClone:
    """Return the error for a statement that leaves the clone."""
    other = _outside(sql, clone) if clone.kind == "mariadb" else ""
    what = f"the database {other}" if other else "what is outside of the database"
    shown = " ".join(sql.split())
    return LeavesClone(
        f"This statement changes {what}, which was not cloned, so the rehearsal stopped before it: {shown[:200]}"
    )


def translated(sql: str, clone: Clone) -> str:
    """Return a statement for the clone: on MariaDB, names qualified with the database become those of the clone."""
    if clone.kind not in ("mariadb", "postgresql") or clone.source.database not in sql:
        return sql
    words = list(tokens(sql, clone.after.dialect))
    places = _qualifiers(words, clone.source.database) if clone.kind == "mariadb" else _altered_database(words, clone)
    for place in reversed(places):
        token = words[place]
        sql = sql[: token.start] + clone.after.dialect.identifier_preparer.quote(clone.database) + sql[token.end :]
    return sql


def _altered_database(words: list, clone: Clone) -> list[int]:  # type: ignore[type-arg]
    real = [place for place, token in enumerate(words) if token.kind not in ("space", "comment")]
    if [words[place].keyword for place in real[:2]] in (["ALTER", "DATABASE"], ["COMMENT", "ON"]):
        return [place for place in real[2:4] if words[place].name == clone.source.database]
    return []


def _qualifiers(words: list, name: str) -> list[int]:  # type: ignore[type-arg]
    """Return the positions of ``name`` that are followed by a dot and a name, and not preceded by a dot."""
    real = [place for place, token in enumerate(words) if token.kind not in ("space", "comment")]
    found = []
    for index, place in enumerate(real):
        follows = index + 1 < len(real) and words[real[index + 1]].text == "."
        before = index > 0 and words[real[index - 1]].text == "."
        if words[place].kind in ("word", "name") and words[place].name == name and follows and not before:
            found.append(place)
    return found


def _outside(sql: str, clone: Clone) -> str:
    """Return another database of the server that a statement names before a table: after FROM, INTO, TABLE, ..."""
    words = [token for token in tokens(sql, clone.after.dialect) if token.kind not in ("space", "comment")]
    introduced = {"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "ON", "REFERENCES", "VIEW", "TRIGGER", "EXISTS"}
    for place in range(1, len(words) - 2):
        named = words[place].kind in ("word", "name") and words[place + 1].text == "."
        if named and words[place - 1].keyword in introduced and words[place].name not in _known(clone):
            if words[place - 1].keyword == "ON" and "INDEX" not in {token.keyword for token in words[:4]}:
                continue  # the condition of a join
            return words[place].name
    return ""


def _known(clone: Clone) -> set[str]:
    system = {"information_schema", "mysql", "performance_schema", "sys"}
    return {clone.database, clone.source.database, *system}
