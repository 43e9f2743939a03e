"""A proposal in Python: its actions, its place in the history, what makes it stale, and the deletion of its file."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

EMAIL = 'email: Mapped[str] = mapped_column(sa.String(120), server_default="")'
AGE = "age: Mapped[int | None]"


@pytest.fixture
def changed(migrated):
    """A proposal `p` of two new columns over an applied revision a1."""
    migrated.declare(EMAIL, AGE)
    migrated.run("p = %mig_autogenerate Base -m 'Add e-mail' --id b2")
    return migrated


def sentences(notebook) -> list[str]:
    return [row.sentence.split()[2] for row in notebook["p"].review.rows]


def test_rows_move_and_the_move_is_undone_and_done_again(changed):
    assert sentences(changed) == ["email", "age"]
    changed.run("p.move(2, 1)")
    assert sentences(changed) == ["age", "email"]
    changed.run("p.undo()")
    assert sentences(changed) == ["email", "age"]
    changed.run("p.redo()")
    text = changed.run("p.write()").read_text()
    assert text.index('"age"') < text.index('"email"')


def test_a_statement_is_added_and_written_with_its_reverse(changed):
    text = changed.run("p.add_sql('UPDATE users SET age = 1', 'SELECT 2').write()").read_text()
    assert "UPDATE users SET age = 1" in text
    assert "SELECT 2" in text


def test_a_statement_without_its_reverse_names_the_call_that_takes_both(changed):
    message = changed.fail("p.add_sql('UPDATE users SET age = 1').write()")
    assert "the SQL that undoes it is not known. Add both: p.add_sql(sql, reverse)." in message


def test_a_refusal_is_one_line(changed):
    assert "There is no row 7" in changed.fail("p.move(7, 1)")


def test_without_a_message_the_operations_suggest_one(migrated):
    migrated.declare(EMAIL)
    shown = str(migrated.run("p = %mig_autogenerate Base --id b2\np"))
    assert '.write("add_email_to_users")' in shown
    assert migrated.run("p.write()").name == "b2_add_email_to_users.py"
    assert '"""add_email_to_users' in migrated["p"].path.read_text()


# ---- what it was made from


def test_it_is_not_stale_where_nothing_has_changed(changed):
    assert changed.run("p.stale()") == ""


def test_models_defined_again_are_noticed(changed):
    changed.declare(EMAIL.replace("120", "200"), AGE)
    assert changed.run("p.stale()") == "The models have changed since this review was made."
    assert "The models have changed" in changed.fail("p.write()")


def test_the_same_models_defined_again_are_not_stale(changed):
    changed.declare(EMAIL, AGE)
    assert changed.run("p.stale()") == ""


def test_a_database_altered_by_hand_is_noticed(changed):
    with sqlite3.connect("dev.db") as database:
        database.execute("ALTER TABLE users ADD COLUMN age INTEGER")
    assert changed.run("p.stale()") == "The database was altered by hand since this review was made."
    assert "altered by hand" in changed.fail("p.write()")


def test_comparing_again_begins_a_new_review(changed):
    with sqlite3.connect("dev.db") as database:
        database.execute("ALTER TABLE users ADD COLUMN age INTEGER")
    changed.run("p.again()")
    assert sentences(changed) == ["email"]
    assert changed["p"].message == "Add e-mail"
    assert changed.run("p.write()").name == "b2_add_e_mail.py"


# ---- its place


def test_it_can_follow_each_head_or_none(changed):
    draft = changed["p"].draft
    assert draft.places() == (("a1 Add users", "a1"), ("base: a new branch", "base"))
    draft.head, draft.label, draft.depends_on = "base", "reports", "a1"
    assert draft.problems() == {}
    text = changed.run("p.write()").read_text()
    assert "down_revision: str | Sequence[str] | None = None" in text
    assert 'branch_labels: str | Sequence[str] | None = ("reports",)' in text or '"reports"' in text
    assert "depends_on" in text


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("head", "nowhere", "nowhere"),
        ("label", "two words", "cannot be a branch label"),
        ("label", "a1", "names a branch or a revision already"),
        ("depends_on", "zz", "zz"),
    ],
)
def test_what_is_wrong_with_its_place_is_reported_by_name(changed, name, value, reason):
    setattr(changed["p"].draft, name, value)
    problems = changed["p"].draft.problems()
    assert list(problems) == [name]
    assert reason in problems[name]


