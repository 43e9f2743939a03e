"""What every command passes to ``env.py``: the notebook's connection and models, and edited files imported again."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kernel_core.config import Config
from kernel_core.runtime.environment import current_environment
from kernel_core.util.exc import CommandError
from kernel_core.util.folders import shown_path
from kernel_core.util.secrets import mask_url

from ..connection import with_absolute_path
from ..models import Models
from ..reimport import fresh_modules

if TYPE_CHECKING:
    from ..session import Session


@contextmanager
def at_work(session: Session, models: Models | None = None, connection: Any = None) -> Iterator[Config]:
    """Give a configuration that carries a live connection and the models, for one command that runs ``env.py``.

    ``connection`` is by default a fresh one of the current connection. Where files of the project were edited since
    the kernel imported them, they are imported again inside (see `reimport`). Logging is afterwards as it was.
    """
    config = session.environment.config()
    refuse_other_database(session, config)
    opened = nullcontext(connection) if connection is not None else session.connection.open()
    with fresh_modules(session.import_folders) as fresh, opened as live, logging_kept():
        chosen = models or session.likely_models()
        if fresh is not None:
            chosen = fresh.models(chosen, session.namespace)
        with ExitStack() as stack:
            if session.environment.databases:
                config.attributes["connections"] = _for_each(session, stack)
            else:
                _carry(config, chosen, live)
            if fresh is not None:
                stack.enter_context(fresh.told_of_imports())
                stack.enter_context(fresh.application())
            yield config


def _carry(config: Config, models: Models | None, live: Any) -> None:
    config.attributes["connection"] = live
    if models is not None:
        several = models.metadata
        config.attributes["target_metadata"] = list(several) if isinstance(several, tuple) else several


def _for_each(session: Session, stack: ExitStack) -> dict[str, sa.Connection]:
    """Return a live connection for each database of a ``multidb`` environment that a connection is named like."""
    known = session.connections
    return {name: stack.enter_context(known[name].open()) for name in session.environment.databases if name in known}


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
            f"sqlalchemy.url in the configuration of {session.environment.shown} is not a database URL. "
            "Write it like dialect://user@host/database."
        ) from None
    refuse_difference(session, with_absolute_path(there, session.environment.project_folder))


def refuse_difference(session: Session, there: sa.URL) -> None:
    """Raise CommandError, naming both, where ``there`` is another database than the one connected here."""
    if place_of(there) != place_of(session.connection.absolute_url):
        raise CommandError(
            f"{session.environment.shown} is configured for {_shown_url(there)}, "
            f"but this notebook is connected to {session.connection.url}. "
            "Connect to that one, or let env.py use config.attributes['connection']."
        )


def _shown_url(url: sa.URL) -> str:
    """Return a URL without its password; the path of a SQLite file as it is typed in the working folder."""
    is_file = url.get_backend_name() == "sqlite" and os.path.isabs(url.database or "")
    return mask_url(url.set(database=shown_path(str(url.database))) if is_file else url)


def connection_at_work() -> sa.Connection | None:
    """Return the connection on which env.py runs now; None offline."""
    environment = current_environment.get()
    return environment.get_context().connection if environment is not None and environment.contexts else None


def place_of(url: Any) -> tuple[Any, ...]:
    """Return what tells two databases apart, whatever driver and user."""
    backend = url.get_backend_name().replace("mariadb", "mysql")
    if backend == "sqlite":
        memory = url.database in (None, "", ":memory:")
        return backend, "" if memory else os.path.realpath(url.database or "")
    host = {"127.0.0.1": "localhost", "::1": "localhost", None: "localhost"}.get(url.host, url.host)
    return backend, host, url.port or {"postgresql": 5432, "mysql": 3306}.get(backend), url.database
