"""The targets of an environment: each version table that its ``env.py`` migrates, in its schema and database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel_core.runtime.environment import EnvironmentContext
from kernel_core.runtime.journal.state import JournalState
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError

from .connection import with_absolute_path
from .env_run import env_config, refuse_unrelated
from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class Target:
    """One version table: the engine of a ``multidb`` environment, the schema, the table, the database, and its heads.

    ``url`` is that of the database, ``journal`` what its journal says, ``token`` the template variable of its upgrades.
    """

    engine: str
    schema: str
    table: str
    database: str
    heads: tuple[str, ...]
    url: sa.URL
    journal: JournalState
    token: str = "upgrades"  # noqa: S105 - a variable of the template


_LABELS = (("engine",), ("schema",), ("table",), ("database",), ("schema", "table"), ("database", "schema"))


def targets_of(workspace: Workspace) -> tuple[Target, ...]:
    """Return each target in the order of ``env.py``, which is run for it; nothing is changed."""
    found: list[Target] = []
    visit_targets(workspace, lambda heads, context: found.append(target_of(workspace, context, heads)))
    return tuple(found)


def visit_targets(workspace: Workspace, visit: Callable[[tuple[str, ...], MigrationContext], object]) -> None:
    """Run ``env.py`` and call ``visit(heads, context)`` for each target that it configures; nothing is changed.

    Raises CommandError where none of them is in the database that the notebook is connected to.
    """
    scripts = workspace.scripts()
    urls: list[sa.URL] = []

    def plan(heads: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        urls.append(target_of(workspace, context, heads).url)
        visit(heads, context)
        return ()

    with (
        env_config(workspace, creates=False) as config,
        EnvironmentContext(config, scripts, fn=plan, as_sql=False, dont_mutate=True),
    ):
        scripts.run_env()
    if not urls:
        raise CommandError(
            f"{workspace.environment.shown}/env.py ran no migrations, so its version tables are not known. "
            "It must call context.run_migrations()."
        )
    refuse_unrelated(workspace, urls)


def target_of(workspace: Workspace, context: MigrationContext, heads: Sequence[str]) -> Target:
    """Return the target that ``env.py`` has configured; ``heads`` are the revisions in its version table."""
    connection = context.connection
    assert connection is not None, "targets are read in online mode only"
    token = str(context.opts.get("upgrade_token") or "upgrades")
    return Target(
        engine=token.removesuffix("upgrades").rstrip("_"),
        schema=_schema(context, connection),
        table=context.version_table,
        database=context.target,
        heads=tuple(sorted(heads)),
        url=with_absolute_path(connection.engine.url, workspace.environment.project_folder),
        journal=context.journal_state(),
        token=token,
    )


@contextmanager
def second_connection(context: MigrationContext) -> Iterator[sa.Connection]:
    """Yield another connection with the schemas of that of ``env.py``, whose transaction stays untouched."""
    configured = context.connection
    assert configured is not None, "targets are read in online mode only"
    with configured.engine.connect() as connection:
        live = connection.execution_options(**configured.get_execution_options())
        if live.dialect.name == "postgresql":
            path = configured.exec_driver_sql("SHOW search_path").scalar()
            live.execute(sa.text("SELECT set_config('search_path', :path, false)"), {"path": path})
            live.commit()
        elif live.dialect.name in ("mysql", "mariadb"):
            name = configured.exec_driver_sql("SELECT DATABASE()").scalar()
            live.exec_driver_sql(f"USE {live.dialect.identifier_preparer.quote(str(name))}")
        try:
            yield live
        finally:
            if live.dialect.name != "sqlite":
                live.invalidate()  # a pooled connection must not keep these schemas


def labels(targets: Sequence[Target]) -> tuple[str, ...]:
    """Return a short name for each target, made of the parts in which they differ."""
    for names in _LABELS:
        found = [".".join(filter(None, (str(getattr(target, name)) for name in names))) for target in targets]
        if len(set(found)) == len(found) and all(found):
            return tuple(found)
    return tuple(f"{target.database} ({number})" for number, target in enumerate(targets, 1))


def heads_of(targets: Sequence[Target]) -> tuple[str, ...]:
    """Return the current revisions of all targets."""
    return tuple(sorted({head for target in targets for head in target.heads}))


def _schema(context: MigrationContext, connection: sa.Connection) -> str:
    """Return the schema in which the version table is, "" where the database has only one."""
    if context.version_table_schema:
        return str(context.version_table_schema)
    translated: Any = connection.get_execution_options().get("schema_translate_map") or {}
    if translated.get(None):
        return str(translated[None])
    if connection.dialect.name == "postgresql":
        return str(connection.exec_driver_sql("SELECT current_schema()").scalar() or "")
    if connection.dialect.name in ("mysql", "mariadb"):
        return str(connection.exec_driver_sql("SELECT DATABASE()").scalar() or "")
    return ""
