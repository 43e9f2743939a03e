"""Tables that exist already, although a pending revision creates them, for example after ``create_all()``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError

from kernel_core.operations.operation import MigrateOperation
from kernel_core.operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateTableOp,
    DropColumnOp,
    DropTableOp,
    RenameTableOp,
)
from kernel_core.recording import read_operations
from kernel_core.runtime.journal.table import journal_name
from kernel_core.script import RevisionMap, Script
from kernel_core.script.steps import upgrade_steps
from kernel_core.util.exc import CommandError, UpgradeFailed

from ..workspace.heads import database_heads, refuse_unfinished
from ..workspace.workspace import Workspace

_MAX_READ = 100
"""The number of pending revisions that are read."""

_TableOp: TypeAlias = AddColumnOp | AlterColumnOp | CreateTableOp | DropColumnOp | DropTableOp | RenameTableOp

Key: TypeAlias = tuple[str | None, str]
"""Schema and name of a table."""


@dataclass(frozen=True, slots=True)
class ExistingTables:
    """Tables of pending revisions that the database has already.

    ``fails`` is the first revision that fails. ``stamp`` are the last revisions whose tables and columns the database
    has all (``head`` where these are all), "" where there are none. ``differences`` list what the database lacks of
    the revisions, or has in addition.
    """

    tables: tuple[str, ...]
    fails: str
    stamp: str = ""
    differences: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that marks as applied what the database has; "" where nothing can be marked."""
        return f"%mig_stamp {self.stamp}" if self.stamp else ""

    def __str__(self) -> str:
        lead = f"{_listed(self.tables)} exist{'' if len(self.tables) > 1 else 's'} already (create_all()?)"
        fails = f"%mig_upgrade fails at revision {self.fails}"
        if not self.stamp:
            return (
                f"{lead}, but {'; '.join(self.differences)}: {fails}. Drop the tables without data; or change the "
                f"database to what the revision describes, and mark it as applied: %mig_stamp {self.fails}"
            )
        source = "head" if self.stamp in ("head", "heads") else self.stamp
        rest = "" if self.stamp in ("head", "heads") else ", then %mig_upgrade"
        return f"{lead}, with the columns that {source} gives them; {fails}. Mark it as applied: {self.command}{rest}"


@dataclass(slots=True)
class _Replay:
    """The tables that pending revisions create, with their columns, as far as the text of the files shows."""

    inspector: sa.Inspector
    created: dict[Key, set[str]] = field(default_factory=dict)
    dropped: set[Key] = field(default_factory=set)
    found: dict[Key, str] = field(default_factory=dict)

    def run(self, revision: str, operations: Sequence[MigrateOperation]) -> None:
        for one in operations:
            if isinstance(one, CreateTableOp):
                self._create(revision, one)
            elif isinstance(one, DropTableOp):
                self.created.pop(_key(one), None)
                self.dropped.add(_key(one))
            elif isinstance(one, RenameTableOp):
                self.dropped.add(_key(one))
                if _key(one) in self.created:
                    self.created[one.schema, str(one.new_table_name)] = self.created.pop(_key(one))
            elif isinstance(one, AddColumnOp):
                self.created.get(_key(one), set()).add(one.column.name)
            elif isinstance(one, DropColumnOp):
                self.created.get(_key(one), set()).discard(one.column_name)
            elif isinstance(one, AlterColumnOp) and one.modify_name is not None and _key(one) in self.created:
                self.created[_key(one)] = self.created[_key(one)] - {one.column_name} | {str(one.modify_name)}

    def _create(self, revision: str, one: CreateTableOp) -> None:
        self.created[_key(one)] = {item.name for item in one.columns if isinstance(item, sa.Column)}
        if (
            _key(one) not in self.dropped
            and not one.if_not_exists
            and self.inspector.has_table(one.table_name, one.schema)
        ):
            self.found.setdefault(_key(one), revision)

    def differences(self) -> Iterator[str]:
        """Yield how the tables in the database differ from those that the revisions create."""
        for (schema, name), columns in self.created.items():
            shown = _shown((schema, name))
            if not self.inspector.has_table(name, schema):
                yield f"{shown} does not exist"
                continue
            try:
                found = {str(column["name"]) for column in self.inspector.get_columns(name, schema)}
            except (SQLAlchemyError, NotImplementedError):
                yield f"the columns of {shown} cannot be read"
                continue
            for verb, names in (("lacks", columns - found), ("has also", found - columns)):
                if names:
                    yield f"{shown} {verb} {_listed(sorted(names))}"


