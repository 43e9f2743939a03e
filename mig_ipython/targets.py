"""The targets of an environment: each version table that its ``env.py`` migrates, in its schema and database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kernel_core.runtime.environment import EnvironmentContext
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError

from .connection import with_absolute_path
from .running.work import at_work, place_of, refuse_difference

if TYPE_CHECKING:
    from .session import Session


@dataclass(frozen=True, slots=True)
class Target:
    """One version table: the engine of a ``multidb`` environment, the schema, the table, the database, and its heads.

    ``url`` is the database's, ``token`` the template's slot for its upgrades.
    """

    engine: str
    schema: str
    table: str
    database: str
    heads: tuple[str, ...]
    url: sa.URL
    token: str = "upgrades"  # noqa: S105 - a slot of the template


_LABELS = (("engine",), ("schema",), ("table",), ("database",), ("schema", "table"), ("database", "schema"))


def targets_of(session: Session) -> tuple[Target, ...]:
    """Return each target in the order of ``env.py``, which is run for it; nothing is changed."""
    found: list[Target] = []
    visit(session, lambda heads, context: found.append(target_of(session, context, heads)))
    return tuple(found)


def visit(session: Session, look: Callable[[tuple[str, ...], MigrationContext], object]) -> None:
    """Run ``env.py`` and call ``look(heads, context)`` for each target that it configures; nothing is changed.

    Raises CommandError where none of them is in the database that the notebook is connected to.
    """
    scripts = session.scripts()
    urls: list[sa.URL] = []

    def plan(heads: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        urls.append(target_of(session, context, heads).url)
        look(heads, context)
        return ()

    with at_work(session) as config, EnvironmentContext(config, scripts, fn=plan, as_sql=False, dont_mutate=True):
        scripts.run_env()
    if not urls:
        raise CommandError(
            f"{session.environment.shown}/env.py ran no migrations, so nothing is known of its version tables. "
            "It must call context.run_migrations()."
        )
    refuse_others(session, urls)


def refuse_others(session: Session, urls: Sequence[sa.URL]) -> None:
    """Raise CommandError where the connected database is none of those that ``env.py`` migrates."""
    here = place_of(session.connection.absolute_url)
    if all(place_of(url) != here for url in urls):
        refuse_difference(session, urls[0])


def target_of(session: Session, context: MigrationContext, heads: Sequence[str]) -> Target:
    """Return the target that ``env.py`` has configured; ``heads`` are the revisions in its version table."""
    connection = context.connection
    assert connection is not None, "a target is asked online"
    token = str(context.opts.get("upgrade_token") or "upgrades")
    return Target(
        engine=token.removesuffix("upgrades").rstrip("_"),
        schema=_schema(context, connection),
        table=context.version_table,
        database=context.target,
        heads=tuple(sorted(heads)),
        url=with_absolute_path(connection.engine.url, session.environment.project_folder),
        token=token,
    )


@contextmanager
def beside(context: MigrationContext) -> Iterator[sa.Connection]:
    """Give another connection that sees the same schemas as that of ``env.py``, whose transaction it leaves alone."""
    there = context.connection
    assert there is not None, "a target is asked online"
    with there.engine.connect() as connection:
        live = connection.execution_options(**there.get_execution_options())
        if live.dialect.name == "postgresql":
            path = there.exec_driver_sql("SHOW search_path").scalar()
            live.execute(sa.text("SELECT set_config('search_path', :path, false)"), {"path": path})
            live.commit()
        elif live.dialect.name in ("mysql", "mariadb"):
            name = there.exec_driver_sql("SELECT DATABASE()").scalar()
            live.exec_driver_sql(f"USE {live.dialect.identifier_preparer.quote(str(name))}")
        try:
            yield live
        finally:
            if live.dialect.name != "sqlite":
                live.invalidate()  # it is not given back to the pool with the schemas that it sees now


def labels(targets: Sequence[Target]) -> tuple[str, ...]:
    """Return a short name for each target: by what tells them apart."""
    for names in _LABELS:
        found = [".".join(filter(None, (str(getattr(target, name)) for name in names))) for target in targets]
        if len(set(found)) == len(found) and all(found):
            return tuple(found)
    return tuple(f"{target.database} ({number})" for number, target in enumerate(targets, 1))


def heads_of(targets: Sequence[Target]) -> tuple[str, ...]:
    """Return the revisions that any of the targets is at."""
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
