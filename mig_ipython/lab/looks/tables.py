"""Looks at tables, columns, views and triggers."""

from __future__ import annotations

import re
import sqlite3

from kernel_core.util.counts import counted
from kernel_core.util.sql import in_quotes

from ..state import State, Table
from ..state.schema import Column
from .look import Observed, Spec, listed, look

_TABLE = {"table": "The name of the table."}
_COLUMN = {**_TABLE, "column": "The name of the column."}


def tables_of(state: State, spec: Spec) -> dict[str, Table]:
    """Return the tables of the database, or of the models where the spec says so."""
    return state.models["tables"] if spec.fields.get("of") == "models" else state.schema["tables"]


def table_of(state: State, spec: Spec) -> tuple[Table | None, str]:
    """Return the table of a spec, or None with a sentence that says which tables there are."""
    name, tables = spec.text("table"), tables_of(state, spec)
    if name in tables:
        return tables[name], ""
    problem = state.models["error"] if spec.fields.get("of") == "models" else ""
    return None, problem or f"The table {name} does not exist; the tables are: {listed(tables)}."


@look(
    "table",
    {**_TABLE, "parts": "exists (always), columns (their names in alphabetical order), count (of rows)."},
    ("table",),
    'look = "table"\ntable = "bookings"\nparts = ["columns"]',
)
def observe_table(state: State, spec: Spec) -> Observed:
    """Whether a table exists; its columns, its number of rows."""
    parts = spec.parts(("exists", "columns", "count"), ("exists",))
    table, missing = table_of(state, spec)
    if table is None:
        return Observed({"exists": False}, missing)
    value: dict[str, object] = {"exists": True}
    words = [f"There is a table {spec.text('table')}"]
    if "columns" in parts:
        value["columns"] = sorted(table["columns"])
        words.append(f"its columns are: {listed(table['columns'])}")
    if "count" in parts:
        value["count"] = state.counts.get(spec.text("table"), 0)
        words.append(f"it has {counted(state.counts.get(spec.text('table'), 0), 'row')}")
    return Observed(value, f"{'; '.join(words)}.")


@look("tables", example='look = "tables"')
def observe_tables(state: State, spec: Spec) -> Observed:
    """The names of all tables, without those of the engine."""
    names = sorted(tables_of(state, spec))
    return Observed(names, f"The tables are: {listed(names)}.")


@look(
    "columns",
    {**_TABLE, "ordered": "true: their order counts as well."},
    ("table",),
    'look = "columns"\ntable = "airlines"',
)
def observe_columns(state: State, spec: Spec) -> Observed:
    """The names of the columns of a table."""
    table, missing = table_of(state, spec)
    if table is None:
        return Observed(None, missing)
    names = list(table["columns"])
    value = names if spec.flag("ordered", False) else sorted(names)
    return Observed(value, f"The columns of {spec.text('table')} are: {listed(names)}.")


@look(
    "column",
    {
        **_COLUMN,
        "parts": "exists (always), type (exact: VARCHAR(20)), family (text, integer, real, numeric, boolean, date, "
        "datetime, time, blob), length, nullable, default (its value), primary_key, generated, position (from 1).",
    },
    ("table", "column"),
    'look = "column"\ntable = "airlines"\ncolumn = "alliance"\nparts = ["family", "nullable"]',
)
def observe_column(state: State, spec: Spec) -> Observed:
    """Whether a column exists, and what its definition says."""
    known = ("exists", "type", "family", "length", "nullable", "default", "primary_key", "generated", "position")
    parts = spec.parts(known, ("exists",))
    table, missing = table_of(state, spec)
    name, place = spec.text("column"), spec.text("table")
    if table is None:
        return Observed({"exists": False}, missing)
    if name not in table["columns"]:
        names = listed(table["columns"])
        return Observed({"exists": False}, f"{place} has no column {name}; its columns are: {names}.")
    column = table["columns"][name]
    value: dict[str, object] = {
        "exists": True,
        "type": column["type"],
        "family": family(column["type"]),
        "length": _length(column["type"]),
        "nullable": column["nullable"],
        "default": default_value(column["default"]),
        "primary_key": bool(column["primary_key"]),
        "generated": column["generated"],
        "position": list(table["columns"]).index(name) + 1,
    }
    chosen = {part: value[part] for part in ("exists", *parts)}
    return Observed(chosen, f"The column {place}.{name} is {_described(column)}.")


