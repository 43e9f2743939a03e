"""The button "Rehearse": in the review before and after writing, and in the question before data is lost."""

import sqlite3

import pytest

from kernel_core.rehearse import Blocker, Rehearsal, TableRows
from mig_ipython.errors import MigError, user_errors
from mig_ipython.proposals.draft import Stale
from mig_ipython.running.confirmation import MOVED, Confirmation
from mig_ipython.views.plan import Loss, Plan
from mig_ipython.views.rehearsal import RehearsalReport
from mig_ipython.views.report import RunReport
from mig_ipython.widgets.confirm import ConfirmPanel
from mig_ipython.widgets.review import ReviewPanel

LOST = TableRows("flights", 9, 9, 0, 0, 0, ("id",), lost={"note": 7})


def report_of(*blockers, rows=(LOST,), target="dev.db"):
    heads = (("ab12",), (), ("ab12",))
    return RehearsalReport((Rehearsal(target, "sqlite", *heads, (), blockers, (), rows, None, 0.1, "copy"),))


@pytest.fixture
def rehearsed(proposal, panel):
    """A panel whose button was clicked; the clone has lost seven values."""
    proposal.rehearse = lambda: report_of(Blocker("null", "ab12", "Add column carrier", "flights", "9 rows", 9))
    panel.footer.rehearse.click()
    return panel


def test_the_result_is_shown_below_the_panel(rehearsed):
    assert rehearsed.widget.children[-1] is rehearsed.rehearsed.widget
    assert "✗ ab12: Add column carrier: 9 rows" in rehearsed.rehearsed.widget.value
    assert "1 blocker." in rehearsed.status.text
    assert rehearsed.proposal.done == []


def test_a_changed_review_has_no_result_until_it_is_rehearsed_again(rehearsed):
    rehearsed.review.set_accepted(2, False)
    assert "Rehearse again." in rehearsed.rehearsed.widget.value
    assert "9 rows" not in rehearsed.rehearsed.widget.value
    rehearsed.footer.rehearse.click()
    assert "9 rows" in rehearsed.rehearsed.widget.value


def test_the_question_before_a_loss_shows_the_counts_of_the_rehearsal(rehearsed):
    rehearsed.footer.upgrade.click()
    assert rehearsed.ask.is_open
    assert "rehearsed: flights: 7 values of note lost" in rehearsed.ask._text.value
    assert "rehearsed: ✗ 1 blocker" in rehearsed.ask._text.value


def test_an_open_question_is_completed_by_a_rehearsal(panel, proposal):
    proposal.rehearse = report_of
    panel.footer.upgrade.click()
    assert "rehearsed" not in panel.ask._text.value
    panel.footer.rehearse.click()
    assert "rehearsed: flights: 7 values of note lost" in panel.ask._text.value


def test_counts_of_other_rows_are_not_shown_in_the_question(rehearsed):
    rehearsed.review.set_accepted(2, False)
    rehearsed.footer.upgrade.click()
    assert "rehearsed" not in rehearsed.ask._text.value


def test_a_stale_review_is_said_at_the_top(panel, proposal):
    def stale():
        with user_errors():
            raise Stale("A revision was added since this review was made.")

    proposal.rehearse = stale
    panel.footer.rehearse.click()
    assert panel.stale.widget.layout.display is None
    assert "A revision was added" in panel.status.text


def test_without_accepted_rows_there_is_nothing_to_rehearse(panel):
    panel.review.accept("none")
    assert panel.footer.rehearse.disabled
    assert panel.footer.rehearse.tooltip == "No row is accepted."


def test_what_is_applied_is_not_rehearsed(rehearsed):
    rehearsed.upgraded = True
    rehearsed.show()
    assert rehearsed.footer.rehearse.disabled
    assert rehearsed.rehearsed.widget.layout.display == "none"


