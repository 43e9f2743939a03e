"""A rewrite of a row: offered after a rehearsal with blockers, applied, rehearsed again, written, undone."""

from __future__ import annotations

import pytest

ROWS = "INSERT INTO users (id, name) VALUES (1, 'ada'), (2, 'ada'), (3, 'eve')"


@pytest.fixture
def blocked(migrated):
    """A proposal `p` of a NOT NULL column and a unique index, on rows that take neither."""
    migrated.run(f"import sqlite3\nc = sqlite3.connect('dev.db')\nc.execute({ROWS!r})\nc.commit()\nc.close()")
    migrated.declare("age: Mapped[int]", "__table_args__ = (sa.Index('ux_name', 'name', unique=True),)")
    migrated.run("p = %mig_autogenerate Base -m 'Be strict' --id b2")
    return migrated


def test_a_rehearsal_with_blockers_names_the_rewrites(blocked):
    shown = str(blocked.run("p.rehearse()"))
    assert (
        "Add age to users as nullable, fill it in all rows, then NOT NULL: .rewrite(1, 'backfill', sql='...')" in shown
    )
    assert "except for one of each: .rewrite(2, 'deduplicate', sql='id')" in shown
    assert blocked.run("p.rehearsal") is None


@pytest.mark.slow
def test_rewritten_rows_run_on_the_rows_and_are_one_change(blocked):
    blocked.run("p.rewrite('users.age', 'backfill', '7', rehearse=False)")
    proposal = blocked.run("p.rewrite('users.ux_name', 'deduplicate')")
    assert proposal.rehearsal.is_clean
    assert "Rehearsed on a clone: every statement ran." in str(proposal)
    assert [row.together for row in proposal.review.rows] == [(2, 3), (1, 3), (1, 2), (5,), (4,)]
    blocked.run("p.upgrade(yes=True)")
    found = blocked.run("import sqlite3\nsqlite3.connect('dev.db').execute('SELECT id, age FROM users').fetchall()")
    assert found == [(1, 7), (3, 7)]
    assert "Nothing to do" in str(blocked.run("%mig_autogenerate Base"))
    blocked.run("%mig_downgrade -1 --yes")
    text = proposal.path.read_text()
    assert "# Removes rows with the name of another row; the first by id stays, a downgrade restores none" in text


def test_a_rewrite_is_undone_and_reverted_as_a_whole(blocked):
    before = blocked["p"].review.rows
    blocked.run("p.rewrite(1, 'backfill', '7', rehearse=False)")
    assert len(blocked["p"]) == 4
    blocked.run("p.undo()")
    assert blocked["p"].review.rows == before
    blocked.run("p.redo()")
    blocked.run("p[1].revert()")
    assert [row.sentence for row in blocked["p"].review.rows] == [row.sentence for row in before]


def test_its_rows_are_rejected_together_and_keep_their_order(blocked):
    blocked.run("p.rewrite(1, 'backfill', '7', rehearse=False)")
    assert "Row 2 cannot go to place 3" in blocked.fail("p.move(2, 3)")
    blocked.run("p[2].reject()")
    assert [row.accepted for row in blocked["p"].review.rows] == [False, False, False, True]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("p.rewrite(1, 'concurrently')", "Row 1 has no rewrite 'concurrently'. Known: backfill."),
        ("p.rewrite(1, 'backfill')", "The rewrite backfill needs the value for these rows"),
        ("p.rewrite(1, 'backfill', '1; DROP TABLE users')", "is not one expression"),
    ],
)
@pytest.mark.costly
def test_what_cannot_be_rewritten_is_said(blocked, call, said):
    assert said in blocked.fail(call)
    assert len(blocked["p"]) == 2


