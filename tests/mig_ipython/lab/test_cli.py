"""``python -m mig_ipython.lab``: a teacher builds a custom lesson, and tries its answers."""

from __future__ import annotations

import shutil

import pytest
from answers import DEMONSTRATION

from mig_ipython.lab.cli import main


@pytest.fixture
def teacher(tmp_path, monkeypatch):
    """A folder with the demonstration lesson."""
    (tmp_path / "sources").mkdir()
    shutil.copy(DEMONSTRATION, tmp_path / "sources")
    monkeypatch.chdir(tmp_path)
    return tmp_path


PLACES = ("--sources", "sources", "--notebooks", ".", "--sealed", "lessons")


@pytest.mark.slow
def test_a_lesson_is_built_and_is_then_current(teacher, capsys):
    assert main(["build", *PLACES]) == 0
    assert (teacher / "90_demonstration.ipynb").exists()
    assert (teacher / "lessons" / "90_demonstration.json").exists()
    assert main(["build", "--check", *PLACES]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("json: current")


@pytest.mark.sweep
def test_a_change_of_the_source_is_noticed(teacher, capsys):
    main(["build", *PLACES])
    path = teacher / "sources" / "90_demonstration.md"
    path.write_text(path.read_text().replace("Add a column", "Add one column"))
    assert main(["build", "--check", *PLACES]) == 1
    assert "90_demonstration.ipynb: not current" in capsys.readouterr().out


@pytest.fixture
def built_before(teacher, built):
    """The teacher's folder with the sealed file of the lesson."""
    (teacher / "lessons").mkdir()
    (teacher / "lessons" / "90_demonstration.json").write_text(built, encoding="utf-8")
    return teacher / "sources" / "90_demonstration.md"


TRY = ("try", "--sources", "sources", "--sealed", "lessons")


@pytest.mark.sweep
def test_every_answer_of_an_exercise_is_tried(built_before, capsys):
    assert main([*TRY, "90.1"]) == 0
    assert capsys.readouterr().out == "8 answers tried, 0 with another result than their lesson says.\n"


@pytest.mark.slow
def test_answers_with_another_result_are_named(built_before, capsys):
    text = built_before.read_text().replace("```wrong 90.2 not_upgraded", "```right 90.2 not run")
    built_before.write_text(text.replace("```right 90.2 by hand", "```wrong 90.2 not_upgraded"))
    assert main([*TRY, "90.2"]) == 1
    shown = capsys.readouterr().out
    assert "90.2 not run: this right answer did not pass" in shown
    assert "90.2 not_upgraded: this wrong answer passed" in shown
    assert "3 answers tried, 2 with another result" in shown


@pytest.mark.slow
def test_a_setup_that_raises_is_named(teacher, capsys):
    path = teacher / "sources" / "90_demonstration.md"
    path.write_text(path.read_text().replace("%mig_init migrations", "1 / 0"))
    assert main(["build", *PLACES]) == 1
    assert "the setup raised ZeroDivisionError" in capsys.readouterr().err


def test_no_lessons_are_named_with_the_remedy(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["build", "--sources", "."]) == 1
    assert "--sources" in capsys.readouterr().err


@pytest.mark.sweep
def test_a_random_id_in_a_solution_is_refused(teacher, capsys):
    path = teacher / "sources" / "90_demonstration.md"
    path.write_text(path.read_text().replace(" --id a3", ""))
    assert main(["build", *PLACES]) == 1
    assert "has a random id" in capsys.readouterr().err
