"""The check of two heads: on the schema, then by running both orders on scratch databases."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from sqlalchemy import Connection, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect

from ..recording import has_side_effects
from ..schema import at
from ..schema.metadata import state_of
from ..script import ScriptDirectory
from ..util.exc import CommandError
from .by_running import Orders, Part, Ran, orders_of
from .first_pair import first_pair
from .implicit import complete_state
from .on_metadata import Computed, compute
from .row_effects import dependent_rows
from .sides import Side, sides_of
from .verdict import Commutation, Place, Verdict

Scratch = Callable[[], AbstractContextManager[Connection]]
"""Gives an empty database, which is removed afterwards; raises CommandError if that is not possible."""


def check_all(scripts: ScriptDirectory, heads: Sequence[str], **options: object) -> tuple[Commutation, ...]:
    """Return the `check` of each pair of heads."""
    return tuple(check(scripts, *pair, **options) for pair in itertools.combinations(heads, 2))  # type: ignore[arg-type]


def check(
    scripts: ScriptDirectory,
    one: str,
    other: str,
    *,
    dialect: Dialect | None = None,
    start: MetaData | None = None,
    scratch: Scratch | None = None,
    run: bool | None = None,
    may_run: bool = True,
    why_not: str = "",
) -> Commutation:
    """Compare a database in which the revisions of ``one`` run first with one in which those of ``other`` do.

        check(ScriptDirectory("migrations"), "1f2e", "3a4b").verdict

    ``start`` has the naming convention of the models. ``scratch`` gives an empty database for each order; without it
    nothing is run, and ``why_not`` is the reason. By default the revisions run there unless one of them may do more
    than change the database; ``run`` decides it. ``may_run`` allows functions that the source does not show wholly to
    be run with an ``op`` that only records. Raises CommandError if one head implies the other.
    """
    dialect = dialect or DefaultDialect()
    common, mine, theirs = sides_of(scripts, one, other, dialect, may_run=may_run)
    if not mine.revisions or not theirs.revisions:
        newer, older = (one, other) if not theirs.revisions else (other, one)
        raise CommandError(f"{newer} comes after {older} or is the same, so there is one order only.")
    base = at(scripts, common, dialect=dialect, start=start, may_run=may_run) if common else None
    state = state_of(start if base is None else base.metadata, dialect)
    state = complete_state(state, None if base is None else base.known)
    computed = compute(state, mine, theirs)
    unknown = [] if mine.is_empty or theirs.is_empty else [*mine.unread, *theirs.unread, *computed.unknown]
    if not (mine.is_empty or theirs.is_empty):
        unknown += dependent_rows(state, computed.after, mine, theirs)
        for each in () if base is None else base.incomplete:
            script = scripts.get_revision(each.revision)
            unknown.append(Place(each.revision, script.path if script else "", each.line, each.reason))
    orders = None if scratch is None else orders_of(scripts, common, mine.head, theirs.head, start, scratch)
    ran, reason = _run(scripts, orders, mine, theirs, run)
    why_not = reason if scratch is not None else why_not or reason
    by_line = {(each.path, each.line or each.text): each for each in reversed(unknown)}
    found = _verdict(computed, mine, theirs, tuple(reversed(by_line.values())), ran, why_not)
    if orders is None or ran is None or not ran.difference or found.pair is not None:
        return found
    try:
        return replace(found, pair=first_pair(orders, mine, theirs, ran))
    except CommandError as error:  # such as no right to create further databases
        return replace(found, notes=(*found.notes, f"the first conflicting operations were not searched: {error}"))


def _run(
    scripts: ScriptDirectory, orders: Orders | None, one: Side, other: Side, wanted: bool | None
) -> tuple[Ran | None, str]:
    """Run both orders, if that is wanted and possible; else return why not."""
    if orders is None:
        return None, "no scratch database is available"
    if wanted is False:
        return None, "switched off by --no-run"
    if wanted is None:
        for name in sorted(scripts.map.ancestors({one.head, other.head})):
            script = scripts.get_revision(name)
            assert script is not None, "an id of the map has a file"
            if has_side_effects(script.source):
                return None, f"{name} may do more than change the database; --run runs it nevertheless"
    try:
        return orders.compare(Part(one.head, (one.head,)), Part(other.head, (other.head,))), ""
    except CommandError as error:
        return None, str(error)


def _verdict(
    computed: Computed, one: Side, other: Side, unknown: tuple[Place, ...], ran: Ran | None, why_not: str
) -> Commutation:
    heads = (one.head, other.head)
    numbers = f"{len(one.operations)} and {len(other.operations)} operations"
    compared: tuple[str, ...] = () if unknown else (f"the schema, computed from {numbers}",)
    notes = computed.notes
    not_compared: tuple[str, ...] = (f"by running: {why_not}",) if why_not else ()
    verdict: Verdict
    reason = computed.reason
    if ran is not None and ran.is_decided:
        compared, not_compared = (*compared, *ran.compared), ran.not_compared
        if ran.difference:
            verdict, reason = "conflict", ran.difference
        elif computed.reason:
            notes = (*notes, f"computed from the files, the orders differ: {computed.reason}")
            verdict, reason = "equal when run", ""
        else:
            verdict = "equal when run" if unknown else "commute"
        notes = (*notes, *ran.notes)
    elif unknown:
        not_compared = (*not_compared, *(ran.not_compared if ran else ()))
        count = f", and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        first = f"{unknown[0]} ({unknown[0].revision}){count}"
        verdict, reason = "not known", f"computed from the rest, {reason}" if reason else first
    else:
        not_compared = (*not_compared, *(ran.not_compared if ran else ()))
        verdict = "conflict" if reason else "commute"
    pair = computed.pair if verdict != "commute" else None
    return Commutation(heads, verdict, reason, pair, unknown, compared, not_compared, notes)
