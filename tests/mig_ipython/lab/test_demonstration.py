"""A lesson of a teacher's own: it is built, and every answer in its source has the result that the source says."""

from __future__ import annotations

import pytest
from answers import DEMONSTRATION, answers, assert_result, cells, run_notebook, try_answer

from mig_ipython.lab.source.files import read_source
from mig_ipython.lab.views.outcome import RECORD_TYPE

from .conftest import build_demonstration

SOURCE = read_source(str(DEMONSTRATION))
ANSWERS = list(answers(SOURCE))


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_each_answer_has_its_result(lesson, answer):
    assert_result(try_answer(lesson, answer), answer)


@pytest.mark.slow
def test_the_notebook_runs_solved_and_twice_with_the_same_results(lesson):
    def run_all() -> list[str]:
        return [str(lesson.run(cell)) for cell in cells(SOURCE, solved=True)]

    first = run_all()
    assert sum("is solved" in one for one in first) == len(SOURCE.exercises)
    assert run_all() == first


@pytest.mark.sweep
def test_the_notebook_runs_unsolved_without_an_error(lesson):
    shown = [str(lesson.run(cell)) for cell in cells(SOURCE, solved=False)]
    assert sum("is not solved yet" in one for one in shown) == len(SOURCE.exercises)


@pytest.mark.slow
def test_an_event_runs_once_in_the_state_that_the_student_has_reached(lesson):
    lesson.run("%mig_lab start 90")
    lesson.run(
        '%%mig_lab 90.1\n%%migration "own" --id own1 --up\nop.add_column("airlines", sa.Column("country", sa.String(30)))'
    )
    assert "90.2 begins here" in str(lesson.run("%mig_lab begin 90.2"))
    history = str(lesson.run("%mig_history"))
    assert "own1" in history
    assert "planes" in history
    lesson.run("%mig_lab begin 90.2")
    lesson.run("%%mig_lab 90.2\n1 + 1")
    assert str(lesson.run("%mig_history")) == history


def test_an_event_is_part_of_the_prepared_state(lesson):
    assert "90.1 is not solved here" in str(lesson.run("%mig_lab begin 90.2"))
    assert "planes" in str(lesson.run("%mig_history"))


def test_a_cell_after_an_exercise_waits_for_it(lesson):
    lesson.run("%mig_lab start 90")
    body = "%%mig_lab after 90.1\nshown = desk.count('airlines')"
    assert "This cell needs exercise 90.1" in str(lesson.run(body))
    assert "shown" not in lesson.shell.user_ns
    lesson.run("%mig_lab begin 90.2")
    assert lesson.run(body) is None
    assert lesson.shell.user_ns["shown"] == 2


def test_an_unchanged_cell_of_an_exercise_is_not_run(lesson):
    assert "Write your answer" in str(lesson.run(f"%%mig_lab 90.2\n{SOURCE.exercises[1].cell}"))


@pytest.mark.sweep
def test_two_builds_are_the_same(built, tmp_path):
    assert build_demonstration(tmp_path) == built


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


@pytest.mark.sweep
@pytest.mark.parametrize("solved", [False, True], ids=["unsolved", "solved"])
def test_the_notebook_runs_in_a_kernel_where_nobody_can_click(built, tmp_path, monkeypatch, solved):
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "90_demonstration.json").write_text(built, encoding="utf-8")
    shown = run_notebook(SOURCE, tmp_path, monkeypatch, solved=solved)
    assert any("Exercise 90.1 is solved" in text for text in shown) is solved
