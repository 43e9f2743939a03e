"""What cannot be written, or cannot be read, is named with the next step, and nothing is lost."""

from __future__ import annotations

import pytest

from mig_ipython.lab.folder import Contents

SOLVED = '%%mig_lab 90.1\n%%migration "country" --id own --up\nop.add_column("airlines", sa.Column("country", sa.String(30)))'


@pytest.mark.slow
def test_where_a_database_is_locked_no_other_file_is_changed(lesson):
    lesson.run("%mig_lab reset 90.1")
    lesson.run('%%migration "own" --id own --write\nop.add_column("airlines", sa.Column("b", sa.Text))')
    lesson.run("import sqlite3; own = sqlite3.connect('flights.db'); _ = own.execute('DELETE FROM airlines')")
    found = Contents.read(".")
    for typed in ("%mig_lab reset 90.1", "%mig_lab start 90"):
        assert "flights.db cannot be reset" in lesson.fail(typed)
        assert Contents.read(".") == found
    lesson.run("own.close()")
    assert "own" in str(lesson.run("%mig_history"))
    assert lesson.run("desk.count('airlines')") == 2


@pytest.mark.parametrize("damaged", [b"{half", b"[]", b"\xff", None], ids=["half", "list", "bytes", "folder"])
def test_results_that_cannot_be_read_are_kept_beside_new_ones(lesson, tmp_path, damaged):
    lesson.run("%mig_lab reset 90.1")
    path = tmp_path / "workshop" / "progress.json"
    path.unlink()
    path.mkdir() if damaged is None else path.write_bytes(damaged)
    assert "kept as progress.json.damaged" in str(lesson.run("%mig_lab progress"))
    assert lesson.run(SOLVED).passed
    assert path.with_name("progress.json.damaged").exists()


def test_a_folder_that_cannot_be_written_is_named_with_a_remedy(lesson, tmp_path):
    (tmp_path / "workshop").write_text("a file of this name")
    for typed in ("%mig_lab start 90", SOLVED, "%mig_lab hint 90.1", "%mig_lab reset 90.1"):
        shown = lesson.fail(typed)
        assert "workshop" in shown
        assert "Copy the notebook into a folder that can be written" in shown
