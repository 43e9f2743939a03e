"""Mistakes in the rows: lost, changed or duplicated ones, values that were not filled, broken references."""

from __future__ import annotations

import sqlite3

from kernel_core.util.counts import counted
from kernel_core.util.sql import in_quotes

from ..looks.look import listed
from ..state import State
from ..state.database import columns_of
from .detector import COLUMN, TABLE, Context, detector


@detector("rows_lost", TABLE)
def rows_lost(before: State, after: State, context: Context) -> str | None:
    """A table has fewer rows than before."""
    for table in context.tables(before):
        was, now = before.counts.get(table, 0), after.counts.get(table)
        if now is not None and now < was:
            return f"{table} has {counted(now, 'row')}; it had {was}."
    return None


@detector("rows_added", TABLE)
def rows_added(before: State, after: State, context: Context) -> str | None:
    """A table has more rows than before."""
    for table in context.tables(before):
        was, now = before.counts.get(table), after.counts.get(table, 0)
        if was is not None and now > was:
            return f"{table} has {counted(now, 'row')}; it had {was}."
    return None


@detector("rows_changed", {**TABLE, "columns": "Only these columns; by default those that are in both."})
def rows_changed(before: State, after: State, context: Context) -> str | None:
    """A table has as many rows as before, and other values in columns that were there before."""
    for table in context.tables(before):
        old, new = (state.schema["tables"].get(table) for state in (before, after))
        if old is None or new is None or before.counts[table] != after.counts[table]:
            continue
        shared = [each for each in old["columns"] if each in new["columns"]]
        for column in context.fields.texts("columns", tuple(shared)):
            if column in shared and not before.database.has_same_rows(after.database, table, [column]):
                return f"The values of {table}.{column} have changed."
    return None


@detector("nulls_left", COLUMN, ("table", "column"))
def nulls_left(before: State, after: State, context: Context) -> str | None:
    """A column that must be filled still has NULLs."""
    table, column = context.fields.text("table"), context.fields.text("column")
    number = _number(after, f"SELECT count(*) FROM {in_quotes(table)} WHERE {columns_of(table, [column])} IS NULL")
    return f"{table}.{column} is NULL in {counted(number, 'row')}." if number else None


@detector("all_null", COLUMN, ("table", "column"))
def all_null(before: State, after: State, context: Context) -> str | None:
    """A column is there, and no row has a value in it: nothing was filled."""
    table, column = context.fields.text("table"), context.fields.text("column")
    if column not in after.schema["tables"].get(table, {"columns": {}})["columns"] or not after.counts.get(table):
        return None
    number = _number(after, f"SELECT count({columns_of(table, [column])}) FROM {in_quotes(table)}")
    return None if number else f"No row has a value in {table}.{column}."


@detector(
    "same_value",
    COLUMN,
    ("table", "column"),
)
def same_value(before: State, after: State, context: Context) -> str | None:
    """Every row has the same value in a column, where the values must differ: a default instead of a computation."""
    table, column = context.fields.text("table"), context.fields.text("column")
    if after.counts.get(table, 0) < 2:
        return None
    number = _number(after, f"SELECT count(DISTINCT {columns_of(table, [column])}) FROM {in_quotes(table)}")
    return f"All {after.counts[table]} rows have the same value in {table}.{column}." if number == 1 else None


@detector(
    "duplicate_rows",
    {"table": "The table.", "columns": "The columns in which rows must differ."},
    ("table", "columns"),
)
def duplicate_rows(before: State, after: State, context: Context) -> str | None:
    """Rows have the same values in columns in which they must differ."""
    table, columns = context.fields.text("table"), context.fields.texts("columns")
    groups = f"SELECT 1 FROM {in_quotes(table)} GROUP BY {columns_of(table, columns)} HAVING count(*) > 1"
    number = _number(after, f"SELECT count(*) FROM ({groups})")
    return f"{table} has {counted(number, 'group')} of rows with the same {listed(columns)}." if number else None


@detector("broken_references", TABLE)
def broken_references(before: State, after: State, context: Context) -> str | None:
    """Rows refer by a foreign key to rows that do not exist."""
    try:
        found = after.database.query("PRAGMA foreign_key_check")
    except sqlite3.Error as error:
        return f"The foreign keys cannot be checked: {error}."
    tables = [str(table) for table, *_ in found if table in context.tables(after)]
    return f"{counted(tables.count(tables[0]), 'row')} of {tables[0]} refer to nothing." if tables else None


@detector(
    "rows_match",
    {"query": "A SELECT that returns rows where the mistake was made.", "about": "The sentence about it."},
    ("query",),
    'when = "rows_match"\nquery = "SELECT 1 FROM flights WHERE delay < 0"\nabout = "Delays are negative."',
)
def rows_match(before: State, after: State, context: Context) -> str | None:
    """A query of the author's returns a row (and not only zero or NULL)."""
    try:
        found = after.database.query(context.fields.text("query"))
    except sqlite3.Error:
        return None
    if not any(any(row) for row in found):
        return None
    return context.fields.text("about", f"A query that must find nothing finds {counted(len(found), 'row')}.")


def has_nulls(state: State, table: str, column: str) -> bool:
    """Return whether a column has NULLs; False where there is none."""
    return _number(state, f"SELECT count(*) FROM {in_quotes(table)} WHERE {columns_of(table, [column])} IS NULL") > 0


def _number(state: State, sql: str) -> int:
    """Return the number that a query gives, 0 where it fails."""
    try:
        return int(state.database.query(sql)[0][0] or 0)
    except sqlite3.Error:
        return 0
