"""Which rows need which and which belong together: what is accepted or rejected takes these along.

A need counts only where some row of the review provides it; anything else is in the database already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kernel_core.operations.operation import Hint, Need

from .row import Row
from .together import Together

Taken = tuple[Row, str, Row]
"""A row that was rejected or accepted along with another: (the row, why in words, the other row)."""

Pair = tuple[int, int]
"""Keys of (the row that needs, the row that provides)."""


def makers(rows: Iterable[Row], *, as_found: bool = False) -> dict[Need, list[Row]]:
    """Return who provides what; ``as_found`` also counts what rows provided before they were edited."""
    result: dict[Need, list[Row]] = {}
    for row in rows:
        provides = row.facts.provides | row.original_facts.provides if as_found else row.facts.provides
        for need in provides:
            result.setdefault(need, []).append(row)
    return result


def pairs(rows: Sequence[Row]) -> dict[Pair, Need]:
    """Return every pair of rows of which one needs the other, with what it needs."""
    made = makers(rows)
    return {
        (row.key, maker.key): need
        for row in rows
        for need in row.facts.requires
        for maker in made.get(need, ())
        if maker.key != row.key
    }


def wrong_order(rows: Sequence[Row]) -> dict[Pair, Need]:
    """Return the pairs of which the row that needs comes before the one that provides."""
    place = {row.key: position for position, row in enumerate(rows)}
    return {pair: need for pair, need in pairs(rows).items() if place[pair[0]] < place[pair[1]]}


def missing(row: Row, made: dict[Need, list[Row]]) -> tuple[Need, Row] | None:
    """Return what an accepted row needs from rejected ones, and the first of these; None where it lacks nothing."""
    for need in sorted(row.facts.requires):
        others = [maker for maker in made.get(need, ()) if maker.key != row.key]
        rejected = [maker for maker in others if not maker.accepted]
        # one row creates an object, but an object is free only when all that depend on it are dropped
        if rejected and (need[0] in ("freed", "gone") or len(rejected) == len(others)):
            return need, rejected[0]
    return None


def without_orphans(rows: Sequence[Row]) -> tuple[tuple[Row, ...], list[Taken]]:
    """Reject every row that needs a rejected one, or belongs to one; return all rows, and what was rejected along."""
    current, taken, together = tuple(rows), list[Taken](), Together(rows)
    while True:
        made, by_key = makers(current, as_found=True), {row.key: row for row in current}
        lost: dict[int, Taken] = {}
        for row in current:
            if not row.accepted:
                continue
            reason = _why_lost(row, made, together, by_key)
            if reason is not None:
                lost[row.key] = (row, *reason)
        if not lost:
            return current, taken
        taken.extend(lost.values())
        current = tuple(replace(row, accepted=False) if row.key in lost else row for row in current)


def _why_lost(
    row: Row, made: dict[Need, list[Row]], together: Together, by_key: dict[int, Row]
) -> tuple[str, Row] | None:
    lack = missing(row, made)
    if lack is not None:
        return f"it needs {described(lack[0])}, row {lack[1].number}", lack[1]
    partner = next((by_key[key] for key in together.with_it(row.key) if not by_key[key].accepted), None)
    if partner is not None:
        return f"it belongs together with row {partner.number}", partner
    served = [by_key[key] for key in together.served_by(row.key)]
    if served and not any(other.accepted for other in served):
        return f"it is needed for row {served[0].number} only", served[0]
    return None


def with_needed(rows: Sequence[Row], key: int) -> tuple[tuple[Row, ...], list[Taken]]:
    """Accept a row, what it needs and what it belongs to; return all rows, and what was accepted along."""
    current = tuple(replace(row, accepted=True) if row.key == key else row for row in rows)
    taken, together = list[Taken](), Together(rows)
    while True:
        made, by_key = makers(current, as_found=True), {row.key: row for row in current}
        found = next(
            (each for row in current if row.accepted and (each := _wanting(row, made, together, by_key))), None
        )
        if found is None:
            return current, taken
        taken.append(found)
        current = tuple(replace(row, accepted=True) if row.key == found[0].key else row for row in current)


def _wanting(row: Row, made: dict[Need, list[Row]], together: Together, by_key: dict[int, Row]) -> Taken | None:
    lack = missing(row, made)
    if lack is not None:
        return lack[1], f"row {row.number} needs {described(lack[0])}", row
    partner = next((by_key[key] for key in together.with_it(row.key) if not by_key[key].accepted), None)
    if partner is not None:
        return partner, f"it belongs together with row {row.number}", row
    served = [by_key[key] for key in together.served_by(row.key)]
    if served and not any(other.accepted for other in served):
        return served[0], f"row {row.number} is needed for it only", row
    return None


def with_partners(rows: Sequence[Row]) -> tuple[tuple[Row, ...], list[Taken]]:
    """Accept the other half of each accepted half; return all rows, and what was accepted along."""
    together, by_key, taken = Together(rows), {row.key: row for row in rows}, dict[int, Taken]()
    for row in rows:
        for key in together.with_it(row.key) if row.accepted else ():
            if not by_key[key].accepted:
                taken.setdefault(key, (by_key[key], f"it belongs together with row {row.number}", row))
    return tuple(replace(row, accepted=row.accepted or row.key in taken) for row in rows), list(taken.values())


def settled(rows: Sequence[Row], tolerated: frozenset[Pair]) -> tuple[Row, ...]:
    """Return the rows with their numbers, and with the hints and problems that follow from the other rows.

    ``tolerated`` are pairs in the wrong order that were found so.
    """
    numbered = [row if row.number == at else replace(row, number=at) for at, row in enumerate(rows, 1)]
    accepted = [row for row in numbered if row.accepted]
    now, once, anyone = makers(accepted), makers(accepted, as_found=True), makers(numbered)
    late = {pair: need for pair, need in wrong_order(accepted).items() if pair not in tolerated}
    by_key = {row.key: row for row in numbered}
    hints = {row.key: _hints(row, anyone) for row in numbered}
    together = Together(numbered)
    result = []
    for row in numbered:
        problems: list[str] = []
        if row.accepted:
            problems += [
                f"It needs {described(need)}, which row {once[need][0].number} does not make any more."
                for need in sorted(row.facts.requires)
                if need not in now and any(maker.key != row.key for maker in once.get(need, ()))
            ]
            problems += [
                f"It needs {described(need)}, but row {by_key[maker].number} comes later."
                for (needer, maker), need in late.items()
                if needer == row.key
            ]
        with_it = tuple(by_key[key].number for key in together.with_it(row.key))
        others = [hint for key in together.with_it(row.key) for hint in hints[key]]
        new = (hints[row.key], tuple(problems), with_it, all(hint.severity == "slow" for hint in others))
        if new != (row.hints, row.problems, row.together, row.others_are_safe):
            row = replace(  # noqa: PLW2901
                row, hints=new[0], problems=new[1], together=new[2], others_are_safe=new[3]
            )
        result.append(row)
    return tuple(result)


def _hints(row: Row, made: dict[Need, list[Row]]) -> tuple[Hint, ...]:
    """Return the row's hints; nothing that depends on rows can fail on a table that is only just created."""
    place = row.operation.table_key
    if place is None:
        return row.facts.hints
    new = ("table", place[0] or "", place[1])
    if any(maker.key != row.key and maker.sign == "+" for maker in made.get(new, ())):
        return tuple(hint for hint in row.facts.hints if hint.severity == "loses data")
    return row.facts.hints


def described(need: Need) -> str:
    """Return a need in words.

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


def rejected_too(taken: Sequence[Taken]) -> str:
    """Return in words what was rejected along; at most two rows are told one by one."""
    if len(taken) > 2:
        numbers = ranges(row.number for row, _, _ in taken)
        return f"Rejected too, because they need what was rejected or belong to it: rows {numbers}."
    return " ".join(f'Row {row.number} "{row.sentence}" is rejected too: {why}.' for row, why, _ in taken)


def accepted_too(taken: Sequence[Taken]) -> str:
    """Return in words what was accepted along; at most two rows are told one by one."""
    if len(taken) > 2:
        numbers = ranges(row.number for row, _, _ in taken)
        return f"Accepted too, because they are needed or belong to what was accepted: rows {numbers}."
    return " ".join(f'Row {row.number} "{row.sentence}" is accepted too: {why}.' for row, why, _ in taken)


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers as a person writes them.

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
