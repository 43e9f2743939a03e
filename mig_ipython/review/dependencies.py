"""Which rows need which: a rejected one takes along those that need it, and no row comes before what it needs.

A need counts only where some row of the review provides it; anything else is in the database already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kernel_core.operations.operation import Hint, Need

from .row import Row

Taken = tuple[Row, Need, Row]
"""A row that was rejected or accepted along with another: (the row that needs, what, the row that provides it)."""

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
        # a thing is made by one row, but free only when all who hold on to it have let go
        if rejected and (need[0] == "freed" or len(rejected) == len(others)):
            return need, rejected[0]
    return None


def without_orphans(rows: Sequence[Row]) -> tuple[tuple[Row, ...], list[Taken]]:
    """Reject every row that needs a rejected one; return all rows, and what was rejected along."""
    current, taken = tuple(rows), list[Taken]()
    while True:
        made = makers(current, as_found=True)
        lost = {row.key: found for row in current if row.accepted and (found := missing(row, made)) is not None}
        if not lost:
            return current, taken
        taken.extend((row, *lost[row.key]) for row in current if row.key in lost)
        current = tuple(replace(row, accepted=False) if row.key in lost else row for row in current)


def with_needed(rows: Sequence[Row], key: int) -> tuple[tuple[Row, ...], list[Taken]]:
    """Accept a row and all that it needs; return all rows, and what was accepted along."""
    current = tuple(replace(row, accepted=True) if row.key == key else row for row in rows)
    taken: list[Taken] = []
    while True:
        made = makers(current, as_found=True)
        found = next(((row, *lack) for row in current if row.accepted and (lack := missing(row, made))), None)
        if found is None:
            return current, taken
        taken.append(found)
        maker = found[2]
        current = tuple(replace(row, accepted=True) if row.key == maker.key else row for row in current)


def settled(rows: Sequence[Row], tolerated: frozenset[Pair]) -> tuple[Row, ...]:
    """Return the rows with their numbers, and with the hints and problems that follow from the other rows.

    ``tolerated`` are pairs in the wrong order that were found so.
    """
    numbered = [row if row.number == at else replace(row, number=at) for at, row in enumerate(rows, 1)]
    accepted = [row for row in numbered if row.accepted]
    now, once, anyone = makers(accepted), makers(accepted, as_found=True), makers(numbered)
    late = {pair: need for pair, need in wrong_order(accepted).items() if pair not in tolerated}
    by_key = {row.key: row for row in numbered}
    result = []
    for row in numbered:
        problems: list[str] = []
        if row.accepted:
            problems += [
                f"It needs {spoken(need)}, which row {once[need][0].number} does not make any more."
                for need in sorted(row.facts.requires)
                if need not in now and any(maker.key != row.key for maker in once.get(need, ()))
            ]
            problems += [
                f"It needs {spoken(need)}, but row {by_key[maker].number} comes later."
                for (needer, maker), need in late.items()
                if needer == row.key
            ]
        hints = _hints(row, anyone)
        if hints != row.hints or tuple(problems) != row.problems:
            row = replace(row, hints=hints, problems=tuple(problems))  # noqa: PLW2901
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


def spoken(need: Need) -> str:
    """Return a need in words.

    >>> spoken(("column", "", "users", "email"))
    'column email of users'
    >>> spoken(("freed", "table", "", "users"))
    'table users to be free'
    """
    if need[0] == "freed":
        return f"{spoken(need[1:])} to be free"
    what, schema, *names = need
    if what in ("column", "constraint") and len(names) == 2:
        return f"{what} {names[1]} of {f'{schema}.' if schema else ''}{names[0]}"
    return f"{what} {f'{schema}.' if schema else ''}{'.'.join(names)}"


def rejected_too(taken: Sequence[Taken]) -> str:
    """Return in words what was rejected along; at most two rows are told one by one."""
    if len(taken) > 2:
        return f"Rejected too, because they need what was rejected: rows {ranges(row.number for row, _, _ in taken)}."
    return " ".join(
        f'Row {row.number} "{row.sentence}" is rejected too: it needs {spoken(need)}, row {maker.number}.'
        for row, need, maker in taken
    )


def accepted_too(taken: Sequence[Taken]) -> str:
    """Return in words what was accepted along; at most two rows are told one by one."""
    if len(taken) > 2:
        return f"Accepted too, because they are needed: rows {ranges(maker.number for _, _, maker in taken)}."
    return " ".join(
        f'Row {maker.number} "{maker.sentence}" is accepted too: row {row.number} needs {spoken(need)}.'
        for row, need, maker in taken
    )


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
