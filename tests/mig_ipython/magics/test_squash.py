"""One revision in place of a range: what a notebook shows of it, and of a database inside the range."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def three(migrated_here):
    """a1 is applied; b2 and c3 follow it."""
    for revision, column in (("b2", "city"), ("c3", "zip")):
        migrated_here.run(f"%mig_revision -m 'Add {column}' --id {revision}")
        (path,) = Path("migrations/versions").glob(f"{revision}_*.py")
        text = path.read_text()
        added = f"op.add_column('users', sa.Column('{column}', sa.Integer))"
        text = text.replace('"""Apply this revision."""\n    pass', f'"""Apply this revision."""\n    {added}')
        path.write_text(text.replace('"""Undo this revision."""\n    pass', f"op.drop_column('users', '{column}')"))
    return migrated_here


@pytest.mark.slow
def test_a_range_is_replaced_and_what_was_compared_is_shown(three) -> None:
    shown = three.run("%mig_squash a1:c3 -m 'First release'")
    assert shown.revision == "c3"
    assert shown.replaces == ("a1", "b2", "c3")
    assert "c3 replaces a1, b2, c3: 3 operations become 1" in repr(shown)
    assert "compared: by running both on SQLite in memory" in repr(shown)
    assert "<summary>Version file</summary>" in shown._repr_html_()
    assert len(list(Path("migrations/versions").glob("*.py"))) == 1


@pytest.mark.slow
def test_every_view_sees_the_old_files_while_the_database_is_inside(three) -> None:
    three.run("%mig_squash a1:c3")
    assert [entry.revision for entry in three.run("%mig_history")] == ["c3", "b2", "a1"]
    assert [entry.revision for entry in three.run("%mig_current")] == ["a1"]
    assert "no file" not in repr(three.run("%mig_status --no-drift"))
    assert "2 revisions" in repr(three.run("%mig_upgrade --plan"))
    three.run("%mig_graph")
    three.run("%mig_show a1")
    assert three.run("%mig_upgrade").after == ("c3",)
    assert [entry.revision for entry in three.run("%mig_history")] == ["c3"]
    assert three.run("%mig_downgrade base --yes").after == ()
    assert three.run("%mig_upgrade").after == ("c3",)


@pytest.mark.slow
def test_prune_is_refused_while_the_database_is_inside(three) -> None:
    three.run("%mig_squash a1:c3")
    assert "is at a1, inside the range of c3" in three.fail("%mig_squash --prune c3")
    three.run("%mig_upgrade")
    shown = repr(three.run("%mig_squash --prune c3"))
    assert "Deleted the 3 files that c3 replaces (checked: " in shown
    assert "is at c3, not inside the range; not checked: databases to which env.py did not connect" in shown
    assert not Path("migrations/replaced/c3").exists()
    assert "Name a range" in three.fail("%mig_squash")


def test_show_writes_nothing(three) -> None:
    shown = three.run("%mig_squash a1:c3 --show --no-run")
    assert "Not written (--show)." in repr(shown)
    assert 'replaces = ("a1", "b2", "c3")' in shown.source
    assert not Path("migrations/replaced").exists()


@pytest.mark.slow
def test_a_command_that_names_an_old_revision_uses_the_old_files(three) -> None:
    three.run("%mig_squash b2:c3")
    assert "1 revision" in repr(three.run("%mig_upgrade b2 --plan"))
    three.run("%mig_upgrade b2 --yes")
    assert [entry.revision for entry in three.run("%mig_current")] == ["b2"]
    three.run("%mig_upgrade --yes")
    three.run("%mig_downgrade b2 --yes")
    assert three.run("%mig_show b2").revision == "b2"
    assert [entry.revision for entry in three.run("%mig_history b2:")] == ["c3", "b2"]
    three.run("%mig_stamp c3")
    three.run("%mig_stamp b2")
    assert [entry.revision for entry in three.run("%mig_current")] == ["b2"]
    assert "city" in repr(three.run("%mig_schema b2"))
