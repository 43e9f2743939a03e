"""Parse a selection of rows: ``all``, ``safe``, ``none``, or numbers such as ``1,3-5``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kernel_core.util.exc import CommandError

from .row import Row


def chosen_numbers(which: str, rows: Sequence[Row]) -> frozenset[int]:
    """Return the numbers of the rows that ``which`` selects.

    Raises CommandError for the number of no row, and for anything that is neither numbers nor one of the three words.
    """
    words = which.strip().lower()
    if words == "all":
        return frozenset(row.number for row in rows)
    if words == "none":
        return frozenset()
    if words == "safe":
        return frozenset(row.number for row in rows if row.is_safe)
    numbers: set[int] = set()
    for part in filter(None, (part.strip() for part in words.split(","))):
        numbers.update(_range(part, len(rows)))
    if not numbers:
        raise CommandError(f"{which!r} selects no row. Use all, safe, none, or numbers such as 1,3-5.")
    return frozenset(numbers)


def _range(part: str, count: int) -> range:
    found = re.fullmatch(r"(\d{1,6})(?:\s*-\s*(\d{1,6}))?", part)
    if found is None:
        raise CommandError(f"{part!r} is not the number of a row. Use all, safe, none, or numbers such as 1,3-5.")
    first = int(found[1])
    last = int(found[2] or first)
    if not 1 <= first <= last <= count:
        known = f"the review has rows 1 to {count}" if count else "the review has no rows"
        raise CommandError(f"There is no row {part}: {known}.")
    return range(first, last + 1)
