"""Mistakes in the schema: lost, wrong or missing columns, constraints and indexes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..looks.look import listed
from ..looks.tables import default_value, family
from ..state import State, Table
from ..state.schema import Column
from .detector import (
    COLUMN,
    TABLE,
    Context,
    added_column,
    changed_revisions,
    detector,
    operations,
    sql_of,
)
from .rows import has_nulls


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


@detector("create_all", TABLE)
def create_all(before: State, after: State, context: Context) -> str | None:
    """A table has appeared that no revision creates, by `metadata.create_all()` or a CREATE TABLE."""
    for table in context.tables(after):
        if table in after.schema["tables"] and table not in before.schema["tables"] and not _is_created(after, table):
            return f"No revision creates the table {table}."
    return None


@detector("not_null_without_default", TABLE)
def not_null_without_default(before: State, after: State, context: Context) -> str | None:
    """A revision adds a NOT NULL column without a default to a table with rows, or makes one with NULLs NOT NULL.

    The second is not a mistake where the revision runs SQL or code before.
    """
    for revision in changed_revisions(before, after):
        filled = False
        for each in operations(revision):
            table, column = str(each.get("table_name")), _required_without_default(each)
            if column and _concerns(context, before, table):
                return f"Revision {revision['id']} adds {table}.{column}: NOT NULL without a server default."
            filled = filled or each["operation"] in ("execute", "code", "bulk_insert")
            name = str(each.get("column_name"))
            is_empty = has_nulls(before, table, name) or has_nulls(after, table, name)
            if each.get("modify_nullable") is False and not filled and is_empty:
                return f"Revision {revision['id']} makes {table}.{name} NOT NULL, and it has NULLs."
    return None


def _required_without_default(operation: Mapping[str, object]) -> str:
    """Return the name of the column that an ``add_column`` adds, if it must have a value and no default gives one."""
    column = added_column(operation) if operation["operation"] == "add_column" else {}
    is_required = column.get("nullable") is False and not column.get("primary_key")
    return str(column.get("name")) if is_required and "server_default" not in column else ""


@detector("wrong_type", {**COLUMN, "family": "The right family: integer."}, ("table", "column", "family"))
def wrong_type(before: State, after: State, context: Context) -> str | None:
    """A column exists and has a type of another family."""
    column = _column(after, context)
    if column is None or family(column["type"]) == context.fields.text("family"):
        return None
    return f"The type of {_place(context)} is {column['type'] or 'not given'}."


@detector("wrong_nullable", {**COLUMN, "nullable": "What is right: true or false."}, ("table", "column", "nullable"))
def wrong_nullable(before: State, after: State, context: Context) -> str | None:
    """A column exists, and may be NULL where it must not, or the reverse."""
    column = _column(after, context)
    if column is None or column["nullable"] == context.fields.flag("nullable", False):
        return None
    return f"{_place(context)} {'may be NULL' if column['nullable'] else 'is NOT NULL'}."


@detector(
    "wrong_default", {**COLUMN, "default": 'The right value as text; "" for none.'}, ("table", "column", "default")
)
def wrong_default(before: State, after: State, context: Context) -> str | None:
    """A column exists and has another default, or none."""
    column = _column(after, context)
    if column is None or str(default_value(column["default"]) or "") == context.fields.text("default"):
        return None
    return f"The default of {_place(context)} is {column['default'] or 'not set'}."


@detector("default_left", COLUMN, ("table", "column"))
def default_left(before: State, after: State, context: Context) -> str | None:
    """A column still has a default that was only needed to fill it."""
    column = _column(after, context)
    return (
        f"{_place(context)} has the default {column['default']}." if column and column["default"] is not None else None
    )


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
    there = [sorted(each) for each in _constrained(found, kind)]
    if (columns in there) if columns else len(there) > len(_constrained(_table(before, table), kind)):
        return None
    return f"{table} has no {kind} constraint{f' of {listed(columns)}' if columns else ''}."


@detector("unnamed_constraint", TABLE)
def unnamed_constraint(before: State, after: State, context: Context) -> str | None:
    """A new constraint has no name, so that nothing can drop it later."""
    for table in context.tables(after):
        old, new = _table(before, table), _table(after, table)
        for kind, part in (("check", "checks"), ("unique", "unique"), ("foreign key", "foreign_keys")):
            unnamed = [sum(not each["name"] for each in one[part]) for one in (old, new)]  # type: ignore[literal-required]
            if unnamed[1] > unnamed[0]:
                return f"A {kind} constraint of {table} has no name."
    for revision in changed_revisions(before, after):
        for each in operations(revision, "create_unique_constraint", "create_check_constraint", "create_foreign_key"):
            if "constraint_name" in each and each["constraint_name"] is None:
                return f"In revision {revision['id']}, a constraint is created without a name."
    return None


@detector("constraint_lost", TABLE)
def constraint_lost(before: State, after: State, context: Context) -> str | None:
    """A constraint, an index or a trigger that existed is gone, though its table and columns are there."""
    for table in context.tables(before):
        if table not in before.schema["tables"] or table not in after.schema["tables"]:
            continue
        old, new = before.schema["tables"][table], after.schema["tables"][table]
        for kind in ("unique", "check", "foreign key", "index"):
            kept = [sorted(each) for each in _constrained(new, kind)]
            for columns in _constrained(old, kind):
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


def _dropped_and_added(before: State, after: State, table: str) -> str | None:
    """Return the sentence where a column is gone and another one does not have its values."""
    old, new = _table(before, table)["columns"], _table(after, table)["columns"]
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


def _concerns(context: Context, before: State, table: str) -> bool:
    """Return whether a table is the one in question, and has rows."""
    return table in context.tables(before) and bool(before.counts.get(table))


def _column(state: State, context: Context) -> Column | None:
    return _table(state, context.fields.text("table"))["columns"].get(context.fields.text("column"))


def _place(context: Context) -> str:
    return f"{context.fields.text('table')}.{context.fields.text('column')}"


_NO_TABLE: Table = {
    "columns": {},
    "primary_key": {"name": "", "columns": []},
    "foreign_keys": [],
    "unique": [],
    "checks": [],
    "indexes": [],
}


def _table(state: State, name: str) -> Table:
    return state.schema["tables"].get(name, _NO_TABLE)


def _constrained(table: Table, kind: str) -> list[list[str]]:
    """Return the columns of each constraint of a kind; those of a check are its condition."""
    if kind == "check":
        return [[each["condition"]] for each in table["checks"]]
    if kind == "index":
        return [each["columns"] for each in table["indexes"]]
    if kind == "foreign key":
        return [each["columns"] for each in table["foreign_keys"]]
    whole = [each["columns"] for each in table["indexes"] if each["unique"] and not each["where"]]
    return [each["columns"] for each in table["unique"]] + whole


def _names(state: State, kind: str, table: str) -> list[str]:
    if kind == "table":
        return list(state.schema["tables"])
    found = _table(state, table)
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
