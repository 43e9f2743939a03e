"""Which cases the quick run tries; the others are marked ``sweep`` and run in full."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import pytest

DRAWN = 3
"""How many cases of one test the quick run draws, besides those that are needed for each database."""

_DATABASE = re.compile("sqlite|postgresql|psycopg|asyncpg|pg|mariadb|mysql|mssql|oracle")


def repeated(count: int) -> int:
    """Return how often the sweep repeats a random test: ``count``, times the fraction in MIG_SWEEP, at least 2."""
    return max(2, round(count * float(os.environ.get("MIG_SWEEP", "1"))))


def sampled(rows: Iterable[Any], quick: int | Collection[Any]) -> list[Any]:
    """Return the rows for ``parametrize``: the first ``quick`` ones, or those named, in the quick run.

    @pytest.mark.parametrize("what", sampled(CASES, 3))
    """
    return [
        row
        if (place < quick if isinstance(quick, int) else row in quick)
        else pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=pytest.mark.sweep)
        for place, row in enumerate(rows)
    ]


def undrawn(items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    """Yield the cases that the quick run leaves out: of each test all but `DRAWN`, evenly spread, and one per database.

    Cases that have the mark ``sweep`` already do not count, nor do those of the other marks with a run of their own.
    """
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if not any(item.get_closest_marker(mark) for mark in ("sweep", "torture", "browser", "peer")):
            cases[item.nodeid.partition("[")[0]].append(item)
    for same in cases.values():
        drawn = {round(place * (len(same) - 1) / (DRAWN - 1)) for place in range(DRAWN)} if len(same) > DRAWN else ()
        databases = {_databases(same[place]) for place in drawn}
        for place, item in enumerate(same):
            if drawn and place not in drawn and _databases(item) in databases:
                yield item
            databases.add(_databases(item))


def _databases(item: pytest.Item) -> tuple[str, ...]:
    """Return the names of databases and drivers in the id of a case."""
    return tuple(_DATABASE.findall(item.nodeid.partition("[")[2]))
