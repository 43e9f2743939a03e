"""The figures of the torture tests and the table that is made of them."""

from __future__ import annotations

import pytest
from results import PAGE, STORED, Result, Tally, merged, page, read, table
from rows import ROWS


def result(test: str = "a", **kw) -> Result:
    return Result(
        **{"row": "kills", "database": "sqlite", "tried": 5, "violations": 0, "longest": None} | kw,
        test=test,
        date="2026-01-02",
    )


def test_the_table_in_the_documentation_is_that_of_the_stored_results():
    assert page(PAGE.read_text(), read(STORED)) == PAGE.read_text()


def test_each_stored_result_belongs_to_a_row_of_the_table():
    assert {each.row for each in read(STORED)} <= set(ROWS)


def test_a_cell_adds_the_results_of_its_tests():
    text = table([result("a", longest=0.5), result("b", violations=1, longest=2.0)], ["kills"])
    assert text.splitlines()[-1] == "| kills | 1 of 10 |  |  | 2.0 | 2026-01-02 |"


def test_the_last_result_of_a_test_is_kept():
    assert merged([result("a"), result("b")], [result("a", tried=7)]) == [result("a", tried=7), result("b")]


def test_a_shorter_run_does_not_replace_a_longer_one_without_a_violation():
    assert merged([result()], [result(tried=3)]) == [result()]
    assert merged([result()], [result(tried=3, violations=1)]) == [result(tried=3, violations=1)]
    assert merged([result(violations=1)], [result(tried=3)]) == [result(tried=3)]


def test_a_violation_fails_the_test_with_its_text():
    tally = Tally("test")
    tally.add("")
    tally.add("two rows are lost")
    with pytest.raises(AssertionError, match="1 violations of 2\ntwo rows are lost"):
        tally.check()


def test_a_test_writes_its_figures(tmp_path, monkeypatch):
    monkeypatch.setenv("MIG_TORTURE_RESULTS", str(tmp_path / "results"))
    tally = Tally("test")
    tally.add("")
    tally.took(0.123)
    tally.done("kills", "sqlite")
    (found,) = read(tmp_path / "results")
    assert (found.test, found.row, found.tried, found.violations, found.longest) == ("test", "kills", 1, 0, 0.12)
