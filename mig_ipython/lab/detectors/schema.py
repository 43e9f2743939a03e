"""Mistakes in tables, names, constraints and indexes, and in the order of steps."""

from __future__ import annotations

import re

from ..looks.look import listed
from ..state import State
from .detector import TABLE, Context, changed_revisions, detector, operations, sql_of
from .tables import constrained, table_of


@detector("create_all", TABLE)
def create_all(before: State, after: State, context: Context) -> str | None:
    """A table has appeared that no revision creates, by `metadata.create_all()` or a CREATE TABLE."""
    for table in context.tables(after):
        if table in after.schema["tables"] and table not in before.schema["tables"] and not _is_created(after, table):
            return f"No revision creates the table {table}."
    return None


@detector(
    "wrong_name",
    {
        "right": "The right name.",
        "kind": "table (the default), column, index, constraint.",
        "table": "The table of a column, an index or a constraint.",
    },
    ("right",),
)
def wrong_name(before: State, after: State, context: Context) -> str | None:
    """Something new has appeared under another name than the one that was asked for."""
    name, kind = context.fields.text("right"), context.fields.text("kind", "table")
    old, new = (_names(state, kind, context.fields.text("table", "")) for state in (before, after))
    added = [each for each in new if each not in old]
    if name in new or not added:
        return None
    return f"The new {kind} is called {listed(added)}."


@detector(
    "constraint_missing",
    {"table": "The table.", "kind": "unique, check or foreign key.", "columns": "Its columns, except for check."},
    ("table", "kind"),
)
def constraint_missing(before: State, after: State, context: Context) -> str | None:
    """A table has no constraint of a kind on these columns; a unique index is one too."""
    table, kind = context.fields.text("table"), context.fields.text("kind")
    found = after.schema["tables"].get(table)
    if found is None:
        return None
    columns = sorted(context.fields.texts("columns", ()))
    there = [sorted(each) for each in constrained(found, kind)]
    if (columns in there) if columns else len(there) > len(constrained(table_of(before, table), kind)):
        return None
    return f"{table} has no {kind} constraint{f' of {listed(columns)}' if columns else ''}."


@detector("unnamed_constraint", TABLE)
def unnamed_constraint(before: State, after: State, context: Context) -> str | None:
    """A new constraint has no name, so that nothing can drop it later."""
    for table in context.tables(after):
        old, new = table_of(before, table), table_of(after, table)
        for kind, part in (("check", "checks"), ("unique", "unique"), ("foreign key", "foreign_keys")):
            unnamed = [sum(not each["name"] for each in one[part]) for one in (old, new)]  # type: ignore[literal-required]
            if unnamed[1] > unnamed[0]:
                return f"A {kind} constraint of {table} has no name."
    for revision in changed_revisions(before, after):
        for each in operations(revision, "create_unique_constraint", "create_check_constraint", "create_foreign_key"):
            if "constraint_name" in each and each["constraint_name"] is None:
                return f"In revision {revision['id']}, a constraint is created without a name."
    return None


@detector("index_missing", {"table": "The table.", "columns": "The columns of the index."}, ("table", "columns"))
def index_missing(before: State, after: State, context: Context) -> str | None:
    """A table has no index that begins with these columns."""
    found = after.schema["tables"].get(context.fields.text("table"))
    columns = context.fields.texts("columns")
    if found is None or any(each["columns"][: len(columns)] == columns for each in found["indexes"]):
        return None
    return f"{context.fields.text('table')} has no index of {listed(columns)}."


@detector("other_change", {"only": "The tables that the exercise is about."}, ("only",))
def other_change(before: State, after: State, context: Context) -> str | None:
    """The schema of a table has changed that the exercise is not about."""
    only = context.fields.texts("only")
    names = sorted({*before.schema["tables"], *after.schema["tables"]})
    changed = [
        each
        for each in names
        if before.schema["tables"].get(each) != after.schema["tables"].get(each) and each not in only
    ]
    return f"The table {changed[0]} has changed too." if changed else None


@detector("leftover_table")
def leftover_table(before: State, after: State, context: Context) -> str | None:
    """A table is left over from a rebuild that was stopped or written by hand: its name says that it is temporary."""
    pattern = re.compile(r"^_|tmp|temp|_old$|_new$|backup|_copy$", re.IGNORECASE)
    found = [each for each in after.schema["tables"] if pattern.search(each) and each not in before.schema["tables"]]
    return f"The table {found[0]} is left over." if found else None


@detector(
    "wrong_order",
    {
        "first": "The kind of the operation that must come first: execute.",
        "then": "The kind that follows: alter_column.",
    },
    example='when = "wrong_order"\nfirst = "execute"\nthen = "alter_column"',
)
def wrong_order(before: State, after: State, context: Context) -> str | None:
    """Inside a revision the steps are in the wrong order.

    Without fields: a column is made NOT NULL, or dropped, before a statement that fills from it or into it.
    """
    first = context.fields.texts("first", ("execute", "code", "bulk_insert"))
    then = context.fields.texts("then", ("alter_column", "drop_column", "drop_table"))
    for revision in changed_revisions(before, after):
        kinds = [str(each["operation"]) for each in operations(revision)]
        early = [kind for place, kind in enumerate(kinds) if kind in then and set(kinds[place + 1 :]) & set(first)]
        if early and not set(kinds[: kinds.index(early[0])]) & set(first):
            return (
                f"In revision {revision['id']}, {early[0]} comes before {listed([k for k in kinds if k in first][:1])}."
            )
    return None


def _is_created(state: State, table: str) -> bool:
    """Return whether a revision creates a table, or renames one to it, by an operation or by SQL or code."""
    for revision in state.revisions:
        for each in operations(revision):
            if table in (
                each.get("new_table_name"),
                each.get("table_name") if each["operation"] == "create_table" else "",
            ):
                return True
            if each["operation"] == "code" or re.search(rf"\b{re.escape(table)}\b", sql_of(each)):
                return True
    return False


def _names(state: State, kind: str, table: str) -> list[str]:
    if kind == "table":
        return list(state.schema["tables"])
    found = table_of(state, table)
    if kind == "column":
        return list(found["columns"])
    if kind == "index":
        return [each["name"] for each in found["indexes"]]
    return [
        each["name"]
        for part in (found["checks"], found["unique"], found["foreign_keys"])
        for each in part
        if each["name"]
    ]
