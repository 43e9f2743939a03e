"""Both orders of two heads, run on scratch databases that begin with the same rows."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlalchemy import Connection, MetaData, select, text
from sqlalchemy.exc import SAWarning, SQLAlchemyError

from ..operations.base import Operations
from ..operations.operation import MigrateOperation
from ..runtime.journal.table import journal_name
from ..runtime.migration import MigrationContext
from ..runtime.version_table import DEFAULT_NAME
from ..schema.running import reflect
from ..schema.scratch import kind_of, without_log
from ..script import ScriptDirectory
from ..script.steps import Step, upgrade_steps
from ..snapshot import Snapshot, differences, snapshot_of
from ..util.exc import CommandError
from .sample_rows import Samples, fill, samples_of

OWN_TABLES = (DEFAULT_NAME, journal_name(DEFAULT_NAME))

Rows = Mapping[tuple[str, str], Counter[str]]
"""For each table and column, how often each value occurs; column "" is for whole rows."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What running both orders showed; not ``is_decided`` if that compares nothing, such as where both orders fail.

    ``rows`` are the tables and columns whose values differ, without those that differ each time that they are run.
    """

    is_decided: bool
    difference: str = ""
    compared: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rows: frozenset[tuple[str, str]] = frozenset()


@dataclass(slots=True)
class Outcome:
    """A database after one order: its schema and rows, or the error of the order; ``is_second`` if its end failed."""

    error: str = ""
    is_second: bool = False
    schema: Snapshot | None = None
    indexes: frozenset[str] = frozenset()
    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    filled: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    where: str = ""


Scratch = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Part:
    """What one side runs: it upgrades to ``heads``, then invokes further ``operations`` one by one."""

    name: str
    heads: tuple[str, ...]
    operations: tuple[MigrateOperation, ...] = ()


@dataclass(frozen=True, slots=True)
class Orders:
    """Both orders of two parts, each on a separate scratch database that begins at ``common`` with sample rows."""

    scripts: ScriptDirectory
    common: tuple[str, ...]
    start: MetaData | None
    scratch: Scratch
    samples: Samples

    def compare(self, one: Part, other: Part, steady: frozenset[tuple[str, str]] = frozenset()) -> Ran:
        """Run ``one`` then ``other``, and in the other order, and compare the databases.

        ``steady`` are tables and columns whose values are known to be the same each time that one order is run.
        Raises CommandError if no scratch database can be made, or the revisions before both parts do not run there.
        """
        for rows in (self.samples, replace(self.samples, is_awkward=False), None):
            first, second = self._outcome((one, other), rows), self._outcome((other, one), rows)
            if first.is_second and second.is_second:  # each part runs by itself
                return _refused(other, one, first, "in either order one of them fails: ")
            if not (first.error and second.error and first.filled):
                break
        if first.error and second.error:
            return Ran(False, not_compared=(f"by running: both orders fail on {first.where}: {first.error}",))
        if first.error or second.error:
            return _refused(other, one, first) if first.error else _refused(one, other, second)
        return _compared(first, second, steady, lambda: self._outcome((one, other), rows))

    def _outcome(self, order: tuple[Part, Part], rows: Samples | None) -> Outcome:
        with ExitStack() as stack:
            connection = stack.enter_context(self.scratch())
            stack.enter_context(without_log())
            found = Outcome(where=kind_of(connection))
            if self.common or (self.start is not None and self.start.tables):
                try:
                    create(connection, self.start)
                    upgrade(connection, self.scripts, self.common, self.start)
                except Exception as error:
                    raise CommandError(
                        f"{', '.join(self.common)} does not run on {found.where}: {_short(error)}"
                    ) from error
            if rows is not None:
                found.filled, found.refused = fill(connection, _reflected(connection), rows)
            for number, part in enumerate(order):
                try:
                    upgrade(connection, self.scripts, part.heads, self.start)
                    invoke(connection, part.operations, self.start)
                except Exception as error:  # noqa: BLE001 - a revision may raise anything; it is the result
                    found.error, found.is_second = _short(error), number > 0
                    return found
            found.schema, found.indexes, found.rows = content_of(connection)
            connection.rollback()
            return found


def orders_of(
    scripts: ScriptDirectory,
    common: tuple[str, ...],
    one: str,
    other: str,
    start: MetaData | None,
    scratch: Scratch,
) -> Orders:
    """Return the orders of two heads, with the literals of their revisions among the sample rows."""
    sides = scripts.map.ancestors({one, other}) - scripts.map.ancestors(common)
    samples = samples_of(script.source for name in sorted(sides) if (script := scripts.get_revision(name)) is not None)
    return Orders(scripts, common, start, scratch, samples)


def _refused(part: Part, before: Part, outcome: Outcome, words: str = "") -> Ran:
    """Return that a part fails after the other one."""
    place = (f"both orders, run on {outcome.where}",)
    return Ran(True, f"{words}{part.name} after {before.name} fails: {outcome.error}", place)


def _compared(first: Outcome, second: Outcome, steady: frozenset[tuple[str, str]], again: Callable[[], Outcome]) -> Ran:
    assert first.schema is not None, "an outcome without an error has a schema"
    assert second.schema is not None, "an outcome without an error has a schema"
    found = [words for _, _, words in differences(first.schema, second.schema)]
    found += sorted(first.indexes ^ second.indexes)
    names = ", ".join(first.schema.tables) or "none"
    compared = [f"both orders, run on {first.where}", f"schema of the tables: {names}"]
    not_compared = ["functions, privileges and all that SQLAlchemy does not reflect"]
    notes: list[str] = []
    if found:
        return Ran(True, f"run on {first.where}, the schemas differ: {found[0]}", tuple(compared))
    rows, volatile = _differing_rows(first, second), frozenset[tuple[str, str]]()
    if rows and not any(column for _, column in rows & steady):
        volatile = _differing_rows(first, again())
        rows -= volatile
        notes += [f"{table}.{column} differs at each run" for table, column in sorted(volatile) if column]
    if {each for each in rows if each[1]} or (rows and not volatile):
        table, column = min(rows, key=lambda each: (not each[1], each))
        what = f"the values of {table}.{column}" if column else f"the rows of {table}"
        return Ran(True, f"run on {first.where}, {what} differ", tuple(compared), rows=rows)
    counts = {name: len(found) for name, found in first.rows.items()}
    shown = ", ".join(f"{name} ({count})" for name, count in counts.items() if count)
    compared.append(f"rows, with samples in the tables that exist before: {shown or 'none'}")
    empty = [name for name, count in counts.items() if not count]
    not_compared += [f"rows of {', '.join(empty)}: no rows"] if empty else []
    not_compared += [f"rows of {', '.join(first.refused)}: no sample was accepted"] if first.refused else []
    not_compared += [f"{table}.{column}: volatile" for table, column in sorted(volatile) if column]
    not_compared.append("rows other than the samples")
    return Ran(True, "", tuple(compared), tuple(not_compared), tuple(notes))


def _differing_rows(one: Outcome, other: Outcome) -> frozenset[tuple[str, str]]:
    """Return (table, column) for each column whose values differ, and (table, "") for each table whose rows do."""
    found: set[tuple[str, str]] = set()
    for table in one.rows:
        mine, theirs = one.rows[table], other.rows.get(table, [])
        if Counter(map(repr, mine)) == Counter(map(repr, theirs)):
            continue
        found.add((table, ""))
        columns = {name for row in (*mine, *theirs) for name in row}
        for column in columns:
            if Counter(row.get(column) for row in mine) != Counter(row.get(column) for row in theirs):
                found.add((table, column))
    return frozenset(found)


def create(connection: Connection, start: MetaData | None) -> None:
    """Create the tables that exist before the first revision."""
    if start is not None and start.tables:
        start.create_all(connection)
        connection.commit()


class Content(NamedTuple):
    """The schema of a database, the definitions of its indexes, and its rows by table, each by column as text."""

    schema: Snapshot
    indexes: frozenset[str]
    rows: dict[str, list[dict[str, str]]]


def content_of(connection: Connection) -> Content:
    """Return what a database contains, without the version table. Unknown types give no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        return Content(snapshot_of(connection, without=OWN_TABLES), frozenset(_indexes(connection)), _rows(connection))


