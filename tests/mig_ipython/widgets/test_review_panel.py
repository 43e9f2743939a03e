"""The panel without a browser: the controls are set and clicked as a front end would, and what they then show is read."""

from __future__ import annotations

import html
import re

import ipywidgets
import pytest
from counted_calls import calls
from sqlalchemy import Column, Integer, MetaData, Table, Text

from kernel_core.operations import ops
from kernel_core.util.exc import CommandError
from kernel_core.util.secrets import remember
from mig_ipython.widgets.review import ReviewPanel


def everything(widget):
    """Every widget of the tree."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from everything(child)


def plain(value):
    """The text of a piece of HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", value))


def sentences(panel):
    return [button.description for button in panel.rows.shown if isinstance(button, ipywidgets.Button)]


def choose(panel, number):
    panel.rows.buttons[panel.review.row(number).key].click()


def tick(panel, number, value):
    panel.rows.checks[panel.review.row(number).key].value = value


# ---- what is shown


def test_the_head_says_what_is_compared(panel):
    assert "5 changes between <code>Base</code> (2 tables) and sqlite dev.db" in panel.header.widget.children[0].value
    assert "5 of 5 accepted" in panel.header._counts.value
    assert "1 loses data" in panel.header._counts.value


def test_one_change_is_not_changes(propose, leaves):
    panel = ReviewPanel(propose(leaves[:1]))
    assert "1 change between" in panel.header._lead.value


def test_rows_stand_under_the_names_of_their_tables(panel):
    headings = [re.sub(r"<.*?>", "", w.value) for w in panel.rows.shown if isinstance(w, ipywidgets.HTML)]
    assert headings == ["planes", "flights"]
    assert sentences(panel)[0].startswith("+\N{NO-BREAK SPACE} Create table planes with 2 columns")
    assert sentences(panel)[4].endswith("⚠ loses data")


def test_headings_are_left_out_where_every_table_has_one_row(propose):
    panel = ReviewPanel(propose([ops.AddColumnOp(f"t{n}", Column("c", Text)) for n in range(9)]))
    assert not [w for w in panel.rows.shown if isinstance(w, ipywidgets.HTML)]


def test_all_rows_share_one_layout_and_one_style(panel):
    for controls in (panel.rows.checks.values(), panel.rows.buttons.values()):
        assert len({id(control.layout) for control in controls}) == 1
        assert len({id(control.style) for control in controls}) == 1


def test_a_row_has_two_controls_and_no_more(panel):
    headings = 2
    assert len(panel.rows.shown) == 2 * 5 + headings


def test_every_control_has_a_label(panel):
    for number in range(1, 6):
        choose(panel, number)
        for widget in everything(panel.widget):
            if isinstance(widget, ipywidgets.DOMWidget) and hasattr(widget, "disabled"):
                assert widget.description or widget.tooltip, widget


def test_an_empty_review_shows_that_there_is_nothing(propose):
    panel = ReviewPanel(propose([]))
    assert "no row" in panel.detail._head.value
    assert panel.footer.write.disabled
    panel.footer.folds.turn("Script")
    panel.header.all.click()
    assert panel.status.error is None


def test_a_cell_that_ends_with_the_panel_shows_the_widget(panel):
    assert "application/vnd.jupyter.widget-view+json" in panel._repr_mimebundle_()


# ---- text is data


def test_text_of_the_database_is_never_html(propose):
    evil = "<img src=x onerror=alert(1)>"
    table = Table(evil, MetaData(), Column(evil, Integer, primary_key=True, comment=evil))
    proposal = propose(
        [
            ops.CreateTableOp.from_table(table),
            ops.DropColumnOp.from_column_and_tablename(None, evil, Column(evil, Text)),
        ],
        target=evil,
    )
    proposal.describe_source, proposal.message = evil, evil
    panel = ReviewPanel(proposal)
    panel.footer.folds.turn("Script")
    for number in (1, 2):
        choose(panel, number)
        for page in range(3):
            panel.detail.tabs.selected_index = page
            panel.footer.upgrade.click()
            for widget in everything(panel.widget):
                if isinstance(widget, ipywidgets.HTML):
                    assert "<img" not in widget.value
    assert not any(getattr(w, "description_allow_html", False) for w in everything(panel.widget))


