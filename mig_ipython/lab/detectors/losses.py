"""Mistakes that lose something: a table, a column with its values, a constraint, an index, a trigger."""

from __future__ import annotations

from ..looks.look import listed
from ..state import State
from .detector import TABLE, Context, added_column, changed_revisions, detector, operations
from .tables import constrained, table_of


@detector("drop_and_add", TABLE)
def drop_and_add(before: State, after: State, context: Context) -> str | None:
    """A column was dropped and another one added (or a table, and another one created), where a rename was asked."""
    for table in context.tables(before):
        if table in after.schema["tables"]:
            found = _dropped_and_added(before, after, table)
            if found:
                return found
    for revision in changed_revisions(before, after):
        dropped = {str(each["table_name"]): str(each["column_name"]) for each in operations(revision, "drop_column")}
        for each in operations(revision, "add_column"):
            table = str(each["table_name"])
            if table in dropped and table in context.tables(before):
                name = added_column(each).get("name")
                return f"Revision {revision['id']} drops {table}.{dropped[table]} and adds {table}.{name}."
    return _dropped_and_created(before, after)


@detector("table_lost", TABLE)
def table_lost(before: State, after: State, context: Context) -> str | None:
    """A table that existed is gone."""
    gone = [each for each in context.tables(before) if each not in after.schema["tables"]]
    return f"The table {gone[0]} is gone." if gone else None


@detector("column_lost", {**TABLE, "column": "Only this column."})
def column_lost(before: State, after: State, context: Context) -> str | None:
    """A column that existed is gone."""
    for table in context.tables(before):
        old, new = (state.schema["tables"].get(table) for state in (before, after))
        for column in old["columns"] if old and new else ():
            if new and column not in new["columns"] and context.fields.text("column", column) == column:
                return f"The column {table}.{column} is gone."
    return None


@detector("constraint_lost", TABLE)
def constraint_lost(before: State, after: State, context: Context) -> str | None:
    """A constraint, an index or a trigger that existed is gone, though its table and columns are there."""
    for table in context.tables(before):
        if table not in before.schema["tables"] or table not in after.schema["tables"]:
            continue
        old, new = before.schema["tables"][table], after.schema["tables"][table]
        for kind in ("unique", "check", "foreign key", "index"):
            kept = [sorted(each) for each in constrained(new, kind)]
            for columns in constrained(old, kind):
                if set(columns) <= set(new["columns"]) and sorted(columns) not in kept:
                    return f"The {kind} of {table} ({listed(columns)}) is gone."
        if len(new["checks"]) < len(old["checks"]):
            return f"A check constraint of {table} is gone."
        triggers = [
            sum(each["table"] == table for each in state.schema["triggers"].values()) for state in (before, after)
        ]
        if triggers[1] < triggers[0]:
            return f"A trigger of {table} is gone."
    return None


def _dropped_and_added(before: State, after: State, table: str) -> str | None:
    """Return the sentence where a column is gone and another one does not have its values."""
    old, new = table_of(before, table)["columns"], table_of(after, table)["columns"]
    gone = [each for each in old if each not in new]
    added = [each for each in new if each not in old]
    if not gone or not added or not before.is_live or not after.is_live:
        return None
    for lost in gone:
        values = before.database.rows(table, [lost])
        if any(value is not None for (value,) in values):
            kept = any(after.database.rows(table, [each]) == values for each in added)
            if not kept:
                return f"{table}.{lost} is gone, and the new column {listed(added)} does not have its values."
    return None


def _dropped_and_created(before: State, after: State) -> str | None:
    """Return the sentence where a table is gone and a new one does not have its rows."""
    gone = [each for each in before.schema["tables"] if each not in after.schema["tables"] and before.counts.get(each)]
    created = [each for each in after.schema["tables"] if each not in before.schema["tables"]]
    for table in gone:
        if created and all(after.counts.get(each, 0) < before.counts[table] for each in created):
            return f"The table {table} is gone, and the new table {listed(created)} does not have its rows."
    return None
