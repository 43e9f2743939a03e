"""Rows that are accepted or rejected together: replacements, and a dropped table with the objects dropped before it."""

from __future__ import annotations

from collections.abc import Sequence

from kernel_core.operations.kinds.table import DropTableOp
from kernel_core.operations.replacements import replacements

from .row import Row


class RowGroups:
    """Groups of rows, by the keys of the rows. Computed from the original operations, before any edit.

    A constraint, index or view that is dropped and created again is one change: half of it would lose the constraint.
    The rows of a rewrite are one change too.
    A constraint that is dropped only so that its column or table can be dropped (`purpose_of`) has no purpose alone.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._groups: dict[int, tuple[int, ...]] = {}
        self._purposes: dict[int, tuple[int, ...]] = {}
        key_of = {id(row.original): row.key for row in rows}
        pairs = replacements([row.original for row in rows])
        for drop, creation in pairs:
            self._join((key_of[id(drop)], key_of[id(creation)]))
        tables = {row.original.table_key: row.key for row in rows if isinstance(row.original, DropTableOp)}
        if tables:
            self._join_tables(rows, tables)
        bundles: dict[int, list[int]] = {}
        for row in rows:
            if row.bundle:
                bundles.setdefault(row.bundle, []).append(row.key)
        for keys in bundles.values():
            self._join(tuple(keys))
        self._find_purposes(rows, {key_of[id(drop)] for drop, _ in pairs})

    def partners(self, key: int) -> tuple[int, ...]:
        """Return the keys of the other rows in the group of row ``key``."""
        return tuple(other for other in self._groups.get(key, ()) if other != key)

    def purpose_of(self, key: int) -> tuple[int, ...]:
        """Return the keys of the column and table drops for which alone row ``key`` is needed."""
        return self._purposes.get(key, ())

    def _join(self, keys: tuple[int, ...]) -> None:
        group = tuple(sorted({other for key in keys for other in self._groups.get(key, (key,))}))
        self._groups |= dict.fromkeys(group, group)

    def _join_tables(self, rows: Sequence[Row], tables: dict[tuple[str | None, str] | None, int]) -> None:
        for row in rows:
            place = row.original.table_key
            if place in tables and row.sign == "-" and tables[place] != row.key:
                self._join((row.key, tables[place]))

    def _find_purposes(self, rows: Sequence[Row], replaced: set[int]) -> None:
        needing: dict[object, list[int]] = {}
        for row in rows:
            if row.sign == "-" and any(hint.severity == "loses data" for hint in row.original_facts.hints):
                for need in row.original_facts.requires:
                    if need[:2] in (("freed", "table"), ("freed", "column")):
                        needing.setdefault(need, []).append(row.key)
        for row in rows if needing else ():
            if row.sign != "-" or row.key in replaced or row.facts.hints:
                continue
            served = (key for need in sorted(row.original_facts.provides) for key in needing.get(need, ()))
            self._purposes[row.key] = tuple(dict.fromkeys(key for key in served if key != row.key))
