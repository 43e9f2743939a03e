"""A lesson of a teacher's own: it is built, and every answer in its source has the result that the source says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from answers import DEMONSTRATION, answers, assert_result, cells, try_answer

from mig_ipython.lab.lesson import written
from mig_ipython.lab.source.build import Builder
from mig_ipython.lab.source.files import read_source
from mig_ipython.lab.source.shell import lesson_shell
from mig_ipython.lab.views.outcome import RECORD_TYPE

SOURCE = read_source(str(DEMONSTRATION))
ANSWERS = list(answers(SOURCE))


def build(folder: Path) -> str:
    with lesson_shell() as shell:
        return written(Builder(SOURCE, shell, os.path.realpath(folder)).build())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of the lesson's sealed file."""
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def lesson(notebook, built, tmp_path):
    """A notebook beside which the lesson is."""
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "90_demonstration.json").write_text(built, encoding="utf-8")
    return notebook


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_each_answer_has_its_result(lesson, answer):
    assert_result(try_answer(lesson, answer), answer)


def test_the_notebook_runs_solved_and_twice_with_the_same_results(lesson):
    def run_all() -> list[str]:
        return [str(lesson.run(cell)) for cell in cells(SOURCE, solved=True)]

    first = run_all()
    assert sum("is solved" in one for one in first) == len(SOURCE.exercises)
    assert [one for one in run_all() if "start 90" not in one][1:] == first[1:]


def test_the_notebook_runs_unsolved_without_an_error(lesson):
    shown = [str(lesson.run(cell)) for cell in cells(SOURCE, solved=False)]
    assert sum("is not solved yet" in one for one in shown) == len(SOURCE.exercises)


def test_two_builds_are_the_same(built, tmp_path):
    assert build(tmp_path) == built


def test_neither_solutions_nor_hints_can_be_read_in_the_sealed_file(built):
    for one in SOURCE.exercises:
        assert one.solution.splitlines()[-1] not in built
        assert not [hint for hint in one.hints if hint in built]


def test_the_output_has_a_record_and_plain_text(lesson):
    result = lesson.run("%%mig_lab 90.1\n1 + 1")
    bundle = result._repr_mimebundle_()
    assert bundle[RECORD_TYPE]["exercise"] == "90.1"
    assert bundle[RECORD_TYPE]["passed"] is False
    assert result.hint in bundle["text/plain"]
