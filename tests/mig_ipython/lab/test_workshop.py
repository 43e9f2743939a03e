"""What a student does: starts, answers, checks, asks for hints, begins again, comes back the next day."""

from __future__ import annotations

import json
import os
import sqlite3
import warnings
from pathlib import Path

import pytest

from mig_ipython.session import session_of

ADD = '%%migration "country" --id {0} --up\nop.add_column("airlines", sa.Column("country", sa.String(30)))'
SOLVED = f"%%mig_lab 90.1\n{ADD.format('own')}"
WRONG = '%%mig_lab 90.1\n%%migration "country" --up\nop.add_column("airlines", sa.Column("country", sa.String(99)))'


class Panel:
    """A panel on the page."""

    is_closed = False

    def refresh(self) -> None:
        """There is nothing to refresh."""

    def close(self) -> None:
        self.is_closed = True


def columns(path: str = "flights.db", table: str = "airlines") -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    finally:
        connection.close()


def results(tmp_path: Path) -> dict[str, dict]:
    return json.loads((tmp_path / "workshop" / "progress.json").read_text())["exercises"]


def test_a_lesson_is_started_in_a_folder_of_its_own(lesson, tmp_path):
    shown = str(lesson.run("%mig_lab start 90"))
    assert "Lesson 90: A demonstration" in shown
    assert os.getcwd() == str(tmp_path / "workshop" / "lesson_90")
    assert columns() == ["carrier", "carrier_name"]
    assert "a1" in str(lesson.run("%mig_history"))
    assert lesson.run("desk.count('airlines')") == 2


def test_a_wrong_answer_is_corrected_in_its_cell(lesson):
    lesson.run("%mig_lab start 90")
    assert not lesson.run(WRONG).passed
    assert columns() == ["carrier", "carrier_name", "country"]
    assert lesson.run(SOLVED).passed


@pytest.mark.sweep
def test_each_run_of_a_cell_that_is_solved_begins_in_the_same_state(lesson, tmp_path):
    first, second = (str(lesson.run(SOLVED)) for _ in range(2))
    assert first == second
    assert results(tmp_path)["90.1"]["tries"] == 1


def test_work_in_other_cells_is_kept_and_checked(lesson):
    lesson.run("%mig_lab start 90")
    lesson.run(ADD.format("own"))
    assert lesson.run("%mig_lab check 90.1").passed


def test_work_in_other_cells_is_kept_by_the_cell_of_the_exercise_too(lesson):
    lesson.run("%mig_lab reset 90.1")
    lesson.run(ADD.format("own").replace("--up", "--write"))
    result = lesson.run("%%mig_lab 90.1\n%mig_upgrade")
    assert result.passed
    assert "other cells" in result.note


def test_a_check_elsewhere_restores_nothing_and_says_so(lesson):
    lesson.run(SOLVED)
    lesson.run("%mig_lab reset 90.2")
    lesson.run("with engine.begin() as connection: connection.execute(sa.text('CREATE TABLE own (id INTEGER)'))")
    result = lesson.run("%mig_lab check 90.1")
    assert "not in the state of exercise 90.1" in result.note
    assert columns(table="own") == ["id"]


def test_where_the_exercise_before_is_not_solved_a_prepared_state_is_used(lesson):
    lesson.run("%mig_lab start 90")
    lesson.run(WRONG)
    result = lesson.run("%%mig_lab 90.2\n1 + 1")
    assert "90.1 is not solved here" in result.note
    assert "a3" in str(lesson.run("%mig_history"))


def test_after_a_restart_the_student_goes_on_in_the_own_state(lesson):
    lesson.run(SOLVED)
    lesson.run("%mig_lab begin 90.2")
    lesson.run("%mig_lab start 90")  # the first cell of the notebook, in a new kernel
    result = lesson.run("%%mig_lab 90.2\n1 + 1")
    assert result.note == ""
    assert "own" in str(lesson.run("%mig_history"))


