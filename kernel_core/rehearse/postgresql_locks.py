"""Which locks a statement takes on PostgreSQL, and which tables it rewrites.

Both are read over the connection that ran the statement, before its transaction ends: ``pg_locks`` has the locks of
this session, and a rewritten table has another file.
https://www.postgresql.org/docs/current/view-pg-locks.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ..runtime.autocommit import is_outside_transactions
from ..util.exc import sqlstate
from .findings import Lock
from .postgresql_manual import ManualLocks, locks_outside_of_transactions

_HELD = """
SELECT l.locktype, l.mode, l.relation::bigint, l.virtualxid
FROM pg_locks l
WHERE l.pid = pg_backend_pid() AND l.granted AND (l.locktype = 'virtualxid'
  OR (l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())))
"""

_RELATIONS = """
SELECT c.oid::bigint, n.nspname, c.relname, c.relkind::text, pg_relation_filenode(c.oid), i.indrelid::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'i', 'I', 'm', 'v', 'S', 'f', 'c')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
"""

_CLUSTERED = "SELECT indrelid::bigint FROM pg_index WHERE indisclustered"
_PARTITIONS = "SELECT relid::bigint FROM pg_partition_tree({})"

_NEEDS_NO_TRANSACTION = ("25001", "2D000")
"""ActiveSqlTransaction, as of VACUUM and CONCURRENTLY; InvalidTransactionTermination, of a procedure that commits."""

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


@dataclass(frozen=True, slots=True)
class _Relation:
    """A table, index, view, sequence or composite type: its name, kind, file, and for an index its table's oid."""

    name: str
    schema: str
    kind: str
    file: int | None
    table: int | None


