"""A table of a state, and the columns of its constraints."""

from __future__ import annotations

from ..state import State, Table

_NO_TABLE: Table = {
    "columns": {},
    "primary_key": {"name": "", "columns": []},
    "foreign_keys": [],
    "unique": [],
    "checks": [],
    "indexes": [],
}


def table_of(state: State, name: str) -> Table:
    """Return a table of the database; one without parts where there is none of this name."""
    return state.schema["tables"].get(name, _NO_TABLE)


def constrained(table: Table, kind: str) -> list[list[str]]:
    """Return the columns of each constraint of a kind; those of a check are its condition."""
    if kind == "check":
        return [[each["condition"]] for each in table["checks"]]
    if kind == "index":
        return [each["columns"] for each in table["indexes"]]
    if kind == "foreign key":
        return [each["columns"] for each in table["foreign_keys"]]
    whole = [each["columns"] for each in table["indexes"] if each["unique"] and not each["where"]]
    return [each["columns"] for each in table["unique"]] + whole
