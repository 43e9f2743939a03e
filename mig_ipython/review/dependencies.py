"""Dependencies between rows: accepting a row accepts what it depends on, rejecting it rejects what depends on it.

A requirement counts only if some row of the review provides it; otherwise the object is in the database already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from kernel_core.operations.operation import Hint
from kernel_core.operations.requirements import Requirement

from .groups import RowGroups
from .row import Row

Cascaded = tuple[Row, str, Row]
"""A row that was rejected or accepted because of another one: (the row, the reason as a sentence, the other row)."""

Pair = tuple[int, int]
"""Keys of (the dependent row, the row that provides what it requires)."""


def providers(rows: Iterable[Row], *, original: bool = False) -> dict[Requirement, list[Row]]:
    """Return the rows that provide each object; ``original`` also counts what a row provided before it was edited."""
    result: dict[Requirement, list[Row]] = {}
    for row in rows:
        provides = row.facts.provides | row.original_facts.provides if original else row.facts.provides
        for need in provides:
            result.setdefault(need, []).append(row)
    return result


def pairs(rows: Sequence[Row]) -> dict[Pair, Requirement]:
    """Return every pair of dependent rows, with the object that makes one depend on the other."""
    provided = providers(rows)
    return {
        (row.key, provider.key): need
        for row in rows
        for need in row.facts.requires
        for provider in provided.get(need, ())
        if provider.key != row.key
    }


def wrong_order(rows: Sequence[Row]) -> dict[Pair, Requirement]:
    """Return the pairs in which the dependent row comes before the row that it depends on."""
    place = {row.key: position for position, row in enumerate(rows)}
    return {pair: need for pair, need in pairs(rows).items() if place[pair[0]] < place[pair[1]]}


def missing(row: Row, provided: dict[Requirement, list[Row]]) -> tuple[Requirement, Row] | None:
    """Return a required object that only rejected rows provide, and the first such row; None if nothing is missing."""
    for need in sorted(row.facts.requires):
        others = [provider for provider in provided.get(need, ()) if provider.key != row.key]
        rejected = [provider for provider in others if not provider.accepted]
        # one row creates an object, but an object is free only when all that depend on it are dropped
        if rejected and (need[0] in ("freed", "gone") or len(rejected) == len(others)):
            return need, rejected[0]
    return None


def without_orphans(rows: Sequence[Row]) -> tuple[tuple[Row, ...], list[Cascaded]]:
    """Reject every row that depends on a rejected one or is grouped with one; return all rows and those rejected so."""
    current, cascaded, groups = tuple(rows), list[Cascaded](), RowGroups(rows)
    while True:
        provided, by_key = providers(current, original=True), {row.key: row for row in current}
        lost: dict[int, Cascaded] = {}
        for row in current:
            if not row.accepted:
                continue
            reason = _why_lost(row, provided, groups, by_key)
            if reason is not None:
                lost[row.key] = (row, *reason)
        if not lost:
            return current, cascaded
        cascaded.extend(lost.values())
        current = tuple(replace(row, accepted=False) if row.key in lost else row for row in current)


def _why_lost(
    row: Row, provided: dict[Requirement, list[Row]], groups: RowGroups, by_key: dict[int, Row]
) -> tuple[str, Row] | None:
    lack = missing(row, provided)
    if lack is not None:
        return f"it needs {described(lack[0])}, row {lack[1].number}", lack[1]
    partner = next((by_key[key] for key in groups.partners(row.key) if not by_key[key].accepted), None)
    if partner is not None:
        return f"it belongs together with row {partner.number}", partner
    served = [by_key[key] for key in groups.purpose_of(row.key)]
    if served and not any(other.accepted for other in served):
        return f"it is needed for row {served[0].number} only", served[0]
    return None


def with_needed(rows: Sequence[Row], keys: Collection[int]) -> tuple[tuple[Row, ...], list[Cascaded]]:
    """Accept rows, the rows that they depend on and their groups; return all rows and those accepted so."""
    current = tuple(replace(row, accepted=True) if row.key in keys else row for row in rows)
    cascaded, groups = list[Cascaded](), RowGroups(rows)
    while True:
        provided, by_key = providers(current, original=True), {row.key: row for row in current}
        found = next(
            (each for row in current if row.accepted and (each := _missing_row(row, provided, groups, by_key))), None
        )
        if found is None:
            return current, cascaded
        cascaded.append(found)
        current = tuple(replace(row, accepted=True) if row.key == found[0].key else row for row in current)


def _missing_row(
    row: Row, provided: dict[Requirement, list[Row]], groups: RowGroups, by_key: dict[int, Row]
) -> Cascaded | None:
    lack = missing(row, provided)
    if lack is not None:
        return lack[1], f"row {row.number} needs {described(lack[0])}", row
    partner = next((by_key[key] for key in groups.partners(row.key) if not by_key[key].accepted), None)
    if partner is not None:
        return partner, f"it belongs together with row {row.number}", row
    served = [by_key[key] for key in groups.purpose_of(row.key)]
    if served and not any(other.accepted for other in served):
        return served[0], f"row {row.number} is needed for it only", row
    return None


def with_partners(rows: Sequence[Row]) -> tuple[tuple[Row, ...], list[Cascaded]]:
    """Complete every group that is accepted in part; return all rows and those accepted so."""
    groups, by_key, cascaded = RowGroups(rows), {row.key: row for row in rows}, dict[int, Cascaded]()
    for row in rows:
        for key in groups.partners(row.key) if row.accepted else ():
            if not by_key[key].accepted:
                cascaded.setdefault(key, (by_key[key], f"it belongs together with row {row.number}", row))
    return tuple(replace(row, accepted=row.accepted or row.key in cascaded) for row in rows), list(cascaded.values())


def settled(rows: Sequence[Row], tolerated: frozenset[Pair]) -> tuple[Row, ...]:
    """Return the rows with their numbers, and with the hints and problems that depend on the other rows.

    ``tolerated`` are pairs that were in the wrong order from the start: they are not reported.
    """
    numbered = [row if row.number == at else replace(row, number=at) for at, row in enumerate(rows, 1)]
    accepted = [row for row in numbered if row.accepted]
    now, once, anyone = providers(accepted), providers(accepted, original=True), providers(numbered)
    late = {pair: need for pair, need in wrong_order(accepted).items() if pair not in tolerated}
    by_key = {row.key: row for row in numbered}
    hints = {row.key: _hints(row, anyone) for row in numbered}
    groups = RowGroups(numbered)
    result = []
    for row in numbered:
        problems: list[str] = []
        if row.accepted:
            problems += [
                f"It needs {described(need)}, which row {once[need][0].number} does not make any more."
                for need in sorted(row.facts.requires)
                if need not in now and any(provider.key != row.key for provider in once.get(need, ()))
            ]
            problems += [
                f"It needs {described(need)}, but row {by_key[provider].number} comes later."
                for (needer, provider), need in late.items()
                if needer == row.key
            ]
        with_it = tuple(by_key[key].number for key in groups.partners(row.key))
        others = [hint for key in groups.partners(row.key) for hint in hints[key]]
        new = (hints[row.key], tuple(problems), with_it, all(hint.severity == "slow" for hint in others))
        if new != (row.hints, row.problems, row.together, row.others_are_safe):
            row = replace(  # noqa: PLW2901
                row, hints=new[0], problems=new[1], together=new[2], others_are_safe=new[3]
            )
        result.append(row)
    return tuple(result)


def _hints(row: Row, provided: dict[Requirement, list[Row]]) -> tuple[Hint, ...]:
    """Return the hints of a row. On a table that the review itself creates no statement can fail because of data."""
    place = row.operation.table_key
    if place is None:
        return row.facts.hints
    new = ("table", place[0] or "", place[1])
    if any(provider.key != row.key and provider.sign == "+" for provider in provided.get(new, ())):
        return tuple(hint for hint in row.facts.hints if hint.severity == "loses data")
    return row.facts.hints


def described(need: Requirement) -> str:
    """Return a required object as text.

    >>> described(("column", "", "users", "email"))
    'column email of users'
    >>> described(("freed", "table", "", "users"))
    'table users to be free'
    """
    if need[0] == "freed":
        return f"{described(need[1:])} to be free"
    if need[0] == "gone":
        return f"{described(need[1:])} to be dropped"
    what, schema, *names = need
    prefix = f"{schema}." if schema else ""
    if what == "schema":
        return f"schema {schema}"
    if what == "unique":
        return f"unique ({', '.join(names[1:])}) of {prefix}{names[0]}"
    if what == "value":
        return f"value {names[1]!r} of {prefix}{names[0]}"
    if what in ("column", "constraint") and len(names) == 2:
        return f"{what} {names[1]} of {prefix}{names[0]}"
    return f"{what} {prefix}{'.'.join(names)}"


def rejected_too(cascaded: Sequence[Cascaded]) -> str:
    """Return a sentence about the rows rejected because of another one; more than two are given by number."""
    if len(cascaded) > 2:
        numbers = ranges(row.number for row, _, _ in cascaded)
        return f"Rejected too, because they need what was rejected or belong to it: rows {numbers}."
    return " ".join(f'Row {row.number} "{row.sentence}" is rejected too: {why}.' for row, why, _ in cascaded)


def accepted_too(cascaded: Sequence[Cascaded]) -> str:
    """Return a sentence about the rows accepted because of another one; more than two are given by number."""
    if len(cascaded) > 2:
        numbers = ranges(row.number for row, _, _ in cascaded)
        return f"Accepted too, because they are needed or belong to what was accepted: rows {numbers}."
    return " ".join(f'Row {row.number} "{row.sentence}" is accepted too: {why}.' for row, why, _ in cascaded)


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers as a list of ranges.

    >>> ranges([4, 1, 3, 5])
    '1, 3-5'
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
