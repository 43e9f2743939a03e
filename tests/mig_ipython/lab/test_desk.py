"""The data desk: rows of the package's files, looked at and changed by hand."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from kernel_core.util.exc import CommandError
from mig_ipython.lab.desk import Desk

AIRLINES = "CREATE TABLE airlines (carrier VARCHAR(2) NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL)"
ROWS = {"airlines": 16, "airports": 103, "planes": 200, "flights": 500}


@pytest.fixture
def desk(tmp_path):
    """A desk whose database has one empty table."""
    with closing(sqlite3.connect(tmp_path / "flights.db")) as connection:
        connection.execute(AIRLINES)
    return Desk(sa.create_engine(f"sqlite:///{tmp_path / 'flights.db'}"))


def test_a_table_is_shown_as_text_and_as_html_with_its_number_of_rows(desk):
    desk.load("airlines")
    shown = desk.show("airlines", 2)
    assert str(shown).splitlines() == [
        "carrier  name",
        "-------  ----------------------",
        "9E       Endeavor Air Inc.",
        "AA       American Airlines Inc.",
        "16 rows; the first 2 are shown",
    ]
    assert (len(shown), list(shown)[1]) == (16, ("AA", "American Airlines Inc."))
    assert "<td" in shown.html()
    assert "16 rows; the first 2 are shown" in shown.html()


def test_a_value_of_a_row_is_escaped_and_a_missing_one_is_null(desk):
    desk.sql("ALTER TABLE airlines ADD COLUMN hub", "INSERT INTO airlines (carrier, name) VALUES ('<b', '&')")
    shown = desk.show("airlines")
    assert str(shown).splitlines()[2].split() == ["<b", "&", "NULL"]
    assert "&lt;b" in shown.html()
    assert "<b<" not in shown.html()


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("planes", "There is no table planes in flights.db."),
        ("SELECT hub FROM airlines", "There is no column hub in flights.db."),
    ],
)
def test_what_is_missing_is_a_sentence_and_no_error(desk, what, sentence):
    assert str(desk.show(what)) == sentence
    assert list(desk.show(what)) == []


def test_a_missing_file_is_a_sentence_where_it_is_shown_and_an_error_where_it_is_changed(desk):
    other = desk.other("mara.db")
    assert str(other.show("airlines")) == "There is no mara.db yet."
    with pytest.raises(CommandError, match=r"mara\.db is not in .* Begin again: %mig_lab start N"):
        other.sql("CREATE TABLE a (b)")
    assert not other.path.exists()


def test_a_wrong_query_is_an_error_with_the_words_of_sqlite(desk):
    with pytest.raises(CommandError, match=r"SQLite: near \"FORM\": syntax error. The statement was: SELECT \* FORM"):
        desk.show("SELECT * FORM airlines")


def test_statements_are_committed_all_or_none(desk):
    with pytest.raises(CommandError, match="UNIQUE"):
        desk.sql(*["INSERT INTO airlines VALUES ('UA', 'United')"] * 2)
    assert desk.count("airlines") == 0
    desk.sql("INSERT INTO airlines VALUES ('UA', 'United')")
    assert desk.count("airlines") == 1


def test_rows_already_present_are_left_and_the_others_loaded(desk):
    desk.sql("INSERT INTO airlines VALUES ('UA', 'another name')")
    desk.load("airlines")
    desk.load("airlines")
    assert desk.count("airlines") == 16
    assert list(desk.show("SELECT name FROM airlines WHERE carrier = 'UA'")) == [("another name",)]


def test_columns_of_both_are_loaded_and_one_may_have_another_name(desk):
    desk.sql("CREATE TABLE planes (tailnum VARCHAR(6) PRIMARY KEY, seat INTEGER, colour TEXT)")
    desk.load("planes", seat="seats")
    assert list(desk.show("SELECT count(*), count(seat), count(colour), min(typeof(seat)) FROM planes")) == [
        (200, 200, 0, "integer")
    ]


def test_rows_that_do_not_fit_are_an_error_and_none_is_loaded(desk):
    desk.sql("CREATE TABLE flights (id INTEGER PRIMARY KEY, tailnum TEXT NOT NULL)")
    with pytest.raises(CommandError, match=r"The rows of flights do not fit the table: NOT NULL.*flights\.tailnum"):
        desk.load("flights")
    assert desk.count("flights") == 0


@pytest.mark.parametrize(
    ("table", "said"),
    [("planes", "There is no table planes to load. Create it first"), ("notes", "The desk has no rows for notes.")],
)
def test_what_cannot_be_loaded_is_said(desk, table, said):
    desk.sql("CREATE TABLE notes (id INTEGER)")
    with pytest.raises(CommandError, match=said):
        desk.load(table)


def test_a_copy_is_another_database(desk):
    copied = desk.copy("mara.db")
    copied.load("airlines")
    assert (copied.count("airlines"), desk.count("airlines")) == (16, 0)
    assert str(copied) == "The data desk, mara.db"


def test_the_package_has_the_rows_of_the_story(desk):
    desk.sql(
        "CREATE TABLE airports (faa PRIMARY KEY, name, alt)",
        "CREATE TABLE planes (tailnum PRIMARY KEY, manufacturer)",
        "CREATE TABLE flights (id INTEGER PRIMARY KEY, dep_delay, tailnum, dest)",
    )
    desk.load(*ROWS)
    assert {table: desk.count(table) for table in ROWS} == ROWS
    odd = (
        "SELECT sum(dep_delay IS NULL), sum(tailnum IS NULL), sum(dest NOT IN (SELECT faa FROM airports)) FROM flights"
    )
    assert list(desk.show(odd)) == [(37, 20, 21)]