def test_hostile_names_are_text_below_the_panel_and_in_the_question(panel, proposal, hostile, active_nodes):
    rows = tuple(TableRows(text, 9, None, 0, 9, 0) for text in hostile)
    blockers = [Blocker("null", text, text, text, text, 1, text, ({text: text},)) for text in hostile]
    proposal.rehearse = lambda: report_of(*blockers, rows=rows, target="".join(hostile))
    panel.footer.rehearse.click()
    said = panel.status.widget.value
    panel.footer.upgrade.click()
    assert f"{len(hostile)} blockers. The report is below." in said
    for shown in (panel.rehearsed.widget.value, panel.ask._text.value):
        assert "canary" in shown
        assert active_nodes(shown) == []


# ---- the confirmation


class Moved:
    """What has changed since a question: the current revision."""

    def moved(self):
        return MOVED

    found = moved


def question(on_clone, changes=None):
    losses = (Loss("flights", "Drop column note", "all data is lost", 9),)
    plan = Plan("upgrade", "head", (), losses, "sqlite dev.db", "sqlite", str)
    ran = RunReport("upgrade", (), (), ("ab12",), "sqlite dev.db")
    return Confirmation(plan, "%mig_upgrade head --yes", lambda: ran, changes, on_clone)


def test_the_confirmation_shows_the_counts_and_the_report(hostile, active_nodes):
    asked = question(lambda: report_of(Blocker("null", "ab12", "".join(hostile), "flights", "9 rows", 9)))
    panel = ConfirmPanel(asked)
    assert "rehearsed:" not in panel._told.value
    panel.try_it.click()
    assert "rehearsed: flights: 7 values of note lost" in panel._told.value
    assert "✗ rehearsed on a clone: 1 blocker" in panel._told.value
    assert "rehearsed: flights: 7 values of note lost" in repr(asked)
    assert "rehearsed: flights: 7 values of note lost" in asked._repr_html_()
    assert "9 rows" in panel._rehearsed.value
    assert active_nodes(panel._rehearsed.value) == []
    assert asked.report is None
    assert panel.yes.disabled


def test_after_the_run_the_rehearsal_is_hidden():
    panel = ConfirmPanel(question(report_of))
    panel.try_it.click()
    panel.confirmation.confirm("flights")
    assert panel._rehearsed.value == ""
    with pytest.raises(MigError, match="nothing to rehearse"):
        panel.confirmation.rehearse()


def test_without_a_clone_there_is_no_button():
    assert ConfirmPanel(question(None)).try_it.layout.display == "none"


def test_a_question_about_another_revision_is_not_rehearsed():
    panel = ConfirmPanel(question(report_of, Moved()))
    panel.try_it.click()
    assert "has changed since this question was asked" in panel.status.text
    assert panel.confirmation.rehearsal is None


# ---- with a real database


@pytest.mark.slow
def test_a_real_review_and_a_real_question_are_rehearsed(migrated):
    with sqlite3.connect("dev.db") as database:
        database.execute("INSERT INTO users VALUES (1, 'Ada'), (2, 'Bob')")
    migrated.run("import sqlalchemy as sa\nempty = sa.MetaData()")
    panel = ReviewPanel(migrated.run("p = %mig_autogenerate empty -m 'No users' --id b2\np"))
    panel.footer.rehearse.click()
    assert "users: a table with 2 rows is removed" in panel.rehearsed.widget.value
    assert not panel.written
    panel.footer.write.click()
    assert migrated.fail("%mig_upgrade").count("%mig_rehearse") == 1
    assert "%mig_rehearse b2" in repr(migrated.run("plan = %mig_upgrade b2 --plan\nplan"))
    assert "%mig_rehearse base --downgrade" in repr(migrated.run("plan = %mig_downgrade base --plan\nplan"))
    panel.footer.rehearse.click()
    assert "users: a table with 2 rows is removed" in panel.rehearsed.widget.value


def test_a_plan_that_loses_nothing_names_no_rehearsal(migrated):
    migrated.declare("email: Mapped[str | None] = mapped_column(sa.String(80))")
    migrated.run("%mig_autogenerate Base -m 'E-mail' --id b2 --write")
    assert "%mig_rehearse" not in repr(migrated.run("plan = %mig_upgrade --plan\nplan"))
