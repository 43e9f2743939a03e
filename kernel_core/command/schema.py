"""The schema at a revision, or the difference of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..script import ScriptDirectory
from ..util.exc import CommandError
from .environment import Config, run, scripts_of
from .inspecting import heads_needed_for
from .operations import dialect_of
from .printing import say

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from sqlalchemy import URL

    from ..runtime.migration import MigrationContext
    from ..schema import RevisionSchema


def schema(
    config: Config,
    revision: str = "head",
    *,
    may_run: bool = False,
    by_running: bool = False,
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    folded: Sequence[str] = (),
    columns: int | None = None,
    changed_only: bool = False,
) -> RevisionSchema:
    """Return and print the schema at a revision with what changed before it, or the difference of ``A:B``.

        schema(config, "1f2e").save("schema.svg")

    Version files are read, no database is needed. With ``may_run``, a function that its source does not show wholly is
    run with an ``op`` that only records; with ``by_running``, the history is run on a scratch database of the server
    that is configured (SQLite in memory for SQLite), where it cannot be read. ``only`` and ``exclude`` are
    patterns of tables and schemas, ``folded`` are schemas drawn by one box, ``columns`` is how many columns a box has;
    ``changed_only`` draws what changed, and what it refers to.
    """
    from ..schema import read  # noqa: PLC0415 - it needs SQLAlchemy

    scripts = scripts_of(config)
    scripts.also_see(revision)
    current = heads_needed_for(config, scripts, revision) or ()
    found = read(
        scripts,
        revision,
        current=current,
        dialect=dialect_of(config),
        may_run=may_run,
        by_running=_server(config, scripts) if by_running else False,
    )
    selected = replace(
        found,
        only=tuple(only),
        exclude=tuple(exclude),
        folded=tuple(folded),
        columns=columns,
        changed_only=changed_only,
    )
    if config.prints_results:
        for line in selected.lines():
            say(config, line)
    return selected


def _server(config: Config, scripts: ScriptDirectory) -> URL | bool:
    """Return the URL of the database that is configured, where a scratch database is created; True for SQLite.

    Where the ini file has no ``sqlalchemy.url``, it is that of the first connection which ``env.py`` makes.
    """
    from sqlalchemy import make_url  # noqa: PLC0415 - as above
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    written = config.get_main_option("sqlalchemy.url")
    found: list[URL] = []

    def plan(heads: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        found.extend([context.connection.engine.url] if context.connection is not None else [])
        return ()

    if written:
        try:
            found.append(make_url(written))
        except ArgumentError as error:
            raise CommandError("sqlalchemy.url is not the URL of a database. Correct it.") from error
    else:
        run(config, scripts, plan, dont_mutate=True)
    return found[0] if found and found[0].get_backend_name() != "sqlite" else True
