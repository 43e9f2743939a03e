"""Looks at keys, constraints and indexes, by their definition and by what they refuse."""

from __future__ import annotations

import re
import sqlite3

from kernel_core.util.counts import counted

from ..state import State, Table
from .look import LookError, Observed, Spec, listed, look
from .tables import table_of

_TABLE = {"table": "The name of the table."}
_COLUMNS = {**_TABLE, "columns": "Its columns; one may be written as a text."}


@look(
    "primary_key",
    {**_TABLE, "parts": "columns (the default), name."},
    ("table",),
    'look = "primary_key"\ntable = "flights"',
)
def observe_primary_key(state: State, spec: Spec) -> Observed:
    """The columns of the primary key, and its name."""
    parts = spec.parts(("columns", "name"), ("columns",))
    table, missing = table_of(state, spec)
    if table is None:
        return Observed(None, missing)
    key = table["primary_key"]
    named = f" called {key['name']}" if key["name"] else ""
    value = {"columns": key["columns"], "name": key["name"]}
    chosen = {part: value[part] for part in parts}
    return Observed(chosen, f"The primary key of {spec.text('table')}{named} is: {listed(key['columns'])}.")


@look(
    "foreign_key",
    {
        **_COLUMNS,
        "parts": "exists (always), table and referred (what it refers to), ondelete, onupdate, name, named (whether it "
        "has a name).",
    },
    ("table", "columns"),
    'look = "foreign_key"\ntable = "bookings"\ncolumns = ["flight_id"]\nparts = ["table", "ondelete"]',
)
def observe_foreign_key(state: State, spec: Spec) -> Observed:
    """Whether columns have a foreign key, what it refers to, and what happens on delete."""
    known = ("exists", "table", "referred", "ondelete", "onupdate", "name", "named")
    parts = spec.parts(known, ("table", "referred"))
    table, missing = table_of(state, spec)
    if table is None:
        return Observed({"exists": False}, missing)
    columns, place = spec.texts("columns"), spec.text("table")
    found = next((each for each in table["foreign_keys"] if each["columns"] == columns), None)
    if found is None:
        others = listed([f"({listed(each['columns'])}) to {each['table']}" for each in table["foreign_keys"]])
        return Observed({"exists": False}, f"{place} has no foreign key of {listed(columns)}; it has: {others}.")
    value = {
        "exists": True,
        "table": found["table"],
        "referred": found["referred"] or _key_of(state, found["table"]),
        "ondelete": found["ondelete"].upper(),
        "onupdate": found["onupdate"].upper(),
        "name": found["name"],
        "named": bool(found["name"]),
    }
    action = f", on delete {found['ondelete']}" if found["ondelete"] else ", without ON DELETE"
    name = f" {found['name']}" if found["name"] else " without a name"
    where = f"{found['table']} ({listed(value['referred'])})"
    return Observed(
        {part: value[part] for part in ("exists", *parts)},
        f"{place} has a foreign key{name} of {listed(columns)} to {where}{action}.",
    )


@look(
    "unique",
    {**_COLUMNS, "parts": "unique (the default), name, named, by (primary key, constraint or index)."},
    ("table", "columns"),
    'look = "unique"\ntable = "airlines"\ncolumns = ["name"]',
)
def observe_unique(state: State, spec: Spec) -> Observed:
    """Whether columns are unique: by a primary key, a unique constraint, or a unique index without a condition."""
    parts = spec.parts(("unique", "name", "named", "by"), ("unique",))
    table, missing = table_of(state, spec)
    if table is None:
        return Observed({"unique": False}, missing)
    columns, place = spec.texts("columns"), spec.text("table")
    for by, name, several in _unique_keys(table):
        if sorted(several) == sorted(columns):
            value = {"unique": True, "name": name, "named": bool(name), "by": by}
            sentence = f"{listed(columns)} of {place} is unique by a {by}{f' {name}' if name else ' without a name'}."
            return Observed({part: value[part] for part in ("unique", *parts)}, sentence)
    others = listed([f"({listed(each)})" for _, _, each in _unique_keys(table)])
    return Observed({"unique": False}, f"{listed(columns)} of {place} is not unique; unique are: {others}.")


