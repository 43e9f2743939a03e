"""The operations of revisions as JSON, read without a database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from ..script import Script
from ..script.steps import downgrade_steps, upgrade_steps
from ..util.exc import CommandError, NotAsJson
from .environment import Config, scripts_of

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from sqlalchemy.engine import Dialect

    from ..recording import Recording

Direction = Literal["upgrade", "downgrade"]


def operations_of(config: Config, script: Script, direction: Direction, *, may_run: bool = False) -> dict[str, object]:
    """Return the operations of one direction of a revision as JSON.

    ``operations`` is a list of `MigrateOperation.to_json`; ``unread`` is the code that is not an operation, by its
    ``line``, number of ``lines`` and first line as ``text``; ``complete`` is whether there is none. The file is only
    read; with ``may_run``, a function that the source does not show wholly is run with an ``op`` that only records.
    """
    from ..recording import operations_of as recorded  # noqa: PLC0415 - it needs SQLAlchemy

    return _members(recorded(script, dialect_of(config), direction, may_run=may_run))


def operations_between(config: Config, revisions: str, direction: Direction = "upgrade") -> Iterator[dict[str, object]]:
    """Yield the revisions of ``from:to`` in the order in which they run, each with its operations as JSON.

        for each in operations_between(config, "base:head"):
            print(each["revision"], len(each["operations"]))

    No database is needed; ``to`` alone begins at base. A function that the source does not show wholly is run with an
    ``op`` that only records. Raises as `upgrade` and `downgrade` for revisions that do not exist.
    """
    scripts = scripts_of(config)
    start, _, target = revisions.rpartition(":")
    if not target or (direction == "downgrade" and not start):
        raise CommandError(f'"{revisions}" needs both ends: from:to.')
    scripts.also_see(revisions)
    begin = frozenset(scripts.map.resolve(start, ())) if start else frozenset()
    plan = upgrade_steps if direction == "upgrade" else downgrade_steps
    for step in plan(scripts.map, begin, target):
        script = scripts.get_revision(step.revision_id)
        assert script is not None, "a plan has only revisions with a file"
        yield {
            "version": 1,
            "revision": script.revision,
            "down_revision": list(script.down_revisions),
            "direction": direction,
            "doc": script.doc,
            **operations_of(config, script, direction, may_run=True),
        }


def _members(recording: Recording) -> dict[str, object]:
    unread = [{"line": each.line, "lines": each.lines, "text": each.text} for each in recording.unread]
    written: list[object] = []
    for operation in recording.with_batches().ops:
        try:
            written.append(operation.to_json())
        except NotAsJson as error:
            unread.append({"line": 0, "lines": 1, "text": f"{operation.sentence()}: {error}"})
    return {"complete": not unread, "unread": unread, "operations": written}


def dialect_of(config: Config) -> Dialect:
    """Return the dialect of the URL that is configured; where there is none, the one of SQLAlchemy for any database.

    ``env.py`` is not run: the URL is that of DATABASE_URL where ``env.py`` reads it, else ``sqlalchemy.url``.
    """
    from sqlalchemy import make_url  # noqa: PLC0415 - heads and history start without it
    from sqlalchemy.engine.default import DefaultDialect  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415

    try:
        return make_url(_url_of(config)).get_dialect()()
    except (ArgumentError, NoSuchModuleError):
        return DefaultDialect()


def _url_of(config: Config) -> str:
    """Return the URL of the database as the generated ``env.py`` finds it, "" for none."""
    given = os.environ.get("DATABASE_URL", "")
    with suppress(OSError), open(scripts_of(config).env_py_location, encoding="utf-8", errors="replace") as stream:
        if given and '"DATABASE_URL"' in stream.read():
            return given
    return config.get_main_option("sqlalchemy.url") or ""
