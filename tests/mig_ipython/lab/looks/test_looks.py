"""Each look: its value and its sentence, before and after a change, live and from a snapshot."""

from __future__ import annotations

import json
import tomllib

import pytest

from mig_ipython.lab.looks import LookError, looks
from mig_ipython.lab.state import NotRecorded, State

FLIGHTS = """
    CREATE TABLE flights (id INTEGER PRIMARY KEY, carrier TEXT NOT NULL REFERENCES airlines (carrier) ON DELETE CASCADE,
        distance INTEGER DEFAULT (0) CONSTRAINT far CHECK (distance >= 0), tail VARCHAR(6), UNIQUE (tail));
    CREATE INDEX ix_flights_carrier ON flights (carrier);
    CREATE VIEW of_aa AS SELECT id, distance FROM flights WHERE carrier = 'AA';
    CREATE TRIGGER no_ua BEFORE DELETE ON flights BEGIN SELECT raise(ABORT, 'kept'); END;
    INSERT INTO flights VALUES (1, 'AA', 100, 'N1'), (2, 'AA', 200.0, 'N2'), (3, 'UA', 300, NULL);
"""

CASES = [
    ("table", {"table": "flights", "parts": ["columns", "count"]}, {"exists": True, "columns": ["carrier", "distance", "id", "tail"], "count": 3}),
    ("table", {"table": "gates"}, {"exists": False}),
    ("tables", {}, ["airlines", "flights"]),
    ("columns", {"table": "airlines"}, ["carrier", "name"]),
    ("column", {"table": "flights", "column": "distance", "parts": ["family", "default", "nullable"]}, {"exists": True, "family": "integer", "default": "0", "nullable": True}),
    ("column", {"table": "flights", "column": "tail", "parts": ["type", "length", "position"]}, {"exists": True, "type": "VARCHAR(6)", "length": 6, "position": 4}),
    ("column", {"table": "airlines", "column": "name", "of": "models"}, {"exists": True}),
    ("view", {"view": "of_aa", "parts": ["count", "columns"]}, {"exists": True, "count": 2, "columns": ["distance", "id"]}),
    ("trigger", {"table": "flights"}, 1),
    ("primary_key", {"table": "flights"}, {"columns": ["id"]}),
    ("foreign_key", {"table": "flights", "columns": "carrier", "parts": ["table", "ondelete", "named"]}, {"exists": True, "table": "airlines", "ondelete": "CASCADE", "named": False}),
    ("unique", {"table": "flights", "columns": ["tail"], "parts": ["by", "named"]}, {"unique": True, "by": "constraint", "named": False}),
    ("unique", {"table": "flights", "columns": ["carrier"]}, {"unique": False}),
    ("constraint", {"table": "flights", "constraint": "far"}, "check"),
    ("constraint", {"table": "flights", "kind": "unique", "parts": ["unnamed"]}, {"unnamed": 1}),
    ("index", {"table": "flights", "columns": ["carrier"], "parts": ["unique"]}, {"exists": True, "unique": False}),
    ("refuses", {"statement": "INSERT INTO flights (carrier, distance) VALUES ('AA', -1)", "parts": ["by"]}, {"refused": True, "by": "CHECK"}),
    ("refuses", {"statement": "INSERT INTO flights (carrier) VALUES ('ZZ')", "parts": ["by"]}, {"refused": True, "by": "FOREIGN KEY"}),
    ("refuses", {"statement": "DELETE FROM flights", "parts": ["by"]}, {"refused": True, "by": "trigger"}),
    ("refuses", {"statement": "INSERT INTO gates VALUES (1)", "parts": ["by"]}, {"refused": False, "by": "error"}),
    ("refuses", {"statement": "INSERT INTO flights (carrier) VALUES ('AA')"}, {"refused": False}),
    ("rows", {"table": "flights", "columns": ["distance"], "where": "carrier = 'AA'"}, [[100], [200]]),
    ("count", {"table": "flights", "where": "tail IS NULL"}, 1),
    ("query", {"query": "SELECT sum(distance) FROM flights"}, 600),
    ("query", {"query": "SELECT id, tail FROM flights ORDER BY id DESC", "ordered": True}, [[3, None], [2, "N2"], [1, "N1"]]),
    ("same_rows", {"table": "airlines", "as": "flights.db"}, {"missing": 0, "extra": 0}),
    ("integrity", {}, {"sound": True, "broken": {}}),
    ("plan", {"query": "SELECT * FROM flights WHERE carrier = 'AA'"}, {"index": True}),
    ("plan", {"query": "SELECT * FROM flights WHERE distance = 1"}, {"index": False}),
    ("environment", {}, True),
    ("version", {"parts": ["at_head", "applied", "table"]}, {"at_head": False, "applied": 1, "table": True}),
    ("heads", {}, {"count": 1}),
    ("pending", {}, 1),
    ("revisions", {"parts": ["count", "merges", "messages"]}, {"count": 2, "merges": 0, "messages": ["a1", "add gates"]}),
    ("revision", {"revision": "gates", "parts": ["applied", "downgrade", "operations", "parents"]}, {"exists": True, "applied": False, "downgrade": "code", "operations": ["create_table", "execute"], "parents": 1}),
    ("order", {"revisions": ["a1", "gates"]}, [True]),
    ("order", {"revisions": ["gates", "a1"]}, [False]),
    ("linear", {}, True),
    ("readable", {}, True),
    ("unfinished", {}, False),
    ("edited", {}, []),
    ("no_difference", {}, False),
    ("no_difference", {"tables": "airlines"}, True),
    ("history_equals", {}, False),
    ("reversible", {"revision": "gates"}, {"works": True}),
    ("table", {"table": "gates", "at": "head", "parts": ["count"]}, {"exists": True, "count": 1}),
    ("table", {"table": "flights", "database": "production.db"}, {"exists": True}),
    ("table", {"table": "runways", "sql": "up.sql"}, {"exists": True}),
    ("writable", {}, True),
    ("file", {"file": "up.sql"}, True),
    ("pragma", {"pragma": "journal_mode"}, "delete"),
]  # fmt: skip
ROWLESS = {"digest", "same_from_start", "script"}


