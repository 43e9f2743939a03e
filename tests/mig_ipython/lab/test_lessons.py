"""The lessons of the workshop: each answer in their sources has the result that the source says.

The quick run tries a few answers; all of one exercise: ``pytest tests/mig_ipython/lab -m "sweep or not sweep" -k "3.2"``.
"""

from __future__ import annotations

import pytest
from answers import answers, assert_result, cells, run_notebook, sealed, sources, try_answer
from sampling import sampled

from mig_ipython.lab.lesson import read_lesson
from mig_ipython.lab.source.files import Places, build_lessons, is_current

SOURCES = sources()
ANSWERS = [answer for source in SOURCES for answer in answers(source)]
RIGHT = [answer for answer in ANSWERS if not answer.mistake]
WRONG = [answer for answer in ANSWERS if answer.mistake]
NUMBERS = [source.number for source in SOURCES]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: f"lesson {source.number}")
def test_the_sealed_file_is_built_from_the_source(source):
    assert read_lesson(str(sealed(source.number))).source == source.digest, (
        f"Build it again: python -m mig_ipython.lab build {source.number}"
    )


@pytest.mark.parametrize("answer", sampled(RIGHT, 2), ids=str)
def test_a_right_answer_passes(notebook, answer):
    assert_result(try_answer(notebook, answer), answer)


@pytest.mark.parametrize("answer", sampled(WRONG, 2), ids=str)
def test_a_wrong_answer_gets_its_hint(notebook, answer):
    assert_result(try_answer(notebook, answer), answer)


@pytest.mark.sweep
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: f"lesson {source.number}")
def test_the_solved_notebook_runs_twice_with_the_same_results(notebook, source):
    first = [str(notebook.run(cell)) for cell in cells(source, solved=True)]
    solved = [
        one.number for one in source.exercises if any(f"✓ Exercise {one.number} is solved" in text for text in first)
    ]
    assert solved == [one.number for one in source.exercises]
    second = [str(notebook.run(cell)) for cell in cells(source, solved=True)]
    assert second == first


@pytest.mark.sweep
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: f"lesson {source.number}")
def test_the_unsolved_notebook_runs_without_an_error(notebook, source):
    shown = [str(notebook.run(cell)) for cell in cells(source, solved=False)]
    assert not [text for text in shown if "is solved" in text]


@pytest.mark.sweep
@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_committed_is_what_is_built(number):
    from answers import ROOT

    from mig_ipython.lab.lesson import FOLDER

    workshop = ROOT / "notebooks" / "workshop"
    places = Places(str(workshop / "lessons"), str(workshop), FOLDER)
    assert [path for path, text in build_lessons(places, [number]) if not is_current(path, text)] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: f"lesson {source.number}")
def test_each_exercise_has_three_other_right_ways_and_five_wrong_ones(source):
    counts = {
        one.number: (len(one.right_ways), len({way.name.split()[0] for way in one.wrong_ways}))
        for one in source.exercises
    }
    assert {number: found for number, found in counts.items() if found[0] < 3 or found[1] < 5} == {}


@pytest.mark.sweep
@pytest.mark.slow
@pytest.mark.parametrize("solved", [False, True], ids=["unsolved", "solved"])
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: f"lesson {source.number}")
def test_the_notebook_runs_in_a_kernel(source, solved, tmp_path, monkeypatch):
    run_notebook(source, tmp_path, monkeypatch, solved=solved)
