"""A long review: controls are created when they are first listed, and search sends one message a key."""

from __future__ import annotations

from collections import Counter

import comm
import ipywidgets
import pytest
from comm.base_comm import BaseComm
from sqlalchemy import Column, Text

from kernel_core.operations import ops
from mig_ipython.widgets.review import ReviewPanel
from mig_ipython.widgets.review.rows import MOST

pytestmark = pytest.mark.slow


@pytest.fixture
def sent(monkeypatch):
    """The messages to the browser by kind: ``comm_open`` is a new model, ``comm_msg`` a change of one."""
    seen = Counter()

    class Counted(BaseComm):
        def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
            seen[msg_type] += 1

    monkeypatch.setattr(comm, "create_comm", Counted)
    return seen


@pytest.fixture
def long_panel(propose):
    made = []

    def of(count):
        pairs = [
            (ops.AddColumnOp(f"table_{n}", Column("c", Text)), ops.CreateIndexOp(f"ix_{n}", f"table_{n}", ["c"]))
            for n in range(count // 2)
        ]
        made.append(ReviewPanel(propose([op for pair in pairs for op in pair])))
        return made[-1]

    yield of
    for panel in made:
        panel.close()


def numbers(panel):
    """The numbers of the rows that are not hidden, in their order on the page."""
    key_of = {id(made): key for key, made in panel.rows.buttons.items()}
    return [panel.review.row_of(key_of[id(one)]).number for one in panel.rows.shown if id(one) in key_of]


def test_a_small_review_is_115_models(sent, long_panel):
    long_panel(2)
    sent.clear()
    long_panel(2)
    assert sent["comm_open"] <= 115, "each control that does not share its layout and style is three models"
    assert sent["comm_msg"] <= 40, "a model should be created with its state"


def test_a_row_is_two_models_and_a_heading_is_one(sent, long_panel):
    long_panel(2)
    sent.clear()
    long_panel(2)
    few = sent["comm_open"]
    sent.clear()
    long_panel(102)
    blocks, headings = 5, 51
    assert sent["comm_open"] - few <= 100 * 2 + headings + blocks


def test_500_rows_send_no_more_than_200(sent, long_panel):
    long_panel(200)
    sent.clear()
    long_panel(200)
    at_200 = sent["comm_open"]
    sent.clear()
    panel = long_panel(500)
    assert sent["comm_open"] == at_200
    assert numbers(panel) == list(range(1, MOST + 1))


def test_the_rows_that_are_not_listed_are_counted_and_listed_on_request(long_panel):
    panel = long_panel(500)
    assert panel.rows.more.description == "Show 200 more of 300 rows that are not listed"
    panel.rows.more.click()
    assert panel.rows.more.description == "Show 100 more of 100 rows that are not listed"
    panel.rows.more.click()
    assert panel.rows.more.description == ""
    assert numbers(panel) == list(range(1, 501))


def test_a_key_typed_in_search_is_one_style_sheet(sent, long_panel):
    panel = long_panel(200)
    panel.header.search.value = "table_1"
    sent.clear()
    panel.header.search.value = "table_"
    assert len(numbers(panel)) == 200
    panel.header.search.value = "table_1"
    assert len(numbers(panel)) == 22
    assert sent["comm_open"] <= 15, "only the details of another row may be created"
    assert sent["comm_msg"] <= 30
    assert all(one.comm is not None for one in panel.rows.buttons.values())


def test_a_key_that_leaves_the_same_rows_sends_nothing(sent, long_panel):
    panel = long_panel(500)
    sent.clear()
    for typed in ("t", "ta", "tab"):
        panel.header.search.value = typed
    assert sent == {"comm_msg": 3}, "only the text of the field itself"


def test_a_key_creates_no_row_while_enough_are_listed(sent, long_panel):
    panel = long_panel(500)
    sent.clear()
    panel.header.search.value = "table_2"  # 22 of its rows are listed already
    created = 3 * 2 + 2 + len(panel.rows._blocks)
    assert len(numbers(panel)) == 25
    assert sent["comm_open"] <= created + 13, "three rows, their headings, blocks, and the details of the first"


def test_search_finds_rows_that_were_never_listed(sent, long_panel):
    panel = long_panel(500)
    sent.clear()
    panel.header.search.value = "ix_24"
    assert sent["comm_open"] <= 2 * 25 + 13 + 20, "a key creates 25 rows at most, their headings and the details"
    found = [row.number for row in panel.review.rows if "ix_24" in row.sentence]
    assert numbers(panel) == found
    assert panel.rows.more.description == ""


def test_a_search_with_many_new_rows_lists_some_and_counts_the_others(long_panel):
    panel = long_panel(500)
    panel.header.search.value = "table_2"
    listed, found = numbers(panel), panel.header.visible()
    assert listed == [number for number in found if number in listed]
    others = len(found) - len(listed)
    assert others > 0
    assert panel.rows.more.description == f"Show {others} more of {others} rows that are not listed"
    panel.rows.more.click()
    assert numbers(panel) == list(found)
    panel.header.search.value = ""
    assert numbers(panel) == list(range(1, MOST + 1)), "the order is that of the review again"


def test_a_row_that_is_chosen_by_its_number_is_listed_with_its_neighbours(long_panel):
    panel = long_panel(500)
    panel.steps.control.value = 450
    assert numbers(panel) == [*range(1, MOST + 1), *range(440, 461)]
    assert "450. Create index ix_224" in panel.detail._head.value
    assert panel.rows.more.description == "Show 200 more of 279 rows that are not listed"


def test_a_row_keeps_its_controls(long_panel):
    """A click that arrives late, after a search, is about the row that the person saw."""
    panel = long_panel(500)
    check = panel.rows.checks[panel.review.row(7).key]
    panel.header.search.value = "ix_24"
    check.value = False
    assert not panel.review.row(7).accepted
    assert panel.review.row(500).accepted


def test_what_is_listed_later_is_as_the_model_has_it(long_panel):
    panel = long_panel(500)
    panel.header.none.click()
    panel.review.set_accepted(401, True)
    panel.proposal.draft.path = "written"
    panel.show()
    panel.rows.more.click()
    panel.rows.more.click()
    values = {number: panel.rows.checks[panel.review.row(number).key].value for number in (399, 401, 500)}
    assert values == {399: False, 401: True, 500: False}
    assert all(check.disabled for check in panel.rows.checks.values())


def test_a_moved_row_changes_its_place_in_the_list(long_panel):
    panel = long_panel(60)
    panel.review.move(59, 1)
    assert numbers(panel) == list(range(1, 61))
    first = next(one for one in panel.rows.shown if isinstance(one, ipywidgets.Button))
    assert "table_29" in first.description


def test_closing_a_panel_leaves_no_model_but_the_shared_ones(sent, long_panel):
    long_panel(2)
    sent.clear()
    panel = long_panel(60)
    panel._choose(panel.review.row(3).key)
    panel.close()
    assert sent["comm_close"] == sent["comm_open"]


def test_what_a_search_finds_is_accepted_and_rejected_alone(long_panel):
    panel = long_panel(60)
    assert panel.header.found.layout.display == "none"
    panel.header.search.value = "table_2"
    assert "22 of 60 rows match" in panel.header._matches.value
    assert panel.header.not_these.description == "Reject these 22"
    panel.header.not_these.click()
    assert [row.number for row in panel.review.rows if not row.accepted] == list(panel.header.visible())
    assert panel.status.text == "Rejected 22 rows."
    panel.header.search.value = "table_29"
    panel.header.these.click()
    assert sum(not row.accepted for row in panel.review.rows) == 20
    panel.undo.click()
    panel.undo.click()
    assert all(row.accepted for row in panel.review.rows), "each is one step"
    panel.header.search.value = "no such row"
    assert panel.header.these.disabled
    panel.header.search.value = ""
    assert panel.header.found.layout.display == "none"


def test_rejecting_what_was_found_takes_along_what_needs_it(propose):
    pairs = [ops.AddColumnOp("t", Column("c", Text)), ops.CreateIndexOp("ix_t", "t", ["c"]), ops.DropTableOp("u")]
    panel = ReviewPanel(propose(pairs))
    panel.header.search.value = "column"
    panel.header.not_these.click()
    assert [row.accepted for row in panel.review.rows] == [False, False, True]
    assert "is rejected too" in panel.status.text
    panel.header.search.value = "index"
    panel.header.these.click()
    assert [row.accepted for row in panel.review.rows] == [True, True, True]
    panel.proposal.draft.path = "written"
    panel.show()
    assert panel.header.these.disabled
    panel.close()


def test_a_panel_can_be_made_after_all_widgets_were_closed(long_panel):
    long_panel(2)
    ipywidgets.Widget.close_all()
    open_parts = [long_panel(2).widget]
    while open_parts:
        one = open_parts.pop()
        open_parts += getattr(one, "children", ())
        assert one.layout.comm is not None
        assert getattr(one, "style", None) is None or one.style.comm is not None
