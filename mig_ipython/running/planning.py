"""Plan a run before it starts: the operations of its revisions, and the rows that it would lose or fail on."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from kernel_core.operations.containers import OpContainer
from kernel_core.operations.operation import MigrateOperation
from kernel_core.recording import has_side_effects, read_operations, record_script
from kernel_core.runtime.autocommit import NO_ROLLBACK, autocommits
from kernel_core.runtime.journal.state import edited_sentence
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import Script
from kernel_core.script.steps import downgrade_steps, upgrade_steps
from kernel_core.util.exc import CommandError
from kernel_core.util.messaging import printable
from kernel_core.util.missing_files import without_new_files

from ..views.operations import Line, line_of
from ..views.plan import Blocker, Loss, Plan, PlannedStep
from ..views.revisions import Current
from ..workspace.env_run import env_target
from ..workspace.heads import database_heads, refuse_unfinished
from ..workspace.targets import Target, labels, second_connection, target_of, visit_targets
from ..workspace.workspace import Workspace
from .data_checks.findings import check_rows, keeps_rows
from .execution import run
from .merge_order import merge_notes

Finding = TypeVar("Finding", Loss, Blocker)
ReadOperations: TypeAlias = Callable[[Script], OpContainer | None]
"""Returns the operations of a revision, None where only a run can tell them."""

_MAY_FAIL_OR_LOSE = re.compile(
    r"drop_|alter_column|delete|truncate|execute|unique|foreign_key|check_constraint|primary_key|exclude|set_enum"
    r"|table_options|nullable=False",
    re.IGNORECASE,
)
"""Text of a version file that may lose data, or fail because of the rows."""


def plan(workspace: Workspace, verb: str, target: str) -> Plan:
    """Return what ``upgrade`` or ``downgrade`` to ``target`` would do; nothing is run.

    Files that do more than call directives are only read; their steps are marked. Raises the engine's errors.
    """
    if workspace.has_environment and workspace.environment.has_computed_targets:
        return _plan_of_targets(workspace, verb, target)
    scripts = workspace.scripts(target)
    current = database_heads(workspace)
    refuse_unfinished(current)
    heads = frozenset(current)
    find = upgrade_steps if verb == "upgrade" else downgrade_steps
    dialect = workspace.connection.engine.dialect
    read = cache(partial(_operations, dialect=dialect, function=verb))
    found = [scripts.get_revision(step.revision_id) for step in find(scripts.map, heads, target)]
    steps = [script for script in found if script is not None]
    losses, blockers = _checked(workspace.connection.open, steps, read, verb, dialect)
    return Plan(
        verb,
        target,
        tuple(
            PlannedStep(script.revision, script.doc, partial(_lines, script, read), script.source) for script in steps
        ),
        losses,
        workspace.where,
        workspace.connection.dialect,
        partial(_sql, workspace, verb, target),
        blockers,
        keeps_data=verb == "downgrade" and not losses and all(map(partial(_keeps_rows, read), steps)),
        notes=(
            *(_rollback_limits(workspace) if steps else ()),
            *(merge_notes(scripts, steps, dialect) if verb == "upgrade" else ()),
            *(_unnamed_drops(steps, dialect.name) if verb == "upgrade" else _edited(steps, current)),
        ),
    )


def _edited(scripts: Sequence[Script], current: Current) -> tuple[str, ...]:
    """Return that files of a downgrade were edited since they were applied."""
    changed = {revision for _, journal in current.journals for revision in journal.edited}
    names = [script.revision for script in scripts if script.revision in changed]
    return (edited_sentence(names),) if names else ()


def _rollback_limits(workspace: Workspace) -> tuple[str, ...]:
    """Return that a run cannot be rolled back, where it uses an engine of the notebook that is in AUTOCOMMIT."""
    if not workspace.connection.borrowed or not workspace.environment.takes_connection:
        return ()
    with without_new_files(), workspace.connection.open() as live:
        return (NO_ROLLBACK,) if autocommits(live) else ()


_WITHOUT_NAME = {name: frozenset({"primary"}) for name in ("sqlite", "mysql", "mariadb")}
"""The kinds of constraints that a database can drop without a name."""


def _unnamed_drops(scripts: Sequence[Script], dialect_name: str) -> tuple[str, ...]:
    """Return which revisions cannot be downgraded, because they drop a constraint that has no name."""
    return tuple(
        f"cannot be downgraded: unnamed: {script.revision} drops an unnamed constraint; name it in both functions"
        for script in scripts
        if "drop_constraint" in script.source and _drops_unnamed(script.source, dialect_name)
    )


def _drops_unnamed(source: str, dialect_name: str) -> bool:
    """Return whether ``downgrade()`` of a version file drops a constraint by the name None."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    downgrades = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "downgrade"]
    kinds = {_unnamed_drop(node) for function in downgrades[-1:] for node in ast.walk(function)} - {None}
    return bool(kinds - _WITHOUT_NAME.get(dialect_name, frozenset()))