def test_no_secret_stands_in_any_widget(propose):
    remember("swordfish")
    alter = ops.ExecuteSQLOp("ALTER USER ada PASSWORD 'swordfish'", reverse_sql="SELECT 'swordfish'")
    proposal = propose([alter, alter])
    proposal.failure = CommandError("swordfish is no password")
    panel = ReviewPanel(proposal)
    panel.footer.folds.turn("Script")
    choose(panel, 2)
    panel.footer.write.click()
    for widget in everything(panel.widget):
        assert "swordfish" not in repr(widget.get_state())
    assert all(control.control.disabled for control in panel.detail.fields.values())
    assert panel.review[2].operation.sqltext == "ALTER USER ada PASSWORD 'swordfish'"


# ---- accepting


def test_a_tick_taken_away_rejects_the_row_and_what_needs_it(panel):
    tick(panel, 1, False)
    assert [row.accepted for row in panel.review.rows] == [False, False, True, True, True]
    assert [check.value for check in panel.rows.checks.values()] == [False, False, True, True, True]
    assert "is rejected too" in panel.status.text
    assert "rejected" in sentences(panel)[0]
    assert "3 of 5 accepted" in panel.header._counts.value


def test_ticking_a_row_shows_it(panel):
    tick(panel, 5, False)
    assert panel.detail.key == panel.review.row(5).key
    assert "Rejected" in panel.detail._notes.value


@pytest.mark.parametrize(("button", "count"), [("all", 5), ("safe", 3), ("none", 0)])
def test_many_rows_are_accepted_at_once(panel, button, count):
    getattr(panel.header, button).click()
    assert sum(check.value for check in panel.rows.checks.values()) == count
    assert panel.status.text.startswith(f"{count} of 5 accepted.")


def test_what_a_cell_does_shows_in_the_panel(panel):
    panel.review.accept("1")
    panel.review[4].edit(nullable=True)
    assert [check.value for check in panel.rows.checks.values()] == [True, False, False, False, False]
    assert "edited" in sentences(panel)[3]
    assert panel.status.text.startswith("Edited row 4")


def test_a_closed_panel_watches_no_more(proposal):
    panel = ReviewPanel(proposal)
    panel.close()
    proposal.review.accept("none")
    assert panel.status.text == ""


# ---- the detail


def test_one_pane_is_bound_to_the_chosen_row(panel):
    choose(panel, 4)
    assert "4. Add column carrier" in panel.detail._head.value
    assert {name: field.control.value for name, field in panel.detail.fields.items()} == {
        "name": "carrier",
        "type_": "String(2)",
        "nullable": "no",
        "server_default": "",
        "comment": "",
    }
    assert "mig-chosen" in panel.rows.buttons[panel.review.row(4).key]._dom_classes
    choose(panel, 5)
    assert panel.detail.fields == {}
    assert "Nothing of this can be edited" in panel.detail._fields.children[0].value


def test_each_kind_of_field_has_its_control(propose, leaves):
    alter = ops.CreateForeignKeyOp.example()
    panel = ReviewPanel(propose([alter, ops.ExecuteSQLOp.example(), *leaves]))
    assert isinstance(panel.detail.fields["ondelete"].control, ipywidgets.ToggleButtons)
    assert isinstance(panel.detail.fields["local_cols"].control, ipywidgets.Text)
    choose(panel, 2)
    assert isinstance(panel.detail.fields["sqltext"].control, ipywidgets.Textarea)
    choose(panel, 5)
    assert isinstance(panel.detail.fields["type_"].control, ipywidgets.Combobox)
    assert "JSON()" in panel.detail.fields["type_"].control.options


def test_the_types_of_the_database_are_offered(propose, leaves):
    panel = ReviewPanel(propose(leaves[2:], dialect="postgresql"))
    assert {"JSONB()", "INET()", "String(80)"} <= set(panel.detail.fields["type_"].control.options)


def test_a_field_edits_the_operation(panel):
    choose(panel, 4)
    panel.detail.fields["nullable"].control.value = "yes"
    panel.detail.fields["type_"].control.value = "String(40)"
    column = panel.review[4].operation.column
    assert (column.nullable, column.type.length) == (True, 40)
    assert "Found as: Add column carrier String(2), not null" in panel.detail._notes.value
    assert "VARCHAR(40)" in plain(panel.detail._pages[0].value)


