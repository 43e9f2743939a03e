"""What a run would do, told before it does: its revisions in words, and what it would lose with the rows counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kernel_core.operations.containers import OpContainer
from kernel_core.operations.operation import MigrateOperation
from kernel_core.operations.ops import DropColumnOp
from kernel_core.script import Script
from kernel_core.script.steps import downgrade_steps, upgrade_steps
from kernel_core.util.exc import CommandError

from ..views.operations import Line, line_of
from ..views.plan import Loss, Plan, PlannedStep
from .plain import is_plain
from .recording import record_script

if TYPE_CHECKING:
    from ..session import Session

COUNT_LIMIT = 1_000_000
"""Rows are counted up to here; more are "more than"."""

_MAY_LOSE = re.compile(r"drop_|alter_column|delete|truncate|execute", re.IGNORECASE)


def plan(session: Session, verb: str, target: str) -> Plan:
    """Return what ``upgrade`` or ``downgrade`` to ``target`` would do; nothing is run.

    Files that do more than call directives are not asked; their steps say so. Raises what the plan refuses.
    """
    scripts = session.scripts()
    heads = frozenset(session.heads_of_database())
    find = upgrade_steps if verb == "upgrade" else downgrade_steps
    ask = partial(_operations, dialect=session.connection.engine.dialect, function=verb)
    steps = [scripts.get_revision(step.revision_id) for step in find(scripts.map, heads, target)]
    told = [script for script in steps if script is not None]
    return Plan(
        verb,
        target,
        tuple(PlannedStep(script.revision, script.doc, partial(_lines, script, ask)) for script in told),
        tuple(_losses(session, (ask(script) for script in told if _MAY_LOSE.search(script.source)))),
        session.where,
        session.connection.dialect,
        partial(_sql, session, verb, target),
    )


def told(script: Script, dialect: Any, function: str = "upgrade") -> tuple[Line, ...] | None:
    """Return what a revision does in words; None where only a run can tell."""
    return _lines(script, partial(_operations, dialect=dialect, function=function))


def _operations(script: Script, *, dialect: Any, function: str) -> OpContainer | None:
    """Return what a revision calls for; None where only a run can tell."""
    if not script.path.endswith(".py") or not is_plain(script.source):
        return None
    try:
        recording = record_script(script, dialect, function)
    except CommandError:
        return None
    return recording.operations if recording.complete else None


def _lines(script: Script, ask: Any) -> tuple[Line, ...] | None:
    operations = ask(script)
    if operations is None:
        return None
    return tuple(map(line_of, operations.leaves()))


def _losses(session: Session, several: Iterable[OpContainer | None]) -> Iterable[Loss]:
    """Yield what would lose rows or values that the database has now."""
    losing = [
        (one, hint.text)
        for operations in several
        for one in (operations.leaves() if operations is not None else ())
        for hint in one.hints(session.connection.dialect)
        if hint.severity == "loses data"
    ]
    if not losing:
        return
    with session.connection.open() as live:
        inspector = sa.inspect(live)
        for operation, text in losing:
            rows = _rows(live, inspector, operation)
            if rows != 0:
                line = line_of(operation)
                yield Loss(line.table or "SQL", line.sentence, text, rows)


def _rows(live: sa.Connection, inspector: sa.Inspector, operation: MigrateOperation) -> int | None:
    """Return how many rows of a table (or values of a column) there are, at most one over the limit.

    None where it is not known; 0 for a table that the database has not: the run itself will have made it.
    """
    if operation.table_key is None:
        return None
    schema, name = operation.table_key
    if not inspector.has_table(name, schema=schema):
        return 0
    column = operation.column_name if isinstance(operation, DropColumnOp) else None
    if column is not None and column not in {one["name"] for one in inspector.get_columns(name, schema=schema)}:
        return 0
    found: Sequence[Any] = [sa.column(column)] if column else []
    table = sa.table(name, *found, schema=schema)
    rows = sa.select(sa.literal(1).label("one")).select_from(table).limit(COUNT_LIMIT + 1)
    if column:
        rows = rows.where(table.c[column].is_not(None))
    return int(live.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one())


def _sql(session: Session, verb: str, target: str) -> str:
    run = session.upgrade if verb == "upgrade" else session.downgrade
    return run(target, sql=True).sql or ""
