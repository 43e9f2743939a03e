"""Looks at rows and at results of queries. A snapshot has no rows: these are verified by what was recorded."""

from __future__ import annotations

import re
import sqlite3

from kernel_core.util.counts import counted
from kernel_core.util.sql import in_quotes

from ..state import Row, State
from ..state.database import columns_of
from .look import Observed, Spec, listed, look

_MOST_SHOWN = 3


@look(
    "rows",
    {
        "table": "The name of the table or view.",
        "columns": "The columns to compare; all of them by default.",
        "where": "SQL: which rows.",
    },
    ("table",),
    'look = "rows"\ntable = "airlines"\ncolumns = ["carrier", "name"]',
)
def observe_rows(state: State, spec: Spec) -> Observed:
    """The rows of a table in some columns; their order does not count."""
    table = spec.text("table")
    chosen = columns_of(table, spec.texts("columns", ())) or "*"
    condition, where = _condition(spec)
    found, problem = _queried(state, f"SELECT {chosen} FROM {in_quotes(table)}{condition}")
    if problem:
        return Observed(None, f"The rows of {table} cannot be queried: {problem}.")
    rows = sorted(map(list, found), key=repr)
    return Observed(rows, f"{table} has {counted(len(rows), 'row')}{where}{_beginning(found)}.")


@look(
    "count",
    {"table": "The name of the table or view.", "where": "SQL: which rows."},
    ("table",),
    'look = "count"\ntable = "flights"\nwhere = "carrier IS NULL"',
)
def observe_count(state: State, spec: Spec) -> Observed:
    """The number of rows of a table, or of those that a condition selects."""
    table = spec.text("table")
    if "where" not in spec.fields and table in state.counts:
        return Observed(state.counts[table], f"{table} has {counted(state.counts[table], 'row')}.")
    condition, where = _condition(spec)
    found, problem = _queried(state, f"SELECT count(*) FROM {in_quotes(table)}{condition}")
    if problem:
        return Observed(None, f"The rows of {table} cannot be counted: {problem}.")
    return Observed(found[0][0], f"{table} has {counted(int(found[0][0] or 0), 'row')}{where}.")


@look(
    "query",
    {
        "query": "A SELECT.",
        "ordered": "true: the order of its rows counts as well.",
        "about": "What it is about, in the sentence: The number of flights without a plane.",
    },
    ("query",),
    'look = "query"\nquery = "SELECT count(DISTINCT carrier) FROM flights"\nabout = "The number of carriers"',
)
def observe_query(state: State, spec: Spec) -> Observed:
    """The rows of a query; one row with one column is its value."""
    about = spec.text("about", f"`{spec.text('query')}`")
    found, problem = _queried(state, spec.text("query"))
    if problem:
        return Observed(None, f"{about}: the query fails: {problem}.")
    if len(found) == 1 and len(found[0]) == 1:
        return Observed(found[0][0], f"{about} is {found[0][0]}.")
    rows = list(map(list, found))
    value = rows if spec.flag("ordered", False) else sorted(rows, key=repr)
    return Observed(value, f"{about}: {counted(len(rows), 'row')}{_beginning(found)}.")


@look(
    "digest",
    {"table": "The name of the table."},
    ("table",),
    'look = "digest"\ntable = "flights"',
)
def observe_digest(state: State, spec: Spec) -> Observed:
    """A hash of all rows of a large table, to see that nothing was lost or changed."""
    table = spec.text("table")
    if table not in state.digests:
        return Observed(None, f"The table {table} does not exist.")
    return Observed(
        [state.counts[table], state.digests[table]],
        f"{table} has {counted(state.counts[table], 'row')}; their values are compared by a hash.",
    )


@look(
    "same_rows",
    {"table": "The name of the table.", "as": "Another database file of the folder.", "columns": "Which columns."},
    ("table", "as"),
    'look = "same_rows"\ntable = "flights"\nas = "production.db"',
)
def observe_same_rows(state: State, spec: Spec) -> Observed:
    """Whether a table has the same rows as in another database of the folder."""
    table, name = spec.text("table"), spec.text("as")
    other = state.of_file(name)
    chosen = columns_of(table, spec.texts("columns", ())) or "*"
    sql = f"SELECT {chosen} FROM {in_quotes(table)}"
    (here, problem), (there, other_problem) = _queried(state, sql), _queried(other, sql)
    if problem or other_problem:
        return Observed(None, f"{table} cannot be compared with {name}: {problem or other_problem}.")
    missing, extra = len(set(there) - set(here)), len(set(here) - set(there))
    return Observed(
        {"missing": missing, "extra": extra},
        f"{table} compared with {name}: {counted(missing, 'row')} missing, {counted(extra, 'row')} only here.",
    )


@look("integrity", example='look = "integrity"')
def observe_integrity(state: State, spec: Spec) -> Observed:
    """Whether the file is sound and every foreign key refers to a row that exists."""
    (sound,) = state.database.driver.execute("PRAGMA integrity_check").fetchone()
    try:
        broken = state.database.query("PRAGMA foreign_key_check")
    except sqlite3.Error as error:  # a foreign key to columns that are not unique
        return Observed({"sound": sound == "ok", "broken": None}, f"Foreign keys cannot be checked: {error}.")
    counts: dict[str, int] = {}
    for table, *_ in broken:
        counts[str(table)] = counts.get(str(table), 0) + 1
    described = listed([f"{counted(number, 'row')} of {table}" for table, number in sorted(counts.items())])
    there = f"rows that refer to nothing: {described}" if counts else "every foreign key refers to a row"
    return Observed({"sound": sound == "ok", "broken": counts}, f"The file is {sound}; {there}.")


@look(
    "plan",
    {"query": "A SELECT.", "table": "The table whose access is looked at."},
    ("query",),
    'look = "plan"\nquery = "SELECT * FROM flights WHERE origin = \'JFK\'"',
)
def observe_plan(state: State, spec: Spec) -> Observed:
    """Whether SQLite would use an index for a query."""
    try:
        steps = [str(row[3]) for row in state.database.driver.execute(f"EXPLAIN QUERY PLAN {spec.text('query')}")]
    except sqlite3.Error as error:
        return Observed(None, f"The query fails: {error}.")
    about = [each for each in steps if spec.text("table", "") in each]
    uses = any(re.search(r"\bINDEX\b", each) for each in about)
    return Observed({"index": uses}, f"SQLite's plan for it: {listed(steps)}.")


def _condition(spec: Spec) -> tuple[str, str]:
    """Return the condition of a spec as SQL, and as words of a sentence."""
    if "where" not in spec.fields:
        return "", ""
    where = spec.text("where")
    return f" WHERE {where}", f" where {where}"


def _queried(state: State, sql: str) -> tuple[list[Row], str]:
    """Return the rows of a query, or the reason why there are none."""
    try:
        return state.database.query(sql), ""
    except sqlite3.Error as error:
        return [], str(error)


def _beginning(rows: list[Row]) -> str:
    if not rows:
        return ""
    shown = "; ".join(
        ", ".join("NULL" if each is None else str(each)[:40] for each in row) for row in rows[:_MOST_SHOWN]
    )
    return f", {'beginning with' if len(rows) > _MOST_SHOWN else 'which are'} {shown}"