@look(
    "view",
    {"view": "The name of the view.", "parts": "exists (always), columns, count (of rows)."},
    ("view",),
    'look = "view"\nview = "late_flights"\nparts = ["count"]',
)
def observe_view(state: State, spec: Spec) -> Observed:
    """Whether a view exists and can be queried; its columns, its number of rows."""
    name = spec.text("view")
    parts = spec.parts(("exists", "columns", "count"), ("exists",))
    if name not in state.schema["views"]:
        views = listed(state.schema["views"])
        return Observed({"exists": False}, f"The view {name} does not exist; the views are: {views}.")
    try:
        cursor = state.database.driver.execute(f"SELECT * FROM {in_quotes(name)}")
        columns, count = [each[0] for each in cursor.description], len(cursor.fetchall())
    except sqlite3.Error as error:
        return Observed({"exists": True, "broken": True}, f"The view {name} cannot be queried: {error}.")
    value = {"exists": True, "columns": sorted(columns), "count": count}
    chosen = {part: value[part] for part in ("exists", *parts)}
    return Observed(chosen, f"The view {name} has the columns {listed(columns)} and {counted(count, 'row')}.")


@look(
    "trigger",
    {"trigger": "The name of the trigger.", "table": "Or a table: the number of its triggers."},
    (),
    'look = "trigger"\ntable = "flights"',
)
def observe_trigger(state: State, spec: Spec) -> Observed:
    """Whether a trigger exists, or how many a table has."""
    triggers = state.schema["triggers"]
    if "trigger" in spec.fields:
        name = spec.text("trigger")
        found = triggers.get(name)
        there = f"There is a trigger {name} of {found['table']}." if found else f"The trigger {name} does not exist."
        return Observed(found["table"] if found else None, there)
    table = spec.text("table")
    names = [name for name, each in triggers.items() if each["table"] == table]
    return Observed(len(names), f"{table} has {counted(len(names), 'trigger')}: {listed(names)}.")


def family(type_: str) -> str:
    """Return the family of a type by its name: "text" for VARCHAR(20), CHAR and TEXT.

    >>> family("VARCHAR(20)")
    'text'
    """
    name = type_.upper()
    for word, pattern in _FAMILIES:
        if re.search(pattern, name):
            return word
    return "numeric" if name else "blob"


_FAMILIES = (
    ("boolean", r"^BOOL"),
    ("datetime", r"^(DATETIME|TIMESTAMP)"),
    ("date", r"^DATE$"),
    ("time", r"^TIME$"),
    ("integer", r"INT"),
    ("text", r"CHAR|CLOB|TEXT|STRING|JSON|UUID|ENUM"),
    ("blob", r"BLOB|BINARY"),
    ("real", r"REAL|FLOA|DOUB"),
    ("numeric", r"NUMERIC|DECIMAL"),
)


def default_value(default: str | None) -> object:
    """Return the value of a default as text, however it is written: ``'0'``, ``0`` and ``(0)`` are "0".

    A default that is different at each time, such as CURRENT_TIMESTAMP, stays SQL.
    """
    if default is None:
        return None
    text = default.strip()
    if re.search(r"CURRENT_|\(\s*\)|random|now", text, re.IGNORECASE):
        return text.upper().strip("() ")
    try:
        (value,) = sqlite3.connect(":memory:").execute(f"SELECT {text}").fetchone()
    except sqlite3.Error:
        return text
    return None if value is None else str(value)


def _length(type_: str) -> int | None:
    found = re.search(r"\((\d+)", type_)
    return int(found[1]) if found else None


def _described(column: Column) -> str:
    words = [column["type"] or "without a type"]
    words.append("may be NULL" if column["nullable"] else "NOT NULL")
    words.append(f"default {column['default']}" if column["default"] is not None else "no default")
    return ", ".join([*words, *(["part of the primary key"] if column["primary_key"] else [])])
