"""Looks that run something on a scratch copy: up and down again, models against database, history against database."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from ..state import DATABASE, State
from ..state.scratch import (
    compared,
    history_differences,
    model_differences,
    repeated,
    round_trip,
    script_differences,
    start_of,
)
from .look import Observed, Spec, listed, look

_MOST_SHOWN = 3


@look(
    "no_difference",
    {"tables": "Only differences whose sentence names one of these tables."},
    example='look = "no_difference"',
)
def observe_no_difference(state: State, spec: Spec) -> Observed:
    """Whether the database matches the models, as autogenerate compares them."""
    found = [each for each in model_differences(state) if _names_one(each, spec.texts("tables", ()))]
    shown = f"To match models.py, the database still needs: {_short(found)}." if found else "It matches models.py."
    return Observed(not found, shown)


@look(
    "history_equals",
    {"ignore": "Tables that were there before the first revision."},
    example='look = "history_equals"',
)
def observe_history_equals(state: State, spec: Spec) -> Observed:
    """Whether the database has exactly the schema that its history gives: nothing was changed by hand."""
    found = history_differences(state, spec.texts("ignore", ()))
    same = "The database is as its history gives it."
    return Observed(not found, f"The database differs from what its history gives: {_short(found)}." if found else same)


@look(
    "reversible",
    {
        "revision": 'From which revision on: an id, "-1" the last, "1" the first, or a part of a message.',
        "schema_only": "true: only the schema is compared, not the rows.",
    },
    example='look = "reversible"\nrevision = "-1"',
)
def observe_reversible(state: State, spec: Spec) -> Observed:
    """Whether a downgrade restores schema and rows: a scratch copy goes down, up, down and up again."""
    name = spec.text("revision", "-1")
    found = state.revision(name)
    if found is None:
        return Observed({"works": False}, f"Revision {name} does not exist.")
    if len(found["down"]) > 1:
        return Observed({"works": True}, f"Revision {found['id']} is a merge, which changes nothing.")
    problems = round_trip(state, start_of(state, found), found["id"])
    if spec.flag("schema_only", False):
        problems = [each for each in problems if " rows " not in each and "values of" not in each]
    if problems:
        return Observed({"works": False}, f"Down and up again on a scratch copy: {_short(problems)}.")
    return Observed(
        {"works": True}, f"Revision {found['id']} went down and up again on a scratch copy, and nothing was lost."
    )


@look(
    "same_from_start",
    {"tables": "Only differences whose sentence names one of these tables."},
    example='look = "same_from_start"',
)
def observe_same_from_start(state: State, spec: Spec) -> Observed:
    """Whether the revisions alone, run on the database as the exercise began, give the schema and the rows of now."""
    again = repeated(state)
    with again:
        found = [each for each in compared(state.database, again) if _names_one(each, spec.texts("tables", ()))]
    if found:
        return Observed(
            False,
            f"Run on a scratch copy of the database as you began, your revisions give less: {_short(found)}.",
        )
    return Observed(True, "Run on a scratch copy of the database as you began, your revisions alone give the same.")


@look(
    "script",
    {"file": "A SQL file inside the folder of the lesson.", "parts": "runs, same (the schema); both by default."},
    ("file",),
    'look = "script"\nfile = "upgrade.sql"',
)
def observe_script(state: State, spec: Spec) -> Observed:
    """Whether a SQL file runs on an empty database, and creates the tables that this database has."""
    name, parts = spec.text("file"), spec.parts(("runs", "same"), ("runs", "same"))
    path = state.path(name)
    if not os.path.isfile(path):
        return Observed(dict.fromkeys(parts, False), f"There is no file {name}.")
    problem, found = script_differences(state, path)
    value = {"runs": not problem, "same": not problem and not found}
    sentence = f"{name}, run on an empty database, creates the tables that are here."
    if problem:
        sentence = f"{name}, run on an empty database, fails: {problem}."
    elif found:
        sentence = f"{name}, run on an empty database, creates another schema: {_short(found)}."
    return Observed({part: value[part] for part in parts}, sentence)


@look("writable", example='look = "writable"')
def observe_writable(state: State, spec: Spec) -> Observed:
    """Whether the database can be written to now: no other connection holds its lock."""
    try:
        with closing(sqlite3.connect(state.path(DATABASE), timeout=0.1, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        return Observed(False, f"{DATABASE} cannot be written to: {error}.")
    return Observed(True, f"{DATABASE} can be written to.")


@look("file", {"file": "A path inside the folder of the lesson."}, ("file",), 'look = "file"\nfile = "upgrade.sql"')
def observe_file(state: State, spec: Spec) -> Observed:
    """Whether a file exists in the folder and is not empty; with `sql` or `database`, look at what it does."""
    path = state.path(spec.text("file"))
    exists = os.path.isfile(path) and os.path.getsize(path) > 0
    return Observed(exists, f"There is {'a' if exists else 'no'} file {spec.text('file')}.")


@look(
    "pragma",
    {"pragma": "Its name: journal_mode, user_version, ..."},
    ("pragma",),
    'look = "pragma"\npragma = "journal_mode"',
)
def observe_pragma(state: State, spec: Spec) -> Observed:
    """The value of a setting that SQLite keeps in the file."""
    name = spec.text("pragma")
    if not name.isidentifier():
        return Observed(None, f"{name} is not a pragma.")
    path = state.path(str(spec.fields.get("database", DATABASE)))
    with closing(sqlite3.connect(path, timeout=1)) as connection:
        row = connection.execute(f"PRAGMA {name}").fetchone()
    return Observed(row[0] if row else None, f"PRAGMA {name} is {row[0] if row else 'not set'}.")


def _names_one(sentence: str, tables: list[str]) -> bool:
    return not tables or any(table in sentence.split() or f"{table}." in sentence for table in tables)


def _short(sentences: list[str]) -> str:
    more = f" and {len(sentences) - _MOST_SHOWN} more" if len(sentences) > _MOST_SHOWN else ""
    return listed(["; ".join(sentences[:_MOST_SHOWN])]) + more
