"""Select rows: by ``all``, ``safe``, ``none``, numbers such as ``1,3-5``, by a name, or by words that they contain."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence

from kernel_core.util.exc import CommandError

from .dependencies import ranges
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


def unique_names(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the names that select exactly one row."""
    found = Counter(name for row in rows for name in row.own_names)
    return tuple(name for name, times in found.items() if times == 1)


def named_number(rows: Sequence[Row], name: str) -> int:
    """Return the number of the row that changes ``name``; raises CommandError if no row does, or several do."""
    found = [row.number for row in rows if name in row.own_names]
    found = found or [row.number for row in rows if name in row.names]
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"{name!r} is in rows {ranges(found)}. Choose one by its number.")
    near = difflib.get_close_matches(name, unique_names(rows), 1)
    raise CommandError(f"No row is about {name!r}{f'; the nearest is {near[0]!r}' if near else ''}.")


def contains(row: Row, words: Sequence[str]) -> bool:
    """Return whether a row has every word, which are in lower case, in what the panel shows of it."""
    hints = (f"{hint.severity} {hint.text}" for hint in row.hints)
    text = " ".join((str(row.number), row.sentence, row.table, row.kind, *hints)).casefold()
    return all(word in text for word in words)
