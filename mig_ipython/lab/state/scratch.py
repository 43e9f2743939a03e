"""Runs on a scratch copy in memory: move it to a revision, run a SQL file, compare it with models or history.

These run the version files of the folder, which are the student's own code in their own kernel. Output is discarded.
"""

from __future__ import annotations

import contextlib
import io
import sqlite3
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol

from sqlalchemy import MetaData

from kernel_core.autogenerate import produce_migrations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import ScriptDirectory
from kernel_core.script.steps import Step, downgrade_steps, upgrade_steps
from kernel_core.snapshot import differences, snapshot_of
from kernel_core.util.exc import CommandError

from .database import Database
from .history import Revision
from .models import Models
from .schema import Table


class Live(Protocol):
    """The part of a `State` that runs on scratch copies use."""

    @property
    def version(self) -> list[str] | None: ...
    @property
    def before(self) -> Callable[[], Live] | None: ...
    @property
    def models(self) -> Models: ...
    @property
    def applied(self) -> list[str]: ...
    @property
    def is_live(self) -> bool: ...
    @property
    def database(self) -> Database: ...
    @property
    def scripts(self) -> ScriptDirectory: ...
    @property
    def metadata(self) -> MetaData | None: ...
    def revision(self, name: str) -> Revision | None: ...
    def ancestors(self, names: Iterable[str]) -> set[str]: ...
    def at(self, target: str) -> Live: ...


def moved(state: Live, target: str) -> Database:
    """Return a copy that was moved to ``target``: "base", "head", "-1", "+1", an id, or a part of a message.

    "start" is where the database was when the exercise began. Raises CommandError where the history does not lead
    there, or a revision fails.
    """
    copied = state.database.copy()
    for each in began_at(state) if target == "start" else [target]:
        move(state, copied, each)
    return copied


def began_at(state: Live) -> list[str]:
    """Return the current revisions of the database when the exercise began, ``["base"]`` for none."""
    return _began(state).version or ["base"]


def repeated(state: Live) -> Database:
    """Return a copy of the database as the exercise began, moved to where it is now by the version files alone."""
    copied = _began(state).database.copy()
    for each in state.version or ():
        move(state, copied, each)
    return copied


def _began(state: Live) -> Live:
    before = state.before() if state.before is not None else None
    if before is None:
        raise CommandError("The state in which the exercise began is not known.")
    return before


def move(state: Live, database: Database, target: str) -> None:
    """Upgrade or downgrade a database in memory with the version files of a state; raises CommandError."""
    current = frozenset(database.version() or ())
    steps = planned_steps(state, current, target)

    def plan(heads: tuple[str, ...], context: MigrationContext) -> tuple[Step, ...]:
        return steps

    with quiet(), database.connection() as connection:
        opts = {"script": state.scripts, "fn": plan, "target_metadata": state.metadata}  # for its naming convention
        context = MigrationContext.configure(connection, opts=opts)
        try:
            context.run_migrations()
        except CommandError:
            raise
        except Exception as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
        if connection.in_transaction():
            connection.commit()


def planned_steps(state: Live, current: frozenset[str], target: str) -> tuple[Step, ...]:
    """Return the steps from the current revisions to a target; a target below them is reached by downgrades."""
    revisions = state.scripts.map
    if target.startswith("+") or target in ("head", "heads"):
        return upgrade_steps(revisions, current, target)
    if target.startswith("-") or target == "base":
        return downgrade_steps(revisions, current, target)
    found = state.revision(target)
    if found is None:
        raise CommandError(f"Revision {target} does not exist.")
    if found["id"] in state.ancestors(current):
        return downgrade_steps(revisions, current, found["id"])
    return upgrade_steps(revisions, current, found["id"])


def ran_sql(state: Live, path: str) -> Database:
    """Return a copy on which a SQL file was run; raises CommandError where it fails."""
    copied = state.database.copy()
    try:
        with open(path, encoding="utf-8") as stream:
            copied.driver.executescript(stream.read())
    except (OSError, UnicodeDecodeError, sqlite3.Error) as error:
        raise CommandError(f"{type(error).__name__}: {error}") from error
    return copied


def model_differences(state: Live) -> list[str]:
    """Return what an upgrade would have to do to make the database match the models, a sentence each."""
    if state.metadata is None:
        raise CommandError(state.models["error"] or "The folder has no models.")
    with quiet(), state.database.connection() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": state.metadata})
        script = produce_migrations(context, state.metadata)
    return [] if script.upgrade_ops is None else [each.sentence() for each in script.upgrade_ops.leaves()]


