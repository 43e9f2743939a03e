"""The schema of a SQLite database as plain data: dicts, lists, texts and numbers, read from its catalog."""

from __future__ import annotations

import re
import sqlite3
import warnings
from collections.abc import Mapping, Sequence
from typing import TypedDict

from sqlalchemy import Connection, Inspector, inspect

from kernel_core.util.sql import in_quotes

OWN_TABLES = "alembic_version"
"""The version table; the tables of the engine next to it begin with the same name."""


class Column(TypedDict):
    """A column; ``default`` is SQL, None without one; ``primary_key`` is its place in the key, 0 outside."""

    type: str
    nullable: bool
    default: str | None
    primary_key: int
    generated: bool


class Key(TypedDict):
    """A primary key or unique constraint; ``name`` is "" where it has none."""

    name: str
    columns: list[str]


class ForeignKey(Key):
    """A foreign key to ``referred`` of ``table``; ``ondelete`` and ``onupdate`` are "" where nothing is said."""

    table: str
    referred: list[str]
    ondelete: str
    onupdate: str


class Check(TypedDict):
    """A CHECK constraint."""

    name: str
    condition: str


class Index(Key):
    """An index made by CREATE INDEX; an expression in it is "(expression)", ``where`` is "" for a whole one."""

    unique: bool
    where: str


class Table(TypedDict):
    """A table with all that is in its definition; columns are in their order."""

    columns: dict[str, Column]
    primary_key: Key
    foreign_keys: list[ForeignKey]
    unique: list[Key]
    checks: list[Check]
    indexes: list[Index]


class Trigger(TypedDict):
    """A trigger and its table."""

    table: str
    sql: str


class Schema(TypedDict):
    """Tables, views and triggers by name, without the tables of the engine."""

    tables: dict[str, Table]
    views: dict[str, str]
    triggers: dict[str, Trigger]


def empty() -> Schema:
    """Return the schema of a database without tables."""
    return {"tables": {}, "views": {}, "triggers": {}}


def is_own(name: str) -> bool:
    """Return whether a table belongs to the engine or to SQLite itself."""
    return name.startswith((OWN_TABLES, "sqlite_"))


def read_schema(connection: Connection, driver: sqlite3.Connection) -> Schema:
    """Return the schema of a database; ``driver`` is the driver's connection to the same database."""
    found = empty()
    inspector = inspect(connection)
    objects = driver.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
    for kind, name, table, sql in objects:
        if is_own(name):
            continue
        if kind == "table":
            found["tables"][name] = _table(inspector, driver, name)
        elif kind == "view":
            found["views"][name] = str(sql)
        elif kind == "trigger":
            found["triggers"][name] = {"table": table, "sql": str(sql)}
    return found


def _table(inspector: Inspector, driver: sqlite3.Connection, name: str) -> Table:
    columns: dict[str, Column] = {}
    for _, column, type_, notnull, default, place, hidden in driver.execute(f"PRAGMA table_xinfo({in_quotes(name)})"):
        if hidden == 1:  # a column of a virtual table
            continue
        columns[column] = {
            "type": " ".join(str(type_).upper().split()),
            "nullable": not (notnull or place),
            "default": default,
            "primary_key": place,
            "generated": hidden in (2, 3),
        }
    key = sorted((each["primary_key"], column) for column, each in columns.items() if each["primary_key"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constraint that SQLAlchemy cannot parse is left out with a warning
        named = inspector.get_pk_constraint(name).get("name")
        unique = inspector.get_unique_constraints(name)
        checks = inspector.get_check_constraints(name)
        foreign = {tuple(each["constrained_columns"]): each["name"] for each in inspector.get_foreign_keys(name)}
    return {
        "columns": columns,
        "primary_key": {"name": str(named or ""), "columns": [column for _, column in key]},
        "foreign_keys": _foreign_keys(driver, name, foreign),
        "unique": _unique(
            driver, name, [Key(name=str(each["name"] or ""), columns=_names(each["column_names"])) for each in unique]
        ),
        "checks": sorted(
            ({"name": str(each["name"] or ""), "condition": " ".join(each["sqltext"].split())} for each in checks),
            key=lambda each: (each["name"], each["condition"]),
        ),
        "indexes": _indexes(driver, name),
    }


def _foreign_keys(
    driver: sqlite3.Connection, table: str, names: Mapping[tuple[str, ...], str | None]
) -> list[ForeignKey]:
    """Return the foreign keys; ``names`` has those that SQLAlchemy parsed from the definition, by columns.

    https://sqlite.org/pragma.html#pragma_foreign_key_list
    """
    found: dict[int, ForeignKey] = {}
    for number, _, referred, column, to, update, delete, _ in driver.execute(
        f"PRAGMA foreign_key_list({in_quotes(table)})"
    ):
        key = found.setdefault(
            number,
            {
                "name": "",
                "columns": [],
                "table": referred,
                "referred": [],
                "ondelete": "" if delete == "NO ACTION" else delete,
                "onupdate": "" if update == "NO ACTION" else update,
            },
        )
        key["columns"].append(column)
        key["referred"] += [to] if to else []
    for key in found.values():
        key["name"] = str(names.get(tuple(key["columns"])) or "")
    return sorted(found.values(), key=lambda each: each["columns"])


def _unique(driver: sqlite3.Connection, table: str, parsed: list[Key]) -> list[Key]:
    """Return the unique constraints: ``parsed`` by SQLAlchemy, and those that it does not see.

    It overlooks a constraint of a column whose type has a length: ``name VARCHAR(50) UNIQUE``.
    https://sqlite.org/pragma.html#pragma_index_list
    """
    found = list(parsed)
    for _, name, _, origin, _ in driver.execute(f"PRAGMA index_list({in_quotes(table)})").fetchall():
        columns = [str(column) for _, _, column in driver.execute(f"PRAGMA index_info({in_quotes(name)})")]
        if origin == "u" and all(each["columns"] != columns for each in found):
            found.append({"name": "", "columns": columns})
    return sorted(found, key=lambda each: each["columns"])


def _names(columns: Sequence[str | None]) -> list[str]:
    return [each or "(expression)" for each in columns]


def _indexes(driver: sqlite3.Connection, table: str) -> list[Index]:
    found: list[Index] = []
    for _, name, unique, origin, _ in driver.execute(f"PRAGMA index_list({in_quotes(table)})").fetchall():
        if origin != "c":  # those of constraints are listed as constraints
            continue
        parts = driver.execute(f"PRAGMA index_info({in_quotes(name)})").fetchall()
        (sql,) = driver.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", (name,)).fetchone()
        condition = re.search(r"\)\s*WHERE\s+(.*)$", str(sql), re.IGNORECASE | re.DOTALL)
        found.append(
            {
                "name": name,
                "columns": _names([column for _, _, column in parts]),
                "unique": bool(unique),
                "where": " ".join(condition[1].split()) if condition else "",
            }
        )
    return sorted(found, key=lambda each: each["name"])
