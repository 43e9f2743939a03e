"""The commands that move a database from one revision to another, or print the SQL for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..runtime.report import RunReport
from ..script import ScriptDirectory
from ..script.rev_ids import split_targets
from ..script.steps import StampStep, Step, changes_empty_database, downgrade_steps, stamp_steps, upgrade_steps
from ..util.exc import CommandError
from .environment import Config, Names, Plan, run, scripts_of
from .printing import print_sql

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from ..runtime.migration import MigrationContext


def upgrade(config: Config, revision: Names, sql: bool = False, tag: str | None = None) -> RunReport:
    """Upgrade the database to ``revision``; with ``sql`` return and print the SQL instead, for ``a:b`` from ``a``.

    Raises UpgradeFailed where a revision fails, and CommandError where no plan leads there. Where a version file cannot
    be read, BrokenScript is raised and nothing is run, unless ``revision`` is an id that the other files lead to.
    """
    scripts = scripts_of(config)
    start, target = _ends(revision, sql)
    scripts.also_see(start, target)

    def plan(rev: tuple[str, ...], context: MigrationContext) -> Sequence[Step]:
        steps = upgrade_steps(scripts.map, frozenset(rev), target)
        if not steps or not _is_certain(scripts, target):
            scripts.map.require_readable()
        return steps

    def creates() -> bool:
        return changes_empty_database(upgrade_steps, scripts.map, target)

    ends = {"starting_rev": start, "destination_rev": target}
    return _run_and_print(config, scripts, plan, sql=sql, tag=tag, creates=creates, **ends)


def downgrade(config: Config, revision: Names, sql: bool = False, tag: str | None = None) -> RunReport:
    """Downgrade the database to ``revision``; with ``sql`` it must be a range ``from:to``. Raises as `upgrade`."""
    scripts = scripts_of(config)
    start, target = _ends(revision, sql)
    scripts.also_see(start, target)
    if sql and start is None:
        raise CommandError("SQL for a downgrade needs both ends, because no database is queried: write from:to.")

    def plan(rev: tuple[str, ...], context: MigrationContext) -> Sequence[Step]:
        return downgrade_steps(scripts.map, frozenset(rev), target)

    ends = {"starting_rev": start, "destination_rev": target}
    return _run_and_print(config, scripts, plan, sql=sql, tag=tag, creates=False, **ends)


def stamp(
    config: Config, revision: Names | None, sql: bool = False, tag: str | None = None, purge: bool = False
) -> RunReport:
    """Set the version table to ``revision`` (None for base) and run nothing; ``purge`` deletes all its rows first."""
    scripts = scripts_of(config)
    if sql and purge:
        raise CommandError("--purge deletes rows that are in a database only; with --sql give a range from:to.")
    start, target = _ends_of_all("base" if revision is None else revision, sql)
    scripts.also_see(start, target)

    def plan(rev: tuple[str, ...], context: MigrationContext) -> Sequence[StampStep]:
        if not _is_certain(scripts, target):
            scripts.map.require_readable()
        if not purge:
            return stamp_steps(scripts.map, frozenset(rev), target)
        wanted = frozenset(new for step in stamp_steps(scripts.map, frozenset(), target) for new in step.after)
        return () if wanted == frozenset(rev) else (StampStep(frozenset(rev), wanted),)

    def creates() -> bool:
        return changes_empty_database(stamp_steps, scripts.map, target)

    ends = {"starting_rev": start, "destination_rev": target}
    return _run_and_print(config, scripts, plan, sql=sql, tag=tag, creates=creates, **ends)


def ensure_version(config: Config, sql: bool = False) -> RunReport:
    """Create the version table if there is none; with ``sql`` return the statement instead."""

    def plan(rev: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        context.ensure_version_table()
        return ()

    return _run_and_print(config, scripts_of(config), plan, sql=sql)


def _run_and_print(config: Config, scripts: ScriptDirectory, plan: Plan, **opts: Any) -> RunReport:
    """Run ``env.py`` with ``plan``; the SQL of an offline run is printed as well as returned."""
    report = run(config, scripts, plan, **opts)
    if report.sql is not None:
        print_sql(config, report.sql)
    return report


def _is_certain(scripts: ScriptDirectory, target: Names) -> bool:
    """Return whether one more version file could not change what ``target`` resolves to: true of ids and base."""
    return all(part == "base" or part in scripts.map for part in split_targets(target))


def _ends_of_all(revision: Names, sql: bool) -> tuple[str | None, Names]:
    """Split several names of which each may be ``from:to``; all must have the same start."""
    if isinstance(revision, str):
        return _ends(revision, sql)
    pairs = [_ends(each, sql) for each in revision]
    starts = sorted({start for start, _ in pairs if start is not None})
    if len(starts) > 1:
        raise CommandError(
            f"SQL starts at one revision, not at {' and '.join(starts)}. Write the same before each colon."
        )
    return starts[0] if starts else None, [part for _, target in pairs for part in split_targets(target)]


def _ends(revision: Names, sql: bool) -> tuple[str | None, Names]:
    """Split ``from:to``, which only offline mode accepts."""
    if not isinstance(revision, str) or ":" not in revision:
        return None, revision
    if not sql:
        raise CommandError(f'"{revision}" is a range, which only --sql accepts. Name the target revision.')
    start, _, target = revision.partition(":")
    if not start or not target:
        raise CommandError(f'"{revision}" needs both ends: from:to.')
    return start, target