@pytest.fixture
def state(folder) -> State:
    folder.sql(FLIGHTS)
    folder.sql("CREATE TABLE flights (id INTEGER)", "production.db")
    (folder.path / "up.sql").write_text("CREATE TABLE runways (id INTEGER);")
    up = 'op.create_table("gates", sa.Column("id", sa.Integer, primary_key=True))\nop.execute("INSERT INTO gates VALUES (7)")'
    folder.revision("b2", "a1", up, 'op.drop_table("gates")', "add gates")
    return folder.state()


def test_each_look_has_its_value_live_and_in_a_snapshot(state):
    found = [(name, spec, looks[name](state, spec).value) for name, spec, _ in CASES]
    assert [each for each, (_, _, value) in zip(found, CASES, strict=True) if each[2] != value] == []
    snapshot = State.from_json(json.loads(json.dumps(state.to_json())))
    assert [looks[name](snapshot, spec).value for name, spec, _ in CASES] == [value for *_, value in CASES]
    assert set(looks) - {name for name, *_ in CASES} == ROWLESS


def test_no_look_takes_the_name_of_a_missing_column_for_a_value(state):
    known = {"table": "airlines", "column": "land", "columns": ["land"], "as": "flights.db"}
    about_columns = [name for name, each in looks.items() if {"column", "columns"} & {*each.fields}]
    specs = {name: {field: known[field] for field in looks[name].fields if field in known} for name in about_columns}
    found = {name: looks[name](state, spec).value for name, spec in specs.items()}
    assert {name for name in found if "land" in str(found[name])} == set()
    assert (found["rows"], found["same_rows"]) == (None, None)


def test_a_snapshot_does_not_know_what_was_not_looked_at(state):
    snapshot = State.from_json(state.to_json())
    with pytest.raises(NotRecorded):
        looks["count"](snapshot, {"table": "flights", "where": "id > 1"})
    assert looks["columns"](snapshot, {"table": "airlines"}).value == ["carrier", "name"]


def test_the_hash_of_rows_changes_with_a_value_and_not_with_the_order(folder):
    def digest():
        return looks["digest"](folder.state(), {"table": "airlines"}).value

    first = digest()
    folder.sql("DELETE FROM airlines WHERE carrier = 'AA'; INSERT INTO airlines VALUES ('AA', 'American')")
    assert digest() == first
    folder.sql("UPDATE airlines SET name = 'x' WHERE carrier = 'AA'")
    assert digest() != first


def test_a_sentence_says_what_is_there_and_not_what_is_expected(state):
    found = looks["column"](state, {"table": "airlines", "column": "title"})
    assert found.sentence == "airlines has no column title; its columns are: carrier, name."
    failed = looks["table"](state, {"table": "airlines", "at": "b9"})
    assert (failed.value, failed.sentence) == (
        {"failed": True},
        "This could not be looked at: Revision b9 does not exist.",
    )


