"""The figures that the torture tests measure, and the table of them in the documentation.

A test appends its figures, one line of JSON, to the file that MIG_TORTURE_RESULTS names. ``results.jsonl`` next to this
file holds the figures of each test, and the table in ``docs/safety.md`` is made from it::

    MIG_TORTURE_RESULTS=/tmp/results.jsonl pytest -n auto -m torture
    python tests/torture/results.py /tmp/results.jsonl
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rows import ROWS
from scale import FRACTION

STORED = Path(__file__).with_name("results.jsonl")
PAGE = Path(__file__).parents[2] / "docs" / "safety.md"
BEGIN, END = "<!-- torture: begin -->\n", "<!-- torture: end -->\n"
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}


@dataclass(frozen=True)
class Result:
    """What a test found: ``violations`` of ``tried``; ``longest`` is the longest time in seconds that it measured.

    ``row`` is the text of the table's row, ``test`` the id of the test, and ``date`` the day on which it ran.
    """

    row: str
    database: str
    test: str
    tried: int
    violations: int
    longest: float | None
    date: str


class Tally:
    """Counts what one test tries; `done` fails it if something was wrong."""

    def __init__(self, test: str) -> None:
        self.test = test
        self.tried = 0
        self.violations: list[str] = []
        self.longest: float | None = None

    def add(self, wrong: str, tries: int = 1) -> None:
        """Count one try, or several; ``wrong`` describes what was wrong, "" if nothing was."""
        self.tried += tries
        if wrong:
            self.violations.append(wrong)

    def took(self, seconds: float) -> None:
        """Measure a time."""
        self.longest = max(seconds, self.longest or 0.0)

    def check(self) -> None:
        """Fail with the whole text of the violations, if there are any."""
        assert self.tried or FRACTION < 1, "nothing was tried"
        assert not self.violations, f"{len(self.violations)} violations of {self.tried}\n" + "\n\n".join(
            self.violations
        )

    def done(self, row: str, database: str) -> None:
        """Write the figures as a part of a row of the table, and `check`."""
        if path := os.environ.get("MIG_TORTURE_RESULTS"):
            longest = None if self.longest is None else round(self.longest, 2)
            today = datetime.now(UTC).date().isoformat()
            result = Result(row, database, self.test, self.tried, len(self.violations), longest, today)
            with open(path, "a") as stream:
                stream.write(json.dumps(asdict(result)) + "\n")
        self.check()


def read(path: Path = STORED) -> list[Result]:
    """Return the results of a file with one result a line."""
    return [Result(**json.loads(line)) for line in path.read_text().splitlines()]


def merged(stored: Iterable[Result], new: Iterable[Result]) -> list[Result]:
    """Return the result of the last run of each test; a shorter run without a violation does not replace a longer one."""
    last: dict[str, Result] = {}
    for each in (*stored, *new):
        known = last.get(each.test)
        if known is None or each.violations or known.violations or each.tried >= known.tried:
            last[each.test] = each
    return [last[test] for test in sorted(last)]


def table(results: Iterable[Result], order: Sequence[str]) -> str:
    """Return the table; ``order`` are the texts of its rows."""
    rows: dict[str, dict[str, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for each in results:
        rows[each.row][each.database].append(each)
    lines = [f"| what | {' | '.join(DATABASES.values())} | longest, seconds | tried on |", "|---|---|---|---|---|---|"]
    return "\n".join([*lines, *(_row(text, rows[text]) for text in order if text in rows)]) + "\n"


def _row(text: str, of: Mapping[str, Sequence[Result]]) -> str:
    cells = [
        f"{sum(each.violations for each in of[name])} of {sum(each.tried for each in of[name])}" if name in of else ""
        for name in DATABASES
    ]
    every = [each for results in of.values() for each in results]
    longest = [each.longest for each in every if each.longest is not None]
    return f"| {text} | {' | '.join(cells)} | {max(longest) if longest else ''} | {min(each.date for each in every)} |"


def page(text: str, results: Iterable[Result]) -> str:
    """Return the text of the page with the table of the results."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table(results, ROWS) + END + rest.partition(END)[2]


def store(paths: Iterable[Path]) -> None:
    """Store new results, and write the table into the page."""
    results = merged(read(STORED), (each for path in paths for each in read(path)))
    STORED.write_text("".join(json.dumps(asdict(each)) + "\n" for each in results))
    PAGE.write_text(page(PAGE.read_text(), results))


if __name__ == "__main__":
    store(map(Path, sys.argv[1:]))
