"""Hints for mistakes that an exercise does not name."""

from __future__ import annotations

import pytest
from answers import sources

from mig_ipython.lab.source.markdown import ExerciseSource
from mig_ipython.lab.views.style import state_of

COUNTRY = 'def upgrade():\n    op.add_column("airlines", sa.Column("country", sa.String(30)))\n\n\ndef downgrade():\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        ("1 / 0", "cell_failed"),
        (f'%%migration "country" --write\n{COUNTRY}    pass\n%mig_stamp head', "stamped_not_run"),
    ],
)
def test_a_mistake_that_the_exercise_does_not_name_gets_a_hint(lesson, answer, mistake):
    result = lesson.run(f"%%mig_lab 90.1\n{answer}")
    assert result.record["hint_given"] == mistake
    assert result.hint


@pytest.mark.parametrize(
    ("downgrade", "mistake"),
    [("pass", "no_downgrade"), ('op.drop_column("airlines", "other")', "downgrade_fails")],
)
@pytest.mark.sweep
def test_a_downgrade_that_fails_a_check_is_named(notebook, downgrade, mistake):
    batch = (
        'with op.batch_alter_table("airlines") as b:\n        b.create_unique_constraint("uq_airlines_name", ["name"])'
    )
    answer = f'%%migration "names" --up\ndef upgrade():\n    {batch}\n\n\ndef downgrade():\n    {downgrade}'
    result = notebook.run(f"%%mig_lab 5.2\n{answer}")
    assert result.record["hint_given"] == mistake


@pytest.mark.slow
def test_a_revision_that_fails_is_not_called_one_that_has_not_run(lesson):
    failing = COUNTRY.replace(
        'add_column("airlines", sa.Column("country", sa.String(30)))', 'drop_column("airlines", "country")'
    )
    failed = lesson.run(f'%%mig_lab 90.1\n%%migration "country" --up\n{failing}    pass')
    assert failed.record["hint_given"] == "cell_failed"
    assert lesson.run("%mig_lab check 90.1").record["hint_given"] == "upgrade_fails"


APPLIED = f'%%migration "country" --id own --up\n{COUNTRY}    op.drop_column("airlines", "country")'
EDIT = """# %%
path = next((desk.folder / "migrations" / "versions").glob("own_*"))
path.write_text(path.read_text().replace({0!r}, {1!r}))"""


@pytest.mark.slow
def test_a_file_that_was_edited_after_it_had_run_is_not_a_right_answer(lesson):
    edit = EDIT.format("String(30)", "String(60)")
    result = lesson.run(f"%%mig_lab 90.1\n{APPLIED}\n{edit}")
    assert [(each.kind, each.sentence) for each in result.findings][-1] == (
        "no",
        "own was edited since it was applied.",
    )
    assert {each.kind for each in result.findings[:-1]} == {"yes"}
    assert (result.passed, result.record["hint_given"]) == (False, "edited_since")
    assert not lesson.run("%mig_lab check 90.1").passed
    lesson.run(EDIT.format("String(60)", "String(30)"))
    assert lesson.run("%mig_lab check 90.1").passed


@pytest.mark.slow
def test_an_edited_file_that_ran_again_is_a_right_answer(lesson):
    last = 'op.drop_column("airlines", "country")'
    lesson.run(f"%%mig_lab 90.1\n{APPLIED}\n{EDIT.format(last, f'{last}; pass')}")
    assert not lesson.run("%mig_lab check 90.1").passed
    lesson.run("%mig_downgrade -1 --yes")
    lesson.run("%mig_upgrade")
    assert lesson.run("%mig_lab check 90.1").passed


@pytest.mark.slow
def test_a_comment_in_an_applied_file_is_no_edit(lesson):
    edit = EDIT.format("import sqlalchemy", "# a comment\nimport sqlalchemy")
    assert lesson.run(f"%%mig_lab 90.1\n{APPLIED}\n{edit}").passed


def test_a_cell_that_stops_at_once_gets_no_hint_about_what_was_there_before(notebook):
    result = notebook.run("%%mig_lab 1.2\n1 / 0")
    assert result.record["hint_given"] == "cell_failed"
    assert result.findings


def test_each_state_has_a_sign_and_a_word():
    states = [state_of(True, 1), state_of(False, 2, True), state_of(False, 2), state_of(False, 0)]
    assert states == ["✓ solved", "? not verified", "✗ tried", "○ open"]


EXERCISES = [item for source in sources() for item in source.items if isinstance(item, ExerciseSource)]


@pytest.mark.sweep
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)
def test_a_cell_that_changes_nothing_gets_no_hint_about_what_was_there_before(notebook, exercise):
    notebook.run(f"%mig_lab reset {exercise.number}")
    given = notebook.run(f"%%mig_lab {exercise.number}\n1 + 1").record["hint_given"]
    of_nothing = {
        wrong.get("name") for wrong in exercise.wrong if "nothing_done" in wrong.values() or wrong.get("look") == "file"
    }
    assert given in {"nothing_done", "not_upgraded", *of_nothing}