@pytest.mark.parametrize(
    ("name", "spec", "message"),
    [
        ("column", {"table": "a"}, "needs the field column"),
        ("column", {"table": "a", "column": "b", "typ": 1}, "has no field typ"),
        ("column", {"table": "a", "column": "b", "parts": ["typ"]}, "has no part typ"),
        ("column", {"table": 3, "column": "b"}, "a text"),
        ("rows", {"table": "airlines", "columns": 3}, "list of texts"),
        ("columns", {"table": "airlines", "ordered": "yes"}, "true or false"),
        ("constraint", {"table": "airlines", "kind": "key"}, "no kind key"),
        ("index", {"table": "airlines"}, "columns or the field index"),
        ("table", {"table": "airlines", "of": "heads"}, "models"),
    ],
)
def test_a_wrong_spec_is_refused_with_what_to_write(folder, name, spec, message):
    with pytest.raises(LookError, match=message):
        looks[name](folder.state(), spec)


@pytest.mark.parametrize("name", looks)
def test_each_example_is_a_valid_spec(name):
    looks[name].check(tomllib.loads(looks[name].example))
    assert looks[name].description


@pytest.mark.parametrize(
    ("undo", "works"),
    [
        ("op.execute(\"UPDATE airlines SET name = replace(name, '!', '')\")", True),
        ("pass", False),
        ('op.execute("DELETE FROM airlines")', False),
    ],
)
def test_an_applied_revision_is_reversible_where_its_rows_return(folder, undo, works):
    folder.revision("b2", "a1", "op.execute(\"UPDATE airlines SET name = name || '!'\")", undo)
    before = folder.state()
    folder.upgrade()
    after = folder.state()
    after.before = lambda: before
    assert looks["reversible"](after, {}).value == {"works": works}


def test_at_the_start_is_where_the_exercise_began_however_many_revisions_ran(folder):
    before = folder.state()
    folder.revision(
        "b2", "a1", 'op.add_column("airlines", sa.Column("hub", sa.Text))', 'op.drop_column("airlines", "hub")'
    )
    folder.revision("c3", "b2", 'op.execute("DELETE FROM airlines")')
    folder.upgrade()
    state = folder.state()
    state.before = lambda: before
    assert looks["columns"](state, {"table": "airlines", "at": "start"}).value == ["carrier", "name"]
    assert looks["columns"](state, {"table": "airlines", "at": "-1"}).value == ["carrier", "hub", "name"]


@pytest.mark.parametrize(("sql", "same"), [("SELECT 1", True), ("UPDATE airlines SET hub = 'JFK'", False)])
def test_what_was_done_by_hand_is_not_what_the_revisions_give(folder, sql, same):
    before = folder.state()
    folder.revision("b2", "a1", 'op.add_column("airlines", sa.Column("hub", sa.Text))')
    folder.upgrade()
    folder.sql(sql)
    state = folder.state()
    state.before = lambda: before
    found = looks["same_from_start"](state, {})
    assert found.value is same
    assert ("the values of airlines.hub differ" in found.sentence) is not same


def test_without_a_known_beginning_nothing_is_claimed(folder):
    found = looks["same_from_start"](folder.state(), {})
    assert found == (
        {"failed": True},
        "This could not be looked at: The state in which the exercise began is not known.",
    )


@pytest.mark.parametrize(
    ("sql", "runs", "same", "words"),
    [
        (
            "CREATE TABLE airlines (carrier VARCHAR(2) NOT NULL PRIMARY KEY, name VARCHAR(50));",
            True,
            True,
            "creates the tables",
        ),
        ("CREATE TABLE airlines (carrier VARCHAR(2) NOT NULL PRIMARY KEY);", True, False, "creates another schema"),
        ("ALTER TABLE airlines ADD COLUMN hub TEXT;", False, False, "fails: no such table: airlines"),
    ],
)
def test_a_script_is_run_on_an_empty_database(folder, sql, runs, same, words):
    (folder.path / "up.sql").write_text(sql)
    found = looks["script"](folder.state(), {"file": "up.sql"})
    assert found.value == {"runs": runs, "same": same}
    assert words in found.sentence


def test_a_script_that_is_not_there_is_named(folder):
    found = looks["script"](folder.state(), {"file": "up.sql"})
    assert found == ({"runs": False, "same": False}, "There is no file up.sql.")