class LockWatch:
    """Observes the locks of one connection; each statement gets those that it has taken.

    Named are what other sessions can see, by the names that they know: those from before the transaction. What the
    transaction itself created keeps nobody waiting. ``on_commit`` runs before the COMMIT of a statement in
    autocommit.
    """

    def __init__(self, driver: Any, on_commit: Callable[[Connection], object] = lambda _connection: None) -> None:
        self._driver, self._on_commit = driver, on_commit
        self._transaction = ""
        self._held: frozenset[tuple[str, int]] = frozenset()
        self._known: dict[int, _Relation] = {}
        self._files: dict[int, int | None] = {}
        self._taken: tuple[Lock, ...] | None = None
        self._may_rewrite = False

    def begin(self, connection: Connection) -> None:
        """Read what is held before a statement of ``connection``: nothing, where a transaction has ended since."""
        self._taken, self._connection = None, connection
        transaction, held = self._read_locks()
        if transaction != self._transaction or self._commits_itself():
            self._transaction = transaction
            self._read_known()
        self._held = frozenset() if self._commits_itself() else held

    def run(self, sql: str, execute: Callable[[str], object]) -> None:
        """Execute a statement; in autocommit it gets a transaction, if it can run in one, to read its locks."""
        if not self._commits_itself():
            execute(sql)
            return
        self._command("BEGIN")
        try:
            execute(sql)
        except Exception as error:
            self._command("ROLLBACK")
            if sqlstate(error) not in _NEEDS_NO_TRANSACTION:
                raise
            execute(sql)
            self._taken, self._may_rewrite = tuple(self._from_manual(sql)), True
            return
        self._on_commit(self._connection)
        self._taken = self._new_locks()
        self._command("COMMIT")

    def after(self) -> tuple[tuple[Lock, ...], tuple[str, ...]]:
        """Return the locks that the statement has taken, and the tables that it has rewritten."""
        taken = self._new_locks() if self._taken is None else self._taken
        if not self._may_rewrite:
            return taken, ()
        before, self._files = self._files, self._read_files()
        rewritten = [oid for oid, file in self._files.items() if before.get(oid, file) != file]
        return taken, tuple(self._known[oid].name for oid in rewritten if oid in self._known)

    def _read_known(self) -> None:
        """Read the names that other sessions know, and the files of tables."""
        rows = self._query(_RELATIONS)
        self._known = {oid: _Relation(_shown(schema, name), schema, *rest) for oid, schema, name, *rest in rows}
        self._files = {oid: each.file for oid, each in self._known.items() if each.kind in ("r", "m")}

    def _new_locks(self) -> tuple[Lock, ...]:
        held = self._read_locks()[1]
        taken = held - self._held
        # no table is rewritten without this lock, which an earlier statement of the transaction may have taken
        self._may_rewrite = any(mode == "AccessExclusiveLock" and oid in self._files for mode, oid in held)
        named = {(mode, self._known[oid].name) for mode, oid in taken if oid in self._known}
        return tuple(Lock(mode, name) for mode, name in sorted(named, key=_by_strength))

    def _read_locks(self) -> tuple[str, frozenset[tuple[str, int]]]:
        """Return the transaction, and the mode and oid of each lock."""
        rows = self._query(_HELD)
        transaction = next((str(virtual) for kind, _, _, virtual in rows if kind == "virtualxid"), "")
        return transaction, frozenset((mode, oid) for kind, mode, oid, _ in rows if kind == "relation")

    def _read_files(self) -> dict[int, int | None]:
        return {oid: file for oid, _, _, kind, file, _ in self._query(_RELATIONS) if kind in ("r", "m")}

    def _query(self, sql: str) -> list[Any]:
        cursor = self._driver.cursor()
        try:
            cursor.execute(sql)
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def _command(self, sql: str) -> None:
        cursor = self._driver.cursor()
        try:
            cursor.execute(sql)
        finally:
            cursor.close()

    def _commits_itself(self) -> bool:
        """Return whether the next statement is its own transaction."""
        return is_outside_transactions(self._connection)

    def _from_manual(self, sql: str) -> Iterator[Lock]:
        """Yield the locks of a statement that cannot run in a transaction, by the manual."""
        found = set[tuple[str, str]]()
        for each in locks_outside_of_transactions(sql):
            named = self._named(each)
            partitions = self._partitions_of(named) if each.with_partitions else set()
            tables = named | partitions
            indexes = {oid for oid, one in self._known.items() if one.table in tables}
            owners = {one.table for oid, one in self._known.items() if oid in tables}
            for oid, one in self._known.items():
                is_listed = bool(each.partitions) and oid in partitions - named
                if oid in tables | indexes | owners and not (is_listed and one.kind in ("p", "I")):
                    found |= {(mode, one.name) for mode in (each.tables if one.table is None else each.indexes)}
                if is_listed:
                    found |= {(mode, one.name) for mode in each.partitions}
        yield from (Lock(mode, name, observed=False) for mode, name in sorted(found, key=_by_strength))

    def _named(self, locks: ManualLocks) -> set[int]:
        """Return the table or index that a statement names, or all tables that it is about."""
        if locks.name:
            return {oid for oid, each in self._known.items() if each.name == locks.name}
        among = {oid for (oid,) in self._query(_CLUSTERED)} if locks.clustered else set(self._known)
        return {
            oid
            for oid, each in self._known.items()
            if oid in among and each.kind in ("r", "p", "m") and locks.schema in ("", each.schema)
        }

    def _partitions_of(self, several: set[int]) -> set[int]:
        """Return the partitions of tables or indexes, with these themselves."""
        partitioned = [oid for oid in several if self._known[oid].kind in ("p", "I")]
        return {oid for one in partitioned for (oid,) in self._query(_PARTITIONS.format(one))}


def _shown(schema: str, name: str) -> str:
    return name if schema == "public" else f"{schema}.{name}"


def _by_strength(lock: tuple[str, str]) -> tuple[int, str]:
    mode, name = lock
    return -_STRENGTH.index(mode) if mode in _STRENGTH else 0, name
