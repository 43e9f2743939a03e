"""Find the first two revisions that conflict, and their operations where these are known, by runs of both orders."""

from __future__ import annotations

import ast
from collections.abc import Callable

from ..operations.operation import MigrateOperation
from ..script import ScriptDirectory
from .by_running import Orders, Part, Ran
from .sides import Side
from .verdict import Place

MOST_ONE_BY_ONE = 12
"""Up to how many revisions or operations each number is tried; of more, half of the rest at a time."""


def first_pair(orders: Orders, one: Side, other: Side, ran: Ran) -> tuple[Place, Place]:
    """Return the first revision of ``one`` that conflicts, and the first of ``other`` that it conflicts with.

    Of a revision whose operations are all known, the operation. ``ran`` is the comparison of both sides as a whole,
    which differ. Both orders are run for each number of revisions and operations that is tried; without the last one
    of either, they do not differ.
    """

    def conflict(mine: Part, theirs: Part) -> bool:
        found = orders.compare(mine, theirs, ran.rows)
        return found.is_decided and bool(found.difference)

    whole = _prefix(orders, other, len(other.revisions))
    count = _least(len(one.revisions), lambda number: conflict(_prefix(orders, one, number), whole))
    mine = _prefix(orders, one, count)
    number = _least(len(other.revisions), lambda each: conflict(mine, _prefix(orders, other, each)))
    theirs = _prefix(orders, other, number)
    place, mine = _within(orders, one, count, lambda part: conflict(part, theirs))
    return place, _within(orders, other, number, lambda part: conflict(mine, part))[0]


def _least(count: int, conflicts: Callable[[int], bool]) -> int:
    """Return a number that conflicts while the one below does not, up to ``count``, which conflicts.

    For a small ``count`` it is the smallest such number; otherwise it is found by bisection.
    """
    if count <= MOST_ONE_BY_ONE:
        return next((number for number in range(1, count) if conflicts(number)), count)
    below, above = 0, count
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (below, middle) if conflicts(middle) else (middle, above)
    return above


def _prefix(orders: Orders, side: Side, count: int, operations: tuple[MigrateOperation, ...] = ()) -> Part:
    """Return the part of a side that runs its first ``count`` revisions, and then some operations."""
    names = side.revisions[:count]
    heads = orders.scripts.map.topmost(frozenset((*orders.common, *names)))
    return Part(side.head, tuple(sorted(heads)), operations)


def _within(orders: Orders, side: Side, count: int, conflicts: Callable[[Part], bool]) -> tuple[Place, Part]:
    """Return the place in the last of ``count`` revisions, and the part that ends there."""
    revision, whole = side.revisions[count - 1], _prefix(orders, side, count)
    operations = [each for each in side.operations if each.place.revision == revision]
    unread = [each for each in side.unread if each.revision == revision]
    if unread or not operations:
        places = [*unread, *(each.place for each in operations)]
        return (places[0] if len(places) == 1 else _function(orders.scripts, revision)), whole

    def part(number: int) -> Part:
        return _prefix(orders, side, count - 1, tuple(each.operation for each in operations[:number]))

    number = _least(len(operations), lambda each: conflicts(part(each)))
    if number == len(operations) and not conflicts(part(number)):  # they do not what the function does
        return _function(orders.scripts, revision), whole
    return operations[number - 1].place, part(number)


def _function(scripts: ScriptDirectory, revision: str) -> Place:
    """Return the place of ``upgrade()`` in a version file."""
    script = scripts.get_revision(revision)
    assert script is not None, "an id of the map has a file"
    lines = [
        node.lineno
        for node in ast.parse(script.source).body
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    ]
    return Place(revision, script.path, lines[-1] if lines else 0, "upgrade()")