def test_an_answer_that_raises_shows_its_traceback_and_what_is_there(lesson):
    result = lesson.run(f"%%mig_lab 90.1\n{ADD.format('own')}\n# %%\n1 / 0")
    assert "ZeroDivisionError" in lesson.printed
    assert "raised the error above" in str(result)
    assert "✓ `airlines` has the column `country`." in str(result)


def test_a_syntax_error_in_an_answer_does_not_stop_the_notebook(lesson):
    result = lesson.run("%%mig_lab 90.1\nthis is no Python")
    assert "SyntaxError" in lesson.printed
    assert not result.passed


def test_a_failed_check_does_not_say_what_was_expected(lesson):
    shown = str(lesson.run(WRONG))
    assert "VARCHAR(99)" in shown
    assert "30" not in shown


def test_models_of_a_failed_attempt_are_gone_in_the_next_one(lesson):
    models = "%%mig_models Base\nclass {0}(Base):\n    __tablename__ = '{1}'\n    faa: Mapped[str] = mapped_column(sa.String(3), primary_key=True)"
    lesson.run(f"%%mig_lab 90.2\n{models.format('Wrong', 'wrong')}")
    assert "Wrong" in lesson.shell.user_ns
    result = lesson.run(
        f"%%mig_lab 90.2\n{models.format('Airport', 'airports')}\n%mig_autogenerate Base -m x --accept all --write\n%mig_upgrade"
    )
    assert result.passed
    assert "Wrong" not in lesson.shell.user_ns
    assert columns(table="wrong") == []


@pytest.mark.parametrize("begun", ["%mig_lab start 90", "%mig_lab start 1", "%%mig_lab 1.1\ndesk.show('airlines')"])
@pytest.mark.costly
def test_a_lesson_finds_nothing_in_the_notebook_that_another_one_has_left(lesson, begun):
    lesson.run("import sqlalchemy as sa; mine = sa.MetaData(); _ = sa.Table('mine', mine)")
    lesson.run("%mig_lab start 90")
    lesson.run(ADD.format("own"))
    lesson.run("left = sa.MetaData(); _ = sa.Table('left', left); mara = desk.other('mara.db'); number = 7")
    lesson.run("%mig_autogenerate left -m proposed\n%mig_connect sqlite:///mara.db")
    session = session_of(lesson.shell)
    assert session.proposal is not None
    lesson.run(begun)
    assert session.proposal is None
    assert list(session.connections) == ["flights"]
    assert {"left", "mara"}.isdisjoint(lesson.shell.user_ns)
    assert ("mine" in lesson.shell.user_ns, lesson["number"]) == (True, 7)
    assert "This kernel has written no version file" in lesson.fail("%mig_undo")


def test_a_review_of_the_lesson_before_is_removed_from_the_page(lesson):
    lesson.run("%mig_lab start 90")
    panel = Panel()
    session_of(lesson.shell).show_panel(panel)
    lesson.run("%mig_lab start 1")
    assert panel.is_closed


def test_models_of_a_cell_are_kept_where_another_database_was_connected(lesson):
    lesson.run("%mig_lab reset 90.2")
    lesson.run(
        "%%mig_models Base\nclass Airport(Base):\n    __tablename__ = 'airports'\n"
        "    faa: Mapped[str] = mapped_column(sa.String(3), primary_key=True)"
    )
    lesson.run("%mig_connect sqlite:///other.db")
    assert not lesson.run("%mig_lab check 90.2").passed
    assert "Airport" in lesson.shell.user_ns


def test_hints_come_one_by_one_and_are_counted(lesson, tmp_path):
    shown = [str(lesson.run("%mig_lab hint 90.1")) for _ in range(4)]
    assert ["2. " in one for one in shown] == [False, True, True, True]
    assert shown[2] == shown[3]
    assert "solution 90.1" in shown[2]
    assert results(tmp_path)["90.1"]["hints"] == 3


def test_a_solution_is_shown_after_three_tries_or_when_confirmed(lesson, tmp_path):
    assert "add_column" not in str(lesson.run("%mig_lab solution 90.1"))
    assert "add_column" in str(lesson.run("%mig_lab solution 90.1 --yes"))
    assert results(tmp_path)["90.1"]["solution_shown"] is True
    for _ in range(3):
        lesson.run("%%mig_lab 90.2\n1 + 1")
    assert "Airport" in str(lesson.run("%mig_lab solution 90.2"))


