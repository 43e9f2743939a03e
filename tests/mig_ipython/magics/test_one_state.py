"""The panel, the Python object and other cells show one state."""

from __future__ import annotations

import pytest


class Kernel:
    """As much of a kernel as makes a front end."""


@pytest.fixture
def attended(migrated, monkeypatch):
    """A notebook with a live front end and two changes; ``panels`` are those that were displayed."""
    monkeypatch.setattr(migrated.shell, "kernel", Kernel(), raising=False)
    panels: list[object] = []

    class Handle:
        def update(self, value):
            """Show nothing."""

    def display(value, **options):
        panels.append(value)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    migrated.declare("nick: Mapped[str | None]", "age: Mapped[int | None]")
    migrated.panels = panels
    return migrated


def review(notebook):
    """Return the panel and the proposal of the cell."""
    proposal = notebook.run("p = %mig_autogenerate Base -m two --id b2\np")
    panels = [one for one in notebook.panels if type(one).__name__ == "ReviewPanel"]
    return panels[-1], proposal


@pytest.mark.slow
def test_what_other_cells_do_reaches_the_panel(attended):
    panel, proposal = review(attended)
    attended.run("p.write()")
    assert panel.footer.write.disabled
    assert "Written to" in panel.status.text
    assert all(check.disabled for check in panel.rows.checks.values())
    attended.run("%mig_undo")
    assert not panel.footer.write.disabled
    assert "deleted again" in panel.status.text
    attended.run("p.write()\n%mig_upgrade")
    assert panel.footer.upgrade.disabled
    assert panel.undo.disabled
    assert panel.status.text == "The database is upgraded."
    attended.run("%mig_downgrade a1 --yes")
    assert not panel.footer.upgrade.disabled
    assert "downgraded again" in panel.status.text
    attended.run("p.upgrade()")
    assert panel.footer.upgrade.disabled
    assert proposal.draft.is_applied()


def test_a_command_that_changes_nothing_here_leaves_the_panel_as_it_is(attended):
    attended.declare()
    attended.run("Base.metadata.remove(Base.metadata.tables['users'])")
    panel, _ = review(attended)
    panel.footer.upgrade.click()
    assert panel.ask.is_open
    said = panel.status.text
    attended.run("%mig_stamp a1")
    assert panel.ask.is_open
    assert panel.status.text == said


def test_a_panel_whose_database_another_cell_moved_offers_to_compare_again(attended):
    panel, _ = review(attended)
    assert panel.stale.widget.layout.display == "none"
    attended.run("%mig_downgrade base --yes")
    assert panel.stale.widget.layout.display is None


def test_the_question_of_the_panel_closes_when_another_cell_ran_it(attended):
    attended.declare()
    attended.run(
        "Base.metadata.remove(Base.metadata.tables['users'])\nsa.Table('pets', Base.metadata, sa.Column('id', sa.Integer, primary_key=True))"
    )
    panel, _ = review(attended)
    panel.footer.upgrade.click()
    assert panel.ask.is_open
    attended.run("p.upgrade(yes=True)")
    assert not panel.ask.is_open
    assert panel.footer.upgrade.disabled


def test_a_confirmation_shows_what_another_cell_did(attended):
    attended.run("q = %mig_downgrade base\nq")
    panel = attended.panels[-1]
    assert type(panel).__name__ == "ConfirmPanel"
    attended.run("%mig_downgrade base --yes")
    assert panel.yes.disabled
    assert "current revision has changed" in panel.status.text
    panel.answer.value = attended["q"].word
    panel.yes.click()
    assert attended["q"].report is None
    assert "current revision has changed" in attended.fail("q.confirm(q.word)")


def test_a_confirmation_that_python_gave_ends_the_panel(attended):
    attended.run("q = %mig_downgrade base\nq")
    panel = attended.panels[-1]
    attended.run("q.confirm(q.word)")
    assert panel.yes.disabled
    assert panel._bar.layout.display == "none"


@pytest.mark.parametrize("acts", [("click", "click"), ("click", "python"), ("python", "click"), ("python", "python")])
@pytest.mark.costly
def test_a_second_confirmation_runs_nothing(attended, acts):
    """A second run would step back further: from b2 to a1, then to nothing."""
    attended.run("%mig_autogenerate Base -m two --id b2 --accept all --write\n%mig_upgrade")
    attended.run("q = %mig_downgrade -1\nq")
    panel, question = attended.panels[-1], attended["q"]
    panel.answer.value = question.word
    for act in acts:
        if act == "click":
            panel.yes.click()
        else:
            assert attended.run("q.confirm(q.word)") is question.report
    assert question.report.after == ("a1",)
    assert attended.run("%mig").current == ("a1",)


def test_rows_are_iterated_and_found_by_name(attended):
    _, proposal = review(attended)
    assert [row.number for row in proposal] == [1, 2] == [row.number for row in list(proposal)]
    assert proposal["users.nick"].sentence.startswith("Add column nick")
    assert sorted(proposal._ipython_key_completions_()) == ["users.age", "users.nick"]


MISTAKES = {
    "p[9]": "There is no row 9",
    "p[0]": "There is no row 0",
    "p['users.nik']": "the nearest is 'users.nick'",
    "p['users']": "is in rows 1-2",
    "p[1].edit(wrong=1)": "has no field 'wrong'",
    "p[1].edit_text('wrong', 'x')": "has no field 'wrong'",
    "p[1].move(7)": "There is no row 7",
    "p.accept('some')": "is not the number of a row",
    "p.rename(4)": "There is no rename 4",
}


def test_a_mistake_is_one_line(attended):
    attended.run("p = %mig_autogenerate Base -m two --id b2 ;")
    for cell, told in MISTAKES.items():
        assert told in attended.fail(cell)


def test_a_semicolon_binds_the_proposal_and_displays_nothing(attended):
    attended.run("p = %mig_autogenerate Base -m two --id b2 ;")
    assert len(attended["p"]) == 2
    assert attended.panels == []
    assert attended.printed == ""


def test_after_a_search_the_detail_shows_a_listed_row(attended):
    panel, _ = review(attended)
    panel.header.search.value = "age"
    assert "age" in panel.detail._head.value
    panel.header.search.value = "nothing at all"
    assert "no row to show" in panel.detail._head.value
    panel.header.search.value = ""
    assert panel.detail.key is not None


@pytest.mark.slow
def test_after_a_rename_the_panel_counts_again(attended):
    attended.declare("nick: Mapped[str | None]")
    attended.run("%mig_autogenerate Base -m nick --id c1 --accept all --write\n%mig_upgrade")
    attended.declare("nicks: Mapped[str | None]", "age: Mapped[int | None]")
    panel, proposal = review(attended)
    assert "3 changes between" in panel.header._lead.value
    attended.run("p.rename(1)")
    assert "2 changes between" in panel.header._lead.value
    assert "2 changes between" in str(proposal)
    assert "2 of 2 accepted" in panel.header._counts.value
