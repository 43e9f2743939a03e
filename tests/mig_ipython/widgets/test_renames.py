"""The panel offers a rename as one choice."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Text

from kernel_core.autogenerate.renames import RenameCandidate
from kernel_core.operations import ops
from mig_ipython.widgets.review import ReviewPanel


@pytest.fixture
def panel(propose):
    drop = ops.DropColumnOp.from_column_and_tablename(None, "t", Column("mail", Text))
    add = ops.AddColumnOp("t", Column("email", Text))
    proposal = propose([drop, add])
    candidate = RenameCandidate(
        drop, add, 0.9, ("same <b>type</b>",), (ops.AlterColumnOp("t", "mail", modify_name="email"),)
    )
    proposal.review._renames = (candidate,)
    panel = ReviewPanel(proposal)
    yield panel
    panel.close()


def test_a_candidate_is_told_and_one_click_makes_it_a_rename(panel):
    assert (
        "t.mail may have become email (90 %: same &lt;b&gt;type&lt;/b&gt;)"
        in panel.renames.widget.children[0].children[0].value
    )
    panel.renames.buttons[0].click()
    assert [row.kind for row in panel.review.rows] == ["alter column"]
    assert panel.renames.widget.children == ()
    assert panel.status.text == "t.mail is renamed to email; its values are kept."


def test_undo_offers_it_again(panel):
    panel.renames.buttons[0].click()
    panel.undo.click()
    assert len(panel.renames.buttons) == 1
    assert len(panel.review.rows) == 2


def test_a_rejected_half_takes_the_offer_away(panel):
    panel.rows.checks[panel.review.row(1).key].value = False
    assert panel.renames.widget.children == ()