def test_the_solution_after_the_own_answer_is_no_help(lesson, tmp_path):
    lesson.run(SOLVED)
    assert "add_column" in str(lesson.run("%mig_lab solution 90.1"))
    assert results(tmp_path)["90.1"]["solution_shown"] is False


def test_progress_says_in_words_what_is_solved(lesson):
    lesson.run(SOLVED)
    lesson.run("%%mig_lab 90.2\n1 + 1")
    lesson.run("%mig_lab hint 90.2")
    shown = str(lesson.run("%mig_lab"))
    assert "Lesson 90, A demonstration: 1 of 2" in shown
    assert "✓ solved" in shown
    assert "✗ tried" in shown
    assert "1 of 3 hints" in shown


@pytest.mark.sweep
def test_a_solved_exercise_stays_solved(lesson, tmp_path):
    lesson.run(SOLVED)
    snapshot = results(tmp_path)["90.1"]["snapshot"]
    assert not lesson.run(WRONG).passed
    assert results(tmp_path)["90.1"]["passed"] is True
    assert results(tmp_path)["90.1"]["snapshot"] == snapshot


def test_an_open_transaction_is_named_and_not_waited_for(lesson):
    lesson.run("%mig_lab start 90")
    lesson.run("own = engine.connect(); _ = own.execute(sa.text(\"DELETE FROM airlines WHERE carrier = 'AA'\"))")
    shown = lesson.fail("%mig_lab reset 90.1")
    assert "flights.db cannot be reset" in shown
    lesson.run("own.rollback(); own.close()")
    assert lesson.run("%mig_lab reset 90.1")


def test_the_database_is_reset_under_an_open_connection(lesson):
    lesson.run("%mig_lab start 90")
    lesson.run("own = engine.connect(); _ = own.execute(sa.text('SELECT 1')).all(); own.commit()")
    lesson.run(SOLVED)
    lesson.run("%mig_lab reset 90.1")
    assert lesson.run("own.execute(sa.text('SELECT * FROM airlines')).keys()._keys") == ["carrier", "carrier_name"]
    lesson.run("own.close()")


@pytest.mark.sweep
def test_a_closed_connection_and_another_folder_are_corrected(lesson, tmp_path):
    lesson.run("%mig_lab start 90")
    lesson.run("%mig_close flights\nimport os; os.chdir('..')")
    os.chdir(tmp_path)
    assert lesson.run(SOLVED).passed


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("%mig_lab start", "needs the number of a lesson"),
        ("%mig_lab start 77", "There is no lesson 77"),
        ("%mig_lab check 90.9", "has no exercise 90.9"),
        ("%mig_lab check", "needs an exercise"),
        ("%mig_lab hint three", "is not an exercise"),
        ("%mig_lab 90.1", "%%mig_lab 90.1"),
        ("%mig_lab begone", "has no action"),
        ("%%mig_lab nine\n1", "is not an exercise"),
    ],
)
def test_a_mistake_in_typing_is_named_with_its_remedy(lesson, typed, said):
    assert said in lesson.fail(typed)


@pytest.mark.parametrize(
    ("typed", "among"),
    [
        ("%mig_lab s", {"start", "solution"}),
        ("%mig_lab hint 90.", {"90.1", "90.2"}),
        ("%%mig_lab 90", {"90", "90.1", "90.2"}),
        ("%mig lab reset 9", {"90.1"}),
        ("%mig_lab solution 90.1 --", {"--yes"}),
    ],
)
def test_tab_offers_actions_and_exercises(lesson, typed, among):
    lesson.shell.Completer.use_jedi = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert among <= {one.text for one in lesson.shell.Completer.completions(typed, len(typed))}


def test_help_names_every_action(lesson):
    lesson.run("%mig_lab --help")
    for action in ("start", "check", "hint", "solution", "reset", "progress"):
        assert f"%mig_lab {action}" in lesson.printed
    assert "exercises" in str(lesson.run("%mig help"))
