"""Another kernel, or the command line, works on the same folder and database: a panel runs only what it shows.

What the other kernel does is done here by the engine, which knows nothing of this notebook.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kernel_core import command
from kernel_core.config import Config
from tests.mig_ipython.magics.test_elsewhere import edit, execute


def config() -> Config:
    found = Config("migrations/alembic.ini")
    found.prints_results = False
    found.set_main_option("sqlalchemy.url", "sqlite:///dev.db")
    return found


def write() -> None:
    command.revision(config(), "other", rev_id="x9")
    edit("x9", "pass", "op.execute('CREATE TABLE other (id INTEGER)')")


def write_and_upgrade() -> None:
    write()
    command.upgrade(config(), "heads")


def upgrade() -> None:
    command.upgrade(config(), "heads")


def downgrade() -> None:
    command.downgrade(config(), "-1")


def stamp() -> None:
    command.stamp(config(), "base")


def delete() -> None:
    for path in Path("migrations/versions").glob("b2*.py"):
        path.unlink()


def edit_file() -> None:
    edit("b2", "\n\ndef downgrade", "    op.execute('CREATE TABLE edited (id INTEGER)')\n\n\ndef downgrade")


def alter() -> None:
    execute("ALTER TABLE users ADD COLUMN by_hand INTEGER")


def state() -> tuple[object, ...]:
    """Return the schema, the current revisions and the version files."""
    with closing(sqlite3.connect("dev.db")) as live:
        schema = live.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        heads = live.execute("SELECT version_num FROM alembic_version ORDER BY 1").fetchall()
        return schema, heads, sorted(path.name for path in Path("migrations/versions").glob("*.py"))


MODELS = """
class Base(DeclarativeBase):
    pass
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
ADDS = MODELS + "    name: Mapped[str] = mapped_column(sa.String(40))\n    age: Mapped[int | None]\n"
ADDED = "A revision was added since this review was made."
MOVED = "The current revision has changed since this review was made."
TOO = "The current revision has changed since this review was made: a1 would run too."
EDITED = "was edited since it was written here: this review does not show what would run."
ALTERED = "The database was altered by hand since this review was made."
REFUSED = [
    *((False, other, button, ADDED) for other in (write, write_and_upgrade) for button in ("write", "yes", "rehearse")),
    *((False, other, button, MOVED) for other in (downgrade, stamp) for button in ("write", "yes", "rehearse")),
    *((False, alter, button, ALTERED) for button in ("write", "yes", "rehearse")),
    *((True, edit_file, button, EDITED) for button in ("upgrade", "yes", "rehearse")),
    (True, edit_file, "undo", "was changed since it was written here; it was kept."),
    *((True, other, "yes", TOO) for other in (downgrade, stamp)),
    (True, write, "undo", "is followed by x9, so it was kept."),
    (True, upgrade, "undo", "is applied, so it was kept."),
    (True, write_and_upgrade, "undo", "is applied, so it was kept."),
    (True, upgrade, "yes", "nothing to do, it is at b2"),
    (True, write_and_upgrade, "yes", "nothing to do, it is at x9"),
]
"""Whether the file is written, what the other kernel does, the button, and what is said: nothing is done."""


def clicked(panel, button: str) -> str:
    """Click a button of the panel, and return what is said."""
    if button == "yes":
        panel.ask.yes.click()
    elif button == "undo":
        panel.undo.click()
    else:
        getattr(panel.footer, button).click()
    return str(panel.status.text)


@pytest.mark.parametrize(
    ("written", "other", "button", "said"),
    [pytest.param(*one, id=f"{'written, ' * one[0]}{one[1].__name__}, {one[2]}") for one in REFUSED],
)
@pytest.mark.costly
def test_a_review_runs_nothing_on_a_stale_plan(attended, panels, written, other, button, said):
    execute("INSERT INTO users(id, name) VALUES (7, 'Bob')")
    attended.run(MODELS)
    attended.run("p = %mig_autogenerate Base -m drop --id b2")
    panel = panels[-1]
    if written:
        panel.footer.write.click()
    panel.footer.upgrade.click()
    assert panel.ask.is_open
    panel.ask.answer.value = "users"
    other()
    before = state()
    assert said in clicked(panel, button)
    assert state() == before
    assert ("Not done: " in panel.status.text) == ("nothing to do" not in said)


@pytest.mark.parametrize("other", [downgrade, stamp])
def test_a_review_that_loses_nothing_runs_no_other_revision_either(attended, panels, other):
    attended.run(ADDS)
    attended.run("p = %mig_autogenerate Base -m age --id b2")
    panels[-1].footer.write.click()
    other()
    before = state()
    assert TOO in clicked(panels[-1], "upgrade")
    assert "a1 would run too" in attended.fail("p.upgrade(yes=True)")
    assert state() == before
    command.stamp(config(), "a1")
    execute("DROP TABLE IF EXISTS users")
    execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL)")
    assert "upgraded by 1 revision, from a1 to b2" in clicked(panels[-1], "upgrade")


def test_a_file_that_another_kernel_deleted_is_written_again_as_it_was_shown(attended, panels):
    attended.run(ADDS)
    attended.run("p = %mig_autogenerate Base -m age --id b2")
    panels[-1].footer.write.click()
    before = state()
    delete()
    assert "upgraded by 1 revision, from a1 to b2" in clicked(panels[-1], "upgrade")
    assert state()[2] == before[2]


QUESTIONS = {
    write: None,  # it is about the downgrade of b2 as before
    write_and_upgrade: MOVED.replace("review was made", "question was asked"),
    downgrade: MOVED.replace("review was made", "question was asked"),
    stamp: MOVED.replace("review was made", "question was asked"),
    edit_file: "b2 was edited since this question was asked.",
}


@pytest.mark.parametrize("other", QUESTIONS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("button", ["yes", "try_it"])
def test_a_question_runs_nothing_on_a_stale_plan(attended, panels, other, button):
    attended.run(ADDS)
    attended.run("%mig_autogenerate Base -m age --id b2 --accept all --write ;")
    attended.run("%mig_upgrade --yes")
    attended.run("q = %mig_downgrade -1")
    panel, said = panels[-1], QUESTIONS[other]
    panel.answer.value = panel.confirmation.word
    other()
    before = state()
    getattr(panel, button).click()
    if said is None:
        assert panel.confirmation.report is not None if button == "yes" else panel.confirmation.rehearsal is not None
    else:
        assert f"Not done: {said} Run the cell again." in panel.status.text
        assert state() == before
