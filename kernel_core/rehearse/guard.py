"""Statements that would leave the clone: they change the server, another database or a file."""

from __future__ import annotations

import re

from ..util.exc import CommandError
from ..util.sql import Token, tokens
from .clone.base import Clone

_OF_SERVER = frozenset(
    {"DATABASE", "ROLE", "USER", "TABLESPACE", "SYSTEM", "SUBSCRIPTION", "SERVER", "SCHEMA:mariadb", "GROUP:postgresql"}
)
_VERBS = frozenset({"CREATE", "ALTER", "DROP"})
_SHARED = frozenset({"ROLE", "TABLESPACE", "PARAMETER"})
"""What belongs to a server of PostgreSQL, where rights, comments and labels name it after ON."""
_NAMES_DATABASE = frozenset({"ALTER", "COMMENT", "GRANT", "REVOKE", "REINDEX", "SECURITY"})
_ADMINISTRATION = frozenset({"GRANT", "REVOKE", "FLUSH", "PURGE", "RESET", "KILL", "INSTALL", "UNINSTALL", "SHUTDOWN"})
"""Statements of MariaDB that change the server; rights are kept in its database ``mysql``."""
_SYNONYMS = {"REINDEX": ("DATABASE", "SYSTEM"), "ALTER": ("DATABASE", "SCHEMA")}
_OPTIONS = frozenset({"CHARACTER", "CHARSET", "COLLATE", "DEFAULT", "COMMENT"})
"""What follows ALTER DATABASE on MariaDB where the name is left out."""
_READ, _WRITTEN = ("FROM", "JOIN"), ("INTO", "UPDATE", "TABLE", "ON", "REFERENCES", "VIEW", "TRIGGER", "EXISTS", "TO")
"""What the name of a table follows."""
_SYSTEM = frozenset({"information_schema", "mysql", "performance_schema", "sys"})
_WITH_CODE = frozenset({"DO", "BEGIN", "EXECUTE", "PREPARE"})
_BEFORE_STATEMENT = frozenset({"BEGIN", "THEN", "ELSE", "LOOP", "ATOMIC", "DO"})


def leaves_clone(sql: str, clone: Clone) -> bool:
    """Return whether a statement changes something outside of the clone: it must not run in a rehearsal.

    The code of a DO block, and texts that it executes, are searched too. What a function does is not known.
    """
    statements = _statements(_tokens(sql, clone))
    return any(_leaves(words, clone) for words in statements) or any(
        _leaves_by_code(words, clone) for words in statements if words[0].keyword in _WITH_CODE
    )


def _leaves_by_code(words: list[Token], clone: Clone) -> bool:
    """Return whether code among the words leaves the clone; in it the name of the database is not translated."""
    for place, token in enumerate(words):
        starts = place == 0 or words[place - 1].keyword in _BEFORE_STATEMENT
        if starts and _leaves(words[place:], clone, in_code=True):
            return True
        if token.kind == "text":
            inside = re.sub(r"^(\$\w*\$|')|(\$\w*\$|')$", "", token.text).replace("''", "'")
            if any(_leaves_by_code(each, clone) for each in _statements(_tokens(inside, clone))):
                return True
    return False


def _tokens(sql: str, clone: Clone) -> list[Token]:
    return [token for token in tokens(sql, clone.after.dialect) if token.kind not in ("space", "comment")]


def _statements(words: list[Token]) -> list[list[Token]]:
    """Return the words of each statement; semicolons separate them."""
    found: list[list[Token]] = [[]]
    for token in words:
        if token.text == ";":
            found.append([])
        else:
            found[-1].append(token)
    return [each for each in found if each]


def _leaves(words: list[Token], clone: Clone, *, in_code: bool = False) -> bool:
    keywords = [token.keyword for token in words[:4]]
    if clone.kind == "postgresql" and _leaves_on_postgresql(words, clone, in_code=in_code):
        return True
    match keywords:
        case ["ATTACH", *_]:
            return clone.kind == "sqlite"
        case ["VACUUM", *_]:
            return clone.kind == "sqlite" and any(token.keyword == "INTO" for token in words)
        case ["USE", *_]:
            return clone.kind == "mariadb" and words[1].name != clone.database
        case [verb, kind, *_] if verb in _VERBS and (kind in _OF_SERVER or f"{kind}:{clone.kind}" in _OF_SERVER):
            if verb == "ALTER" and kind in ("DATABASE", "SCHEMA"):
                return _names_other_database(words, clone, in_code=in_code)
            return kind != "DATABASE" or clone.kind != "sqlite"
    return clone.kind == "mariadb" and (_leaves_on_mariadb(words) or bool(_outside(words, clone)))


def _leaves_on_postgresql(words: list[Token], clone: Clone, *, in_code: bool) -> bool:
    keywords = [token.keyword for token in words]
    on = keywords.index("ON") + 1 if "ON" in keywords else len(keywords)
    match keywords[:2]:
        case ["GRANT" | "REVOKE" as verb, *_]:
            end = next(
                (place for place, word in enumerate(keywords) if word == ("TO" if verb == "GRANT" else "FROM")), on
            )
            is_membership = on > end
            return (
                is_membership
                or keywords[on : on + 1] in ([each] for each in _SHARED)
                or _names_other_database(words, clone, in_code=in_code)
            )
        case ["COMMENT", "ON"] | ["SECURITY", "LABEL"]:
            return keywords[on : on + 1] in ([each] for each in _SHARED) or _names_other_database(
                words, clone, in_code=in_code
            )
        case ["REASSIGN" | "DROP", "OWNED"] | ["PREPARE", "TRANSACTION"]:
            return True
        case ["COPY", *_]:
            to = [place for place, word in enumerate(keywords) if word == "TO"]
            is_file = bool(to) and to[-1] + 1 < len(words) and words[to[-1] + 1].kind == "text"
            return is_file or "PROGRAM" in keywords
    return False


