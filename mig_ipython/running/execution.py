"""Run an upgrade, downgrade or stamp on the notebook's database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from kernel_core import command
from kernel_core.runtime import report as runtime
from kernel_core.script.rev_ids import split_targets
from kernel_core.script.steps import changes_empty_database, downgrade_steps, stamp_steps, upgrade_steps
from kernel_core.util.exc import CommandError, UpgradeFailed
from kernel_core.util.messaging import printable
from kernel_core.util.mistakes import mistake_in_project

from ..views.plan import Plan
from ..views.report import RunReport, TargetRun
from ..workspace.env_run import database_identity, env_config, env_connection, env_target, refuse_other_database
from ..workspace.heads import computed_targets, database_heads, refuse_unfinished
from ..workspace.targets import Target, labels
from ..workspace.workspace import Workspace
from .existing_tables import explain_existing_tables
from .session_names import name_of_connection

OnStep = runtime.OnStep
_COMMANDS = {"upgrade": command.upgrade, "downgrade": command.downgrade}
_STEPS = {"upgrade": upgrade_steps, "downgrade": downgrade_steps, "stamp": stamp_steps}


def run(
    workspace: Workspace,
    verb: str,
    revision: str,
    *,
    sql: bool = False,
    on_step: OnStep | None = None,
    plan: Plan | None = None,
) -> RunReport:
    """Upgrade or downgrade the connected database to ``revision``; with ``sql`` only return the SQL.

    ``on_step`` is called with an event for every revision. Raises the errors of the engine, and CommandError before the
    first statement where ``env.py`` connects to another database.
    """
    if sql and ":" not in revision:
        revision = f"{_single_head(workspace)}:{revision}"
    targets = () if sql else computed_targets(workspace)
    before = list(workspace.connection.seen_heads)
    try:
        creates = not sql and partial(_changes_empty_database, workspace, verb, revision)
        with env_config(workspace, creates=creates) as config:
            config.attributes |= lock_settings(workspace) | {"must_run": True}
            if plan is not None:
                config.attributes["on_notice"] = _unless_in(plan)
            config.attributes["on_step"] = checked(workspace, on_step, targets, plan)
            done = _COMMANDS[verb](config, revision, sql=sql)
        if not sql:
            refuse_undone(workspace, done)
    except UpgradeFailed as error:
        if verb == "upgrade" and not sql:
            explain_existing_tables(workspace, error)
        raise
    except (Exception, SystemExit) as error:
        _refuse_mistake(workspace, error, before)
        raise
    finally:
        if not sql:
            workspace.refresh()
    parts = by_target(targets, done)
    text = _script(workspace, done) if sql else None
    return RunReport(verb, done.steps, done.before, done.after, workspace.where, text, plan=plan, targets=parts)


def stamp(workspace: Workspace, revisions: Sequence[str], *, purge: bool = False, sql: bool = False) -> RunReport:
    """Write into the version table without running anything; with ``sql`` only return the SQL."""
    targets = () if sql else computed_targets(workspace)
    creates = not sql and partial(_changes_empty_database, workspace, "stamp", revisions)
    with env_config(workspace, creates=creates) as config:
        config.attributes |= lock_settings(workspace) | {"must_run": True}
        config.attributes["on_step"] = checked(workspace, None, targets)
        target = f"{_single_head(workspace)}:{revisions[0]}" if sql and len(revisions) == 1 else list(revisions)
        done = command.stamp(config, target, purge=purge, sql=sql)
    if not sql:
        refuse_undone(workspace, done)
    workspace.refresh()
    parts = by_target(targets, done)
    return RunReport("stamp", done.steps, done.before, done.after, workspace.where, done.sql, targets=parts)


def _changes_empty_database(workspace: Workspace, verb: str, target: str | Sequence[str]) -> bool:
    """Return whether a command has something to do in an empty database: its SQLite file is created for that."""
    return changes_empty_database(_STEPS[verb], workspace.scripts(*split_targets(target)).map, target)


def refuse_undone(workspace: Workspace, done: runtime.RunReport) -> None:
    """Raise CommandError where the database is not at the revision that a run has reported.

    An ``env.py`` whose connection is in a transaction already, because it has executed a statement before
    ``configure()``, must commit itself; SQLAlchemy rolls back what is not committed.
    """
    if not done.steps:
        return
    reported, targets = done.parts or (done,), computed_targets(workspace)
    found = [target.heads for target in targets] if targets else [tuple(database_heads(workspace))]
    for part, now in zip(reported, found, strict=False):
        if set(now) != set(part.after):
            raise not_committed(
                workspace, f"{part.target} is at {_named(now)}, although the run reported {_named(part.after)}"
            )


def not_committed(workspace: Workspace, fact: str) -> CommandError:
    """Return the error for a run after which the database is not what was reported."""
    return CommandError(
        f"{fact}: {workspace.environment.shown}/env.py did not commit, or another program has changed the database.\n"
        "Let env.py commit what it executes before context.configure(), and call context.run_migrations() "
        "inside context.begin_transaction()."
    )


def _refuse_mistake(workspace: Workspace, error: BaseException, before: Sequence[str]) -> None:
    """Raise CommandError with the current revision where ``env.py`` failed after it had changed the database."""
    mistake = mistake_in_project(error)
    if mistake is None or workspace.environment.has_computed_targets:
        return
    now = database_heads(workspace)
    if set(now) != set(before):
        raise CommandError(f"{mistake} The database is at {_named(now)}.") from error


def _named(revisions: Sequence[str]) -> str:
    return ", ".join(revisions) or "base"


def _script(workspace: Workspace, done: runtime.RunReport) -> str:
    """Return the SQL of a run; a comment where ``env.py`` writes it into separate files, as for several databases."""
    if (done.sql or "").strip() or not done.steps:
        return done.sql or ""
    return f"-- {workspace.environment.shown}/env.py printed no SQL here: it writes the SQL into files."


def by_target(targets: Sequence[Target], done: runtime.RunReport) -> tuple[TargetRun, ...]:
    """Return what was done in each target; () where there is one."""
    names = labels(targets) if len(targets) == len(done.parts) else [part.target for part in done.parts]
    return tuple(
        TargetRun(name, part.before, part.after, part.steps) for name, part in zip(names, done.parts, strict=True)
    )


def lock_settings(workspace: Workspace) -> dict[str, object]:
    """Return the settings of locks; messages about a wait, or from before the run, are printed."""
    settings = workspace.settings
    return {
        "lock_timeout": settings.lock_timeout,
        "statement_lock_timeout": settings.statement_lock_timeout,
        "retries": settings.retries or None,
        "on_wait": _print,
        "on_notice": _print,
        "name_session": partial(name_of_connection, workspace.namespace),
    }


def _unless_in(plan: Plan) -> Callable[[str], None]:
    """Return a function that prints a notice, unless the plan has said it."""

    def notify(message: str) -> None:
        if not any(note in message for note in plan.notes):
            _print(message)

    return notify


def _print(message: str) -> None:
    """Print a message while the run goes on."""
    print(printable(message), flush=True)  # noqa: T201


def checked(
    workspace: Workspace, on_step: OnStep | None, targets: Sequence[Target], plan: Plan | None = None
) -> OnStep:
    """Return a listener that checks the first step before it runs, and then calls ``on_step``.

    The database of ``env.py`` must be the connected one, or that of one of ``targets``. The step must be in the
    ``plan`` that was shown, for this target: after a wait for another run, ``-1`` may be another revision. It reads no
    database, so revisions may be reported late, if ``on_step`` allows that.
    """
    allowed = {database_identity(target.url) for target in targets}
    where = " in this target" if len(targets) > 1 else ""  # those before it have been run

    def listen(event: runtime.RunEvent) -> None:
        bind = env_connection()
        starts = event.kind == "start" and event.index == 1
        if starts and plan is not None and not plan.has(event.revision, env_target()):
            raise CommandError(
                f"The current revision has changed: {event.direction} of {event.revision} is not in the plan. "
                f"Nothing was run{where}. Run the cell again."
            )
        if starts and bind is not None and database_identity(bind.engine.url) not in allowed:
            refuse_other_database(workspace, bind.engine.url)
        if on_step is not None:
            on_step(event)

    return runtime.shows_later(listen) if runtime.may_be_late(on_step) else listen


def _single_head(workspace: Workspace) -> str:
    heads = database_heads(workspace)
    refuse_unfinished(heads)
    lost = workspace.scripts().map.lost(heads)
    if lost is not None:
        raise lost
    if len(heads) > 1:
        raise CommandError(f"The database is at {', '.join(heads)}. Give a range: REV:REV --sql.")
    return heads[0] if heads else "base"
