"""Clone a MariaDB or MySQL database: tables by their own CREATE TABLE, rows by INSERT ... SELECT on the server.

The rows are read at READ COMMITTED, at which INSERT ... SELECT locks none of them; each table is read at one moment.
At REPEATABLE READ it would read all tables at the same moment, but keep others from writing to them:
https://mariadb.com/kb/en/innodb-lock-modes/. So tables that were written to meanwhile are copied again, until none was;
the report names those that still were, by UPDATE_TIME in information_schema.tables.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ...util.exc import CommandError
from ...util.sql import in_backticks
from ..qualified_names import renamed
from .base import SLOW, Clone, CloneOptions, refuse_without_room
from .names import is_kept_whole, leftovers, new_names
from .rights import missing_on_mariadb
from .source import Source

_SETTINGS = (
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET foreign_key_checks = 0, unique_checks = 0",
    "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
)
_WRITE_TIMES = """
SELECT table_name, update_time, IF(update_time >= NOW(),
  1 - MICROSECOND(NOW(6)) / 1000000, NULL)
FROM information_schema.tables WHERE table_schema = %s
"""
"""When each table was written to, and if that was in this second, how much of it is left."""

ELSEWHERE = frozenset({"FEDERATED", "CONNECT", "SPIDER", "S3", "SPHINX", "OQGRAPH"})
"""Engines of tables whose rows are on another server or in other files: what is written to a copy is written there."""

_PASSES = 3
"""So often a table is copied at most, while others write to it."""

_ROUTINES = {"PROCEDURE": "Create Procedure", "FUNCTION": "Create Function"}


@contextmanager
def mariadb_clone(source: Source, options: CloneOptions) -> Iterator[Clone]:
    """Yield the clone of a MariaDB database; both copies are dropped at the end of the block."""
    with source.engine(source.database, isolation_level="AUTOCOMMIT").connect() as admin, ExitStack() as stack:
        for setting in _SETTINGS:
            admin.exec_driver_sql(setting)
        if not getattr(admin.dialect, "is_mariadb", False):
            admin.exec_driver_sql("SET SESSION information_schema_stats_expiry = 0")  # MySQL 8 keeps them for a day
        remove_leftovers(admin)
        before, after = new_names()
        size = _size(admin, source)
        refuse_without_room(str(admin.exec_driver_sql("SELECT @@datadir").scalar_one()), size)
        if size > SLOW:
            options.on_progress(f"copying {source.database} ({size // 1_000_000} MB)")
        for name in (before, after):
            stack.callback(_drop, admin, name)
            _create(admin, name, source)
        copier = _Copier(admin, options, is_live=True)
        copier.copy(source.database, before)
        full = copier.full_rows(source.database) if not options.takes_all else {}
        _Copier(admin, CloneOptions(on_progress=options.on_progress)).copy(before, after)
        notes = copier.notes + missing_on_mariadb(admin, source.database)
        others = frozenset(map(str, admin.exec_driver_sql("SHOW DATABASES").scalars())) - {after}
        engines = source.engine(before), source.engine(after)
        yield Clone(source, *engines, "copied tables", notes, full, other_databases=others)


class _Copier:
    """Copies one database of the server into another."""

    def __init__(self, admin: Connection, options: CloneOptions, *, is_live: bool = False) -> None:
        self._admin, self._options, self._is_live = admin, options, is_live
        self._notes: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not copied, in sentences."""
        return tuple(self._notes)

    def copy(self, source: str, target: str) -> None:
        """Copy sequences, tables with their rows, then functions, views and triggers."""
        kinds: dict[str, list[str]] = {}
        merged = set[str]()
        for name, kind, engine in self._rows(
            "SELECT table_name, table_type, engine FROM information_schema.tables WHERE table_schema = %s ORDER BY 1",
            source,
        ):
            if str(engine).upper() in ELSEWHERE:
                self._notes.append(
                    f"not copied: table {name}: its engine {engine} has the rows outside of the database"
                )
                continue
            kinds.setdefault(str(kind), []).append(str(name))
            if engine == "MRG_MyISAM":
                merged.add(str(name))
        for name in kinds.get("SEQUENCE", ()):
            self._run(target, self._definition(f"SHOW CREATE SEQUENCE {_at(source, name)}", 1), f"sequence {name}")
            with suppress(DBAPIError):
                value = self._rows(f"SELECT next_not_cached_value FROM {_at(source, name)}")[0][0]
                self._rows(f"SELECT setval({_at(target, name)}, {int(value)}, 0)")
        tables = [*kinds.get("BASE TABLE", ()), *kinds.get("SYSTEM VERSIONED", ())]
        for name in tables:
            definition = self._definition(f"SHOW CREATE TABLE {_at(source, name)}", 1)
            self._run(target, renamed(definition, source, target), f"table {name}")
        self._copy_all_rows(source, target, [name for name in tables if name not in merged])
        if not self._options.takes_all and self._options.sample:
            self._add_referred(source, target)
        if "SYSTEM VERSIONED" in kinds:
            self._notes.append("not copied: the history of system-versioned tables")
        self._copy_routines(source, target)
        self._copy_views(source, target, kinds.get("VIEW", []))
        self._copy_triggers(source, target)

    def full_rows(self, source: str) -> dict[tuple[str, str], int]:
        """Return about how many rows each table of the source has."""
        rows = self._rows(
            "SELECT table_name, table_rows FROM information_schema.tables "
            "WHERE table_schema = %s AND table_type = 'BASE TABLE'",
            source,
        )
        return {("", str(name)): int(count or 0) for name, count in rows}

    def _columns(self, database: str, name: str) -> str:
        """Return the columns of a table that are not computed."""
        rows = self._rows(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s "
            "AND (generation_expression IS NULL OR generation_expression = '') ORDER BY ordinal_position",
            database,
            name,
        )
        return ", ".join(in_backticks(str(column)) for (column,) in rows)

    def _copy_all_rows(self, source: str, target: str, tables: list[str]) -> None:
        """Copy the rows of tables; those written to meanwhile are copied again, so that all are of one moment."""
        before = self._write_times(source)
        for name in tables:
            self._copy_rows(source, target, name)
        for _ in range(_PASSES - 1):
            before, written = self._written(source, before, tables)
            for name in written:
                self._run(target, f"DELETE FROM {_at(target, name)}", f"rows of {name}")
                self._copy_rows(source, target, name)
            if not written:
                return
        _, written = self._written(source, before, tables)
        if written:
            shown = ", ".join(written)
            self._notes.append(f"not of one moment: others wrote to {shown} during the copying; other tables are older")

    def _written(
        self, source: str, before: dict[str, object], tables: list[str]
    ) -> tuple[dict[str, object], list[str]]:
        """Return the present write times, and the tables that were written to since ``before``."""
        now = self._write_times(source)
        return now, [name for name in tables if now.get(name) != before.get(name)]

    def _write_times(self, source: str) -> dict[str, object]:
        """Return for each table when it was written to last; {} of a copy, to which nobody else writes.

        The times are whole seconds, so this waits until the second of the last write is over.
        """
        if not self._is_live or self._options.schema_only:
            return {}
        rows = self._rows(_WRITE_TIMES, source)
        if any(left is not None for _, _, left in rows):
            time.sleep(max(float(left) for _, _, left in rows if left is not None))
            rows = self._rows(_WRITE_TIMES, source)
        return {str(name): at for name, at, _ in rows}

    def _copy_rows(self, source: str, target: str, name: str) -> None:
        columns = self._columns(source, name)
        whole = is_kept_whole(name, [each.strip("`") for each in columns.split(", ")])
        if self._options.schema_only and not whole:
            return
        limit = "" if self._options.sample is None or whole else f" LIMIT {int(self._options.sample)}"
        self._run(
            target,
            f"INSERT INTO {_at(target, name)} ({columns}) SELECT {columns} FROM {_at(source, name)}{limit}",
            f"rows of {name}",
        )

    def _add_referred(self, source: str, target: str) -> None:
        """Copy the rows that rows of the sample refer to, until none is missing."""
        keys: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
        for constraint, table, parent, local, remote in self._rows(
            "SELECT constraint_name, table_name, referenced_table_name, column_name, referenced_column_name "
            "FROM information_schema.key_column_usage WHERE table_schema = %s AND referenced_table_schema = %s "
            "ORDER BY 1, 2, ordinal_position",
            source,
            source,
        ):
            keys.setdefault((str(constraint), str(table), str(parent)), []).append((str(local), str(remote)))
        while sum(self._add_referred_by(source, target, *key[1:], pairs) for key, pairs in keys.items()):
            pass

    def _add_referred_by(self, source: str, target: str, table: str, parent: str, pairs: list[tuple[str, str]]) -> bool:
        columns = self._columns(source, parent)
        wanted = " AND ".join(f"p.{in_backticks(remote)} = c.{in_backticks(local)}" for local, remote in pairs)
        there = " AND ".join(f"t.{in_backticks(remote)} = p.{in_backticks(remote)}" for _, remote in pairs)
        listed = ", ".join(f"p.{column}" for column in columns.split(", "))
        added = self._admin.exec_driver_sql(
            (
                f"INSERT INTO {_at(target, parent)} ({columns}) SELECT DISTINCT {listed} FROM {_at(source, parent)} p "
                f"JOIN {_at(target, table)} c ON {wanted} "
                f"WHERE NOT EXISTS (SELECT 1 FROM {_at(target, parent)} t WHERE {there})"
            ).replace("%", "%%")
        )
        return added.rowcount > 0

    def _copy_routines(self, source: str, target: str) -> None:
        for name, kind in self._rows(
            "SELECT routine_name, routine_type FROM information_schema.routines WHERE routine_schema = %s", source
        ):
            if kind in _ROUTINES:
                definition = self._definition(f"SHOW CREATE {kind} {_at(source, str(name))}", 2)
                self._run(target, renamed(definition, source, target), f"{str(kind).lower()} {name}")

    def _copy_views(self, source: str, target: str, names: list[str]) -> None:
        """Create the views, each after those that it reads: what fails is tried again after the others."""
        waiting = list(names)
        while waiting:
            left = [name for name in waiting if not self._copied_view(source, target, name, last=False)]
            if len(left) == len(waiting):
                for name in left:
                    self._copied_view(source, target, name, last=True)
                return
            waiting = left

    def _copied_view(self, source: str, target: str, name: str, *, last: bool) -> bool:
        definition = self._definition(f"SHOW CREATE VIEW {_at(source, name)}", 1)
        return self._run(target, renamed(definition, source, target), f"view {name}" if last else "")

    def _copy_triggers(self, source: str, target: str) -> None:
        for (name,) in self._rows(
            "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = %s "
            "ORDER BY event_object_table, action_order",
            source,
        ):
            definition = self._definition(f"SHOW CREATE TRIGGER {_at(source, str(name))}", 2)
            self._run(target, renamed(definition, source, target), f"trigger {name}")

    def _definition(self, sql: str, position: int) -> str:
        """Return one column of a SHOW CREATE; "" where the right to see it is missing."""
        rows = self._rows(sql)
        return str(rows[0][position] or "") if rows else ""

    def _run(self, database: str, sql: str, what: str) -> bool:
        """Run a statement in a database and return whether it did; if not, note that ``what`` is missing."""
        if not sql:
            self._notes.append(f"not copied: {what}: the right to see its definition is missing")
            return True
        try:
            self._admin.exec_driver_sql(f"USE {in_backticks(database)}")
            self._admin.exec_driver_sql(sql.replace("%", "%%"))
        except DBAPIError as error:
            if what:
                self._notes.append(f"not copied: {what}: {error.orig}")
            return False
        return True

    def _rows(self, sql: str, *values: object) -> list[Any]:
        return list(self._admin.exec_driver_sql(sql if values else sql.replace("%", "%%"), tuple(values)).all())


