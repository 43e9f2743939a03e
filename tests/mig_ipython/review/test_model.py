import pytest
from counted_calls import calls
from sqlalchemy import Column, String, Text

from kernel_core.operations import ops
from kernel_core.operations.containers import ModifyTableOps, UpgradeOps
from kernel_core.util.exc import CommandError


def accepted(review) -> list[int]:
    return [row.number for row in review.rows if row.accepted]


def sentences(review) -> list[str]:
    return [row.sentence for row in review.rows]


# ---- rows


def test_every_leaf_is_a_row_numbered_from_one_and_accepted(review):
    assert [row.number for row in review.rows] == [1, 2, 3, 4, 5, 6]
    assert accepted(review) == [1, 2, 3, 4, 5, 6]
    assert len(review) == 6
    assert [row.table for row in review.rows] == ["planes", "planes", *["flights"] * 4]
    assert review.rows[0].kind == "create table"
    assert review.rows[0].sign == "+"


def test_a_row_that_is_not_there_is_named(review):
    for number in (0, 7, -1):
        with pytest.raises(CommandError, match=f"There is no row {number}: the review has rows 1 to 6"):
            review[number]


def test_an_empty_review_accepts_all_of_nothing(make):
    review = make()
    review.accept("all")
    assert review.accepted().is_empty()
    with pytest.raises(CommandError, match="has no rows"):
        review.row(1)


def test_the_tables_and_kinds_are_listed_in_their_order(review):
    assert review.tables == ("planes", "flights")
    assert review.kinds == ("create table", "create index", "add column", "drop column")


def test_statements_have_no_table(make):
    review = make(ops.ExecuteSQLOp("SELECT 1"))
    assert (review.rows[0].table, review.rows[0].kind) == ("", "execute SQL")


# ---- accepting


@pytest.mark.parametrize(
    ("which", "numbers"),
    [
        ("all", [1, 2, 3, 4, 5, 6]),
        ("none", []),
        ("safe", [1, 2, 3]),
        ("1,3-4", [1, 3, 4]),
        (" 3 - 4 , 1 ", [1, 3, 4]),
        ("SAFE", [1, 2, 3]),
        ("6", [6]),
    ],
)
def test_a_set_is_accepted_and_the_rest_rejected(review, which, numbers):
    review.accept(which)
    assert accepted(review) == numbers


@pytest.mark.parametrize("which", ["", "some", "1,x", "1-", "0", "7", "3-1", "1;2", "1,,", "²"])
def test_a_set_that_means_nothing_is_refused_and_changes_nothing(review, which):
    review.accept("1")
    before = review.rows
    if which == "1,,":
        review.accept(which)
    else:
        with pytest.raises(CommandError):
            review.accept(which)
    assert review.rows == before


def test_what_is_safe_does_not_depend_on_what_is_rejected_now(review):
    review.accept("none")
    review.accept("safe")
    assert accepted(review) == [1, 2, 3]


def test_nothing_can_fail_on_the_rows_of_a_table_that_is_only_created(review):
    assert review[2].hints == ()
    assert [hint.severity for hint in review[4].hints] == ["may fail"]
    assert [hint.severity for hint in review[6].hints] == ["loses data"]


def test_rejecting_a_row_rejects_those_that_need_it_and_says_so(review):
    said = review.set_accepted(1, accepted=False)
    assert accepted(review) == [3, 4, 5, 6]
    assert "Rejected row 1." in said
    assert "is rejected too" in said
    assert "row 1" in said


def test_accepting_exactly_a_row_without_what_it_needs_leaves_it_out_and_says_so(review):
    said = review.accept("5,6")
    assert accepted(review) == [6]
    assert said.startswith("1 of 6 accepted.")
    assert "needs column carrier of flights, row 4" in said


def test_accepting_a_row_accepts_what_it_needs_and_says_so(review):
    review.accept("none")
    said = review.set_accepted(5, accepted=True)
    assert accepted(review) == [4, 5]
    assert "is accepted too: row 5 needs column carrier of flights" in said


