"""An engine of the notebook that is in AUTOCOMMIT: the plan, the question and the run say that nothing is rolled back."""

from __future__ import annotations

import pytest

REVISION = """%%migration "half" --id a1 --write
def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer))
def downgrade():
    op.drop_table("half")
"""
NOTE = "cannot be rolled back: the connection is in AUTOCOMMIT, so a revision that fails keeps what it did before"


@pytest.fixture
def borrowed(notebook, postgresql_url):
    """A notebook that is connected by its own engine in AUTOCOMMIT."""
    notebook.run(f"import sqlalchemy as sa; eng = sa.create_engine({postgresql_url!r}, isolation_level='AUTOCOMMIT')")
    notebook.run("%mig_connect eng")
    notebook.run("%mig_init migrations")
    notebook.run(REVISION)
    yield notebook
    notebook["eng"].dispose()


@pytest.mark.slow
def test_the_plan_says_it_and_the_run_says_it_once(borrowed):
    plan = borrowed.run("%mig_upgrade --plan")
    assert f"  ! {NOTE}" in plan.text()
    assert NOTE in plan.html()
    borrowed.run("%mig_upgrade")
    assert borrowed.printed.count(NOTE) == 1
    assert borrowed.run("%mig_upgrade --plan").notes == ()


def test_the_question_says_it(borrowed):
    borrowed.run("%mig_upgrade")
    assert f"It {NOTE}." in borrowed.fail("%mig_downgrade base")


@pytest.mark.slow
def test_a_trial_runs_on_a_clone_and_changes_nothing(borrowed):
    assert "every statement ran" in repr(borrowed.run("%mig_upgrade --try"))
    assert "Current: none." in repr(borrowed.run("%mig_current"))


def test_sqlite_rolls_back_nevertheless(notebook):
    notebook.run("import sqlalchemy as sa; eng = sa.create_engine('sqlite:///x.db', isolation_level='AUTOCOMMIT')")
    notebook.run("%mig_connect eng")
    notebook.run("%mig_init migrations")
    notebook.run(REVISION)
    assert notebook.run("%mig_upgrade --plan").notes == ()
    notebook["eng"].dispose()
