"""Report a renamed table or column as renamed, instead of removed and added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..snapshot import Change, Snapshot, differences, subject_of
from .rows import Renames


def differences_with_renames(before: Snapshot, after: Snapshot, renames: Renames) -> tuple[Change, ...]:
    """Return what differs; a renamed table or column is one change, and of the table its other changes."""
    new_names = {
        _shown(first): _shown(now)
        for now, first in renames.tables.items()
        if now != first and _shown(first) in before.tables and _shown(now) in after.tables
    }
    tables = {name: lines for name, lines in before.tables.items() if name not in new_names}
    replaced = [name for name in tables if name in new_names.values()]
    tables |= {now: before.tables[first] for first, now in new_names.items()}
    found: list[Change] = [("-", name, f"table {name}") for name in replaced]
    found += [("~", now, f"table {now} (was named {first})") for first, now in sorted(new_names.items())]
    return (*found, *_with_columns(differences(replace(before, tables=tables), after), renames))


def _with_columns(changes: Sequence[Change], renames: Renames) -> tuple[Change, ...]:
    """Return the changes, with the two changes of a renamed column combined into one."""
    columns = {(_shown(table), now): first for table, names in renames.columns.items() for now, first in names.items()}
    removed = {(table, text) for sign, table, text in changes if sign == "-"}
    found: list[Change] = []
    dropped: set[tuple[str, str]] = set()
    for sign, table, text in changes:
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