def _unnamed_drop(node: ast.AST) -> str | None:
    """Return the ``type_`` of a call that drops a constraint by the name None, "" where it has none; else None."""
    match node:
        case ast.Call(func=ast.Attribute(attr="drop_constraint")):
            named = {option.arg: option.value for option in node.keywords}
            name = node.args[0] if node.args else named.get("constraint_name")
            if isinstance(name, ast.Constant) and name.value is None:
                return str(getattr(named.get("type_"), "value", ""))
    return None


def _keeps_rows(read: ReadOperations, script: Script) -> bool:
    operations = read(script)
    return operations is not None and all(map(keeps_rows, operations.leaves()))


@dataclass(frozen=True, slots=True)
class _TargetPlan:
    """The revisions that run in one target, with the rows that they would lose or fail on there."""

    number: int
    target: Target
    steps: list[Script]
    losses: tuple[Loss, ...]
    blockers: tuple[Blocker, ...]
    read: ReadOperations


def _plan_of_targets(workspace: Workspace, verb: str, target: str) -> Plan:
    """Return the plan of an environment with several targets; ``env.py`` is run, and the rows of each are counted."""
    scripts = workspace.scripts(target)
    find = upgrade_steps if verb == "upgrade" else downgrade_steps
    found: list[_TargetPlan] = []

    def visit(heads: tuple[str, ...], context: MigrationContext) -> None:
        refuse_unfinished(Current.of([("", heads)], [context.journal_state()]))
        read = cache(partial(_operations, dialect=context.dialect, function=verb))
        each = [scripts.get_revision(step.revision_id) for step in find(scripts.map, frozenset(heads), target)]
        steps = [script for script in each if script is not None]
        checked = _checked(lambda: second_connection(context), steps, read, verb, context.dialect)
        found.append(_TargetPlan(env_target(), target_of(workspace, context, heads), steps, *checked, read))

    visit_targets(workspace, visit)
    names = labels([one.target for one in found]) if len(found) > 1 else ("",)
    named = list(zip(names, found, strict=True))
    readers = {script.revision: (script, one.read) for one in found for script in one.steps}
    return Plan(
        verb,
        target,
        tuple(
            PlannedStep(script.revision, _doc(script, named), partial(_lines, script, read), script.source)
            for script, read in readers.values()
        ),
        tuple(_at(loss, name) for name, one in named for loss in one.losses),
        workspace.where,
        workspace.connection.dialect,
        partial(_sql, workspace, verb, target),
        tuple(_at(blocker, name) for name, one in named for blocker in one.blockers),
        keeps_data=verb == "downgrade"
        and not any(one.losses for one in found)
        and all(_keeps_rows(read, script) for script, read in readers.values()),
        by_target=tuple((one.number, frozenset(script.revision for script in one.steps)) for one in found),
    )


def _doc(script: Script, named: Sequence[tuple[str, _TargetPlan]]) -> str:
    """Return the message of a revision, with the targets in which it runs where these are not all."""
    where = [name for name, one in named if script in one.steps]
    return script.doc if len(where) == len(named) else f"{script.doc} (only in {', '.join(where)})"


def _at(one: Finding, name: str) -> Finding:
    return replace(one, sentence=f"{one.sentence} in {name}") if name else one


def announce(plan: Plan) -> None:
    """Print what will fail, or may fail, before a plan is run."""
    for line in plan.obstacles():
        print(f"! {printable(line)}")  # noqa: T201 - displayed above the output of the run


def lines_of_script(script: Script, dialect: Dialect, function: str = "upgrade") -> tuple[Line, ...] | None:
    """Return a line for each operation of a revision; None where only a run can tell them."""
    return _lines(script, partial(_operations, dialect=dialect, function=function))


def _operations(script: Script, *, dialect: Dialect, function: str) -> OpContainer | None:
    """Return the operations of a revision; None where only a run can tell them."""
    if not script.path.endswith(".py") or has_side_effects(script.source):
        return None
    try:
        recording = record_script(script, dialect, function)
    except CommandError:
        return None
    return recording.operations if recording.complete else None


def _lines(script: Script, read: ReadOperations) -> tuple[Line, ...] | None:
    operations = read(script)
    if operations is None:
        return None
    return tuple(map(line_of, operations.leaves()))


def _checked(
    connect: Callable[[], AbstractContextManager[sa.Connection]],
    scripts: Sequence[Script],
    read: ReadOperations,
    verb: str,
    dialect: Dialect,
) -> tuple[tuple[Loss, ...], tuple[Blocker, ...]]:
    """Return what the revisions would lose, and what would make them fail, with the rows in the database now."""
    risky = [place for place, script in enumerate(scripts) if _MAY_FAIL_OR_LOSE.search(script.source)]
    if not risky:
        return (), ()

    def steps() -> Iterator[tuple[list[MigrateOperation], bool]]:
        for script in scripts[: risky[-1] + 1]:
            operations = read(script)
            if operations is not None:
                yield list(operations.leaves()), True
            elif script.path.endswith(".py"):
                yield list(read_operations(script.source, dialect, verb).operations.leaves()), False
            else:
                yield [], False

    with without_new_files(), connect() as live:
        return check_rows(live, steps()) if sa.inspect(live).get_table_names() else ((), ())


def _sql(workspace: Workspace, verb: str, target: str) -> str:
    return run(workspace, verb, target, sql=True).sql or ""