def upgrade(
    connection: Connection, scripts: ScriptDirectory, target: tuple[str, ...], start: MetaData | None = None
) -> None:
    """Upgrade a scratch database; ``start`` has the naming convention of the models. ``env.py`` is not run."""

    def plan(heads: tuple[str, ...], context: MigrationContext) -> tuple[Step, ...]:
        return upgrade_steps(scripts.map, frozenset(heads), target)

    opts = {"script": scripts, "fn": plan, "target_metadata": start}
    MigrationContext.configure(connection, opts=opts).run_migrations()
    if connection.in_transaction():
        connection.commit()


def invoke(connection: Connection, operations: Iterable[MigrateOperation], start: MetaData | None) -> None:
    """Run operations on a scratch database and commit them."""
    found = tuple(operations)
    if not found:
        return
    context = MigrationContext.configure(connection, opts={"target_metadata": start})
    with context.begin_transaction(), Operations.context(context) as op:
        for each in found:
            op.invoke(each)
    if connection.in_transaction():
        connection.commit()


def _short(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())[:200]


def _reflected(connection: Connection) -> MetaData:
    metadata = MetaData()
    reflect(connection, metadata, only=lambda name, _: name not in OWN_TABLES)
    return metadata


def _rows(connection: Connection) -> dict[str, list[dict[str, str]]]:
    """Return the rows of each table, each with its values by column as text."""
    found: dict[str, list[dict[str, str]]] = {}
    for table in _reflected(connection).tables.values():
        try:
            rows = connection.execute(select(table)).mappings()
            found[table.fullname] = [
                dict(sorted((str(name), repr(value)) for name, value in row.items())) for row in rows
            ]
        except SQLAlchemyError as error:
            raise CommandError(f"The rows of {table.fullname} cannot be read: {_short(error)}") from error
    return found


def _indexes(connection: Connection) -> Iterator[str]:
    """Yield the definitions of indexes where the database states them, with conditions and expressions."""
    statement = {
        "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "postgresql": "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() "
        "AND tablename NOT LIKE 'alembic_version%'",
    }.get(connection.dialect.name)
    if statement is not None:
        for (definition,) in connection.execute(text(statement)):
            yield f"index {' '.join(definition.split())}"
