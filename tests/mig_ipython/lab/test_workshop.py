"""What a student does: starts, answers, checks, asks for hints, begins again, comes back the next day."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import warnings
from pathlib import Path

import pytest

from kernel_core.util.exc import CommandError
from mig_ipython.errors import message_of
from mig_ipython.lab.checking import checked
from mig_ipython.lab.desk import DeskError
from mig_ipython.lab.lesson import find_lesson
from mig_ipython.lab.models_file import load_models
from mig_ipython.lab.state import State
from mig_ipython.session import session_of

pytestmark = pytest.mark.slow

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


def test_a_check_elsewhere_solves_nothing_where_nothing_was_done(lesson, tmp_path):
    lesson.run(SOLVED)
    path = tmp_path / "workshop" / "progress.json"
    found = json.loads(path.read_text())
    found["exercises"].clear()
    found["positions"]["90"] |= {"exercise": "90.2", "solved": False}  # the folder of the next exercise, as it begins
    path.write_text(json.dumps(found))
    result = lesson.run("%mig_lab check 90.1")
    assert all(each.passed for each in result.findings)
    assert not result.passed
    assert "Nothing was done in it since" in str(result)
    assert "90.1" not in results(tmp_path)
    lesson.run("desk.sql('CREATE TABLE own (id INTEGER)')")
    assert lesson.run("%mig_lab check 90.1").passed


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


UNIQUE = """%%migration "names" {0}
def upgrade():
    with op.batch_alter_table("airlines") as batch:
        batch.create_unique_constraint("{1}", ["name"])