def test_a_wrong_value_shows_under_its_field_and_bars_writing(panel):
    choose(panel, 4)
    field = panel.detail.fields["type_"]
    field.control.value = "Strng(40)"
    assert "there is no type Strng" in field.error
    assert field.control.value == "Strng(40)"
    assert "✖ wrong value" in sentences(panel)[3]
    assert "1 to correct" in panel.header._counts.value
    assert panel.footer.write.disabled
    assert panel.footer.upgrade.disabled
    assert "Strng" in panel.footer.write.tooltip
    field.control.value = "String(40)"
    assert field.error == ""
    assert not panel.footer.write.disabled


def test_a_wrong_value_is_still_there_when_the_row_is_chosen_again(panel):
    choose(panel, 4)
    panel.detail.fields["type_"].control.value = "Strng(40)"
    choose(panel, 1)
    choose(panel, 4)
    assert panel.detail.fields["type_"].control.value == "Strng(40)"
    assert "Strng" in panel.detail.fields["type_"].error


def test_revert_takes_the_edits_back(panel):
    choose(panel, 4)
    assert panel.detail.revert.disabled
    panel.detail.fields["name"].control.value = "airline"
    panel.detail.revert.click()
    assert panel.detail.fields["name"].control.value == "carrier"
    assert panel.detail.revert.disabled


def test_a_row_moves_up_and_stays_chosen(panel):
    choose(panel, 5)
    panel.detail.up.click()
    assert panel.review.row(4).sentence == "Drop column note from flights"
    assert "4. Drop column note" in panel.detail._head.value
    assert "Drop column note" in sentences(panel)[3]
    assert panel.detail.down.disabled is False


def test_a_move_that_breaks_a_dependency_is_refused_with_the_reason(panel):
    choose(panel, 2)
    panel.detail.up.click()
    assert panel.status.text.startswith("Not done: Row 2 cannot go to place 1")
    assert "must come first" in panel.status.text
    assert panel.review.row(2).sentence.startswith("Create index")


def test_the_ends_of_the_list_have_no_way_on(panel):
    assert panel.detail.up.disabled
    choose(panel, 5)
    assert panel.detail.down.disabled


def test_the_tabs_show_sql_python_and_the_way_back(panel):
    choose(panel, 4)
    assert "ADD COLUMN carrier" in panel.detail._pages[0].value or "rebuilt" in panel.detail._pages[0].value
    panel.detail.tabs.selected_index = 1
    assert "add_column" in panel.detail._pages[1].value
    panel.detail.tabs.selected_index = 2
    assert "drop_column" in panel.detail._pages[2].value


def test_the_controls_of_the_row_before_are_given_back(panel):
    choose(panel, 4)
    old = panel.detail.fields["type_"].control
    choose(panel, 1)
    assert old.comm is None


# ---- search and filters


def test_search_and_filters_narrow_the_list(panel):
    panel.header.search.value = "carrier"
    assert len(sentences(panel)) == 1
    panel.header.search.value = ""
    panel.header.table.value = "planes"
    assert len(sentences(panel)) == 2
    panel.header.kind.value = "create index"
    assert len(sentences(panel)) == 1
    panel.header.table.value = "flights"
    assert "No row matches" in panel.rows.said


def test_what_is_not_seen_is_accepted_too(panel):
    panel.header.search.value = "carrier"
    panel.header.none.click()
    assert not any(row.accepted for row in panel.review.rows)


def test_the_filters_follow_what_is_there(panel):
    assert panel.header.table.options == ("planes", "flights")
    panel.review.add_sql("SELECT 1")
    assert panel.header.table.options[-1] == "SQL statements"
    assert panel.header.kind.options[-1] == "execute SQL"
    panel.header.table.value = "SQL statements"
    assert len(sentences(panel)) == 1
    panel.review.undo()
    assert panel.header.table.value == ""


def test_a_filter_takes_a_part_of_a_name_too(panel):
    everything = len(sentences(panel))
    panel.header.table.value = "PLAN"
    assert len(sentences(panel)) == 2
    panel.header.table.value = " "
    assert len(sentences(panel)) == everything
    panel.header.table.value = "no such table"
    assert "No row matches" in panel.rows.said


