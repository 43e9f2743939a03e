"""The quick run draws some of the cases of each test, and every database that a test has cases for."""

from __future__ import annotations

from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest
from sampling import DRAWN, QuickCollection, is_quick, outside_part, undrawn


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


def test_of_many_cases_the_first_and_the_last_are_drawn(request):
    cases = [str(number) for number in range(40)]
    drawn = [case for case in cases if case not in left_out(request, *cases)]
    assert (len(drawn), drawn[0], drawn[-1]) == (DRAWN, "0", "39")


def test_of_a_costly_test_one_case_is_drawn_and_one_for_each_database(request):
    items = [Case.from_parent(request.node.parent, name=f"test_it[{case}]") for case in ("a", "b", "c-sqlite", "d")]
    items[0].add_marker("costly")
    assert [item.name for item in undrawn(items)] == ["test_it[b]", "test_it[d]"]


def test_a_test_that_opens_a_shell_or_a_database_of_a_server_is_costly(request):
    items = [Case.from_parent(request.node.parent, name=f"test_it[{case}]") for case in "abc"]
    items[0].fixturenames = ["tmp_path", "notebook"]
    assert [item.name for item in undrawn(items)] == ["test_it[b]", "test_it[c]"]


def test_every_database_is_drawn_and_every_pair_of_them(request):
    databases = ("sqlite", "postgresql", "mariadb-pymysql", "mssql", "oracle", "mysql to sqlite")
    cases = [f"{database}-{number}" for number in range(9) for database in databases]
    drawn = {case.rpartition("-")[0] for case in cases} - {
        database
        for database in databases
        if all(f"{database}-{number}" in left_out(request, *cases) for number in range(9))
    }
    assert drawn == set(databases)


def test_each_case_is_in_one_part_whatever_else_is_collected(request):
    items = [Case.from_parent(request.node.parent, name=f"test_it[{number}]") for number in range(400)]
    outside = [{item.name for item in outside_part(items, f"{number}/4")} for number in (1, 2, 3, 4)]
    parts = [{item.name for item in items} - others for others in outside]
    assert sorted(name for part in parts for name in part) == sorted(item.name for item in items)
    assert all(60 <= len(part) <= 140 for part in parts)
    assert {item.name for item in outside_part(items[::7], "2/4")} == outside[1] & {item.name for item in items[::7]}


@pytest.mark.parametrize("part", ["", "2", "0/4", "5/4", "1/0", "-1/4", "a/b"])
def test_a_part_that_there_is_not_is_an_error(part):
    with pytest.raises(pytest.UsageError, match="Set it to a part such as 2/4"):
        outside_part([], part)


def test_cases_that_have_the_mark_are_not_counted(request):
    cases = [str(number) for number in range(DRAWN + 1)]
    assert left_out(request, *cases) != []
    assert left_out(request, *cases, sweep=cases[-1]) == []


def ended(hook: Generator[None, Any, Any], result: object) -> object:
    """Return what a hook makes of the result of those that it is around."""
    next(hook)
    with pytest.raises(StopIteration) as stopped:
        hook.send(result)
    return stopped.value.value


def made(obj: object, found: object) -> object:
    """Return what the quick run makes of ``obj``, where all that pytest makes is ``found``."""
    return ended(QuickCollection().pytest_pycollect_makeitem(obj), found)


def kept(test: pytest.Item, *ids: str, sweep: str = "") -> list[str]:
    """Return the cases that the quick run keeps of a test with cases of such ids; that of ``sweep`` has the mark."""
    calls = [SimpleNamespace(id=each, marks=[pytest.mark.sweep.mark] if each == sweep else []) for each in ids]
    ended(QuickCollection().pytest_generate_tests(SimpleNamespace(_calls=calls, definition=test)), None)
    return [call.id for call in calls]


def test_the_quick_run_collects_what_it_draws_and_no_more(request):
    names = [f"{database}-{number}" for number in range(9) for database in ("sqlite", "postgresql", "oracle")]
    left = left_out(request, *names)
    assert left
    drawn = [name for name in names if name not in left]
    assert kept(request.node, "never", *names, sweep="never") == drawn
    assert kept(request.node, "never", sweep="never") == ["never"], (
        "of a test whose cases all have it the first is kept"
    )
    assert kept(request.node) == []


def test_what_has_the_mark_of_another_run_is_not_imported_or_made(request, tmp_path):
    marked, other = tmp_path / "test_marked.py", tmp_path / "test_other.py"
    marked.write_text("import pytest\n\npytestmark = pytest.mark.peer\n")
    other.write_text("import pytest\n\npytestmark = pytest.mark.postgresql\n")
    ignored = QuickCollection().pytest_ignore_collect
    folders = [tmp_path / name for name in ("browser", "docs")]
    assert [bool(ignored(path)) for path in (marked, other, *folders)] == [True, False, True, False]

    @pytest.mark.torture
    def killed():
        pass

    assert made(killed, [request.node]) == []
    assert made(left_out, [request.node]) == [request.node]
    assert made(None, None) is None


def test_a_run_is_quick_if_it_leaves_out_each_mark_with_a_run_of_its_own():
    assert is_quick("not browser and not peer and not slow and not sweep and not torture")
    assert is_quick("(mariadb or postgresql) and not torture and not slow and not sweep and not peer and not browser")
    others = (
        "mariadb or not browser and not peer and not slow and not sweep and not torture",
        "not (browser and not peer and not slow and not sweep and not torture)",
        "not browser and not peer and not slow and not sweep",
        "not browser and not peer and not sweep and not torture",
        "sweep and not browser and not peer and not torture",
        "",
    )
    assert [expression for expression in others if is_quick(expression)] == []
