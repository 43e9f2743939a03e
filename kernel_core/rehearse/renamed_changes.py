"""Report a renamed table or column as renamed, instead of removed and added."""

from __future__ import annotations

from collections.abc import Sequence

from ..snapshot import Change, subject_of
from .rows import Renames


def with_renames(changes: Sequence[Change], renames: Renames) -> tuple[Change, ...]:
    """Return the changes, with the two changes of a rename combined into one."""
    tables = {_shown(now): _shown(first) for now, first in renames.tables.items() if now != first}
    columns = {(_shown(table), now): first for table, names in renames.columns.items() for now, first in names.items()}
    removed = {(table, text) for sign, table, text in changes if sign == "-"}
    found: list[Change] = []
    dropped: set[tuple[str, str]] = set()
    for sign, table, text in changes:
        if sign == "+" and text == f"table {table}" and (tables.get(table), f"table {tables.get(table)}") in removed:
            first = tables[table]
            found.append(("~", table, f"table {table} (was named {first})"))
            dropped.add((first, f"table {first}"))
            continue
        first_column = columns.get((table, _column(text))) if sign == "+" else None
        was = next(((name, old) for name, old in removed if name == table and _column(old) == first_column), None)
        if first_column and was is not None and first_column != _column(text):
            found.append(("~", table, f"{text} (was named {first_column})"))
            dropped.add(was)
            continue
        found.append((sign, table, text))
    return tuple(each for each in found if not (each[0] == "-" and (each[1], each[2]) in dropped))


def _column(text: str) -> str:
    """Return the name of the column that a line of a schema describes, "" for another line."""
    subject = subject_of(text).removeprefix("column ") if text.startswith("column ") else ""
    return subject[1:-1].replace('""', '"') if subject.startswith('"') else subject


def _shown(table: tuple[str | None, str]) -> str:
    return f"{table[0]}.{table[1]}" if table[0] else table[1]