# ---- statements, undo


def test_a_statement_is_added(panel):
    assert panel.add_sql._form.layout.display == "none"
    panel.add_sql.open.click()
    assert panel.add_sql._form.layout.display is None
    panel.add_sql.sql.value, panel.add_sql.reverse.value = "UPDATE flights SET cancelled = 1", "SELECT 1"
    panel.add_sql.add.click()
    assert "added by hand" in sentences(panel)[5]
    assert panel.add_sql.sql.value == ""
    assert panel.add_sql._form.layout.display == "none"


def test_an_empty_statement_is_refused_and_the_form_stays(panel):
    panel.add_sql.open.click()
    panel.add_sql.add.click()
    assert panel.status.text == "Not done: There is no SQL to add. Type a statement first."
    assert panel.add_sql._form.layout.display is None


def test_undo_and_redo(panel):
    assert panel.undo.disabled
    assert panel.redo.disabled
    panel.header.none.click()
    panel.undo.click()
    assert all(check.value for check in panel.rows.checks.values())
    assert panel.undo.disabled
    panel.redo.click()
    assert not any(check.value for check in panel.rows.checks.values())


def test_the_chosen_row_that_an_undo_takes_away_gives_way_to_the_first(panel):
    panel.review.add_sql("SELECT 1")
    choose(panel, 6)
    panel.undo.click()
    assert panel.detail.key == panel.review.row(1).key


# ---- writing


def test_the_file_name_follows_the_message(panel):
    assert "ab12_more_flights.py" in panel.footer.script.file.value
    panel.footer.message.value = "other words"
    assert "ab12_other_words.py" in panel.footer.script.file.value


def test_without_a_message_the_operations_suggest_one_until_another_is_typed(proposal):
    proposal.draft.message = None
    panel = ReviewPanel(proposal)
    suggested = panel.footer.message.value
    assert suggested == proposal.draft.suggested_message != ""
    assert f"ab12_{suggested}.py" in panel.footer.script.file.value
    tick(panel, 1, False)
    assert panel.footer.message.value == proposal.draft.suggested_message != suggested
    panel.footer.message.value = "mine"
    tick(panel, 1, True)
    assert panel.footer.message.value == "mine"


def test_the_script_is_made_only_when_it_is_unfolded(panel):
    assert panel.footer.script.text.value == ""
    panel.footer.folds.turn("Script")
    assert "create_table" in panel.footer.script.text.value
    assert "mig-minus" not in panel.footer.script.text.value
    tick(panel, 1, False)
    assert "\N{MINUS SIGN} " in plain(panel.footer.script.text.value)
    assert "Against what was found: 1 line added (+), 8 lines left out" in plain(panel.footer.script.text.value)


def test_a_script_that_cannot_be_made_says_why(panel):
    panel.footer.folds.turn("Script")
    choose(panel, 4)
    panel.detail.fields["type_"].control.value = "Strng(40)"
    assert "# Row 4: type: there is no type Strng" in plain(panel.footer.script.text.value)


def test_accept_and_write_writes_once_and_freezes_the_review(panel, proposal):
    panel.footer.message.value = "other words"
    panel.footer.write.click()
    assert proposal.done == [("write", "other words")]
    assert panel.status.text.startswith("Written to ab12_other_words.py")
    frozen = (panel.footer.write, panel.footer.message, panel.header.all, panel.redo, panel.add_sql.open)
    assert all(control.disabled for control in frozen)
    assert all(check.disabled for check in panel.rows.checks.values())
    choose(panel, 4)
    assert all(control.control.disabled for control in panel.detail.fields.values())
    assert panel.footer.upgrade.description == "Upgrade"
    assert not panel.footer.upgrade.disabled


def test_without_an_accepted_row_nothing_can_be_written(panel, proposal):
    panel.header.none.click()
    assert panel.footer.write.disabled
    assert panel.footer.write.tooltip == "No row is accepted."
    panel.footer.write.click()
    assert proposal.done == []