def _create(admin: Connection, name: str, source: Source) -> None:
    row = admin.exec_driver_sql(
        "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata "
        "WHERE schema_name = %s",
        (source.database,),
    ).one()
    try:
        admin.exec_driver_sql(f"CREATE DATABASE {in_backticks(name)} CHARACTER SET {row[0]} COLLATE {row[1]}")
    except DBAPIError as error:
        raise CommandError(
            f"A rehearsal of {source.database} makes a clone, and the database was refused: {error.orig}. "
            "Nothing was run. An administrator allows it: GRANT ALL ON `mig\\_rehearsal\\_%`.* TO ..."
        ) from error


def _size(admin: Connection, source: Source) -> int:
    """Return the size of the database in bytes."""
    return int(
        admin.exec_driver_sql(
            "SELECT coalesce(sum(data_length + index_length), 0) FROM information_schema.tables "
            "WHERE table_schema = %s",
            (source.database,),
        ).scalar_one()
    )


def _drop(admin: Connection, name: str) -> None:
    with suppress(DBAPIError):
        admin.exec_driver_sql("SET SESSION lock_wait_timeout = 5")
        admin.exec_driver_sql(f"DROP DATABASE IF EXISTS {in_backticks(name)}")


def remove_leftovers(admin: Connection) -> tuple[str, ...]:
    """Drop the clones of processes of this host that were killed, and return their names."""
    gone = leftovers(map(str, admin.exec_driver_sql("SHOW DATABASES").scalars()))
    for name in gone:
        _drop(admin, name)
    return gone


def _at(database: str, name: str) -> str:
    return f"{in_backticks(database)}.{in_backticks(name)}"
