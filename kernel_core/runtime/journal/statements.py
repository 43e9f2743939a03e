"""What a statement means for the journal: whether it changes anything, and whether it commits by itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any

from ...ddl.impl import DefaultImpl
from ...util.sql import SQLDialect, lex

# fmt: off
_READS = frozenset({"SELECT", "VALUES", "TABLE", "WITH", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "FETCH"})
_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "INTO"})
_OF_SESSION = frozenset(
    {
        "", "SET", "RESET", "USE", "PRAGMA", "DISCARD", "LISTEN", "UNLISTEN", "NOTIFY", "DECLARE", "CLOSE", "PREPARE",
        "DEALLOCATE", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "START", "COMMIT", "END", "ABORT",
    }
)
_COMMITS = frozenset({"COMMIT", "END"})
_IN_TRANSACTION = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "SELECT", "MERGE", "LOAD", "IMPORT"})
"""Statements that MariaDB, MySQL and Oracle do not commit at once."""
_NEVER_IN_TRANSACTION = frozenset(
    {"VACUUM", "CLUSTER", "REINDEX", "CALL", "DO", "ATTACH", "DETACH", "CHECKPOINT", "EXECUTE"}
)
"""Statements that PostgreSQL or SQLite refuse in a transaction, or that may end one."""
_SERVER_OBJECTS = frozenset({"DATABASE", "TABLESPACE", "SYSTEM", "SUBSCRIPTION"})
_FIRST_WORDS = 8
_COUNTED = 50
"""Sets of parameters at each end of a long list that a hash includes."""

# fmt: on


def first_keywords(sql: str, dialect: SQLDialect) -> tuple[str, ...]:
    """Return the words with which a statement begins, in upper case; quoted names are left out.

    >>> first_keywords("/* a */ create index concurrently ix on t (a)", "postgresql")
    ('CREATE', 'INDEX', 'CONCURRENTLY', 'IX', 'ON', 'T', 'A')
    """
    hashable: Any = dialect
    return _first_keywords(sql, hashable)


@lru_cache(maxsize=8)  # each statement that runs is classified several times
def _first_keywords(sql: str, dialect: Any) -> tuple[str, ...]:
    return tuple(islice((token.keyword for token in lex(sql, dialect) if token.keyword), _FIRST_WORDS))


def changes_something(sql: str, dialect: SQLDialect) -> bool:
    """Return whether a statement changes the schema or rows: False for queries, settings and transactions.

    >>> changes_something("WITH a AS (SELECT 1) DELETE FROM t", "postgresql"), changes_something("SELECT 1", "sqlite")
    (True, False)
    """
    words = first_keywords(sql, dialect)
    first = words[0] if words else ""
    if first in _READS:
        return not _WRITES.isdisjoint(token.keyword for token in lex(sql, dialect))
    return first not in _OF_SESSION


def commits(sql: str, dialect: SQLDialect) -> bool:
    """Return whether a statement is the COMMIT that a version file sends itself."""
    words = first_keywords(sql, dialect)
    return bool(words) and words[0] in _COMMITS


def commits_by_itself(sql: str, impl: DefaultImpl) -> bool:
    """Return whether the database commits this statement at once, within a transaction."""
    if type(impl).transactional_ddl:
        return False
    words = first_keywords(sql, impl.dialect)
    return words[0] not in _IN_TRANSACTION and "TEMPORARY" not in words[1:3]


def can_be_in_transaction(sql: str, dialect: SQLDialect) -> bool:
    """Return whether PostgreSQL or SQLite can run this statement in a transaction.

    >>> can_be_in_transaction("CREATE INDEX CONCURRENTLY ix ON t (a)", "postgresql")
    False
    """
    words = first_keywords(sql, dialect)
    if words[0] in _NEVER_IN_TRANSACTION or "CONCURRENTLY" in words:
        return False
    if words[:2] == ("ALTER", "TYPE") and "VALUE" in words:
        return (getattr(dialect, "server_version_info", None) or (0,)) >= (12,)
    return len(words) < 2 or words[1] not in _SERVER_OBJECTS


def fingerprint(sql: str, parameters: object) -> str:
    """Return a short hash of a statement with its values; of a long list of values only both ends are included.

    No values are passed as an empty tuple, dict or immutabledict, which depends on the way the statement takes.
    """
    shown = parameters or ()
    if isinstance(parameters, Sequence) and not isinstance(parameters, str) and len(parameters) > 2 * _COUNTED:
        shown = (len(parameters), list(parameters[:_COUNTED]), list(parameters[-_COUNTED:]))
    return sha256(f"{sql}\0{shown!r}".encode(errors="surrogatepass")).hexdigest()[:16]
