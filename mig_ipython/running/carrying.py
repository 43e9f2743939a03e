"""Carry out an upgrade, downgrade or stamp for the notebook: on its database, or as a trial that leaves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kernel_core import command
from kernel_core.rehearse import Rehearsal, rehearse, runs_on_copy
from kernel_core.runtime import report as runtime
from kernel_core.util.exc import CommandError, CommitRefused, UpgradeFailed

from ..targets import Target, labels
from ..views.plan import Plan
from ..views.report import RunReport, TargetRun
from .existing import advise
from .work import at_work, connection_at_work, place_of, refuse_difference

if TYPE_CHECKING:
    from ..session import Session

OnStep = runtime.OnStep
_ACTS = {"upgrade": command.upgrade, "downgrade": command.downgrade}


def run(
    session: Session,
    verb: str,
    revision: str,
    *,
    sql: bool = False,
    on_step: OnStep | None = None,
    plan: Plan | None = None,
) -> RunReport:
    """Upgrade or downgrade the connected database to ``revision``; with ``sql`` only return the SQL.

    ``on_step`` is told of every revision. Raises what the engine raises, and CommandError before the first statement
    where ``env.py`` works on another database.
    """
    if sql and ":" not in revision:
        revision = f"{_single_head(session)}:{revision}"
    targets = () if sql else session.targets()
    try:
        with at_work(session) as config:
            config.attributes["on_step"] = _guarded(session, on_step, targets)
            done = _ACTS[verb](config, revision, sql=sql)
    except UpgradeFailed as error:
        if verb == "upgrade" and not sql:
            advise(session, error)
        raise
    finally:
        if not sql:
            session.tell_panels()
    parts = _by_target(targets, done)
    text = _script(session, done) if sql else None
    return RunReport(verb, done.steps, done.before, done.after, session.where, text, plan=plan, targets=parts)


def stamp(session: Session, revisions: Sequence[str], *, purge: bool = False, sql: bool = False) -> RunReport:
    """Write into the version table without running anything; with ``sql`` only return the SQL."""
    targets = () if sql else session.targets()
    with at_work(session) as config:
        config.attributes["on_step"] = _guarded(session, None, targets)
        target = f"{_single_head(session)}:{revisions[0]}" if sql and len(revisions) == 1 else list(revisions)
        done = command.stamp(config, target, purge=purge, sql=sql)
    session.tell_panels()
    parts = _by_target(targets, done)
    return RunReport("stamp", done.steps, done.before, done.after, session.where, done.sql, targets=parts)


def _script(session: Session, done: runtime.RunReport) -> str:
    """Return the SQL of a run; a comment where ``env.py`` writes it into separate files, as for several databases."""
    if (done.sql or "").strip() or not done.steps:
        return done.sql or ""
    return f"-- {session.environment.shown}/env.py printed no SQL here: it writes it into files that it names itself."


def _by_target(targets: Sequence[Target], done: runtime.RunReport) -> tuple[TargetRun, ...]:
    """Return what was done in each target; () where there is one."""
    names = labels(targets) if len(targets) == len(done.parts) else [part.target for part in done.parts]
    return tuple(
        TargetRun(name, part.before, part.after, part.steps) for name, part in zip(names, done.parts, strict=True)
    )


def try_out(session: Session, verb: str, revision: str, *, plan: Plan | None = None) -> RunReport:
    """Run it where nothing stays, and return the report with the schema before and after.

    Raises CommandError where that is not possible here, or where a revision fails.
    """

    def on_copy(copy: sa.Connection) -> runtime.RunReport:
        with at_work(session, connection=copy) as config:
            if copy.dialect.name == "sqlite":
                config.set_main_option("sqlalchemy.url", str(copy.engine.url).replace("%", "%%"))
            config.attributes["on_step"] = _only_on(copy)
            return _ACTS[verb](config, revision)

    with session.connection.open() as live:
        try:
            trial: Rehearsal = rehearse(live, on_copy, version_table=session.version_table.get("version_table", ""))
        except UpgradeFailed as error:
            raise CommandError(_failed_trial(session, error)) from error
    done = trial.report
    return RunReport(verb, done.steps, done.before, done.after, session.where, plan=plan, trial=trial)


def trial_notice(session: Session) -> str:
    """Return what a trial will do to the database, to be said before it starts."""
    target = session.connection.target
    if runs_on_copy(session.connection.dialect):
        return f"Trying on a copy of {target}; the database itself is only read."
    return (
        f"Trying in a transaction on the live database {target}: "
        "what it changes is locked for everybody until it is rolled back at the end."
    )


def _failed_trial(session: Session, error: UpgradeFailed) -> str:
    """Return what is true of the database after a trial in which a revision failed."""
    target = session.connection.target
    if isinstance(error.__cause__, CommitRefused):
        return (
            f"Revision {error.revision} commits on the way (autocommit_block), so it cannot be tried in a transaction. "
            f"The transaction was rolled back; the schema of {target} is as it was. Try it on a copy of the database."
        )
    statement = f" SQL: {error.statement}" if error.statement else ""
    if runs_on_copy(session.connection.dialect):
        return f"Tried on a copy, {target} is as it was: {error.failure}{statement}"
    return (
        f"Tried in a transaction on {target}, which was rolled back; its schema is as it was: "
        f"{error.failure}{statement}"
    )


def _guarded(session: Session, on_step: OnStep | None, targets: Sequence[Target]) -> OnStep:
    """Return a listener that checks the database before the first step, and then calls ``on_step``.

    It must be the connected one, or that of one of ``targets``.
    """
    allowed = {place_of(target.url) for target in targets}

    def listen(event: runtime.RunEvent) -> None:
        bind = connection_at_work()
        starts = event.kind == "start" and event.index == 1
        if starts and bind is not None and place_of(bind.engine.url) not in allowed:
            refuse_difference(session, bind.engine.url)
        if on_step is not None:
            on_step(event)

    return listen


def _only_on(copy: sa.Connection) -> OnStep:
    """Return a listener that stops the run before its first step where that is not on ``copy``."""

    def listen(event: runtime.RunEvent) -> None:
        bind = connection_at_work()
        if event.kind != "start" or bind is copy:
            return
        if bind is None or copy.dialect.name != "sqlite" or place_of(bind.engine.url) != place_of(copy.engine.url):
            place = "on the copy" if copy.dialect.name == "sqlite" else "in the transaction that is rolled back"
            raise CommandError(
                f"Nothing was tried: env.py connects by itself, so the run would not be {place}. "
                "Let it use config.attributes['connection']."
            )

    return listen


def _single_head(session: Session) -> str:
    heads = session.heads_of_database()
    if len(heads) > 1:
        raise CommandError(f"The database stands at {', '.join(heads)}. Give a range: REV:REV --sql.")
    return heads[0] if heads else "base"
