"""Differences that no operation can remove are shown wherever differences are."""

from __future__ import annotations

import pytest

from mig_ipython.widgets.review import ReviewPanel

WARNING = "users.name is a generated column in the models, unlike in the database"

pytestmark = pytest.mark.filterwarnings("ignore:users.name is a generated column")


@pytest.fixture
def generated(migrated, models):
    """A notebook whose models compute a column that the database stores as an ordinary one."""
    assert "sa.String(40)" in models
    migrated.run(models.replace("sa.String(40)", "sa.String(40), sa.Computed(\"'x'\")"))
    return migrated


def test_a_review_shows_them_as_text_as_html_and_in_the_panel(generated):
    generated.run("User.__table__.append_column(sa.Column('age', sa.Integer))")
    proposal = generated.run("p = %mig_autogenerate Base -m 'Add age' --id b2\np")
    assert f"! {WARNING}" in proposal.text()
    assert f'<p class="mig-warn">{WARNING}' in str(proposal.html())
    panel = ReviewPanel(proposal)
    assert f'<p class="mig-note">⚠ {WARNING}' in "".join(
        getattr(widget, "value", "") for widget in panel.header.widget.children
    )
    panel.close()


@pytest.mark.parametrize("command", ["autogenerate", "diff", "check", "status"])
def test_alone_they_are_not_called_a_match(generated, command):
    shown = str(generated.run(f"%mig_{command}{'' if command == 'status' else ' Base'}"))
    assert WARNING in shown
    assert "matches the models" not in shown
    assert "No difference between" not in shown


def test_the_file_of_a_review_is_written_at_its_place(migrated):
    migrated.declare("age: Mapped[int | None]")
    migrated.run("p = %mig_autogenerate Base -m 'Add age' --id b2 --label ages --depends-on a1 --head base")
    drafted = migrated["p"].draft.text()
    text = migrated.run("p.write()").read_text()
    assert text.splitlines()[6:] == drafted.splitlines()[6:]
    assert "'ages'" in text.replace('"', "'")
