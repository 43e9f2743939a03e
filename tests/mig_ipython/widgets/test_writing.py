"""The way from the review to the file and back: its place, the script, a stale review, progress, undo of the write."""

from __future__ import annotations

import html
import re

import pytest

from kernel_core.runtime.report import RunEvent
from kernel_core.util.exc import CommandError
from mig_ipython.errors import user_errors
from mig_ipython.proposals.draft import Stale
from mig_ipython.widgets.review import ReviewPanel


def plain(value):
    return html.unescape(re.sub(r"<[^>]*>", "", value))


def shown(part):
    return part.widget.layout.display != "none"


# ---- its place in the history


def test_it_follows_the_only_head_unless_told_otherwise(panel, proposal):
    place = panel.footer.place
    assert place.head.value == "a1"
    place.head.value = "base"
    assert proposal.draft.head == "base"
    assert [name for _, name in place.head.options] == ["a1", "base"]


def test_of_several_heads_one_must_be_chosen(proposal):
    proposal.draft.heads = ["a1", "b2"]
    panel = ReviewPanel(proposal)
    assert panel.footer.write.disabled
    assert panel.footer.folds.open == "Place in the history"
    assert "There are several heads." in panel.footer.place.widget.children[0].children[1].value
    panel.footer.place.head.value = "b2"
    assert not panel.footer.write.disabled
    assert panel.footer.place.widget.children[0].children[1].value == ""


def test_a_label_that_cannot_be_is_told_under_its_field_and_bars_writing(panel, proposal):
    panel.footer.place.label.value = "two words"
    assert panel.footer.write.disabled
    assert "cannot be a branch label" in panel.footer.write.tooltip
    assert "cannot be a branch label" in panel.footer.place.widget.children[1].children[1].value
    panel.footer.place.label.value = "reports"
    assert proposal.draft.label == "reports"
    assert not panel.footer.write.disabled
    panel.footer.place.label.value = " "
    assert proposal.draft.label is None


def test_what_it_depends_on_reaches_the_draft(panel, proposal):
    panel.footer.place.depends_on.value = "a1, b2"
    assert proposal.draft.depends_on == "a1, b2"


# ---- the script


def test_the_script_marks_what_a_person_changed(panel):
    panel.footer.folds.turn("Script")
    assert "mig-plus" not in panel.footer.script.text.value
    panel.review.edit(4, nullable=True)
    lines = plain(panel.footer.script.text.value).splitlines()
    assert (
        lines[0]
        == "Against what was found: 1 line added (+), 1 line left out (\N{MINUS SIGN})."
        + lines[0][-len('  """more flights"""') :]
    )
    assert [line for line in lines if line.startswith("+ ")] == [
        '+     op.add_column("flights", sa.Column("carrier", sa.String(length=2), nullable=True))'
    ]
    assert len([line for line in lines if line.startswith("\N{MINUS SIGN} ")]) == 1


def test_what_was_found_and_cannot_be_undone_leaves_the_script_unmarked(panel, proposal):
    def irreversible(message=None):
        raise CommandError("cannot be undone")

    proposal.draft.found_text = irreversible
    panel.footer.folds.turn("Script")
    assert "create_table" in plain(panel.footer.script.text.value)


def test_an_unknown_file_name_is_not_said(panel, proposal):
    def unknown(message=None):
        raise CommandError("no environment")

    proposal.draft.file_name = unknown
    panel.footer.message.value = "other words"
    assert panel.footer.script.file.value == ""


def test_looking_at_another_row_does_not_make_the_script_anew(panel, proposal):
    panel.footer.folds.turn("Script")
    asked = []
    proposal.draft.text = lambda message=None: asked.append("text") or "x"
    proposal.draft.problems = lambda: asked.append("place") or {}
    for row in panel.review.rows:
        panel.rows.buttons[row.key].click()
    assert asked == []
    panel.review.edit(4, nullable=True)
    assert sorted(asked) == ["place", "text"]


# ---- undo of the write


def test_a_written_file_is_taken_back_by_undo(panel, proposal):
    panel.footer.write.click()
    assert not panel.undo.disabled
    assert panel.undo.tooltip == "Delete the written file"
    panel.undo.click()
    assert proposal.draft.path is None
    assert "is deleted again" in panel.status.text
    assert not panel.footer.write.disabled
    assert not panel.header.all.disabled


def test_a_file_that_must_stay_stays_with_the_reason(panel, proposal):
    panel.footer.write.click()
    proposal.draft.kept = "ab12 is applied, so its file must stay."
    panel.undo.click()
    assert panel.status.text == "Not done: ab12 is applied, so its file must stay."
    assert panel.written


def test_after_the_upgrade_nothing_is_undone_here(panel):
    panel.review.accept("1-4")
    panel.footer.upgrade.click()
    assert panel.undo.disabled


# ---- what has changed meanwhile


@pytest.fixture
def stale(proposal):
    """A proposal whose models have changed since."""
    fresh = proposal.write

    def write(message=None):
        with user_errors():
            raise Stale("The models have changed since this review was made.")

    proposal.write = write
    proposal.recover = lambda: setattr(proposal, "write", fresh)
    return proposal


def test_a_stale_review_says_so_and_offers_to_compare_again(stale):
    panel = ReviewPanel(stale)
    assert not shown(panel.stale)
    panel.footer.write.click()
    assert panel.status.text.startswith("Not done: The models have changed since this review was made.")
    assert shown(panel.stale)
    assert "The models have changed" in panel.stale._text.value
    old = panel.rows.widget
    panel.stale.button.click()
    assert not shown(panel.stale)
    assert len(panel.review) == 2
    assert panel.status.text == "Compared again: 2 changes."
    assert old.comm is None
    stale.recover()
    panel.footer.write.click()
    assert stale.done == [("write", "more flights")]


def test_an_environment_is_made_where_there_is_none(proposal):
    proposal.needs_environment = True
    panel = ReviewPanel(proposal)
    assert shown(panel.homeless)
    assert panel.footer.write.disabled
    panel.homeless.button.click()
    assert not shown(panel.homeless)
    assert not panel.footer.write.disabled


# ---- the upgrade


def test_the_upgrade_tells_how_far_it_is(panel, proposal):
    seen = []

    def upgrade(on_step=None, *, yes=False):
        for kind in ("start", "done"):
            on_step(RunEvent(kind, "ab12", "upgrade", "more flights", 1, 2))
            seen.append(panel.status.text)
        return "Upgraded"

    proposal.upgrade = upgrade
    panel.review.accept("1-4")
    panel.footer.upgrade.click()
    assert seen == [
        "Upgrading: 0 of 2 revisions, 0 statements, 0.0 s: running ab12 more flights",
        "Upgrading: 1 of 2 revisions, 0 statements, 0.0 s: done ab12 more flights",
    ]


# ---- without a live front end


def test_the_panel_brings_a_line_of_text_and_html_for_where_it_cannot_live(panel):
    bundle = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"].startswith("Review of 5 changes between `Base` (2 tables) and sqlite dev.db: a live")
    assert "<code>Base</code>" in bundle["text/html"]
    assert "VBox" not in bundle["text/plain"]