def test_the_text_is_that_of_the_file(changed):
    draft = changed["p"].draft

    def without_date(text: str) -> str:
        return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("Create Date"))

    text = draft.text()
    assert without_date(changed.run("p.write()").read_text()) == without_date(text)


def test_what_was_found_stays_the_text_to_compare_with(changed):
    draft = changed["p"].draft
    found = draft.found_text()
    changed.run("p[1].reject()")
    assert "email" in found
    assert "email" not in draft.text().partition("Create Date")[2]
    assert "email" in draft.found_text()


# ---- the file is deleted again


def test_undo_takes_the_written_file_back(changed):
    path = changed.run("p.write()")
    changed.run("p.undo()")
    assert not path.exists()
    assert changed["p"].path is None
    changed.run("p[1].reject()")
    assert changed.run("p.write()") == path


def test_a_file_that_was_changed_stays(changed):
    path = changed.run("p.write()")
    path.write_text(path.read_text() + "# mine\n")
    assert "was changed since it was written" in changed.fail("p.undo()")
    assert path.exists()


def test_an_applied_revision_stays(changed):
    changed.run("p.upgrade()")
    assert "is applied, so it was kept" in changed.fail("p.undo()")


def test_a_revision_that_another_one_needs_stays(changed):
    changed.run("p.write()")
    changed.run("%mig_revision -m more --id c3")
    assert "c3_more.py was written after it" in changed.fail("p.undo()")


def test_the_upgrade_lists_its_steps(changed):
    seen = []
    changed["seen"] = seen
    changed.run("p.upgrade(on_step=seen.append)")
    assert [(event.kind, event.revision, event.total) for event in seen] == [("start", "b2", 1), ("done", "b2", 1)]


# ---- the panel


class FakePanel:
    """Something to display that knows whether it is closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


def test_a_panel_of_the_same_cell_replaces_the_one_before(changed, monkeypatch):
    from mig_ipython import mig

    cell = {"metadata": {"cellId": "one"}}
    monkeypatch.setattr(changed.shell, "get_parent", lambda: cell, raising=False)
    first, second, third = FakePanel(), FakePanel(), FakePanel()
    mig.session.show_panel(first)
    cell["metadata"]["cellId"] = "two"
    mig.session.show_panel(second)
    assert not first.closed
    mig.session.show_panel(third)
    assert second.closed
    assert not first.closed


def test_what_is_written_shows_its_relative_path_and_the_next_step_and_is_a_path(changed):
    written = changed.run("p.write()")
    assert repr(written) == "Written to migrations/versions/b2_add_e_mail.py. Run it: %mig_upgrade"
    assert "PosixPath" not in repr(written)
    assert "<code>migrations/versions/b2_add_e_mail.py</code>" in written._repr_html_()
    path = Path(written)
    assert (os.fspath(written), str(written), hash(written)) == (str(path), str(path), hash(path))
    assert written == path
    assert path == written
    assert written.parent == path.parent == (written / "x").parent.parent
    assert written.exists()
    with open(written) as file:
        assert "Add e-mail" in file.read()
    assert changed.run("p.write()") == written


# ---- what the environment says


def test_a_hook_of_env_py_chooses_the_revision_id_and_adds_an_import(migrated):
    env = Path("migrations/env.py")
    hook = "def number(context, revision, directives):\n    directives[0].rev_id = '0002'\n"
    hook += "    directives[0].imports.add('import decimal')\n"
    text = env.read_text().replace(
        '"target_metadata": target_metadata,',
        '"target_metadata": target_metadata, "process_revision_directives": number,',
    )
    env.write_text(text.replace("\ndef ", f"\n{hook}\ndef ", 1))
    migrated.declare(AGE)
    path = migrated.run("%mig_autogenerate Base -m 'Add age' --write").path
    assert path.name.startswith("0002_")
    assert "import decimal" in path.read_text()