def test_many_rows_that_fall_together_are_told_as_ranges(make):
    added = ops.AddColumnOp("t", Column("c", Text))
    review = make(added, *(ops.CreateIndexOp(f"ix{n}", "t", ["c"]) for n in range(20)))
    assert review.set_accepted(1, accepted=False).endswith("rows 2-21.")


def test_a_chain_of_needs_falls_as_a_whole(make):
    review = make(
        ops.RenameTableOp("a", "b"),
        ops.AddColumnOp("b", Column("c", Text)),
        ops.CreateIndexOp("ix", "b", ["c"]),
        ops.AddColumnOp("other", Column("c", Text)),
    )
    review.set_accepted(1, accepted=False)
    assert accepted(review) == [4]


def test_a_column_is_kept_with_all_that_is_over_it_when_one_of_these_is_kept(make):
    index = ops.DropIndexOp("ix", "t", _reverse=ops.CreateIndexOp("ix", "t", ["c"]))
    unique = ops.DropIndexOp("uq", "t", _reverse=ops.CreateIndexOp("uq", "t", ["c"], unique=True))
    review = make(index, unique, ops.DropColumnOp.from_column_and_tablename(None, "t", Column("c", Text)))
    said = review.set_accepted(2, accepted=False)
    assert accepted(review) == []
    assert "needs column c of t to be free, row 2" in said
    assert "is needed for row 3 only" in said


# ---- editing


def test_an_edit_makes_a_new_operation_and_leaves_the_original(review):
    original = review[4].operation
    review[4].edit(nullable=True)
    assert review[4].operation is not original
    assert review[4].original is original
    assert original.column.nullable is False
    assert review[4].sentence == "Add column carrier String(2), to flights"
    assert review.rows[3].edited


def test_an_edit_changes_the_hints_too(review):
    review[4].edit(nullable=True)
    assert review[4].hints == ()


def test_a_field_that_does_not_exist_is_refused(review):
    before = review.rows
    with pytest.raises(CommandError, match="has no field 'colour'"):
        review[4].edit(colour="red")
    with pytest.raises(CommandError, match="has no field"):
        review[4].edit_text("colour", "red")
    assert review.rows == before


def test_a_text_is_parsed_for_its_field(review):
    review[4].edit_text("type_", "String(40)")
    assert review[4].operation.column.type.length == 40
    review[4].edit_text("nullable", "yes")
    assert review[4].operation.column.nullable is True


def test_a_wrong_text_is_kept_with_its_reason_and_bars_the_row(review):
    said = review.edit_text(4, "type_", "Strng(40)")
    assert "there is no type Strng" in said
    assert review.row(4).invalid["type_"].text == "Strng(40)"
    assert review.row(4).text_of("type_") == "Strng(40)"
    assert review.row(4).text_of("name") == "carrier"
    assert review[4].operation.column.type.length == 2
    assert len(review.errors) == 1
    assert review.errors[0].startswith("Row 4: ")
    with pytest.raises(CommandError, match=r"Row 4: .*String\. Correct, revert or reject it"):
        review.accepted()


def test_a_right_text_takes_the_error_away(review):
    review[4].edit_text("type_", "Strng(40)").edit_text("type_", "String(40)")
    assert review.errors == ()


def test_the_value_that_was_there_takes_the_error_away_too(review):
    review[4].edit_text("type_", "Strng(40)").edit_text("type_", "String(2)")
    assert review.errors == ()


def test_errors_of_several_fields_stand_side_by_side(review):
    review[4].edit_text("type_", "Strng(40)").edit_text("name", "")
    assert len(review[4].errors) == 2
    with pytest.raises(CommandError, match="and 1 more"):
        review.accepted()


def test_an_error_in_a_rejected_row_bars_nothing(review):
    review[6].reject()
    review[4].edit_text("type_", "Strng(40)")
    review[4].reject()
    assert review.errors == ()
    assert not review.accepted().is_empty()


def test_the_same_text_again_is_no_act(review):
    review[4].edit_text("name", "carrier")
    assert not review.can_undo
    assert not review.rows[3].edited


