"""Whether the heads that a merge would join commute."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..script import ScriptDirectory
from ..util.exc import CommandError
from .environment import Config, Names, run, scripts_of
from .operations import dialect_of

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from sqlalchemy import URL, Connection, MetaData
    from sqlalchemy.engine import Dialect

    from ..commuting import Commutation
    from ..runtime.migration import MigrationContext


def check_merge(config: Config, revisions: Names = "heads", *, run: bool | None = None) -> tuple[Commutation, ...]:
    """Compare both orders of each pair of ``revisions``; nothing is written, and the database is not changed.

        for found in check_merge(config):
            print(found.verdict)

    ``env.py`` is run for the kind of database and the naming convention of the models. Where it connects, both orders
    are run on scratch databases, which are removed afterwards: SQLite in memory, or new databases on the server.
    ``run=False`` prevents that; by default revisions that may do more than change the database are not run.
    """
    from ..commuting import check_all  # noqa: PLC0415 - it needs SQLAlchemy

    scripts = scripts_of(config)
    parents = scripts.map.resolve(revisions)
    if len(parents) < 2:
        raise CommandError(f"There is nothing to compare: {', '.join(parents) or 'base'} is a single revision.")
    target = target_of(config, scripts)
    return check_all(
        scripts,
        parents,
        dialect=target.dialect,
        start=target.start,
        scratch=target.scratch,
        run=run,
        why_not=target.why,
    )


@dataclass(frozen=True, slots=True)
class Target:
    """The kind of database that ``env.py`` configures, the naming convention of its models, and its URL if any."""

    dialect: Dialect
    start: MetaData | None
    url: URL | None
    why: str = ""
    """Why the database could not be reached, if it could not."""

    @classmethod
    def of(cls, context: MigrationContext) -> Target:
        """Return the target that ``env.py`` has configured."""
        from sqlalchemy import MetaData  # noqa: PLC0415 - heads and history don't import it

        models = context.opts.get("target_metadata")
        each = models[0] if isinstance(models, list | tuple) and models else models
        start = MetaData(naming_convention=each.naming_convention) if isinstance(each, MetaData) else None
        return cls(context.dialect, start, context.connection.engine.url if context.connection is not None else None)

    @property
    def scratch(self) -> Callable[[], AbstractContextManager[Connection]] | None:
        """Returns an empty scratch database each time it is called; None without a URL."""
        from functools import partial  # noqa: PLC0415

        from ..schema.scratch import scratch_database  # noqa: PLC0415 - it needs SQLAlchemy

        return None if self.url is None else partial(scratch_database, self.url)


def target_of(config: Config, scripts: ScriptDirectory) -> Target:
    """Run ``env.py`` and return its target; the one of ``sqlalchemy.url`` if the database cannot be reached."""
    from sqlalchemy import make_url  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    found: list[Target] = []

    def plan(heads: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        found.append(Target.of(context))
        return ()

    try:
        run(config, scripts, plan, dont_mutate=True)
    except (SQLAlchemyError, CommandError) as error:
        why = " ".join(str(getattr(error, "orig", None) or error).split())
        url = config.get_main_option("sqlalchemy.url")
        is_file = bool(url) and make_url(str(url)).get_backend_name() == "sqlite"
        return Target(dialect_of(config), None, make_url(str(url)) if is_file else None, why)
    if len(found) > 1:
        raise CommandError(f"env.py migrates {len(found)} databases; their revisions cannot be compared in one check.")
    return found[0] if found else Target(dialect_of(config), None, None)
