"""The comparison of a squashed revision with its range: computed from the files, and by running both."""

from __future__ import annotations

import copy
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

from sqlalchemy import Connection, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect

from ..commuting.by_running import OWN_TABLES, Content, content_of, create, upgrade
from ..commuting.sides import located
from ..commuting.states import copied, difference, run
from ..recording import operations_of
from ..runtime.migration import MigrationContext
from ..schema import at
from ..schema.metadata import state_of
from ..schema.scratch import kind_of, without_log
from ..script import Script, ScriptDirectory
from ..script.header_forms import read_header
from ..script.revision import RevisionMap
from ..script.steps import Step, downgrade_steps
from ..snapshot import differences
from ..util.exc import CommandError
from .plan import SquashRange

Scratch = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared, and what was not."""

    compared: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()


@dataclass(slots=True)
class _Result:
    """A database after the upgrade and after the downgrade, or the error of each."""

    where: str = ""
    contents: list[Content | None] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def prove(
    scripts: ScriptDirectory,
    found: SquashRange,
    source: str,
    dialect: Dialect | None,
    *,
    start: MetaData | None = None,
    scratch: Scratch | None = None,
    why_not: str = "",
) -> Proof:
    """Compare a squashed revision with its range; raises CommandError if they differ."""
    dialect = dialect or DefaultDialect()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, os.path.basename(found.last.path))
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(source)
        script = Script(read_header(path), scripts.prepend_sys_path)
        other = with_squashed(scripts, found, script)
        computed = _computed(scripts, other, found, dialect, start)
        if scratch is None:
            return Proof(computed.compared, (*computed.not_compared, f"by running: {why_not or 'no scratch database'}"))
        try:
            ran = _ran(scripts, other, found, start, scratch)
        except _NotRun as error:
            return Proof(computed.compared, (*computed.not_compared, f"by running: {error}"))
        return Proof((*computed.compared, *ran.compared), (*computed.not_compared, *ran.not_compared))


def with_squashed(scripts: ScriptDirectory, found: SquashRange, squashed: Script) -> ScriptDirectory:
    """Return an environment that has the squashed revision in place of the range."""
    inside = {each.revision for each in found.scripts}
    kept = [each.unbound() for each in scripts.walk_revisions() if each.revision not in inside]
    other = copy.copy(scripts)
    other.use(RevisionMap([*kept, squashed], tolerant=True))
    return other


def _computed(
    scripts: ScriptDirectory, other: ScriptDirectory, found: SquashRange, dialect: Dialect, start: MetaData | None
) -> Proof:
    """Compare the schema that both describe; what cannot be read is named."""
    base = at(scripts, found.parents, dialect=dialect, start=start) if found.parents else None
    states = []
    unknown: list[str] = [] if base is None else [f"{each.revision}, line {each.line}" for each in base.incomplete]
    for ids in ([each.revision for each in found.scripts], [found.last.revision]):
        state = copied(state_of(start if base is None else base.metadata, dialect))
        source = scripts if len(ids) > 1 else other
        for name in ids:
            script = source.get_revision(name)
            assert script is not None, "an id of the map has a file"
            recording = operations_of(script, dialect, may_run=True, is_part=True)
            unknown += [f"{name}, line {each.line}: {each.text}" for each in recording.unread if source is scripts]
            failures = run(state, tuple(located(script, recording)))
            unknown += [f"{each.located.place} ({each.reason})" for each in failures if source is scripts]
        states.append(state)
    if unknown:
        return Proof((), (f"the schema that the files describe: {unknown[0]} is not known",))
    reason, notes = difference(*states, only_in_one="on one side only")
    if reason or notes:
        raise CommandError(f"The squashed revision would differ: {reason or notes[0]}. Nothing was written.")
    return Proof(("the schema that the files describe",))


class _NotRun(Exception):
    """The range does not run on a scratch database, so that there is nothing to compare."""


def _ran(
    scripts: ScriptDirectory, other: ScriptDirectory, found: SquashRange, start: MetaData | None, scratch: Scratch
) -> Proof:
    """Upgrade and downgrade two databases, one by the range and one by the squashed revision, and compare them."""
    old = _run(scripts, found, start, scratch)
    if old.errors[0]:
        raise _NotRun(f"the range does not run on {old.where}: {old.errors[0]}")
    new = _run(other, found, start, scratch)
    for what, place in (("upgrade", 0), ("downgrade", 1)):
        if new.errors[place] and not old.errors[place]:
            raise _differs(what, f"only the squashed revision fails: {new.errors[place]}", old.where)
        before, after = old.contents[place], new.contents[place]
        if before is not None and after is not None:
            reason = _reason(before, after)
            if reason:
                raise _differs(what, reason, old.where)
    compared = [f"by running both on {old.where}: schema and rows after the upgrade"]
    not_compared = ["rows that exist before the range"]
    if old.errors[1]:
        both = "with both" if new.errors[1] else "with the range"
        not_compared.append(f"the downgrade, which fails {both}: {old.errors[1]}")
    else:
        compared.append("the same after the downgrade")
    return Proof(tuple(compared), tuple(not_compared))


def _differs(what: str, reason: str, where: str) -> CommandError:
    return CommandError(f"The {what} of the squashed revision would differ on {where}: {reason}. Nothing was written.")


def _run(scripts: ScriptDirectory, found: SquashRange, start: MetaData | None, scratch: Scratch) -> _Result:
    result = _Result()
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(scratch())
        except CommandError as error:
            raise _NotRun(str(error)) from error
        stack.enter_context(without_log())
        result.where = kind_of(connection)
        try:
            create(connection, start)
            if found.parents:
                upgrade(connection, scripts, found.parents, start)
        except Exception as error:
            raise _NotRun(f"{', '.join(found.parents)} does not run on {result.where}: {_short(error)}") from error
        for direction in ("upgrade", "downgrade"):
            try:
                if direction == "upgrade":
                    upgrade(connection, scripts, (found.last.revision,), start)
                else:
                    _downgrade(connection, scripts, found, start)
                result.errors.append("")
                result.contents.append(content_of(connection))
                connection.rollback()
            except Exception as error:  # noqa: BLE001 - a revision may raise anything; it is the result
                result.errors.append(_short(error))
                result.contents.append(None)
                connection.rollback()
        return result


def _downgrade(connection: Connection, scripts: ScriptDirectory, found: SquashRange, start: MetaData | None) -> None:
    def plan(heads: tuple[str, ...], context: MigrationContext) -> tuple[Step, ...]:
        inside = {each.revision for each in found.scripts}
        steps = downgrade_steps(scripts.map, frozenset(heads), found.parents or "base")
        return tuple(step for step in steps if step.revision_id in inside)

    opts = {"script": scripts, "fn": plan, "target_metadata": start}
    MigrationContext.configure(connection, opts=opts).run_migrations()
    if connection.in_transaction():
        connection.commit()


def _reason(old: Content, new: Content) -> str:
    """Return the first difference of two contents, "" if they are equal; the order of columns counts."""
    for _, name, text in differences(old.schema, new.schema):
        return f"{name}: {text}"
    for definition in sorted(old.indexes ^ new.indexes):
        return definition
    for table, lines in old.schema.tables.items():
        columns = [[line for line in each if line.startswith("column ")] for each in (lines, new.schema.tables[table])]
        if columns[0] != columns[1]:
            return f"{table}: the order of its columns"
    for table, rows in old.rows.items():
        if table not in OWN_TABLES and Counter(map(repr, rows)) != Counter(map(repr, new.rows.get(table, []))):
            return f"the rows of {table}"
    return ""


def _short(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())[:200]
