"""The command for a database whose revision is wrong or not known: locate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..script import ScriptDirectory
from ..script.steps import StampStep
from ..util.exc import SchemaDeviates
from .environment import Config, run, scripts_of
from .printing import say

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from sqlalchemy import Connection

    from ..adoption import Candidate, Located
    from ..runtime.migration import MigrationContext


def locate(
    config: Config,
    *,
    stamp: str | bool = False,
    despite_drift: bool = False,
    may_run: bool = True,
    by_running: bool = False,
) -> tuple[Located, ...]:
    """Return and print which revision the schema of each database is that of, nearest candidates first.

        [found] = command.locate(config)
        found.verdict, found.best.deviations

    ``stamp`` sets the version table: True to the revision that is certain, a name to that one if the schema fits it.
    Raises SchemaDeviates, and stamps no database, where one deviates, where several revisions fit and none was named,
    or where a revision could not be followed; ``despite_drift`` stamps the named or nearest one all the same.

    With ``by_running``, revisions that cannot be followed are run, with those before them, on scratch databases of the
    server (SQLite in memory for SQLite), which are then read; each result says what was run.
    """
    from ..adoption import locate as located  # noqa: PLC0415 - it needs SQLAlchemy

    scripts = scripts_of(config)
    scripts.see_all_replaced()
    found: list[Located] = []

    def plan(rev: tuple[str, ...], context: MigrationContext) -> tuple[()]:
        here = located(context, scripts, may_run=may_run, scratch=_scratch(context, wanted=by_running))
        found.append(here)
        if stamp is not False and not despite_drift and _is_missing_file(context):  # stamping creates the file
            heads = _chosen(scripts, here, stamp, despite_drift=False)
            _require_fit(context, scripts, heads, by_running=by_running)
        return ()

    run(config, scripts, plan, must_run=True, dont_mutate=True)
    if stamp is not False:
        chosen = {each.target: _chosen(scripts, each, stamp, despite_drift=despite_drift) for each in found}
        _stamp(config, scripts, chosen, despite_drift=despite_drift, by_running=by_running)
        found = [replace(each, marked=chosen[each.target]) for each in found]
    for each in found:
        for line in each.sentences():
            say(config, line)
    return tuple(found)


def _is_missing_file(context: MigrationContext) -> bool:
    """Return whether the database is a SQLite file that does not exist: an empty one is read instead."""
    from ..util.missing_files import is_missing_file  # noqa: PLC0415 - it needs SQLAlchemy

    return context.connection is not None and is_missing_file(context.connection.engine.url)


def _scratch(context: MigrationContext, *, wanted: bool) -> Callable[[], AbstractContextManager[Connection]] | None:
    """Return what gives a scratch database on the server of a connection; None unless it is wanted."""
    from ..schema.scratch import scratch_database  # noqa: PLC0415 - it needs SQLAlchemy

    if not wanted or context.connection is None:
        return None
    return partial(scratch_database, context.connection.engine.url)


def _chosen(scripts: ScriptDirectory, found: Located, stamp: str | bool, *, despite_drift: bool) -> tuple[str, ...]:
    """Return the rows to write; raises SchemaDeviates where they are not certain."""
    if isinstance(stamp, str):
        return tuple(sorted(scripts.map.resolve(stamp)))
    if found.is_certain or (despite_drift and len(found.best.same) == 1):
        return found.best.heads
    names = found.fitting_heads
    if len(names) > 1:
        one = " ".join(names[0]) or "base"
        raise SchemaDeviates(f"{found.verdict} Nothing was stamped. Name one of them: --stamp {one}")
    raise SchemaDeviates(f"{found.verdict} Nothing was stamped. {_remedy(found.best, ran=found.scratch is not None)}")


def _remedy(candidate: Candidate, *, ran: bool) -> str:
    """Return the first deviation, or what could not be followed, and what to do; ``ran`` says that it was run."""
    first = next(iter(candidate.deviations or ()), "")
    why = f"First deviation: {first}. " if first else ""
    if not first and candidate.incomplete:
        each = candidate.incomplete[0]
        why = f"Not followed: {each.revision}, line {each.line}: {each.reason}. "
    run_it = "Run it on a scratch database: --by-running. " if candidate.incomplete and not ran else ""
    return f"{why}{run_it}Change the database, or stamp it all the same: --despite-drift"


def _stamp(
    config: Config,
    scripts: ScriptDirectory,
    chosen: dict[str, tuple[str, ...]],
    *,
    despite_drift: bool,
    by_running: bool,
) -> None:
    """Compare each database once more with the chosen revision, and set its version table."""

    def plan(rev: tuple[str, ...], context: MigrationContext) -> tuple[StampStep, ...]:
        heads = chosen[context.target]
        if not despite_drift:
            _require_fit(context, scripts, heads, by_running=by_running)
        wanted = frozenset(heads)
        return () if wanted == frozenset(rev) else (StampStep(frozenset(rev), wanted),)

    run(config, scripts, plan, must_run=True, creates=lambda: any(chosen.values()))


def _require_fit(
    context: MigrationContext, scripts: ScriptDirectory, heads: Sequence[str], *, by_running: bool
) -> None:
    from ..adoption import compare_at  # noqa: PLC0415 - as above

    candidate = compare_at(context, scripts, heads, scratch=_scratch(context, wanted=by_running))
    if candidate.fits and not candidate.incomplete:
        return
    count = len(candidate.deviations or ())
    reason = f"deviates from {candidate.name} ({count})" if count else f"fits {candidate.name} as far as it is known"
    raise SchemaDeviates(f"{context.target} {reason}. It was not stamped. {_remedy(candidate, ran=by_running)}")
