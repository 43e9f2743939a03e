"""Which locks a statement takes on PostgreSQL, and which tables it rewrites.

Both are read over the connection that ran the statement, before its transaction ends: ``pg_locks`` has the locks of
this session, and a rewritten table has another file.
https://www.postgresql.org/docs/current/view-pg-locks.html
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from ..runtime.autocommit import autocommits
from ..util.sql import Token, tokens
from .findings import Lock

_HELD = """
SELECT l.mode, n.nspname, c.relname, c.relkind::text
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = pg_backend_pid() AND l.granted AND l.locktype = 'relation'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
"""

_FILES = """
SELECT c.oid, n.nspname, c.relname, pg_relation_filenode(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
"""

_DEFINES = frozenset({"ALTER", "CREATE", "DROP", "TRUNCATE", "CLUSTER", "VACUUM", "REINDEX", "REFRESH", "DO", "SELECT"})
_OWN_TRANSACTION = "ShareUpdateExclusiveLock"
"""CREATE INDEX CONCURRENTLY and its relatives: https://www.postgresql.org/docs/current/explicit-locking.html"""

_STRENGTH = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)

BLOCKS = {
    "AccessShareLock": "",
    "RowShareLock": "",
    "RowExclusiveLock": "no reader and no writer of rows",
    "ShareUpdateExclusiveLock": "other changes of the schema, and VACUUM; rows are read and written",
    "ShareLock": "writes",
    "ShareRowExclusiveLock": "writes",
    "ExclusiveLock": "writes",
    "AccessExclusiveLock": "reads and writes",
}
"""What each mode keeps others from."""


class LockWatch:
    """Observes the locks of one connection; each statement gets those that it has taken."""

    def __init__(self, driver: Any, connection: Connection) -> None:
        self._driver, self._connection = driver, connection
        self._held: frozenset[tuple[str, str]] = frozenset()
        self._files: dict[int, tuple[str, int]] | None = None

    def begin(self) -> None:
        """Read what is held before a statement: nothing, where a transaction has ended since."""
        if self._commits_itself():
            self._held = frozenset()
            return
        self._held = frozenset(self._read_locks())
        if self._files is None:
            self._files = self._read_files()

    def after(self, sql: str) -> tuple[tuple[Lock, ...], tuple[str, ...]]:
        """Return the locks that the statement has taken, and the tables that it has rewritten."""
        words = [token for token in tokens(sql, "postgresql") if token.kind not in ("space", "comment")]
        if self._commits_itself():
            before, self._files = self._files, self._read_files()
            return tuple(_from_manual(words)), _rewritten(before, self._files)
        taken = frozenset(self._read_locks()) - self._held
        locks = tuple(Lock(mode, name) for mode, name in sorted(taken, key=_by_strength))
        if not words or words[0].keyword not in _DEFINES:
            return locks, ()
        before, self._files = self._files, self._read_files()
        return locks, _rewritten(before, self._files)

    def _commits_itself(self) -> bool:
        return autocommits(self._connection)

    def _read_locks(self) -> list[tuple[str, str]]:
        kinds = ("r", "p", "i", "I", "m", "v", "S", "f")
        return [(mode, _shown(schema, name)) for mode, schema, name, kind in self._query(_HELD) if kind in kinds]

    def _read_files(self) -> dict[int, tuple[str, int]]:
        return {oid: (_shown(schema, name), file) for oid, schema, name, file in self._query(_FILES)}

    def _query(self, sql: str) -> list[Any]:
        cursor = self._driver.cursor()
        try:
            cursor.execute(sql)
            return list(cursor.fetchall())
        finally:
            cursor.close()


def _rewritten(before: dict[int, tuple[str, int]] | None, after: dict[int, tuple[str, int]]) -> tuple[str, ...]:
    known = before or {}
    return tuple(name for oid, (name, file) in after.items() if oid in known and known[oid][1] != file)


def _from_manual(words: list[Token]) -> list[Lock]:
    """Return the lock of a statement that cannot run in a transaction, by the manual."""
    keywords = [token.keyword for token in words]
    if "CONCURRENTLY" not in keywords and keywords[:1] not in (["VACUUM"], ["REINDEX"]):
        return []
    if "ON" in keywords:
        place = keywords.index("ON") + 1
        place += keywords[place : place + 1] == ["ONLY"]
        return [Lock(_OWN_TRANSACTION, ".".join(_qualified(words[place:])), observed=False)]
    return [Lock(_OWN_TRANSACTION, words[-1].name, observed=False)]


def _qualified(words: list[Token]) -> list[str]:
    names = [words[0].name] if words else []
    if len(words) > 2 and words[1].text == ".":
        names.append(words[2].name)
    return [name for name in names if name != "public"]


def _shown(schema: str, name: str) -> str:
    return name if schema == "public" else f"{schema}.{name}"


def _by_strength(lock: tuple[str, str]) -> tuple[int, str]:
    mode, name = lock
    return -_STRENGTH.index(mode) if mode in _STRENGTH else 0, name
