"""Tables that exist already, though a pending revision is to create them: ``create_all()`` was run first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa
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
from kernel_core.script import RevisionMap, Script
from kernel_core.script.steps import upgrade_steps
from kernel_core.util.exc import CommandError, UpgradeFailed

from .reading import read_operations

if TYPE_CHECKING:
    from ..session import Session

_LOOKED_AT = 100
"""So many pending revisions are read."""

Key: TypeAlias = tuple[str | None, str]
"""Schema and name of a table."""


@dataclass(frozen=True, slots=True)
class Existing:
    """Tables of pending revisions that the database has already.

    ``fails`` is the first revision that fails. ``stamp`` are the last revisions that the database has all tables and
    columns of (``head`` where that is all), "" where there are none. ``differences`` say what the database lacks of
    the revisions, or has besides.
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
                f"{lead}, but {'; '.join(self.differences)}: {fails}. Drop what holds no data; or make the database "
                f"what the revision describes, and mark it as applied: %mig_stamp {self.fails}"
            )
        giver = "head" if self.stamp in ("head", "heads") else self.stamp
        rest = "" if self.stamp in ("head", "heads") else ", then %mig_upgrade"
        return f"{lead}, with the columns that {giver} gives them; {fails}. Mark it as applied: {self.command}{rest}"


@dataclass(slots=True)
class _Replay:
    """The tables that pending revisions make, with their columns, as far as the text of the files says."""

    inspector: sa.Inspector
    made: dict[Key, set[str]] = field(default_factory=dict)
    gone: set[Key] = field(default_factory=set)
    found: dict[Key, str] = field(default_factory=dict)

    def run(self, revision: str, operations: Sequence[MigrateOperation]) -> None:
        for one in operations:
            if isinstance(one, CreateTableOp):
                self._create(revision, one)
            elif isinstance(one, DropTableOp):
                self.made.pop(_key(one), None)
                self.gone.add(_key(one))
            elif isinstance(one, RenameTableOp):
                self.gone.add(_key(one))
                if _key(one) in self.made:
                    self.made[one.schema, str(one.new_table_name)] = self.made.pop(_key(one))
            elif isinstance(one, AddColumnOp):
                self.made.get(_key(one), set()).add(one.column.name)
            elif isinstance(one, DropColumnOp):
                self.made.get(_key(one), set()).discard(one.column_name)
            elif isinstance(one, AlterColumnOp) and one.modify_name is not None and _key(one) in self.made:
                self.made[_key(one)] = self.made[_key(one)] - {one.column_name} | {str(one.modify_name)}

    def _create(self, revision: str, one: CreateTableOp) -> None:
        self.made[_key(one)] = {item.name for item in one.columns if isinstance(item, sa.Column)}
        if (
            _key(one) not in self.gone
            and not one.if_not_exists
            and self.inspector.has_table(one.table_name, one.schema)
        ):
            self.found.setdefault(_key(one), revision)

    def differences(self) -> Iterator[str]:
        """Yield how the tables in the database differ from what was made."""
        for (schema, name), columns in self.made.items():
            shown = _shown((schema, name))
            if not self.inspector.has_table(name, schema):
                yield f"{shown} does not exist"
                continue
            try:
                there = {str(column["name"]) for column in self.inspector.get_columns(name, schema)}
            except (SQLAlchemyError, NotImplementedError):
                yield f"the columns of {shown} cannot be read"
                continue
            for verb, names in (("lacks", columns - there), ("has also", there - columns)):
                if names:
                    yield f"{shown} {verb} {_listed(sorted(names))}"


def existing_tables(session: Session) -> Existing | None:
    """Return the tables that pending revisions create and the database has already; None where there are none."""
    if session.environment.has_computed_targets:
        return None  # the tables may be in other schemas than those that this connection sees
    scripts, current = session.scripts(), session.heads_of_database()
    if any(name not in scripts.map for name in current):
        return None
    try:
        steps = upgrade_steps(scripts.map, frozenset(current), "heads")[:_LOOKED_AT]
    except CommandError:
        return None
    pending = [script for step in steps if (script := scripts.get_revision(step.revision_id)) is not None]
    creating = [place for place, script in enumerate(pending) if "create_table" in _source(script)]
    if not creating:
        return None
    with session.connection.open() as live:
        return _compared(scripts.map, pending, _Replay(sa.inspect(live)), live.dialect)


def _compared(revisions: RevisionMap, pending: Sequence[Script], replay: _Replay, dialect: Any) -> Existing | None:
    last, differences = 0, tuple[str, ...]()
    for number, script in enumerate(pending, 1):
        replay.run(script.revision, list(read_operations(_source(script), dialect).operations.leaves()))
        now = tuple(replay.differences()) if replay.found else ()
        last = number if replay.found and not now else last
        differences = differences or now
    if not replay.found:
        return None
    stamp = " ".join(sorted(revisions.topmost(script.revision for script in pending[:last])))
    if last == len(pending) < _LOOKED_AT:
        stamp = "heads" if len(revisions.heads) > 1 else "head"
    return Existing(tuple(map(_shown, replay.found)), next(iter(replay.found.values())), stamp, differences)


def advise(session: Session, error: UpgradeFailed) -> None:
    """Add to the message of a failed upgrade that its tables exist already, and what to do, where that is so."""
    try:
        found = existing_tables(session)
    except (SQLAlchemyError, CommandError):
        return  # the failure itself is what counts
    if found is not None and found.fails == error.revision:
        error.args = (f"{error}\n{found}", *error.args[1:])


def unwritten(session: Session, live: sa.Connection, several: Sequence[sa.MetaData]) -> str:
    """Return the sentence about tables of the models that exist, while no revision is written yet; "" for none."""
    inspector = sa.inspect(live)
    tables = [table for metadata in several for table in metadata.tables.values()]
    there = [table for table in tables if inspector.has_table(table.name, table.schema)]
    if not there:
        return ""
    names = _listed([_shown((table.schema, table.name)) for table in there])
    exist, them = ("exist", "them") if len(there) > 1 else ("exists", "it")
    lead = f"{names} {exist} already, but no revision creates {them}"
    if session.environment.takes_connection:
        empty = "sqlite://" if live.dialect.name == "sqlite" else "URL"
        how = (
            f"compare with an empty database (%mig_connect {empty} --as empty), write it, "
            f"come back (%mig_connect {session.connection.name})"
        )
    else:
        how = "compare with an empty database (let sqlalchemy.url name one), write it, come back"
    return f"{lead} (create_all()?). For a first revision that does, {how}, and mark it as applied: %mig_stamp head"


def _source(script: Script) -> str:
    return script.source if script.path.endswith(".py") else ""


def _key(operation: Any) -> Key:
    return operation.schema, str(operation.table_name)


def _shown(key: Key) -> str:
    return ".".join(filter(None, key))


def _listed(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