def test_write_and_upgrade_does_both_where_nothing_is_lost(panel, proposal):
    tick(panel, 5, False)
    panel.footer.upgrade.click()
    assert proposal.done == [("write", "more flights"), ("upgrade",)]
    assert panel.status.text == "Upgraded sqlite dev.db: base → ab12"
    assert panel.footer.upgrade.disabled


def test_what_loses_data_asks_for_the_name_of_the_table(panel, proposal):
    panel.footer.upgrade.click()
    assert proposal.done == []
    assert panel.ask.is_open
    assert "Drop column note from flights" in panel.ask._text.value
    panel.ask.answer.value = "planes"
    assert panel.ask.yes.disabled
    panel.ask.yes.click()
    assert proposal.done == []
    panel.ask.answer.value = " flights "
    panel.ask.yes.click()
    assert proposal.done == [("write", "more flights"), ("upgrade",)]
    assert not panel.ask.is_open


def test_the_question_can_be_left(panel, proposal):
    panel.footer.upgrade.click()
    panel.ask.no.click()
    assert not panel.ask.is_open
    assert proposal.done == []


def test_many_tables_are_not_typed_one_by_one(propose):
    drops = [ops.DropColumnOp.from_column_and_tablename(None, f"t{n}", Column("c", Text)) for n in range(5)]
    panel = ReviewPanel(propose(drops))
    panel.footer.upgrade.click()
    assert "<code>5 tables</code>" in panel.ask._text.value


def test_an_answer_counts_for_what_was_asked(panel, proposal):
    panel.footer.upgrade.click()
    panel.review.add_sql("DELETE FROM planes", "SELECT 1")
    panel.ask.answer.value = "flights"
    panel.ask.yes.click()
    assert proposal.done == []
    assert panel.ask.is_open
    assert "flights, SQL" in panel.ask._text.value


# ---- failures


def test_an_error_shows_in_two_lines_without_secrets(panel, proposal):
    remember("swordfish")
    proposal.failure = CommandError("cannot reach postgresql://ada:swordfish@db/x\nsecond line\nthird line")
    panel.footer.write.click()
    assert panel.status.text == "Not done: cannot reach postgresql://ada:***@db/x\nsecond line"
    assert 'role="alert"' in panel.status.widget.value
    assert panel.status.error is proposal.failure
    assert not panel.footer.write.disabled


def test_a_bug_of_ours_says_its_type(panel, proposal):
    proposal.failure = KeyError("x")
    panel.footer.write.click()
    assert panel.status.text == "Not done: KeyError: 'x'"


def test_an_upgrade_that_fails_leaves_the_written_file_and_can_be_tried_again(panel, proposal):
    tick(panel, 5, False)
    panel.footer.write.click()
    proposal.failure = CommandError("the database is locked")
    panel.footer.upgrade.click()
    assert panel.status.text == "Not done: the database is locked"
    assert not panel.footer.upgrade.disabled
    proposal.failure = None
    panel.footer.upgrade.click()
    assert proposal.done[-1] == ("upgrade",)


def test_the_button_is_disabled_while_it_works(panel, proposal):
    seen = []
    proposal.write = lambda message=None: seen.append(panel.footer.write.disabled) or "x.py"
    panel.footer.write.click()
    assert seen == [True]


def test_a_panel_of_a_written_proposal_is_frozen(proposal):
    proposal.draft.path = "versions/x.py"
    panel = ReviewPanel(proposal)
    assert panel.footer.write.disabled
    assert panel.header.all.disabled


def test_a_file_that_a_cell_wrote_freezes_the_panel_with_the_next_act(panel, proposal):
    proposal.draft.path = "versions/x.py"
    panel.show()
    assert panel.footer.write.disabled
    assert not panel.footer.upgrade.disabled


@pytest.mark.slow
def test_building_four_times_as_many_rows_costs_four_times_as_much(propose):
    def built(rows: int) -> int:
        leaves = [
            op
            for n in range(rows // 2)
            for op in (ops.AddColumnOp(f"t{n}", Column("c", Text)), ops.CreateIndexOp(f"i{n}", f"t{n}", ["c"]))
        ]
        proposal = propose(leaves)
        panels = []
        made = calls(lambda: panels.append(ReviewPanel(proposal)))
        return made + calls(panels[0].header.none.click)

    built(2)  # imports what a panel needs
    few, many = built(10), built(40)
    assert many < 4 * few
