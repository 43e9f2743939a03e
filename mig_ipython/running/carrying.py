"""Carry out an upgrade, downgrade or stamp for the notebook: on its database, or for a trial on a copy."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import Config
from kernel_core.rehearse import Rehearsal, rehearse
from kernel_core.runtime import run as runtime
from kernel_core.runtime.environment import current_environment
from kernel_core.util.exc import CommandError, UpgradeFailed
from kernel_core.util.secrets import mask_url

from ..connection import with_absolute_path
from ..views.plan import Plan
from ..views.report import RunReport

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
    with session.at_work() as config:
        config.attributes["on_step"] = _guarded(session, on_step)
        done = _ACTS[verb](config, revision, sql=sql)
    return RunReport(verb, done.steps, done.before, done.after, session.where, done.sql, plan=plan)


def stamp(session: Session, revisions: Sequence[str], *, purge: bool = False, sql: bool = False) -> RunReport:
    """Write into the version table without running anything; with ``sql`` only return the SQL."""
    with session.at_work() as config:
        config.attributes["on_step"] = _guarded(session, None)
        target = f"{_single_head(session)}:{revisions[0]}" if sql and len(revisions) == 1 else list(revisions)
        done = command.stamp(config, target, purge=purge, sql=sql)
    return RunReport("stamp", done.steps, done.before, done.after, session.where, done.sql)


def try_out(session: Session, verb: str, revision: str, *, plan: Plan | None = None) -> RunReport:
    """Run it on a throw-away copy and return the report, with the schema before and after; nothing stays.

    Raises CommandError where that is not possible here, and what the engine raises.
    """

    def on_copy(copy: sa.Connection) -> runtime.RunReport:
        with session.at_work(connection=copy) as config:
            if copy.dialect.name == "sqlite":
                config.set_main_option("sqlalchemy.url", str(copy.engine.url).replace("%", "%%"))
            config.attributes["on_step"] = _only_on(copy)
            return _ACTS[verb](config, revision)

    with session.connection.open() as live:
        try:
            trial: Rehearsal = rehearse(live, on_copy, version_table=session.version_table.get("version_table", ""))
        except UpgradeFailed as error:
            raise CommandError(f"Tried on a copy, {session.connection.target} is as it was: {error}") from error
    done = trial.report
    return RunReport(verb, done.steps, done.before, done.after, session.where, plan=plan, trial=trial)


@contextmanager
def logging_kept() -> Iterator[None]:
    """Give logging back as it was: an ``env.py`` that calls ``fileConfig`` changes it for the whole kernel."""
    root = logging.getLogger()
    several = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    kept = [(one, one.level, one.disabled, one.propagate, list(one.handlers)) for one in (root, *several)]
    try:
        yield
    finally:
        for one, level, disabled, propagate, handlers in kept:
            one.setLevel(level)
            one.disabled, one.propagate = disabled, propagate
            one.handlers[:] = handlers


def refuse_other_database(session: Session, config: Config) -> None:
    """Raise CommandError where the URL of an ``env.py`` that takes no connection is not that of this notebook.

    Only a first look, before ``env.py`` runs; while it runs, the connection itself is looked at.
    """
    configured = config.get_main_option("sqlalchemy.url")
    if not configured or session.environment.takes_connection:
        return
    try:
        there = sa.make_url(configured)
    except (sa.exc.ArgumentError, ValueError):
        raise CommandError(
            f"sqlalchemy.url in the configuration of {session.environment.shown} is no database URL. "
            "Write it like dialect://user@host/database."
        ) from None
    refuse_difference(session, with_absolute_path(there, session.environment.project_folder))


def refuse_difference(session: Session, there: sa.URL) -> None:
    """Raise CommandError, naming both, where ``there`` is another database than the one connected here."""
    if _place(there) != _place(session.connection.absolute_url):
        raise CommandError(
            f"{session.environment.shown} is configured for {mask_url(there)}, "
            f"but this notebook is connected to {session.connection.url}. "
            "Connect to that one, or let env.py use config.attributes['connection']."
        )


def _guarded(session: Session, on_step: OnStep | None) -> OnStep:
    """Return a listener that looks at the database before the first step, and then calls ``on_step``."""

    def listen(event: runtime.RunEvent) -> None:
        bind = connection_at_work()
        if event.kind == "start" and event.index == 1 and bind is not None:
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
        if bind is None or copy.dialect.name != "sqlite" or _place(bind.engine.url) != _place(copy.engine.url):
            raise CommandError(
                "Nothing was tried: env.py connects by itself, so the run would not be on the copy. "
                "Let it use config.attributes['connection']."
            )

    return listen


def connection_at_work() -> sa.Connection | None:
    """Return the connection on which env.py runs now; None offline."""
    environment = current_environment.get()
    return environment.get_bind() if environment is not None and environment.contexts else None


def _place(url: Any) -> tuple[Any, ...]:
    """Return what tells two databases apart, whatever driver and user."""
    backend = url.get_backend_name().replace("mariadb", "mysql")
    if backend == "sqlite":
        memory = url.database in (None, "", ":memory:")
        return backend, "" if memory else os.path.realpath(url.database or "")
    host = {"127.0.0.1": "localhost", "::1": "localhost", None: "localhost"}.get(url.host, url.host)
    return backend, host, url.port or {"postgresql": 5432, "mysql": 3306}.get(backend), url.database


def _single_head(session: Session) -> str:
    heads = session.heads_of_database()
    if len(heads) > 1:
        raise CommandError(f"The database stands at {', '.join(heads)}. Give a range: REV:REV --sql.")
    return heads[0] if heads else "base"
