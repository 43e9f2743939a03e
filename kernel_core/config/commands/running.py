"""The commands of the program that change a database, and those that run on a clone of it."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterable
from typing import Literal

from ... import command
from ...runtime.report import RunEvent, shows_later
from ...util.exc import CommandError, ProgramExit
from ...util.secrets import redact
from ..configuration import Config
from ..output import as_json, as_json_line, ran
from .history import broken


def upgrade(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Upgrade the database to a revision."""
    if options.operations_json:
        return _operations(config, options, "upgrade")
    _watch(config, options)
    _lock(config, options)
    lines = ran(command.upgrade(config, options.revision, sql=options.sql, tag=options.tag), options)
    return lines if options.sql else lines + broken(config)


def downgrade(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Downgrade the database to a revision."""
    if options.operations_json:
        return _operations(config, options, "downgrade")
    _watch(config, options)
    _lock(config, options)
    return ran(command.downgrade(config, options.revision, sql=options.sql, tag=options.tag), options)


def stamp(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Mark the database as being at a revision, without running anything."""
    _lock(config, options)
    target = options.revisions[0] if len(options.revisions) == 1 else options.revisions
    return ran(command.stamp(config, target, sql=options.sql, tag=options.tag, purge=options.purge), options)


def locate(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Show which revision the schema of a database is that of, and what deviates.

    Reads the version files and the database; writes nothing without --stamp, which refuses a schema that deviates.
    """
    _lock(config, options)
    stamp = True if options.stamp == "" else (options.stamp or False)
    found = command.locate(config, stamp=stamp, despite_drift=options.despite_drift, by_running=options.by_running)
    if options.json:
        return [as_json([each.facts() for each in found])]
    lines = [line for each in found for line in each.sentences()]
    if any(each.may_be_run for each in found):
        lines.append("Run what could not be followed on a scratch database: mig locate --by-running")
    return lines


def adopt(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Write a baseline for a database that has tables and no history, and mark the database with it.

    The file is compared with the database before the stamp; views, functions, triggers and so on are listed.
    """
    _lock(config, options)
    done = command.adopt(
        config,
        options.message or "baseline",
        rev_id=options.rev_id,
        version_path=options.version_path,
        schemas=options.schema,
        preview=options.preview or options.sql,
        models=options.models,
    )
    if options.sql:
        return [done.sql.rstrip("\n")]
    text = [done.source] if options.preview else []
    text += [done.models.source] if options.preview and done.models is not None else []
    return [] if options.quiet else [*text, *done.sentences()]


def resume(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Finish a revision that was stopped half-way."""
    _watch(config, options)
    _lock(config, options)
    answer = True if options.executed else False if options.not_executed else None
    report = command.resume(config, was_executed=answer, accepts_edits=options.edited)
    if not report.steps and not options.quiet:
        return [f"No revision is unfinished. {report.target} is at {', '.join(report.after) or 'base'}."]
    return ran(report, options)


def rehearse(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Upgrade a clone of the database, and say what it does: schema, rows, locks, and every blocker.

    The database itself is only read. The program ends with 0 if every statement ran on the clone, with 1 if a blocker
    was found, and with 2 if the rehearsal could not run.
    """
    try:
        found = command.rehearse(
            config,
            options.revision,
            direction="downgrade" if options.downgrade else "upgrade",
            sample=options.sample,
            schema_only=options.schema_only,
            mask=options.mask,
            and_back=not options.no_reverse,
            on_progress=None if options.quiet else _progress,
        )
    except CommandError as error:
        raise ProgramExit(2, str(error)) from error
    from ...rehearse import report  # noqa: PLC0415 - heads and history don't import SQLAlchemy
    from ...rehearse.html_page import as_html  # noqa: PLC0415 - the same

    formats = {"json": report.as_json, "html": as_html, "markdown": report.as_markdown}
    chosen = next((name for name in formats if getattr(options, name)), "")
    yield formats[chosen](found) if chosen else report.as_text(found)
    if not all(each.is_clean for each in found):
        raise ProgramExit(1)


def _progress(message: str) -> None:
    """Print a message on the stream for errors, so that the report can be redirected into a file."""
    print(redact(message), file=sys.stderr, flush=True)


def abandon(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Undo what was executed of a revision that was stopped half-way."""
    _lock(config, options)
    found = command.abandon(config, force=options.force, forget=options.forget)
    if options.quiet:
        return []
    lines = [] if found else ["No revision is unfinished."]
    for each in found:
        lines += [f"{each.target}: {each.revision} is abandoned."]
        lines += [f"undone: {sentence}" for sentence in each.undone] + [f"stays: {words}" for words in each.remains]
    return lines


def ensure_version(config: Config, options: argparse.Namespace) -> Iterable[str]:
    """Create the version table if there is none."""
    report = command.ensure_version(config, sql=options.sql)
    if report.sql is not None or options.quiet:
        return ran(report, options)
    return [f"{report.target} has its version table."]


def _operations(
    config: Config, options: argparse.Namespace, direction: Literal["upgrade", "downgrade"]
) -> Iterable[str]:
    """Yield one line of JSON for each revision."""
    if options.sql:
        raise CommandError("--sql and --operations-json are two outputs. Choose one.")
    return map(as_json_line, command.operations_between(config, options.revision, direction))


def _watch(config: Config, options: argparse.Namespace) -> None:
    """Print each revision when it is done; in offline mode only the SQL is printed.

    A run goes on if the program that reads the output has ended.
    """

    @shows_later
    def print_step(event: RunEvent) -> None:
        if event.kind == "done":
            with contextlib.suppress(BrokenPipeError):
                config.print_stdout(f"{event.direction} {event.revision}  {event.doc}  ({event.seconds:.2f} s)")

    if not options.quiet and not getattr(options, "sql", False):
        config.attributes.setdefault("on_step", print_step)


def _lock(config: Config, options: argparse.Namespace) -> None:
    """Pass the options of the run lock to the engine; a message about waiting is printed to stderr."""
    if options.lock_timeout is not None:
        config.attributes["lock_timeout"] = options.lock_timeout
    for name in ("statement_lock_timeout", "retries"):
        if getattr(options, name, None) is not None:
            config.attributes[name] = getattr(options, name)
    if options.no_lock:
        config.attributes["run_lock"] = False
    for event in ("on_wait", "on_notice"):
        config.attributes.setdefault(event, _print_notice)


def _print_notice(message: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(message, file=sys.stderr, flush=True)
