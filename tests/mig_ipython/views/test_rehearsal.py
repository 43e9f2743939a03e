"""The view of a rehearsal: blockers first, marked by signs as well as by colour; long lists are folded."""

import html
import re
from datetime import date

import pytest

from kernel_core.rehearse import Blocker, Rehearsal, RowChange, Statement, TableRows
from mig_ipython.views.rehearsal import RehearsalReport

LONG = "SELECT " + ", ".join(f"column_{number}" for number in range(60)) + " FROM users"


def report(number, sample=({"id": 1, "email": None}, {"id": 2, "email": "NULL"})):
    blockers = tuple(
        Blocker("null", "b2", f"Alter {each}", "users", "70 rows", 70, f"{LONG} -- {each}", sample)
        for each in range(number)
    )
    statements = tuple(Statement("b2", "", f"{LONG} -- {each}", 0, 0.1) for each in range(number))
    found = Rehearsal("shop", "sqlite", ("b2",), (), ("b2",), statements, blockers, (), (), None, 1.0, "copy")
    return RehearsalReport((found,))


def plain(shown):
    return html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*?</style>", "", shown)))


def outside_of_folds(shown):
    return plain(re.sub(r"<details>.*?</details>", "", shown, flags=re.DOTALL))


def test_blockers_come_first_with_a_sign_and_the_number():
    shown = plain(report(3)._repr_html_()).split()
    assert shown[0] == "✗"
    assert " ".join(shown).index("Blockers (3)") < " ".join(shown).index("Statements (3)")


@pytest.mark.slow
def test_of_many_blockers_every_one_is_there_and_the_first_are_unfolded():
    shown = report(300)._repr_html_()
    told = plain(shown)
    assert all(f"Alter {each}:" in told for each in range(300))
    assert "Alter 9:" in told.partition("and 290 more blockers")[0]
    assert "Alter 10:" in told.partition("and 290 more blockers")[2]


def test_queries_and_statements_are_folded_and_wrap():
    shown = report(1)._repr_html_()
    assert "column_7" not in outside_of_folds(shown)
    assert re.search(r'<pre style="white-space:pre-wrap;overflow-wrap:anywhere"><code>.*column_59', shown)


def test_rows_are_a_table_in_which_null_is_not_the_text_null():
    shown = report(1)._repr_html_()
    assert "2 of 70 rows" in plain(shown)
    assert "<em>NULL</em>" in shown
    assert "<code>&#x27;NULL&#x27;</code>" in shown


def test_the_text_has_null_for_a_missing_value_and_dates_as_they_are_read():
    rows = ({"id": 1, "email": None, "at": date(2024, 1, 2)}, {"id": 2, "email": "NULL"})
    text = report(1, rows).text()
    assert "rows: id = 1, email = NULL, at = 2024-01-02" in text
    assert "rows: id = 2, email = 'NULL'" in text


def test_a_changed_row_has_null_for_a_missing_value():
    rows = TableRows(
        "users", 1, 1, 0, 0, 1, ("id",), {"name": 1}, sample=(RowChange({"id": 1}, {"name": (None, "b")}),)
    )
    found = Rehearsal("shop", "sqlite", ("b2",), (), ("b2",), (), (), (), (rows,), None, 1.0, "copy")
    assert "id = 1: name: NULL -> 'b'" in RehearsalReport((found,)).text()


def test_a_report_without_blockers_begins_with_a_check_mark():
    assert plain(report(0)._repr_html_()).split()[0] == "✓"
    assert report(0).outcome() == "every statement ran"


def test_counts_are_of_rows_that_are_gone_and_of_the_tables_asked_for():
    rows = (
        TableRows("gone", 3, None, 0, 3, 0),
        TableRows("less", 3, 2, 0, 1, 0),
        TableRows("lost", 3, 3, 0, 0, 0, lost={"note": 2}),
        TableRows("more", 3, 4, 1, 0, 0),
    )
    found = Rehearsal("shop", "sqlite", ("b2",), (), ("b2",), (), (), (), rows, None, 1.0, "copy")
    assert [line.split(":")[0] for line in RehearsalReport((found,)).counted()] == ["gone", "less", "lost"]
    assert "more: 1 row added" in RehearsalReport((found,)).counted(["more"])
