"""Count what happened to the rows of each table: added, removed and changed by key; without a key, as a multiset."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection

from ..clone.base import Clone
from ..findings import RowChange, TableRows
from .kept import Kept
from .on_mariadb import mariadb_side
from .on_postgresql import postgresql_side
from .on_sqlite import sqlite_side
from .plain import Both, driver_text
from .renames import Renames
from .shapes import Column, Pair, Shape, paired

SAMPLE = 5

Mask = Callable[[Any], Any]


class Side(Protocol):
    """How one kind of database compares: both tables are reachable over ``connection`` while `both` is open."""

    connection: Connection

    def shapes(self) -> tuple[list[Shape], list[Shape]]:
        """Return the tables before and after."""

    def count(self, shape: Shape, *, before: bool) -> int:
        """Return the number of rows."""

    def filled(self, shape: Shape, columns: list[Column], *, before: bool) -> dict[str, int]:
        """Return for each column how many rows have a value."""

    @contextmanager
    def both(self, pair: Pair) -> Iterator[Both | None]:
        """Yield the SQL names of the table before and after, None where every row is known to be the same."""

    def differs(self, old: Column, new: Column) -> str:
        """Return the condition that a value differs: ``b`` is the row before, ``a`` the row after."""

    def equals(self, old: Column, new: Column) -> str:
        """Return the condition that a value of a key is the same."""

    def grouped(self, row: str, column: Column, other: Column) -> tuple[str, ...]:
        """Return the expressions by which a value of ``column`` of ``row`` is compared without a key."""

    def quoted(self, name: str) -> str:
        """Return a name in quotes."""

    def has_whole_keys(self, pair: Pair, names: Both) -> bool:
        """Return whether no row lacks a part of its primary key."""

    def release(self) -> None:
        """Release the locks of the table that was read."""


_SIDES: dict[str, Callable[[Clone, Collection[str], Collection[str], Kept], Any]] = {
    "sqlite": sqlite_side,
    "postgresql": postgresql_side,
    "mariadb": mariadb_side,
}


def compare_rows(
    clone: Clone,
    renames: Renames,
    without: Collection[str],
    mask: Mask,
    kept: Kept,
    written: Collection[str] = (),
) -> tuple[TableRows, ...]:
    """Return what happened to the rows of each table; ``mask`` is applied to the values of samples.

    ``kept`` has what an earlier comparison of this clone has read. ``written`` are tables of which it is known that a
    statement has written to them.
    """
    with _SIDES[clone.kind](clone, without, written, kept) as side:
        pairs, removed, new = paired(side.shapes(), renames)
        found = []
        for pair in pairs:
            found.append(_compared(side, pair, mask))
            side.release()
        for one in removed:
            rows = side.count(one, before=True)
            found.append(TableRows(one.shown, rows, None, 0, rows, 0))
            side.release()
        for one in new:
            rows = side.count(one, before=False)
            found.append(TableRows(one.shown, None, rows, rows, 0, 0))
            side.release()
    return tuple(sorted(found, key=lambda each: each.table))


def _compared(side: Side, pair: Pair, mask: Mask) -> TableRows:
    before, after = side.count(pair.before, before=True), side.count(pair.after, before=False)
    added_columns = [each for each in pair.after.columns if all(each is not new for _, new in pair.columns)]
    gone_columns = [each for each in pair.before.columns if all(each is not old for old, _ in pair.columns)]
    facts: dict[str, Any] = {
        "key": tuple(new.name for _, new in pair.key),
        "filled": {name: rows for name, rows in side.filled(pair.after, added_columns, before=False).items() if rows},
        "lost": {name: rows for name, rows in side.filled(pair.before, gone_columns, before=True).items() if rows},
        "renamed_from": pair.before.shown if pair.before.shown != pair.after.shown else "",
    }
    with side.both(pair) as names:
        if names is None:
            return TableRows(pair.after.shown, before, after, 0, 0, 0, **facts)
        if not pair.key or not side.has_whole_keys(pair, names):
            facts["key"] = ()
            return TableRows(pair.after.shown, before, after, *_as_multiset(side, pair, names), 0, **facts)
        removed, changed, columns = _by_key(side, pair, names)
        added = after - (before - removed) if names.added is None else names.added
        removed = removed if names.added is None else before - after + added
        sample = _sample(side, pair, names, columns, mask) if changed else ()
        return TableRows(
            pair.after.shown, before, after, added, removed, changed, columns=columns, sample=sample, **facts
        )


def _values(pair: Pair) -> list[tuple[Column, Column]]:
    return [each for each in pair.columns if each not in pair.key]


def _on(side: Side, pair: Pair) -> str:
    return " AND ".join(side.equals(old, new) for old, new in pair.key)


def _by_key(side: Side, pair: Pair, names: Both) -> tuple[int, int, dict[str, int]]:
    """Return the rows removed, the rows changed, and the changed rows by column, from one pass over both tables."""
    key = f"a.{side.quoted(pair.key[0][1].name)}"
    differences = [side.differs(old, new) for old, new in _values(pair)]
    counts = [f"COUNT(CASE WHEN {key} IS NOT NULL AND {each} THEN 1 END)" for each in differences]
    sql = (
        f"SELECT {', '.join([f'COUNT(*) - COUNT({key})', f'COUNT({key})', *counts])} "
        f"FROM {names.before} b LEFT JOIN {names.after} a ON {_on(side, pair)} "
        f"WHERE {' OR '.join([f'{key} IS NULL', *differences])}"
    )
    row = side.connection.exec_driver_sql(driver_text(side.connection, sql)).one()
    columns = {new.name: int(number) for (_, new), number in zip(_values(pair), row[2:], strict=True)}
    return int(row[0]), int(row[1]), {name: number for name, number in columns.items() if number}


def _sample(side: Side, pair: Pair, names: Both, columns: dict[str, int], mask: Mask) -> tuple[RowChange, ...]:
    """Return some of the changed rows, with the columns that changed."""
    shown = [each for each in _values(pair) if each[1].name in columns]
    wanted = [f"a.{side.quoted(new.name)}" for _, new in pair.key]
    for old, new in shown:
        flag = f"CASE WHEN {side.differs(old, new)} THEN 1 ELSE 0 END"
        wanted += [flag, f"b.{side.quoted(old.name)}", f"a.{side.quoted(new.name)}"]
    any_of = " OR ".join(side.differs(old, new) for old, new in shown)
    sql = (
        f"SELECT {', '.join(wanted)} FROM {names.before} b JOIN {names.after} a ON {_on(side, pair)} "
        f"WHERE {any_of} LIMIT {SAMPLE}"
    )
    rows = side.connection.exec_driver_sql(driver_text(side.connection, sql)).all()
    size = len(pair.key)
    found = []
    for row in rows:
        values = {
            new.name: (mask(row[size + 3 * place + 1]), mask(row[size + 3 * place + 2]))
            for place, (_, new) in enumerate(shown)
            if row[size + 3 * place]
        }
        found.append(RowChange({new.name: mask(row[place]) for place, (_, new) in enumerate(pair.key)}, values))
    return tuple(found)


def _as_multiset(side: Side, pair: Pair, names: Both) -> tuple[int, int]:
    """Return how many rows were added and removed, where equal rows are counted."""
    if not pair.columns:
        return side.count(pair.after, before=False), side.count(pair.before, before=True)
    old = [value for was, now in pair.columns for value in side.grouped("b", was, now)]
    new = [value for was, now in pair.columns for value in side.grouped("a", now, was)]
    keys = [f"c{number}" for number in range(len(old))]
    sql = (
        "SELECT SUM(CASE WHEN n > 0 THEN n ELSE 0 END), SUM(CASE WHEN n < 0 THEN -n ELSE 0 END) FROM "
        f"(SELECT SUM(w) AS n FROM (SELECT 1 AS w, {_labelled(new, keys)} FROM {names.after} a "
        f"UNION ALL SELECT -1 AS w, {_labelled(old, keys)} FROM {names.before} b) both_rows "
        f"GROUP BY {', '.join(keys)}) sums"
    )
    row = side.connection.exec_driver_sql(driver_text(side.connection, sql)).one()
    return int(row[0] or 0), int(row[1] or 0)


def _labelled(values: list[str], names: list[str]) -> str:
    return ", ".join(f"{value} AS {name}" for value, name in zip(values, names, strict=True))
