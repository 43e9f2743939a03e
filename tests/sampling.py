"""Which cases the quick run tries; the others are marked ``sweep`` and run in full."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

DRAWN = 2
"""How many cases of one test the quick run draws, besides those that are needed for each database; of a costly one 1."""

COSTLY = frozenset({"notebook", "project", "any_project", "migration", "postgresql_url", "mariadb_url"})
"""The fixtures that make a test costly, as its mark does: a shell, an environment, a database of a server."""

OWN_RUN = frozenset({"slow", "sweep", "torture", "browser", "peer"})
"""The marks that have a separate run."""

_MARKED_FILE = re.compile(rf"^pytestmark = pytest\.mark\.(?:{'|'.join(sorted(OWN_RUN))})$", re.MULTILINE)

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


def outside_part(items: Iterable[pytest.Item], part: str) -> list[pytest.Item]:
    """Return the cases that are not in ``part``, such as ``2/4``; each case is in one of the four, by its id alone."""
    match = re.fullmatch("([0-9]+)/([0-9]+)", part)
    if match is None or not 1 <= (number := int(match[1])) <= (count := int(match[2])):
        raise pytest.UsageError(f"MIG_PART is {part!r}. Set it to a part such as 2/4: the second of four.")
    return [item for item in items if crc32(item.nodeid.encode()) % count != number - 1]


def undrawn(items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    """Yield the cases that the quick run leaves out: of each test all but `DRAWN`, evenly spread, and one per database.

    Cases that have the mark ``sweep`` already do not count, nor do those of the other marks with a run of their own.
    """
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if not any(item.get_closest_marker(mark) for mark in OWN_RUN):
            cases[item.nodeid.partition("[")[0]].append(item)
    for same in cases.values():
        drawn = _drawn([item.nodeid.partition("[")[2] for item in same], same[0])
        yield from (item for place, item in enumerate(same) if place not in drawn)


def _drawn(ids: Sequence[str], test: pytest.Item) -> set[int]:
    """Return the places of the cases that the quick run draws of a test."""
    is_costly = test.get_closest_marker("costly") or not COSTLY.isdisjoint(getattr(test, "fixturenames", ()))
    count = 1 if is_costly else DRAWN
    if len(ids) <= count:
        return set(range(len(ids)))
    drawn = {round(place * (len(ids) - 1) / max(count - 1, 1)) for place in range(count)}
    databases = {_databases(ids[place]) for place in drawn}
    for place, id_ in enumerate(ids):
        if _databases(id_) not in databases:
            drawn.add(place)
            databases.add(_databases(id_))
    return drawn


def _databases(id_: str) -> tuple[str, ...]:
    """Return the names of databases and drivers in the id of a case."""
    return tuple(_DATABASE.findall(id_))


def is_quick(expression: str) -> bool:
    """Return whether ``-m expression`` leaves out each mark of `OWN_RUN`, whatever other marks a test has."""
    outside = re.sub(r"\([^()]*\)", "", expression)
    return " or " not in outside and OWN_RUN.issubset(re.findall(r"(?:^| and )not (\w+)(?= and |$)", outside))


class QuickCollection:
    """A plugin that does not collect what the quick run leaves out: two thirds of the cases, in each worker."""

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Ignore the folder ``browser``, and a file whose mark is in `OWN_RUN`: it is not imported."""
        if collection_path.suffix == ".py":
            return bool(_MARKED_FILE.search(collection_path.read_text("utf-8"))) or None
        return collection_path.name == "browser" or None

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makeitem(self, obj: object) -> Generator[None, Any, Any]:
        """Make no item of a function or class that has such a mark."""
        found = yield
        marks = getattr(obj, "pytestmark", ())
        return [] if isinstance(marks, list) and _has_own_run(marks) else found

    @pytest.hookimpl(wrapper=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> Generator[None, Any, Any]:
        """Of a test with many cases keep those drawn, before items are made of them.

        Of a test whose cases all have such a mark, the first is kept.
        """
        found = yield
        calls, test = metafunc._calls, metafunc.definition  # not public: this fails where pytest removes it
        if calls and not _has_own_run(test.iter_markers()):
            cases = [call for call in calls if not _has_own_run(call.marks)]
            drawn = _drawn([call.id for call in cases], test)
            calls[:] = [case for place, case in enumerate(cases) if place in drawn] or calls[:1]
        return found


def _has_own_run(marks: Iterable[pytest.Mark]) -> bool:
    return any(mark.name in OWN_RUN for mark in marks)
