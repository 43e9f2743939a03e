"""The quick run draws some of the cases of each test, and every database that a test has cases for."""

from __future__ import annotations

import pytest
from sampling import DRAWN, undrawn


class Case(pytest.Item):
    """A case of a test that is not run."""

    def runtest(self) -> None:
        raise AssertionError("it is only drawn")


def left_out(request: pytest.FixtureRequest, *cases: str, sweep: str = "") -> list[str]:
    """Return the names of the cases of ``test_it`` that are not drawn; that named ``sweep`` has the mark."""
    items = [Case.from_parent(request.node.parent, name=f"test_it[{case}]") for case in cases]
    for item in items:
        if item.name == f"test_it[{sweep}]":
            item.add_marker("sweep")
    return [item.name.removeprefix("test_it[").removesuffix("]") for item in undrawn(items)]


def test_a_test_with_few_cases_is_tried_with_all_of_them(request):
    assert left_out(request, *map(str, range(DRAWN))) == []


def test_of_many_cases_the_first_the_last_and_some_between_are_drawn(request):
    cases = [str(number) for number in range(40)]
    drawn = [case for case in cases if case not in left_out(request, *cases)]
    assert (len(drawn), drawn[0], drawn[-1]) == (DRAWN, "0", "39")


def test_every_database_is_drawn_and_every_pair_of_them(request):
    databases = ("sqlite", "postgresql", "mariadb-pymysql", "mssql", "oracle", "mysql to sqlite")
    cases = [f"{database}-{number}" for number in range(9) for database in databases]
    drawn = {case.rpartition("-")[0] for case in cases} - {
        database
        for database in databases
        if all(f"{database}-{number}" in left_out(request, *cases) for number in range(9))
    }
    assert drawn == set(databases)


def test_cases_that_have_the_mark_are_not_counted(request):
    cases = [str(number) for number in range(DRAWN + 1)]
    assert left_out(request, *cases) != []
    assert left_out(request, *cases, sweep="3") == []
