"""Parsing CREATE TABLE: every clause has its kind, and the SQL of the result creates the same table."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from any_text import any_text
from hypothesis import given

from kernel_core.ddl.sqlite.create_table import parse_table
from kernel_core.ddl.sqlite.identifiers import quote
from kernel_core.util.sql import tokens

HARD = [
    "CREATE TABLE t (a)",
    'CREATE TABLE "my table" ("my col" VARCHAR(3) NOT NULL DEFAULT (1 + 2), [x,y] TEXT, `z``z` INT)',
    "CREATE TABLE t (a INTEGER PRIMARY KEY ASC ON CONFLICT REPLACE AUTOINCREMENT, b DEFAULT NULL NULL)",
    "CREATE TABLE t (a REFERENCES t (a) ON DELETE SET NULL ON UPDATE SET DEFAULT NOT DEFERRABLE, b NOT NULL)",
    "CREATE TABLE t (a CONSTRAINT c1 CHECK (a IN ('x)', 'y,')) CONSTRAINT c2 UNIQUE, b AS (a || ',') STORED)",
    "CREATE TABLE t (a DEFAULT -1.5, b DEFAULT 'it''s, (so)', c DEFAULT CURRENT_TIMESTAMP COLLATE NOCASE)",
    "CREATE TABLE t (a INT, b INT, CONSTRAINT pk PRIMARY KEY (a, b), CHECK (a > b)) WITHOUT ROWID, STRICT",
    "CREATE TABLE t (a INT -- one, two (three\n, b INT /* ) , */ NOT NULL)",
    "CREATE TABLE t (a UNSIGNED BIG INT(10, 2) CHECK (a > 0), FOREIGN KEY (a) REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)",
]


def shape(sql: str) -> object:
    """The table as SQLite describes it: columns, indexes, foreign keys, and the rows that it refuses."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(sql)
        return facts_of(database)


def facts_of(database: sqlite3.Connection) -> object:
    (name,) = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchone()
    quoted = '"' + name.replace('"', '""') + '"'
    facts = [
        database.execute(f"PRAGMA {pragma}({quoted})").fetchall()
        for pragma in ("table_xinfo", "index_list", "foreign_key_list")
    ]
    return facts, database.execute(f"SELECT wr, strict FROM pragma_table_list WHERE name = {name!r}").fetchall()


@pytest.mark.parametrize("sql", HARD)
def test_the_sql_of_a_parsed_table_creates_the_same_table(sql: str) -> None:
    assert shape(parse_table(sql).sql()) == shape(sql)


@pytest.mark.parametrize("sql", HARD)
def test_parsing_is_idempotent(sql: str) -> None:
    once = parse_table(sql).sql()
    assert parse_table(once).sql() == once


def test_clauses_have_their_kind_and_name() -> None:
    text = parse_table(HARD[3])
    assert [clause.kind for clause in text.columns[0].clauses] == ["FOREIGN KEY"]
    assert [clause.kind for clause in text.columns[1].clauses] == ["NOT NULL"]
    named = parse_table(HARD[4]).columns[0].clauses
    assert [(clause.kind, clause.name) for clause in named] == [("CHECK", "c1"), ("UNIQUE", "c2")]


def test_a_virtual_table_is_refused() -> None:
    with pytest.raises(ValueError, match="not an ordinary table"):
        parse_table("CREATE VIRTUAL TABLE t USING fts5(a)")


@given(any_text(min_size=1, max_size=20).filter(lambda name: "\x00" not in name))
def test_any_quoted_name_is_parsed(name: str) -> None:
    assert tokens(quote(name), "sqlite")[0].name == name