def downgrade():
    with op.batch_alter_table("airlines") as batch:
        batch.drop_constraint("{1}", type_="unique")"""


@pytest.mark.parametrize(
    ("answer", "sign"),
    [
        ("1 + 1", "○ Not tried yet, since no revision has run: "),
        (UNIQUE.format("--write", "uq_airlines_name"), "○ Not tried yet, since no revision has run: "),
        (UNIQUE.format("--up", "other_name"), "✓ "),
    ],
)
def test_a_downgrade_is_ticked_where_a_revision_has_run(notebook, answer, sign):
    shown = notebook.run(f"%%mig_lab 5.2\n{answer}")
    assert f"  {sign}A downgrade drops the constraint." in str(shown)
    assert not shown.passed


@pytest.mark.sweep
@pytest.mark.parametrize("number", range(1, 9))
def test_no_check_of_a_downgrade_is_ticked_where_an_exercise_begins(number, tmp_path):
    lesson = find_lesson(number)
    for exercise in lesson.exercises:
        folder = str(tmp_path / exercise.number)
        lesson.state(exercise.number).write(folder)
        found = checked(exercise, lambda folder=folder: State.read(folder), State.read(folder)).findings
        ticked = [
            check.says
            for check, finding in zip(exercise.checks, found, strict=True)
            if finding.kind == "yes"
            and (check.look in ("reversible", "same_from_start") or check.spec.get("at") in ("start", "base", "-1"))
        ]
        assert ticked == []


def test_an_answer_that_raises_shows_its_traceback_and_what_is_there(lesson):
    result = lesson.run(f"%%mig_lab 90.1\n{ADD.format('own')}\n# %%\n1 / 0")
    assert "ZeroDivisionError" in lesson.printed
    assert "raised the error above" in str(result)
    assert "✓ `airlines` has the column `country`." in str(result)


@pytest.mark.parametrize("above", ["# my answer\n\n", "\n# first\n# second\n  "])
def test_comments_may_be_above_the_first_line_of_an_answer(lesson, above):
    lesson.run("%mig_lab start 90")
    assert lesson.run(above + SOLVED).passed


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


def test_a_lesson_that_cannot_begin_again_stays_open(lesson):
    lesson.run("%mig_lab start 90")
    lesson.run("own = engine.connect(); _ = own.execute(sa.text(\"DELETE FROM airlines WHERE carrier = 'AA'\"))")
    assert "flights.db cannot be reset" in lesson.fail("%mig_lab start 90")
    lesson.run("own.rollback(); own.close()")
    assert lesson.run("desk.count('airlines')") == 2


DAMAGED = b"SQLite format 3\0" + b"x" * 5000


@pytest.mark.parametrize("content", [None, b"", DAMAGED, b"no database"])
def test_a_lost_database_is_named_and_the_exercise_begins_again(lesson, content):
    lesson.run("%mig_lab start 90")
    lesson.run("%%mig_lab 90.1\n1 + 1")
    session_of(lesson.shell).close("flights")
    Path("flights.db").unlink()
    if content is not None:
        Path("flights.db").write_bytes(content)
    if content in (None, b""):
        assert "flights.db was deleted, is empty or damaged." in lesson.run("%mig_lab check 90.1").note
    else:
        assert "To begin the exercise again: %mig_lab reset 90.1" in lesson.fail("%mig_lab check 90.1")
        with pytest.raises(DeskError, match=r"flights\.db is damaged: .* %mig_lab start 90"):
            lesson["desk"].count("airlines")
    assert lesson.run(SOLVED).passed
    assert lesson.run("desk.count('airlines')") == 2


def test_a_database_whose_tables_were_dropped_is_the_answer_of_a_student(lesson):
    lesson.run("%mig_lab start 90")
    lesson.run("desk.sql('DROP TABLE airlines', 'DROP TABLE alembic_version')")
    assert lesson.run("%mig_lab check 90.1").note == ""
    assert columns() == []


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("migrations/env.py", "`migrations/env.py` is gone"),
        ("models.py", "`models.py` is gone"),
        ("migrations/versions/a1_airlines.py", "A version file"),
    ],
)
def test_a_lost_file_is_what_the_hint_is_about(lesson, lost, said):
    lesson.run("%mig_lab reset 90.2")
    Path(lost).unlink()
    shown = lesson.run("%mig_lab check 90.2")
    assert said in shown.hint
    assert "%mig_lab reset 90.2" in shown.hint


@pytest.mark.parametrize("text", [b"class X(:", b"import nothing_like_this", b"raise SystemExit(1)", b"\xff\xfe"])
def test_models_that_cannot_be_run_are_named_with_the_next_step(lesson, text):
    lesson.run("%mig_lab reset 90.2")
    Path("models.py").write_bytes(text)
    lesson.run("%mig_close flights")  # a restarted kernel has no connection, and reads the file
    lesson.run("import os; os.chdir('..')")
    session_of(lesson.shell).forget_models()
    shown = str(State.read("lesson_90").models["error"])
    assert shown.startswith(("SyntaxError", "ModuleNotFoundError", "SystemExit", "UnicodeDecodeError"))
    with pytest.raises(CommandError, match=r"models\.py cannot be run: .* %mig_lab reset 90\.M"):
        load_models({}, os.path.realpath("lesson_90"))


@pytest.mark.parametrize("place", ["..", "migrations/versions", "../../elsewhere"])
def test_the_work_is_found_from_another_folder(lesson, tmp_path, place):
    lesson.run(SOLVED)
    (tmp_path / "elsewhere").mkdir()
    os.chdir(place)
    assert lesson.run("%mig_lab check 90.1").passed
    assert os.getcwd() == str(tmp_path / "workshop" / "lesson_90")


@pytest.mark.skipif(sys.platform == "win32", reason="a working folder cannot be deleted there")
def test_a_deleted_working_folder_is_made_again(lesson, tmp_path):
    lesson.run(SOLVED)
    session_of(lesson.shell).close("flights")
    shutil.rmtree(tmp_path / "workshop" / "lesson_90")
    assert "The working folder was deleted" in str(message_of(working_folder_error()))
    assert "1 of 2" in str(lesson.run("%mig_lab progress"))
    assert lesson.run(SOLVED).passed


def working_folder_error() -> OSError:
    try:
        os.getcwd()
    except OSError as error:
        return error
    raise AssertionError


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
        ("%mig_lab strat 90", "The nearest is %mig_lab start 90."),
        ("%mig_lab 90", "To begin the lesson: %mig_lab start 90."),
        ("%mig_lab start 90.1", "such as %mig_lab start 90."),
        ("%mig_lab hint 90", "such as 90.1"),
        ("%mig_lab reset", "needs an exercise or a lesson"),
        ("%%mig_lab nine\n1", "is not an exercise"),
        ("%%mig_lab\n1", "%%mig_lab needs the number of the exercise"),
        ("%%mig_lab after\n1", "%%mig_lab after needs an exercise"),
        ("%%mig_lab check 90.1\n1", "To run %mig_lab check 90.1, type it with one %"),
        ("x = 1\n%%mig_lab 90.1\n1", "%%mig_lab is not on the first line of its cell"),
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
