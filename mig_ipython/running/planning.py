"""What a run would do, told before it does: its revisions in words, and what it would lose with the rows counted."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from kernel_core.operations.containers import OpContainer
from kernel_core.operations.operation import MigrateOperation
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import Script
from kernel_core.script.steps import downgrade_steps, upgrade_steps
from kernel_core.util.exc import CommandError
from kernel_core.util.secrets import redact

from ..targets import Target, beside, labels, target_of, visit
from ..views.operations import Line, line_of
from ..views.plan import Blocker, Loss, Plan, PlannedStep
from .counting import counted, keeps_rows
from .plain import is_plain
from .reading import read_operations
from .recording import record_script

if TYPE_CHECKING:
    from ..session import Session

Finding = TypeVar("Finding", Loss, Blocker)

_MAY_HURT = re.compile(
    r"drop_|alter_column|delete|truncate|execute|unique|foreign_key|check_constraint|primary_key|exclude|set_enum"
    r"|table_options|nullable=False",
    re.IGNORECASE,
)
"""What a version file has in it that may lose data or fail on the rows."""


def plan(session: Session, verb: str, target: str) -> Plan:
    """Return what ``upgrade`` or ``downgrade`` to ``target`` would do; nothing is run.

    Files that do more than call directives are only read; their steps say so. Raises what the plan refuses.
    """
    if session.has_environment and session.environment.has_computed_targets:
        return _of_targets(session, verb, target)
    scripts = session.scripts()
    heads = frozenset(session.heads_of_database())
    find = upgrade_steps if verb == "upgrade" else downgrade_steps
    dialect = session.connection.engine.dialect
    ask = cache(partial(_operations, dialect=dialect, function=verb))
    steps = [scripts.get_revision(step.revision_id) for step in find(scripts.map, heads, target)]
    told = [script for script in steps if script is not None]
    losses, blockers = _counted(session.connection.open, told, ask, verb, dialect)
    return Plan(
        verb,
        target,
        tuple(PlannedStep(script.revision, script.doc, partial(_lines, script, ask)) for script in told),
        losses,
        session.where,
        session.connection.dialect,
        partial(_sql, session, verb, target),
        blockers,
        keeps_data=verb == "downgrade" and not losses and all(map(partial(_keeps_rows, ask), told)),
        notes=_without_names(told, dialect.name) if verb == "upgrade" else (),
    )


_WITHOUT_NAME = {name: frozenset({"primary"}) for name in ("sqlite", "mysql", "mariadb")}
"""The kinds of constraints that a database drops without a name."""


def _without_names(scripts: Sequence[Script], dialect_name: str) -> tuple[str, ...]:
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


def _keeps_rows(ask: Callable[[Script], OpContainer | None], script: Script) -> bool:
    operations = ask(script)
    return operations is not None and all(map(keeps_rows, operations.leaves()))


def _of_targets(session: Session, verb: str, target: str) -> Plan:
    """Return the plan of an environment with several targets; ``env.py`` is run, and the rows of each are counted."""
    scripts = session.scripts()
    find = upgrade_steps if verb == "upgrade" else downgrade_steps
    found: list[tuple[Target, list[Script], tuple[Loss, ...], tuple[Blocker, ...], Any]] = []

    def look(heads: tuple[str, ...], context: MigrationContext) -> None:
        ask = cache(partial(_operations, dialect=context.dialect, function=verb))
        steps = [scripts.get_revision(step.revision_id) for step in find(scripts.map, frozenset(heads), target)]
        told = [script for script in steps if script is not None]
        counted = _counted(lambda: beside(context), told, ask, verb, context.dialect)
        found.append((target_of(session, context, heads), told, *counted, ask))

    visit(session, look)
    names = labels([one[0] for one in found]) if len(found) > 1 else ("",)
    where = {
        script.revision: [name for name, (_, told, *_) in zip(names, found, strict=True) if script in told]
        for _, told, *_ in found
        for script in told
    }
    asked = {script.revision: (script, ask) for _, told, _, _, ask in found for script in told}
    return Plan(
        verb,
        target,
        tuple(
            PlannedStep(revision, _doc(script, where[revision], names), partial(_lines, script, ask))
            for revision, (script, ask) in asked.items()
        ),
        tuple(_at(loss, name) for name, (_, _, losses, *_) in zip(names, found, strict=True) for loss in losses),
        session.where,
        session.connection.dialect,
        partial(_sql, session, verb, target),
        tuple(_at(one, name) for name, (_, _, _, several, _) in zip(names, found, strict=True) for one in several),
        keeps_data=verb == "downgrade"
        and not any(losses for _, _, losses, *_ in found)
        and all(_keeps_rows(ask, script) for script, ask in asked.values()),
    )


def _doc(script: Script, where: Sequence[str], names: Sequence[str]) -> str:
    """Return the message of a revision, and where it runs if that is not everywhere."""
    return script.doc if len(where) == len(names) else f"{script.doc} (only in {', '.join(where)})"


def _at(one: Finding, name: str) -> Finding:
    return replace(one, sentence=f"{one.sentence} in {name}") if name else one


def announce(plan: Plan) -> None:
    """Print what is known to fail, or may fail, before a plan is run."""
    for line in plan.obstacles():
        print(f"! {redact(line)}")  # noqa: T201 - a notebook and a terminal show it above the run


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


def _counted(
    connect: Callable[[], AbstractContextManager[Any]],
    scripts: Sequence[Script],
    ask: Callable[[Script], OpContainer | None],
    verb: str,
    dialect: Any,
) -> tuple[tuple[Loss, ...], tuple[Blocker, ...]]:
    """Return what the revisions would lose, and what would make them fail, on the database as it is now."""
    risky = [place for place, script in enumerate(scripts) if _MAY_HURT.search(script.source)]
    if not risky:
        return (), ()

    def steps() -> Iterator[tuple[list[MigrateOperation], bool]]:
        for script in scripts[: risky[-1] + 1]:
            operations = ask(script)
            if operations is not None:
                yield list(operations.leaves()), True
            elif script.path.endswith(".py"):
                yield list(read_operations(script.source, dialect, verb).operations.leaves()), False
            else:
                yield [], False

    with connect() as live:
        return counted(live, steps()) if sa.inspect(live).get_table_names() else ((), ())


def _sql(session: Session, verb: str, target: str) -> str:
    run = session.upgrade if verb == "upgrade" else session.downgrade
    return run(target, sql=True).sql or ""
