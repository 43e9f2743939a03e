"""Mistakes in the definition of one column: its type, NOT NULL, its default."""

from __future__ import annotations

from collections.abc import Mapping

from ..looks.tables import default_value, family
from ..state import State
from ..state.schema import Column
from .detector import COLUMN, TABLE, Context, added_column, changed_revisions, detector, operations
from .rows import has_nulls
from .tables import table_of


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


def _concerns(context: Context, before: State, table: str) -> bool:
    """Return whether a table is the one in question, and has rows."""
    return table in context.tables(before) and bool(before.counts.get(table))


def _column(state: State, context: Context) -> Column | None:
    return table_of(state, context.fields.text("table"))["columns"].get(context.fields.text("column"))


def _place(context: Context) -> str:
    return f"{context.fields.text('table')}.{context.fields.text('column')}"
