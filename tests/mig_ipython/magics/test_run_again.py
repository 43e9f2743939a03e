"""A cell run again: it changes nothing more, and its output says what it skipped."""

from __future__ import annotations


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "migrations" / "versions").glob("*.py"))


def test_an_empty_revision_is_written_once(ready, tmp_path):
    for cell in ("%mig_revision -m later --id later1", "%mig_revision -m 'Fill  e-mail'"):
        first = ready.run(cell)
        written = files(tmp_path)
        for _ in range(2):
            again = ready.run(cell)
            assert (again.revision, files(tmp_path)) == (first.revision, written)
            assert again.note.startswith(f"Already written: migrations/versions/{first.revision}_")
    ready.run("%mig_revision -m 'Fill e-mail' --id other")
    assert "other_fill_e_mail.py" in files(tmp_path)
    assert "later1 exists already" in ready.fail("%mig_revision -m different --id later1")


def test_heads_are_joined_once(ready, tmp_path):
    for name in ("a1", "b1"):
        ready.run(f"%mig_revision -m {name} --id {name} --head base --splice")
    for cell in ("%mig_merge --id m1", "%mig_merge a1 b1", "%mig_merge"):
        assert ready.run(cell).revision == "m1", cell
    ready.run("%mig_revision -m after --id c1")
    written = files(tmp_path)
    for cell in ("%mig_merge -m x", "%mig_merge b1 a1 -m x"):
        again = ready.run(cell)
        assert (again.revision, again.note) == ("m1", "m1 merges a1 and b1 already; nothing was written."), cell
    assert files(tmp_path) == written
    assert "two revisions are needed" in ready.fail("%mig_merge a1")


def test_a_range_of_the_history_means_the_same_as_on_the_command_line(migrated, capsys):
    from kernel_core import command

    for revision in ("b2", "c3", "d4"):
        migrated.run(f"%mig_revision -m {revision} --id {revision}")
    config = migrated.run("from mig_ipython import mig\nmig.session").environment.config()
    for text in ("-2:", ":+2", "-1:d4", "b2:+1", "-1:c3", "b2:", ":c3", "base:head", "c3:+9", "-9:head"):
        expected = [one.revision for one in command.history(config, text)]
        assert [one.revision for one in migrated.run(f"%mig_history {text}")] == expected, text
        assert expected, text
