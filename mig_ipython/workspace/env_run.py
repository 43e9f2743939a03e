"""Run ``env.py`` with the notebook's connection and models, on the database that the notebook is connected to."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial

import sqlalchemy as sa

from kernel_core.config import Config
from kernel_core.runtime.environment import current_environment
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError
from kernel_core.util.folders import shown_path
from kernel_core.util.missing_files import Creates, file_of, without_new_files
from kernel_core.util.secrets import mask_url

from .connection import with_absolute_path
from .models import Models
from .reloading.importer import reimported_modules
from .workspace import Workspace


@contextmanager
def env_config(
    workspace: Workspace,
    models: Models | None = None,
    connection: sa.Connection | None = None,
    *,
    generates: bool = False,
    creates: Creates = True,
) -> Iterator[Config]:
    """Yield a configuration with a live connection and the models in its attributes, to run ``env.py`` with.

    ``connection`` is by default a new one to the connected database; ``generates``: models are compared, as by
    ``revision --autogenerate``. A SQLite file that does not exist is created where ``creates`` is true (see
    `without_new_files`). Edited files of the project are imported again inside the block (see `reloading.importer`).
    Logging and the working folder are restored afterwards.
    """
    environment = workspace.environment
    config = environment.config()
    config.cmd_opts = _options(workspace, generates=generates)
    refuse_configured_url(workspace, config)
    with (
        without_new_files(creates, _file_to_create(workspace)),
        reimported_modules(workspace.import_folders) as project,
        nullcontext(connection) if connection is not None else _opened(workspace) as live,
        restored_logging(),
        _restored_folder(),
    ):
        chosen = models or workspace.unambiguous_models()
        if project is not None:
            chosen = project.models(chosen, workspace.namespace)
        with ExitStack() as stack:
            if environment.databases:
                config.attributes["connections"] = _connections(workspace, stack)
            else:
                _set_attributes(config, chosen, live)
                if not environment.has_computed_targets:
                    config.attributes["on_target"] = partial(_refuse_other_target, workspace)
            if project is not None:
                stack.enter_context(project.import_errors())
                stack.enter_context(project.application())
            yield config


def _file_to_create(workspace: Workspace) -> tuple[str, ...] | None:
    """Return the real path of the connected SQLite file; None where ``env.py`` decides which databases there are."""
    environment = workspace.environment
    if environment.databases or environment.has_computed_targets:
        return None
    url = workspace.connection.absolute_url
    return (file_of(url.database or ""),) if url.get_backend_name() == "sqlite" else ()


@contextmanager
def _opened(workspace: Workspace) -> Iterator[sa.Connection]:
    """Yield a connection; it creates no SQLite file for an ``env.py`` that does not use it."""
    with ExitStack() as stack:
        with without_new_files(workspace.environment.takes_connection):
            live = stack.enter_context(workspace.connection.open())
        yield live


def _refuse_other_target(workspace: Workspace, context: MigrationContext) -> None:
    """Raise CommandError where the running ``env.py`` has configured another database than the connected one."""
    if context.connection is not None:
        refuse_other_database(workspace, context.connection.engine.url)


def _options(workspace: Workspace, *, generates: bool) -> argparse.Namespace | None:
    """Return what ``env.py`` reads from ``config.cmd_opts``, as on the command line: Alembic's recipes for hooks do.

    It is None for an ``env.py`` that asks only whether there are any options: the templates configure logging then.
    """
    x = list(workspace.settings.x_arguments)
    if workspace.environment.asks_only_for_command_line and not x:
        return None
    return argparse.Namespace(x=x or None, autogenerate=generates, sql=False, tag=None, raiseerr=False, quiet=False)


@contextmanager
def _restored_folder() -> Iterator[None]:
    """Restore the working folder after the block: an ``env.py`` may change it, for the whole kernel."""
    before = os.getcwd()
    try:
        yield
    finally:
        if os.path.isdir(before):
            os.chdir(before)


def _set_attributes(config: Config, models: Models | None, live: sa.Connection) -> None:
    config.attributes["connection"] = live
    if models is not None:
        several = models.metadata
        config.attributes["target_metadata"] = list(several) if isinstance(several, tuple) else several


def _connections(workspace: Workspace, stack: ExitStack) -> dict[str, sa.Connection]:
    """Return a live connection for each database of a ``multidb`` environment that has the name of an open one."""
    known = workspace.connections
    return {name: stack.enter_context(known[name].open()) for name in workspace.environment.databases if name in known}


@contextmanager
def restored_logging() -> Iterator[None]:
    """Restore logging after the block: an ``env.py`` that calls ``fileConfig`` changes it for the whole kernel."""
    root = logging.getLogger()
    several = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    kept = [(one, one.level, one.disabled, one.propagate, list(one.handlers)) for one in (root, *several)]
    try:
        yield
    finally:
        for one, level, disabled, propagate, handlers in kept:
            if one.level != level:
                one.setLevel(level)  # it clears the caches of all loggers
            one.disabled, one.propagate = disabled, propagate
            one.handlers[:] = handlers


def refuse_configured_url(workspace: Workspace, config: Config) -> None:
    """Raise CommandError where an ``env.py`` that ignores the notebook's connection is configured for another database.

    A first check, before ``env.py`` runs; while it runs, its connection itself is checked.
    """
    environment, configured = workspace.environment, config.get_main_option("sqlalchemy.url")
    if not configured or environment.takes_connection:
        return
    try:
        url = sa.make_url(configured)
    except (sa.exc.ArgumentError, ValueError):
        raise CommandError(
            f"sqlalchemy.url in the configuration of {environment.shown} is not a database URL. "
            "Write it like dialect://user@host/database."
        ) from None
    refuse_other_database(workspace, with_absolute_path(url, environment.project_folder))


def refuse_other_database(workspace: Workspace, url: sa.URL) -> None:
    """Raise CommandError, naming both, where ``url`` is another database than the connected one."""
    if database_identity(url) != database_identity(workspace.connection.absolute_url):
        raise CommandError(
            f"{workspace.environment.shown} is configured for {_shown_url(url)}, "
            f"but this notebook is connected to {workspace.connection.url}. "
            "Connect to that one, or let env.py use config.attributes['connection']."
        )


def refuse_unrelated(workspace: Workspace, urls: Sequence[sa.URL]) -> None:
    """Raise CommandError where the connected database is none of those that ``env.py`` migrates."""
    connected = database_identity(workspace.connection.absolute_url)
    if all(database_identity(url) != connected for url in urls):
        refuse_other_database(workspace, urls[0])


def _shown_url(url: sa.URL) -> str:
    """Return a URL without its password; the path of a SQLite file relative to the working folder."""
    is_file = url.get_backend_name() == "sqlite" and os.path.isabs(url.database or "")
    return mask_url(url.set(database=shown_path(str(url.database))) if is_file else url)


def env_connection() -> sa.Connection | None:
    """Return the connection of the ``env.py`` that runs now; None in offline mode."""
    environment = current_environment.get()
    return environment.get_context().connection if environment is not None and environment.contexts else None


def env_target() -> int:
    """Return the number of the target that the running ``env.py`` has configured last, from 1; 0 before the first."""
    environment = current_environment.get()
    return len(environment.contexts) if environment is not None else 0


def database_identity(url: sa.URL) -> tuple[object, ...]:
    """Return a value that is equal for two URLs of one database, with whatever driver and user."""
    backend = url.get_backend_name().replace("mariadb", "mysql")
    if backend == "sqlite":
        memory = url.database in (None, "", ":memory:")
        return backend, "" if memory else os.path.realpath(url.database or "")
    host = {"127.0.0.1": "localhost", "::1": "localhost", None: "localhost"}.get(url.host, url.host)
    return backend, host, url.port or {"postgresql": 5432, "mysql": 3306}.get(backend), url.database
