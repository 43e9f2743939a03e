"""Statements that would leave the clone: they change the server, another database or a file."""

from __future__ import annotations

import re

from ..util.exc import CommandError
from ..util.sql import Token, tokens
from .clone.base import Clone
from .qualified_names import databases, other_database

_OF_SERVER = frozenset(
    {"DATABASE", "ROLE", "USER", "TABLESPACE", "SYSTEM", "SUBSCRIPTION"}
    | {"SERVER:mariadb", "SCHEMA:mariadb", "GROUP:postgresql"}
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
_WITH_CODE = frozenset({"DO", "BEGIN", "EXECUTE", "PREPARE", "SET:mariadb"})
_BEFORE_STATEMENT = frozenset({"BEGIN", "THEN", "ELSE", "LOOP", "ATOMIC", "DO"})


def leaves_clone(sql: str, clone: Clone) -> bool:
    """Return whether a statement changes something outside of the clone: it must not run in a rehearsal.

    The code of a DO block, and texts that it executes, are searched too; functions are by `stored_code`.
    """
    statements = statements_of(sql, clone)
    return any(_leaves(words, clone) for words in statements) or any(
        code_leaves(words, clone) for words in statements if _has_code(words[0], clone)
    )


def _has_code(first: Token, clone: Clone) -> bool:
    return first.keyword in _WITH_CODE or f"{first.keyword}:{clone.kind}" in _WITH_CODE


def code_leaves(words: list[Token], clone: Clone, *, in_text: bool = False) -> bool:
    """Return whether code among the words leaves the clone; in it the name of the database is not translated.

    On MariaDB this is so only ``in_text``: there code is a part of the statement.
    """
    for place, token in enumerate(words):
        starts = place == 0 or words[place - 1].keyword in _BEFORE_STATEMENT
        if starts and _leaves(words[place:], clone, in_code=in_text or clone.kind != "mariadb"):
            return True
        if token.kind == "text" and any(code_leaves(each, clone, in_text=True) for each in code_in(token, clone)):
            return True
    return False


def code_in(text: Token, clone: Clone) -> list[list[Token]]:
    """Return the words of each statement in a text: the body of a function, or SQL that is executed."""
    inside = re.sub(r"^(\$\w*\$|['\"])|(\$\w*\$|['\"])$", "", text.text).replace("''", "'")
    return statements_of(inside, clone)


def statements_of(sql: str, clone: Clone) -> list[list[Token]]:
    """Return the words of each statement."""
    return _statements(_tokens(sql, clone))


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
        case [_, "USER", "MAPPING", *_]:
            return False  # of PostgreSQL: it belongs to the database
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
    return clone.kind == "mariadb" and (_leaves_on_mariadb(words) or bool(outside(words, clone, in_code=in_code)))


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


def refusal(sql: str, clone: Clone, why: str = "") -> LeavesClone:
    """Return the error for a statement that leaves the clone; ``why`` names the stored code that does."""
    statements = statements_of(sql, clone) if clone.kind == "mariadb" else []
    other = next(filter(None, (outside(words, clone) for words in statements)), "")
    what = f"the database {other}" if other else "what is outside of the database"
    what += f" ({why})" if why else ""
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
    if clone.kind == "mariadb":
        found += [each[place] for each in _statements(words) for place, _ in databases(each)]
    named = {token for token in found if token.name == clone.source.database}
    for token in sorted(named, key=lambda each: each.start, reverse=True):
        sql = sql[: token.start] + clone.after.dialect.identifier_preparer.quote(clone.database) + sql[token.end :]
    return sql


def _names_database(words: list[Token], clone: Clone) -> bool:
    if clone.kind == "mariadb":
        return words[0].keyword == "ALTER" and words[1:2] != [] and words[1].keyword in ("DATABASE", "SCHEMA")
    return words[0].keyword in _NAMES_DATABASE and [each.keyword for each in words[:2]] != ["ALTER", "SCHEMA"]


def outside(words: list[Token], clone: Clone, *, in_code: bool = False) -> str:
    """Return another database of the server that a statement of MariaDB names, "" if there is none."""
    own = (clone.database,) if in_code else (clone.database, clone.source.database)
    return other_database(words, own, clone.other_databases)
