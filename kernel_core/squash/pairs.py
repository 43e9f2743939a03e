"""The search for pairs of operations that a rule replaces: the first pair of all, again and again until there is none.

What a rule says of a pair depends on the two operations and on those between them that touch the same tables. So only
the pairs that touch a table of the last replacement are compared again.
"""

from __future__ import annotations

from bisect import bisect, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush, merge
from typing import TypeAlias

from ..commuting.keys import referred_columns
from ..operations.operation import MigrateOperation
from ..operations.ops import RenameTableOp
from .parts import Item

TableKey: TypeAlias = tuple[str | None, str]
"""The schema and the name of a table."""

Replacement: TypeAlias = tuple[Item | None, Item | None]
"""What replaces the first and the second operation of a pair, None for nothing."""

Rule: TypeAlias = Callable[[Item, Item, Iterable[MigrateOperation]], Replacement | None]
"""Returns the replacement of a pair about the same table, None to leave it; it gets the operations between them that
touch a table of the pair."""


def replaced(items: Sequence[Item], rule: Rule, known: tuple[type[MigrateOperation], ...]) -> list[Item]:
    """Return the items after all replacements; no pair has an operation between that is not ``known``."""
    return _Search(items, rule, known).run()


def touches(operation: MigrateOperation, key: TableKey | None) -> bool:
    """Return whether an operation names a table: as its own, as the target of a foreign key, or as its new name.

    One that names no table may be about any.
    """
    return key is None or operation.table_key is None or key in _touched(operation)


def referred(operation: MigrateOperation) -> set[TableKey]:
    """Return the tables to which the foreign keys of an operation refer."""
    return {table for table, _ in referred_columns(operation)}


def _touched(operation: MigrateOperation) -> set[TableKey]:
    found = referred(operation)
    if operation.table_key is not None:
        found.add(operation.table_key)
    if isinstance(operation, RenameTableOp):
        found.add(_new_key(operation))
    return found


def _new_key(operation: RenameTableOp) -> TableKey:
    return operation.schema, operation.new_table_name


class _Search:
    """The items by their first position; one that is gone is None."""

    def __init__(self, items: Sequence[Item], rule: Rule, known: tuple[type[MigrateOperation], ...]) -> None:
        self.items: list[Item | None] = list(items)
        self._rule = rule
        self._ends: list[int] = []
        """The positions of what is not known, behind which no pair reaches."""
        self._of_table: dict[TableKey, list[int]] = defaultdict(list)
        self._renamed_to: dict[TableKey, list[int]] = defaultdict(list)
        self._touching: dict[TableKey | None, list[int]] = defaultdict(list)
        for position, item in enumerate(items):
            if isinstance(item.operation, known):
                self._add(position, item)
            else:
                self._ends.append(position)

    def run(self) -> list[Item]:
        """Replace the first pair until there is none; a position waits until its pairs are compared."""
        waiting = sorted({position for positions in self._of_table.values() for position in positions})
        heapify(waiting)
        waits = set(waiting)
        while waiting:
            first = heappop(waiting)
            waits.discard(first)
            found = self._first_pair(first)
            if found is None:
                continue
            for position in self._replace(first, *found) - waits:
                heappush(waiting, position)
                waits.add(position)
        return [each for each in self.items if each is not None]

    def _first_pair(self, first: int) -> tuple[int, Replacement] | None:
        item = self.items[first]
        if item is None or item.operation.table_key is None:
            return None
        end = self._ends[place] if (place := bisect(self._ends, first)) < len(self._ends) else len(self.items)
        candidates = [self._of_table[item.operation.table_key]]
        if isinstance(item.operation, RenameTableOp):
            candidates.append(self._of_table[_new_key(item.operation)])
        for second in merge(*(each[bisect(each, first) : bisect(each, end)] for each in candidates)):
            later = self.items[second]
            assert later is not None, "what is gone is in no list"
            found = self._rule(item, later, _Between(self, first, second))
            if found is not None:
                return second, found
        return None

    def between(self, first: int, second: int) -> Iterator[MigrateOperation]:
        """Yield the operations between two that touch a table of these, in their order."""
        keys = {None, *(key for place in (first, second) for key in _touched(self._operation(place)))}
        lists = [self._touching[key] for key in keys]
        before = first
        for position in merge(*(each[bisect(each, first) : bisect(each, second - 1)] for each in lists)):
            if position != before:
                yield self._operation(position)
            before = position

    def _operation(self, position: int) -> MigrateOperation:
        item = self.items[position]
        assert item is not None, "what is gone is in no list"
        return item.operation

    def _replace(self, first: int, second: int, replacement: Replacement) -> set[int]:
        """Put a replacement in the places of a pair; return the positions whose pairs are to be compared again."""
        changed: set[TableKey] = set()
        for position, item in zip((first, second), replacement, strict=True):
            changed |= _touched(self._operation(position))
            self._remove(position)
            self.items[position] = item
            if item is not None:
                changed |= _touched(item.operation)
                self._add(position, item)
        near = {self._operation(position).table_key for key in changed for position in self._touching[key]} - {None}
        lists = [each[key] for key in near for each in (self._of_table, self._renamed_to) if key is not None]
        return {position for each in lists for position in each if position < second}

    def _add(self, position: int, item: Item) -> None:
        for each in self._lists(item.operation):
            insort(each, position)

    def _remove(self, position: int) -> None:
        for each in self._lists(self._operation(position)):
            each.remove(position)

    def _lists(self, operation: MigrateOperation) -> Iterator[list[int]]:
        if operation.table_key is None:
            yield self._touching[None]
            return
        yield self._of_table[operation.table_key]
        yield from (self._touching[key] for key in _touched(operation))
        if isinstance(operation, RenameTableOp):
            yield self._renamed_to[_new_key(operation)]


class _Between:
    """The operations between two, which are looked for each time they are asked for: mostly the first few decide."""

    def __init__(self, search: _Search, first: int, second: int) -> None:
        self._search, self._first, self._second = search, first, second

    def __iter__(self) -> Iterator[MigrateOperation]:
        return self._search.between(self._first, self._second)