def _leaves_on_mariadb(words: list[Token]) -> bool:
    keywords = [token.keyword for token in words]
    match keywords[:2]:
        case ["SET", following, *_]:
            return following in ("GLOBAL", "PASSWORD", "DEFAULT") or "@@global" in words[1].text.lower()
        case ["RENAME", "USER"] | ["START" | "STOP", "SLAVE" | "REPLICA" | "ALL"] | ["CHANGE", "MASTER"]:
            return True
        case ["SELECT", *_]:
            return bool({"OUTFILE", "DUMPFILE"} & set(keywords))
    return keywords[0] in _ADMINISTRATION


def _names_other_database(words: list[Token], clone: Clone, *, in_code: bool) -> bool:
    """Return whether DATABASE is followed by a name that is neither the clone's nor translated to it."""
    known = {clone.database} if in_code else {clone.database, clone.source.database}
    return any(words[place].name not in known for place in _database_names(words))


def _database_names(words: list[Token]) -> list[int]:
    """Return the positions of the names after DATABASE, separated by commas; none where it is computed or left out."""
    keywords = [token.keyword for token in words]
    kinds = _SYNONYMS.get(keywords[0], ("DATABASE",))
    place = next((place + 1 for place, word in enumerate(keywords) if word in kinds), len(words))
    found = []
    while place < len(words) and words[place].kind in ("word", "name") and keywords[place] not in _OPTIONS:
        if words[place].keyword != "CONCURRENTLY":
            found.append(place)
            if place + 1 >= len(words) or words[place + 1].text != ",":
                break
            place += 1
        place += 1
    return found


class LeavesClone(CommandError):
    """A statement would change something that was not cloned; it did not run."""


def refusal(sql: str, clone: Clone) -> LeavesClone:
    """Return the error for a statement that leaves the clone."""
    statements = _statements(_tokens(sql, clone)) if clone.kind == "mariadb" else []
    other = next(filter(None, (_outside(words, clone) for words in statements)), "")
    what = f"the database {other}" if other else "what is outside of the database"
    shown = " ".join(sql.split())
    return LeavesClone(
        f"This statement changes {what}, which was not cloned, so the rehearsal stopped before it: {shown[:200]}"
    )


def translated(sql: str, clone: Clone) -> str:
    """Return a statement for the clone: the name of the database becomes that of the clone where it means the database.

    On MariaDB it qualifies names, on PostgreSQL it follows DATABASE.
    """
    if clone.kind not in ("mariadb", "postgresql") or clone.source.database not in sql:
        return sql
    words = _tokens(sql, clone)
    several = [each for each in _statements(words) if _names_database(each, clone)]
    found = [each[place] for each in several for place in _database_names(each)]
    named = [token for token in found if token.name == clone.source.database]
    if clone.kind == "mariadb":
        named += _qualifiers(words, clone.source.database)
    for token in sorted(named, key=lambda each: each.start, reverse=True):
        sql = sql[: token.start] + clone.after.dialect.identifier_preparer.quote(clone.database) + sql[token.end :]
    return sql


def _names_database(words: list[Token], clone: Clone) -> bool:
    if clone.kind == "mariadb":
        return words[0].keyword == "ALTER" and words[1:2] != [] and words[1].keyword in ("DATABASE", "SCHEMA")
    return words[0].keyword in _NAMES_DATABASE and [each.keyword for each in words[:2]] != ["ALTER", "SCHEMA"]


def _qualifiers(words: list[Token], name: str) -> list[Token]:
    """Return the words ``name`` that are followed by a dot and a name, and not preceded by a dot."""
    found = []
    for place, token in enumerate(words):
        follows = place + 1 < len(words) and words[place + 1].text == "."
        before = place > 0 and words[place - 1].text == "."
        if token.kind in ("word", "name") and token.name == name and follows and not before:
            found.append(token)
    return found


def _outside(words: list[Token], clone: Clone) -> str:
    """Return another database of the server that a statement names before a table: after FROM, INTO, TABLE, ...

    Those of the server itself, such as ``information_schema``, may be read.
    """
    keywords = [token.keyword for token in words]
    for place in range(1, len(words) - 2):
        name, introduced = words[place].name, keywords[place - 1]
        named = words[place].kind in ("word", "name") and words[place + 1].text == "."
        if not named or introduced not in (*_READ, *_WRITTEN) or name in (clone.database, clone.source.database):
            continue
        if introduced == "ON" and "INDEX" not in keywords[:4]:
            continue  # the condition of a join
        if introduced == "UPDATE" and place > 1 and keywords[place - 2] == "KEY":
            continue  # ON DUPLICATE KEY UPDATE, which a column follows
        if name in _SYSTEM and introduced in _READ and keywords[0] != "DELETE":
            continue
        return name
    return ""