@pytest.mark.slow
def test_the_panel_offers_them_for_the_selected_row(blocked):
    panel = blocked.run("from mig_ipython.widgets.review import ReviewPanel\npanel = ReviewPanel(p)\npanel")
    controls = panel.detail.rewriting
    assert [name for _, name in controls.names.options] == ["backfill"]
    assert "Not rehearsed yet" in controls.verdict.value
    controls.sql.value = "7"
    controls.try_it.click()
    assert "✓ Rehearsed on a clone, and good." in controls.verdict.value
    assert "1 blocker of other rows of the review" in controls.verdict.value
    assert len(panel.review) == 2
    controls.sql.value = "8"
    assert "Not rehearsed yet" in controls.verdict.value
    controls.sql.value = "7"
    assert "✓ Rehearsed on a clone, and good." in controls.verdict.value
    blocked.run("p.rehearse_rewrite = None  # not rehearsed twice")
    controls.apply.click()
    blocked.run("del p.rehearse_rewrite")
    assert "✓ Rehearsed on a clone, and good. The report is below." in panel.status.text
    assert "1 blocker" in panel.rehearsed.widget.value
    panel._choose_number(4)
    assert [name for _, name in controls.names.options] == ["deduplicate"]
    assert controls.sql.value == "id"
    controls.apply.click()
    assert "⚠ Rehearsed on a clone: it runs, but read what it does." in panel.status.text
    assert "⚠ 1 row of users is removed" in panel.rehearsed.widget.value
    assert len(panel.review) == 5


def test_a_rewrite_that_a_row_has_is_not_offered_again(blocked):
    blocked.run("p.rewrite('users.ux_name', 'deduplicate', rehearse=False)")
    assert [each.name for each in blocked["p"].review.rewrites(3)] == []
    blocked.run("p[3].revert()")
    assert [each.name for each in blocked["p"].review.rewrites(2)] == ["deduplicate"]


@pytest.mark.slow
def test_a_rewrite_is_good_only_where_that_was_verified(blocked):
    before = blocked["p"].review.rows
    fill = blocked.run("p.rehearse_rewrite('users.age', 'backfill', '7')")
    assert fill.is_good
    assert [line for each in fill.verdicts for line in each.lines()] == [
        "✓ no blocker is left in it, 1 fewer than before",
        "· 1 blocker of other rows of the review: not about this rewrite",
        "✓ all rows are kept, with every value that they had",
        "✓ the schema becomes the same as without the rewrite",
        "✓ the downgrade leaves the same schema as without the rewrite",
    ]
    delete = blocked.run("p.rehearse_rewrite(2, 'deduplicate')")
    assert not delete.is_good
    assert "⚠ 1 row of users is removed" in str(delete)
    assert blocked["p"].review.rows == before
    assert not blocked.run("p.rehearse()").is_good


@pytest.mark.slow
def test_a_rewrite_that_fails_is_not_good(blocked):
    report = blocked.run("p.rehearse_rewrite(1, 'backfill', 'NULL')")
    assert not report.is_good
    assert "✗ Rehearsed on a clone: it fails." in str(report)
    assert "age is NULL in 3 rows" in str(report)


def test_the_rewrite_of_a_rejected_or_written_row_is_not_rehearsed(blocked):
    blocked.run("p[1].reject()")
    assert "Row 1 is rejected" in blocked.fail("p.rehearse_rewrite(1, 'backfill', '7')")
    blocked.run("p.undo()\np.write()")
    assert "The file is written" in blocked.fail("p.rewrite(1, 'backfill', '7')")


def test_where_nothing_can_be_rehearsed_a_rewrite_can_still_be_chosen(blocked):
    panel = blocked.run("from mig_ipython.widgets.review import ReviewPanel\npanel = ReviewPanel(p)\npanel")
    with open("migrations/env.py", "a") as env:
        env.write("raise RuntimeError('no clone')")
    panel.detail.rewriting.sql.value = "7"
    panel.detail.rewriting.apply.click()
    assert "no clone" in panel.status.text
    assert len(panel.review) == 4