def history_differences(state: Live, start: Collection[str] = ()) -> list[str]:
    """Return how the database differs from what its history gives, a line each: ``- column nick TEXT``.

    The history is run on an empty database up to the revisions of the version table. ``start`` are tables that were
    there before the first revision; they are not compared.
    """
    built = Database()
    for name in start:  # a history that begins with existing tables needs them
        for (sql,) in state.database.query("SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql <> ''", (name,)):
            built.driver.execute(str(sql))
    for each in state.version or ():
        move(state, built, each)
    return _schema_differences(built, state.database, start)


def script_differences(state: Live, path: str) -> tuple[str, list[str]]:
    """Return why a SQL file does not run on an empty database, or "" and how the schema of ``state`` differs."""
    built = Database()
    try:
        with open(path, encoding="utf-8") as stream:
            built.driver.executescript(stream.read())
    except (OSError, UnicodeDecodeError, sqlite3.Error) as error:
        return str(error), []
    return "", _schema_differences(built, state.database)


def _schema_differences(expected: Database, found: Database, without: Collection[str] = ()) -> list[str]:
    left_out = {*without, "alembic_version", "alembic_version_journal"}
    with quiet(), expected.connection() as one, found.connection() as other:
        changes = differences(snapshot_of(one, without=left_out), snapshot_of(other, without=left_out))
    return [f"{sign} {table}: {line}" if table not in line else f"{sign} {line}" for sign, table, line in changes]


def start_of(state: Live, revision: Revision) -> Database:
    """Return the database from which a revision is tried up and down: the one before it was applied, if that is known.

    Where it is applied and its rows before are not known, a copy is downgraded.
    """
    if revision["id"] not in state.applied:
        return state.database
    before = state.before() if state.before is not None else None
    if before is not None and before.is_live and before.version and set(before.version) == set(revision["down"]):
        return before.database
    return state.at(revision["down"][0] if revision["down"] else "base").database


def round_trip(state: Live, start: Database, target: str) -> list[str]:
    """Move a copy of ``start`` up to ``target``, down again and up again; return what differs, a sentence each.

    Compared are the schema and the rows: after the downgrade with those at the start, after the second upgrade with
    those after the first. Raises CommandError where a step fails.
    """
    copied = start.copy()
    begin = copied.version() or []
    move(state, copied, target)
    first = copied.copy()
    for each in begin or ["base"]:
        move(state, copied, each)
    found = [f"after the downgrade, {each}" for each in compared(start, copied)]
    move(state, copied, target)
    return found + [f"after the second upgrade, {each}" for each in compared(first, copied)]


def compared(before: Database, after: Database) -> list[str]:
    """Return how schema and rows of two databases differ, a clause each: ``airlines has 14 rows instead of 16``."""
    old, new = before.schema(), after.schema()
    found = [f"the table {name} is missing" for name in old["tables"] if name not in new["tables"]]
    found += [f"the table {name} is left over" for name in new["tables"] if name not in old["tables"]]
    for kind in ("views", "triggers"):
        gone = sorted(set(old[kind]) - set(new[kind]))
        found += [f"the {kind[:-1]} {name} is missing" for name in gone]
    for name in (each for each in old["tables"] if each in new["tables"]):
        found += _compared_table(name, old["tables"][name], new["tables"][name])
        shared = [each for each in old["tables"][name]["columns"] if each in new["tables"][name]["columns"]]
        found += _compared_rows(name, shared, before, after)
    return found


def _compared_table(name: str, old: Table, new: Table) -> list[str]:
    missing = [column for column in old["columns"] if column not in new["columns"]]
    added = [column for column in new["columns"] if column not in old["columns"]]
    found = [f"{name} has no column {column}" for column in missing]
    found += [f"{name} still has the column {column}" for column in added]
    for column in (each for each in old["columns"] if each in new["columns"]):
        if {**old["columns"][column], "primary_key": 0} != {**new["columns"][column], "primary_key": 0}:
            found.append(f"{name}.{column} is defined otherwise")
    for part in ("primary_key", "foreign_keys", "unique", "checks", "indexes"):
        if old[part] != new[part] and not missing and not added:
            found.append(f"the {part.replace('_', ' ')} of {name} differ")
    return found


def _compared_rows(name: str, columns: list[str], before: Database, after: Database) -> list[str]:
    was, now = before.count(name), after.count(name)
    if was != now:
        return [f"{name} has {now} rows instead of {was}"]
    if not columns or before.has_same_rows(after, name, columns):
        return []
    changed = [column for column in columns if not before.has_same_rows(after, name, [column])]
    return [f"the values of {name}.{', '.join(changed) or 'several columns'} differ"]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Discard what version files print, and warnings."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