def existing_tables(workspace: Workspace) -> ExistingTables | None:
    """Return the tables that pending revisions create and the database has already; None where there are none."""
    if workspace.environment.has_computed_targets:
        return None  # the tables may be in schemas that are not on the search path of this connection
    scripts, current = workspace.scripts(), database_heads(workspace)
    if any(name not in scripts.map for name in current):
        return None
    try:
        steps = upgrade_steps(scripts.map, frozenset(current), "heads")[:_MAX_READ]
    except CommandError:
        return None
    pending = [script for step in steps if (script := scripts.get_revision(step.revision_id)) is not None]
    creating = [place for place, script in enumerate(pending) if "create_table" in _source(script)]
    if not creating or workspace.connection.is_missing_file:
        return None  # reading a SQLite file that does not exist would create it
    with workspace.connection.open() as live:
        return _compared(scripts.map, pending, _Replay(sa.inspect(live)), live.dialect)


def _compared(
    revisions: RevisionMap, pending: Sequence[Script], replay: _Replay, dialect: Dialect
) -> ExistingTables | None:
    last, differences = 0, tuple[str, ...]()
    for number, script in enumerate(pending, 1):
        replay.run(script.revision, list(read_operations(_source(script), dialect).operations.leaves()))
        now = tuple(replay.differences()) if replay.found else ()
        last = number if replay.found and not now else last
        differences = differences or now
    if not replay.found:
        return None
    stamp = " ".join(sorted(revisions.topmost(script.revision for script in pending[:last])))
    if last == len(pending) < _MAX_READ:
        stamp = "heads" if len(revisions.heads) > 1 else "head"
    return ExistingTables(tuple(map(_shown, replay.found)), next(iter(replay.found.values())), stamp, differences)


def explain_existing_tables(workspace: Workspace, error: UpgradeFailed) -> None:
    """Add to the message of a failed upgrade that its tables exist already, and the remedy, where this is the cause."""
    try:
        refuse_unfinished(database_heads(workspace))  # then the tables are those that it has created itself
        found = existing_tables(workspace)
    except (SQLAlchemyError, CommandError):
        return  # the message of the failure itself must not get lost
    if found is not None and found.fails == error.revision:
        error.args = (f"{error}\n{found}", *error.args[1:])


def tables_without_revision(workspace: Workspace, live: sa.Connection, several: Sequence[sa.MetaData]) -> str:
    """Return the sentence about tables of the models that exist while no revision creates them; "" for none."""
    inspector = sa.inspect(live)
    tables = [table for metadata in several for table in metadata.tables.values()]
    existing = [table for table in tables if inspector.has_table(table.name, table.schema)]
    if not existing:
        return ""
    names = _listed([_shown((table.schema, table.name)) for table in existing])
    exist, them = ("exist", "them") if len(existing) > 1 else ("exists", "it")
    lead = f"{names} {exist} already, but no revision creates {them}"
    return f"{lead} (create_all()?). Write a first revision that does, and mark it as applied: %mig_adopt --write"


def unstamped_tables(workspace: Workspace) -> tuple[str, ...]:
    """Return the tables of a database that is at no revision, without the version table and its journal."""
    if workspace.connection.is_missing_file:
        return ()
    with workspace.connection.open() as live:
        version = str(workspace.version_table.get("version_table") or "alembic_version")
        own = (version, journal_name(version, live.dialect.max_identifier_length))
        return tuple(name for name in sa.inspect(live).get_table_names() if name not in own)


def _source(script: Script) -> str:
    return script.source if script.path.endswith(".py") else ""


def _key(operation: _TableOp) -> Key:
    return operation.schema, str(operation.table_name)


def _shown(key: Key) -> str:
    return ".".join(filter(None, key))


def _listed(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