def test_renaming_what_another_row_needs_is_told_there(review):
    said = review.edit_text(4, "name", "airline")
    assert review.row(5).problems == ("It needs column carrier of flights, which row 4 does not make any more.",)
    assert "Row 5: It needs" in said
    with pytest.raises(CommandError, match="Row 5"):
        review.accepted()
    review[5].edit_text("columns", "airline")
    assert review.errors == ()


def test_revert_brings_back_what_was_found(review):
    original = review[4].operation
    review[4].edit(nullable=True, name="x").edit_text("type_", "nonsense")
    review[4].revert()
    assert review[4].operation is original
    assert review.errors == ()
    assert not review.rows[3].edited


# ---- order


def test_a_row_moves(review):
    review.move(6, 3)
    assert sentences(review)[2] == "Drop column note from flights"
    assert [row.number for row in review.rows] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("number", "to"), [(5, 4), (5, 1), (4, 5), (4, 6), (1, 2), (2, 1)])
def test_a_move_that_breaks_a_dependency_is_refused_with_the_reason(review, number, to):
    before = review.rows
    with pytest.raises(CommandError, match=f"Row {number} cannot go to place {to}: row . needs .* must come first"):
        review.move(number, to)
    assert review.rows == before


def test_a_move_out_of_the_list_is_refused(review):
    with pytest.raises(CommandError, match="There is no row 7"):
        review.move(1, 7)
    with pytest.raises(CommandError, match="There is no row 0"):
        review.move(1, 0)


def test_a_row_in_hand_stays_the_same_row_when_it_moves(review):
    row = review[6]
    row.move(3)
    assert row.number == 3
    assert row.sentence == "Drop column note from flights"
    row.reject()
    assert accepted(review) == [1, 2, 4, 5, 6]


def test_an_edit_that_needs_a_later_row_is_told(make):
    review = make(ops.CreateIndexOp("ix", "t", ["a"]), ops.AddColumnOp("t", Column("b", Text)))
    review[1].edit_text("columns", "a, b")
    assert review.row(1).problems == ("It needs column b of t, but row 2 comes later.",)
    review.move(2, 1)
    assert review.errors == ()


# ---- statements


def test_a_statement_is_added_behind_the_last_row(review):
    said = review.add_sql("  UPDATE flights SET cancelled = 1 ", "UPDATE flights SET cancelled = 0")
    assert said == "Added row 7: Run SQL: UPDATE flights SET cancelled = 1."
    assert review[7].operation.reverse_sql == "UPDATE flights SET cancelled = 0"
    assert review.rows[6].added
    review[7].edit_text("sqltext", "DELETE FROM flights")
    assert review[7].hints[0].severity == "loses data"


def test_a_statement_without_its_reverse_says_what_follows(review):
    assert "downgrade cannot be written" in review.add_sql("SELECT 1")


@pytest.mark.parametrize("sql", ["", "  \n "])
def test_no_statement_is_no_row(review, sql):
    with pytest.raises(CommandError, match="no SQL to add"):
        review.add_sql(sql)


# ---- undo


def test_every_act_is_undone_and_done_again(review):
    states = [review.rows]
    acts = (
        lambda: review.accept("safe"),
        lambda: review.set_accepted(5, accepted=True),
        lambda: review.edit(4, nullable=True),
        lambda: review.edit_text(4, "type_", "nonsense"),
        lambda: review.revert(4),
        lambda: review.move(6, 3),
        lambda: review.add_sql("SELECT 1"),
    )
    for act in acts:
        act()
        states.append(review.rows)
    for state in reversed(states[:-1]):
        assert review.undo().startswith("Undone: ")
        assert review.rows == state
    assert not review.can_undo
    for state in states[1:]:
        assert review.redo().startswith("Redone: ")
        assert review.rows == state
    assert not review.can_redo


def test_there_is_nothing_to_undo_at_the_beginning(review):
    with pytest.raises(CommandError, match="nothing to undo"):
        review.undo()
    with pytest.raises(CommandError, match="nothing to redo"):
        review.redo()


def test_a_new_act_forgets_what_was_undone(review):
    review.accept("safe")
    review.undo()
    review.accept("none")
    assert not review.can_redo


