"""The file of the results: two notebooks write it, and it may be damaged."""

from __future__ import annotations

import json

import pytest

from mig_ipython.lab.progress import Progress


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"exercises": {}}',
        '{"exercises": {"1.1": 3}, "positions": {}}',
        '{"exercises": {"1.1": {"tries": "many"}}, "positions": {}}',
        '{"exercises": {"1.1": {"passed": 1}}, "positions": {}}',
        "[" * 100_000,
        "\x00\xff",
    ],
)
def test_a_damaged_file_is_kept_and_said(tmp_path, text):
    (tmp_path / "progress.json").write_text(text, encoding="utf-8")
    progress = Progress(str(tmp_path))
    assert progress.entries() == {}
    assert "progress.json.damaged" in progress.notice
    assert (tmp_path / "progress.json.damaged").read_text(encoding="utf-8") == text
    progress.change("1.1", tries=1)
    assert Progress(str(tmp_path)).entry("1.1").tries == 1


def test_bytes_that_are_no_text_are_kept_too(tmp_path):
    (tmp_path / "progress.json").write_bytes(b"\xff\xfe\x00")
    assert Progress(str(tmp_path)).entry("1.1").tries == 0
    assert (tmp_path / "progress.json.damaged").read_bytes() == b"\xff\xfe\x00"


def test_two_damaged_files_are_both_kept(tmp_path):
    for _ in range(2):
        (tmp_path / "progress.json").write_text("{")
        progress = Progress(str(tmp_path))
        progress.entries()
    assert "damaged2" in progress.notice
    assert len(list(tmp_path.glob("*.damaged*"))) == 2


def test_two_notebooks_keep_each_others_results(tmp_path):
    one, other = Progress(str(tmp_path)), Progress(str(tmp_path))
    one.change("1.1", passed=True)
    other.change("2.1", passed=True)
    one.set_position("1", {"exercise": "1.2"})
    assert sorted(other.entries()) == ["1.1", "2.1"]


def test_fields_of_a_later_version_are_ignored(tmp_path):
    Progress(str(tmp_path)).change("1.1", tries=2)
    found = json.loads((tmp_path / "progress.json").read_text())
    found["exercises"]["1.1"]["stars"] = 5
    (tmp_path / "progress.json").write_text(json.dumps(found))
    assert Progress(str(tmp_path)).entry("1.1").tries == 2


def test_exercises_are_listed_in_their_order(tmp_path):
    progress = Progress(str(tmp_path))
    for number in ("2.10", "10.1", "2.9"):
        progress.change(number, tries=1)
    assert list(json.loads((tmp_path / "progress.json").read_text())["exercises"]) == ["2.9", "2.10", "10.1"]