@look(
    "constraint",
    {
        **_TABLE,
        "constraint": "The name of the constraint.",
        "kind": "Or a kind, to count those of a table: check, unique, foreign key.",
        "parts": "With kind: count (the default), unnamed (how many have no name), names.",
    },
    ("table",),
    'look = "constraint"\ntable = "flights"\nconstraint = "ck_flights_distance_positive"',
)
def observe_constraint(state: State, spec: Spec) -> Observed:
    """Whether a constraint with a name exists and of which kind it is, or how many of a kind there are."""
    parts = spec.parts(("count", "unnamed", "names"), ("count",))
    table, missing = table_of(state, spec)
    if table is None:
        return Observed(None, missing)
    place = spec.text("table")
    known = _named(table)
    if "constraint" in spec.fields:
        kind = next((kind for kind, name in known if name == spec.text("constraint")), None)
        others = listed([name for _, name in known if name])
        there = f"is a {kind} constraint" if kind else f"does not exist; there are: {others}"
        return Observed(kind, f"The constraint {spec.text('constraint')} of {place} {there}.")
    wanted = spec.text("kind")
    if wanted not in ("check", "unique", "foreign key"):
        raise LookError(f"`constraint` has no kind {wanted}. It has check, unique, foreign key.")
    names = [name for kind, name in known if kind == wanted]
    value = {"count": len(names), "unnamed": names.count(""), "names": sorted(filter(None, names))}
    shown = listed([name or "one without a name" for name in names])
    return Observed(
        {part: value[part] for part in parts}, f"{place} has {counted(len(names), f'{wanted} constraint')}: {shown}."
    )


@look(
    "index",
    {
        **_TABLE,
        "columns": "The columns of the index.",
        "index": "Or its name.",
        "parts": "exists (always), unique, where (its condition), columns, name.",
    },
    ("table",),
    'look = "index"\ntable = "flights"\ncolumns = ["origin", "dest"]',
)
def observe_index(state: State, spec: Spec) -> Observed:
    """Whether an index exists, by its columns or its name."""
    parts = spec.parts(("exists", "unique", "where", "columns", "name"), ("exists",))
    table, missing = table_of(state, spec)
    if table is None:
        return Observed({"exists": False}, missing)
    columns = spec.texts("columns", ())
    name = spec.text("index", "")
    if not columns and not name:
        raise LookError("`index` needs the field columns or the field index.")
    place = spec.text("table")
    for index in table["indexes"]:
        if (not columns or index["columns"] == columns) and (not name or index["name"] == name):
            value = {**index, "exists": True, "where": re.sub(r"[\"()\s]", "", index["where"]).lower()}
            chosen = {part: value[part] for part in ("exists", *parts)}
            kind = "unique index" if index["unique"] else "index"
            where = f" where {index['where']}" if index["where"] else ""
            return Observed(chosen, f"{place} has the {kind} {index['name']} ({listed(index['columns'])}){where}.")
    others = listed([f"{each['name']} ({listed(each['columns'])})" for each in table["indexes"]])
    return Observed({"exists": False}, f"{place} has no index {name or f'({listed(columns)})'}; it has: {others}.")


@look(
    "refuses",
    {
        "statement": "A statement that is tried on a scratch copy with foreign keys on: INSERT, UPDATE or DELETE.",
        "parts": "refused (the default), by (NOT NULL, UNIQUE, CHECK, FOREIGN KEY, trigger, or error).",
    },
    ("statement",),
    'look = "refuses"\nstatement = "INSERT INTO flights (distance) VALUES (-1)"\nparts = ["by"]',
)
def observe_refuses(state: State, spec: Spec) -> Observed:
    """Whether the database refuses a statement, and by which kind of constraint: what a definition does."""
    parts = spec.parts(("refused", "by"), ("refused",))
    statement = spec.text("statement")
    with state.database.copy() as copied:
        copied.driver.execute("PRAGMA foreign_keys = ON")
        try:
            changed = copied.driver.execute(statement).rowcount
            copied.driver.commit()
        except sqlite3.Error as error:
            is_refused = isinstance(error, sqlite3.IntegrityError)
            by = next((kind for kind in _KINDS if kind in str(error)), "trigger" if is_refused else "error")
            value = {"refused": is_refused, "by": by}
            chosen = {part: value[part] for part in ("refused", *parts)}
            result = "is refused" if is_refused else "fails"
            return Observed(chosen, f"Tried on a scratch copy, `{statement}` {result}: {error}.")
    return Observed(
        {part: {"refused": False, "by": ""}[part] for part in ("refused", *parts)},
        f"Tried on a scratch copy, `{statement}` is accepted ({counted(changed, 'row')}).",
    )


_KINDS = ("NOT NULL", "UNIQUE", "CHECK", "FOREIGN KEY")


def _unique_keys(table: Table) -> list[tuple[str, str, list[str]]]:
    key = table["primary_key"]
    found = [("primary key", key["name"], key["columns"])] if key["columns"] else []
    found += [("constraint", each["name"], each["columns"]) for each in table["unique"]]
    whole = [each for each in table["indexes"] if each["unique"] and not each["where"]]
    return found + [("index", each["name"], each["columns"]) for each in whole]


def _named(table: Table) -> list[tuple[str, str]]:
    found = [("check", each["name"]) for each in table["checks"]]
    found += [("unique", each["name"]) for each in table["unique"]]
    found += [("foreign key", each["name"]) for each in table["foreign_keys"]]
    key = table["primary_key"]["name"]
    return [*found, *([("primary key", key)] if key else [])]


def _key_of(state: State, table: str) -> list[str]:
    """Return the primary key, which a foreign key refers to where it names no columns."""
    found = state.schema["tables"].get(table)
    return found["primary_key"]["columns"] if found else []
