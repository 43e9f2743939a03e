"""The database is at a revision that no file here has: another git branch, a deleted file."""

from __future__ import annotations

import pytest

from kernel_core.config import CommandLine

FACT = 'The database is at revision "b2", which is in no file here.'
REFUSED = (
    "%mig_upgrade", "%mig_upgrade --plan", "%mig_downgrade base --yes", "%mig_autogenerate Base -m b --write", "%mig_check",
    "%mig_stamp head", "%mig_history base:current", "%mig_show current", "%mig_upgrade head --sql",
)  # fmt: skip
SHOWN = ("%mig", "%mig_history", "%mig_history base:heads", "%mig_current", "%mig_diff")
IN_A_TERMINAL = (
    (255, "upgrade", "head"),
    (255, "downgrade", "base"),
    (255, "check"),
    (255, "revision", "--autogenerate", "-m", "x"),
    (255, "current", "--check-heads"),
    (0, "current"),
    (0, "history", "-i"),
)


@pytest.fixture
def lost(migrated, tmp_path):
    """A notebook whose database is at ``b2``; only the file of ``a1`` is left."""
    migrated.declare("age: Mapped[int | None]")
    migrated.run("%mig_autogenerate Base -m 'Add age' --id b2 --write")
    migrated.run("%mig_upgrade")
    next((tmp_path / "migrations" / "versions").glob("b2*.py")).unlink()
    return migrated


@pytest.mark.slow
def test_every_command_names_it_and_the_remedy(lost, capsys, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///dev.db")
    for cell in REFUSED:
        shown = lost.fail(cell)
        assert FACT in shown, cell
        assert "%mig_stamp REVISION --purge" in shown, cell
    for cell in SHOWN:
        shown = lost.run(cell)
        assert FACT in repr(shown), cell
        assert "which is in no file here" in shown._repr_html_(), cell
    [current] = lost.run("%mig_current")
    assert (current.state, current.down) == ("applied", ("?",)), "its parent is not known"
    status = lost.run("%mig")
    assert status.next == "restore the file of b2, or stamp (see note)"
    assert status.drift is None
    for code, *words in IN_A_TERMINAL:
        ended = 0
        try:
            CommandLine().main(["-c", "migrations/alembic.ini", *words])
        except SystemExit as exit_:
            ended = exit_.code
        said = "".join(capsys.readouterr())
        assert (ended, FACT in said, "mig stamp --purge REVISION" in said) == (code, True, True), (words, said)


def test_a_stamp_with_purge_is_the_remedy(lost):
    assert lost.run("%mig_stamp a1 --purge").after == ("a1",)
    assert FACT not in repr(lost.run("%mig"))


def test_one_of_two_current_revisions_can_be_forgotten_alone(migrated, tmp_path):
    migrated.run("%mig_revision -m other --id z1 --head base --label other --splice")
    migrated.run("%mig_upgrade heads")
    next((tmp_path / "migrations" / "versions").glob("z1*.py")).unlink()
    shown = migrated.fail("%mig_upgrade")
    assert 'at revision "z1", which is in no file' in shown
    assert shown.endswith("or forget it: %mig_stamp a1 --purge")
    assert migrated.run("%mig_stamp a1 --purge").after == ("a1",)
    assert migrated.run("%mig").next == "nothing: the database is up to date"


def test_a_file_that_cannot_be_read_may_be_the_one(lost, tmp_path):
    (tmp_path / "migrations" / "versions" / "b2_broken.py").write_text("revision = 'b2'\ndown_revision = (\n")
    shown = repr(lost.run("%mig"))
    assert 'is at revision "b2", which is in no file here that can be read (cannot be read: ' in shown
    assert "b2_broken.py, line 2" in shown


def test_several_heads_are_named_with_what_applies_or_joins_them(ready):
    ready.run("%mig_revision -m one --id a1")
    ready.run("%mig_revision -m two --id b1 --head base --splice")
    status = ready.run("%mig")
    assert status.next == "%mig_upgrade heads"
    assert "%mig_merge joins them" in repr(status)
    ready.run(status.next)
    assert ready.run("%mig").next == "%mig_merge"
    ready.run("%mig_merge --id m1")
    assert "heads." not in repr(ready.run("%mig"))
