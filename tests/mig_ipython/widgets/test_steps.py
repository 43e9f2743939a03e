"""A long list is gone through by the arrow keys, and Tab passes it in two steps."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Text

from kernel_core.operations import ops
from mig_ipython.widgets.review import ReviewPanel


@pytest.fixture
def long(propose):
    panel = ReviewPanel(propose([ops.AddColumnOp(f"t{n}", Column("c", Text)) for n in range(30)]))
    yield panel
    panel.close()


def stops(panel):
    """The numbers of the rows at which Tab stops."""
    return [row.number for row in panel.review.rows if panel.rows.buttons[row.key].tabbable is not False]


def test_a_short_list_needs_no_steps(panel):
    assert not panel.steps.shown
    assert stops(panel) == [1, 2, 3, 4, 5]


def test_tab_stops_at_the_chosen_row_only(long):
    assert long.steps.shown
    assert stops(long) == [1]
    long.steps.control.value = 7
    assert stops(long) == [7]
    assert long.rows.checks[long.review.row(7).key].tabbable is True
    assert "7. Add column c" in long.detail._head.value


def test_the_number_follows_a_click(long):
    long.rows.buttons[long.review.row(9).key].click()
    assert long.steps.control.value == 9
    assert "of 30" in long.steps._beside.value


def test_tab_stops_at_the_first_row_where_the_chosen_one_is_filtered_away(long):
    long.header.table.value = "t4"
    assert stops(long) == [5]
