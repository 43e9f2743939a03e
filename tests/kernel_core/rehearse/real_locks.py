"""The locks and rewritten tables of a statement that really runs, seen by psycopg alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa

RELATIONS = (
    "SELECT c.oid::bigint, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname, "
    "c.relkind::text, pg_relation_filenode(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relname !~ '^alembic_version'"
)
_HELD = "SELECT mode, relation::bigint, granted FROM pg_locks WHERE pid = %s AND locktype = 'relation'"
_WAITING = (
    "SELECT locktype, mode, relation::bigint, %s = ANY (pg_blocking_pids(pid)) "
    "FROM pg_locks WHERE pid = %s AND NOT granted"
)

WAITING = {
    "AccessShareLock": {"AccessExclusiveLock"},
    "RowShareLock": {"ExclusiveLock", "AccessExclusiveLock"},
    "RowExclusiveLock": {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"},
}
WAITING["ShareUpdateExclusiveLock"] = {*WAITING["RowExclusiveLock"], "ShareUpdateExclusiveLock"}
WAITING["ShareLock"] = {*WAITING["ShareUpdateExclusiveLock"], "RowExclusiveLock"} - {"ShareLock"}
WAITING["ShareRowExclusiveLock"] = {*WAITING["ShareLock"], "ShareLock"}
WAITING["ExclusiveLock"] = {*WAITING["ShareRowExclusiveLock"], "RowShareLock"}
WAITING["AccessExclusiveLock"] = {*WAITING["ExclusiveLock"], "AccessShareLock"}
"""For each mode of a lock, those that wait for it: table 13.2 of
https://www.postgresql.org/docs/current/explicit-locking.html"""

Held = set[tuple[str, str]]


def connected(url: str, **options: Any) -> psycopg.Connection[Any]:
    """Return a connection of psycopg to the database of a URL of SQLAlchemy."""
    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, **options)


def in_transaction(url: str, sql: str) -> tuple[Held, set[str]]:
    """Run a statement; return its locks, as a second connection sees them, and the tables that have another file."""
    with connected(url) as running, connected(url, autocommit=True) as observer:
        known = {oid: rest for oid, *rest in observer.execute(RELATIONS)}
        running.execute(sql.encode())
        rows = observer.execute(_HELD, (running.info.backend_pid,)).fetchall()
        held = {(mode, known[oid][0]) for mode, oid, _ in rows if oid in known}
        now = {oid: file for oid, *_, file in running.execute(RELATIONS)}
        return held, {name for oid, (name, kind, file) in known.items() if kind in "rm" and now.get(oid, file) != file}


@contextmanager
def blocking(url: str, mode: str, table: str) -> Iterator[psycopg.Connection[Any]]:
    """Hold a lock on a table inside the block, in a transaction without a snapshot."""
    with connected(url) as blocker:
        quoted = ".".join(f'"{part}"' for part in table.split("."))
        blocker.execute(f"LOCK TABLE ONLY {quoted} IN {_words(mode)} MODE".encode())
        yield blocker
        blocker.rollback()


def blocked_mode(url: str, sql: str, mode: str, table: str) -> str:
    """Run a statement outside of a transaction while another session locks a table; return the mode it waits for.

    Returns "" where it does not wait for a lock on that table. The lock is released once it waits.
    """
    ended = threading.Event()
    with connected(url, autocommit=True) as running, connected(url, autocommit=True) as observer:
        oid = next(oid for oid, name, *_ in observer.execute(RELATIONS) if name == table)
        pid, failed = running.info.backend_pid, list[Exception]()

        def run() -> None:
            try:
                running.execute(sql.encode())
            except psycopg.Error as error:
                failed.append(error)
            finally:
                ended.set()

        with blocking(url, mode, table) as blocker:
            thread = threading.Thread(target=run)
            thread.start()
            found = ""
            try:
                while not ended.is_set() and not found:
                    rows = observer.execute(_WAITING, (blocker.info.backend_pid, pid)).fetchall()
                    found = next((mode for kind, mode, of, _ in rows if kind == "relation" and of == oid), "")
                    if any(kind != "relation" and is_for_blocker for kind, _, _, is_for_blocker in rows):
                        break  # for the end of the other transaction; it may wait for autovacuum too, and go on
                    time.sleep(0.001)
            finally:
                blocker.rollback()
                thread.join()
        if failed:
            raise failed[0]
    return found


def _words(mode: str) -> str:
    return "".join(f" {letter}" if letter.isupper() else letter for letter in mode.removesuffix("Lock")).upper()
