"""Rehearse a run: carry it out on a copy or in a transaction that is rolled back, and return the schema changes.

    trial = rehearse(connection, run)
    trial.changes            # (("+", "pets", "table pets"), ("~", "users", "column email VARCHAR(80)"), ...)

On SQLite the run happens on a copy, made by SQLite's backup API. Elsewhere it happens on the database itself, in a
transaction that is rolled back, if the database has transactional DDL; the objects it changes are locked until then.
Afterwards the schema is read again, to verify that no change is left.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.engine import URL

from .ddl import DefaultImpl
from .runtime.autocommit import autocommits
from .runtime.journal.table import journal_name
from .runtime.report import RunReport
from .snapshot import Change, Schema, Snapshot, changes, differences, schema_of, snapshot_of
from .util.exc import CommandError

__all__ = ["Change", "Rehearsal", "Schema", "Snapshot", "changes", "rehearse", "runs_on_copy", "schema_of"]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The result of a rehearsal: its report, the schema ``before`` and ``after``, whether it ran ``on_copy``."""

    report: RunReport
    before: Snapshot
    after: Snapshot
    on_copy: bool

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes of the schema, by table."""
        return differences(self.before, self.after)


def runs_on_copy(dialect_name: str) -> bool:
    """Return whether a rehearsal runs on a copy of such a database; otherwise it runs in a transaction on it."""
    return dialect_name == "sqlite"


def rehearse(connection: Connection, run: Callable[[Connection], RunReport], *, version_table: str = "") -> Rehearsal:
    """Call ``run(copy)``, which must do all its work on the connection that it is given, and return its changes.

    ``version_table`` and its journal are left out of the schemas. Raises CommandError where a rehearsal is impossible,
    or where the run has committed something, and whatever ``run`` raises.
    """
    on_copy = runs_on_copy(connection.dialect.name)
    own = (version_table, journal_name(version_table, connection.dialect.max_identifier_length))
    version = _data_version(connection) if on_copy else 0
    with _copied(connection) if on_copy else _rolled_back(connection) as copy:
        before = snapshot_of(copy, without=own)
        if on_copy and copy.in_transaction():
            copy.rollback()
        try:
            rehearsal = Rehearsal(run(copy), before, snapshot_of(copy, without=own), on_copy)
        except Exception as error:
            if on_copy:
                _refuse_changed(connection, version, error)
            else:
                copy.rollback()
                _refuse_committed(copy, before, own, error)
            raise
    if on_copy:
        _refuse_changed(connection, version)
    else:
        _refuse_committed(connection, before, own)
    return rehearsal


def _data_version(connection: Connection) -> int:
    """Return a number that another connection's commit changes (https://sqlite.org/pragma.html#pragma_data_version)."""
    return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())


def _refuse_changed(connection: Connection, version: int, cause: Exception | None = None) -> None:
    """Raise CommandError where the database itself was written to during a rehearsal on a copy."""
    if connection.in_transaction():
        connection.rollback()
    if _data_version(connection) != version:
        raise CommandError(
            "The database itself was changed during the trial: by a connection that a revision opens, or by another "
            "program. The result of the trial may be wrong. Let the revision use op.get_bind()."
        ) from cause


def _refuse_committed(
    connection: Connection, before: Snapshot, own: Collection[str], cause: Exception | None = None
) -> None:
    """Raise CommandError where the schema has changed, because the run has committed."""
    left = differences(before, snapshot_of(connection, without=own))
    connection.rollback()
    if left:
        shown = "; ".join(f"{sign} {name}: {what}" for sign, name, what in left[:5])
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        raise CommandError(
            f"The trial was not rolled back, because a revision commits by itself. What it left: {shown}{more}"
        ) from cause


@contextmanager
def _copied(connection: Connection) -> Iterator[Connection]:
    """Yield a connection to a copy of a SQLite database, in a temporary file."""
    source = connection.connection.driver_connection
    foreign_keys = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
    if source is None or not hasattr(source, "backup"):
        raise CommandError("This driver of SQLite cannot copy a database, so nothing was run.")
    with tempfile.TemporaryDirectory(prefix="mig-try-") as folder:
        url = URL.create("sqlite", database=os.path.join(folder, "try.db"))
        engine = create_engine(url, poolclass=NullPool)
        try:
            with engine.connect() as copy:
                source.backup(copy.connection.driver_connection)
                if foreign_keys:
                    copy.connection.cursor().execute("PRAGMA foreign_keys = ON")
                yield copy
        finally:
            engine.dispose()


@contextmanager
def _rolled_back(connection: Connection) -> Iterator[Connection]:
    """Yield the connection inside a transaction that ends with a rollback."""
    if not DefaultImpl.get_by_dialect(connection.dialect).transactional_ddl:
        raise CommandError(
            f"{connection.dialect.name} commits each change of a table at once, so nothing can be tried in it. "
            "Try it on a copy of the database, or read the SQL: --sql."
        )
    if autocommits(connection):
        raise CommandError(
            "The connection is in AUTOCOMMIT, so a trial could not be rolled back; nothing was run. "
            "Use an engine without isolation_level='AUTOCOMMIT'."
        )
    if connection.in_transaction():
        connection.rollback()
    transaction = connection.begin()
    try:
        yield connection
    finally:
        if transaction.is_active or connection.in_transaction():
            transaction.rollback()