def test_an_act_that_changes_nothing_is_not_undone(review):
    review.accept("all")
    assert not review.can_undo


def test_a_snapshot_of_the_rows_does_not_change(review):
    before = review.rows
    review[4].edit(name="x")
    review.accept("none")
    assert before[3].sentence.startswith("Add column carrier")
    assert all(row.accepted for row in before)


def test_a_row_that_an_undo_took_away_says_so(review):
    review.add_sql("SELECT 1")
    row = review[7]
    review.undo()
    with pytest.raises(CommandError, match="not in the review any more"):
        row.edit_text("sqltext", "SELECT 2")


def test_rows_added_after_an_undo_are_other_rows(review):
    review.add_sql("SELECT 1")
    first = review.rows[6].key
    review.undo()
    review.add_sql("SELECT 2")
    assert review.rows[6].key != first


# ---- search


@pytest.mark.parametrize(
    ("search", "numbers"),
    [("", 6), ("carrier", 2), ("CARRIER index", 1), ("loses data", 1), ("flights", 4), ("nothing", 0), ("6", 1)],
)
def test_rows_are_found_by_every_word_of_a_search(review, search, numbers):
    assert len(review.find(search=search)) == numbers


def test_rows_are_found_by_table_and_kind(review):
    assert review.find(table="planes") == (1, 2)
    assert review.find(kind="add column") == (3, 4)
    assert review.find(table="flights", kind="create index") == (5,)


# ---- what comes out


def test_the_accepted_operations_are_a_new_list_gathered_by_table(review):
    result = review.accepted()
    assert isinstance(result, UpgradeOps)
    assert [type(op).__name__ for op in result.ops] == ["CreateTableOp", "ModifyTableOps", "ModifyTableOps"]
    assert [len(op.ops) for op in result.ops if isinstance(op, ModifyTableOps)] == [1, 4]
    assert review.accepted() is not result


def test_only_accepted_rows_come_out_edited_and_in_their_order(review):
    review.move(6, 3)
    review[5].edit(type_=String(3))
    review.accept("3,5")
    leaves = list(review.accepted().leaves())
    assert [type(op).__name__ for op in leaves] == ["DropColumnOp", "AddColumnOp"]
    assert leaves[1].column.type.length == 3


# ---- who watches


def test_observers_hear_every_act_until_they_stop(review):
    heard = []
    stop = review.observe(heard.append)
    review.accept("none")
    review.undo()
    stop()
    stop()
    review.accept("none")
    assert heard == ["0 of 6 accepted.", "Undone: 0 of 6 accepted."]
    assert review.message == "0 of 6 accepted."


def test_a_refused_act_is_not_told(review):
    heard = []
    review.observe(heard.append)
    with pytest.raises(CommandError):
        review.move(5, 1)
    assert heard == []


def test_a_row_shows_itself_with_its_fields(review):
    review[4].edit_text("type_", "nonsense").edit_text("name", "x").reject()
    assert repr(review[4]).splitlines() == [
        "4 + Add column x String(2), not null, to flights  (rejected)",
        "    was: Add column carrier String(2), not null, to flights",
        "    ! may fail: x is not null and has no default: fails if flights has rows",
        "    ! type: there is no type nonsense",
        "    name = x",
        "    type_ = nonsense",
        "    nullable = no",
        "    server_default = (none)",
        "    comment = (none)",
    ]


def test_reviewing_five_times_as_many_rows_costs_five_times_as_much(make):
    def reviewed(rows: int) -> int:
        leaves = [
            op
            for n in range(rows // 2)
            for op in (ops.AddColumnOp(f"t{n}", Column("c", Text)), ops.CreateIndexOp(f"ix{n}", f"t{n}", ["c"]))
        ]
        review = make(*leaves)

        def acts() -> None:
            review.accept("none")
            review.set_accepted(rows - 20, accepted=True)
            review[rows - 20].edit(columns=["c", "d"])
            review.move(2, rows)
            review.undo()

        return calls(acts)

    few, many = reviewed(40), reviewed(200)
    assert many < 6 * few
