"""The report: what students handed in is read and verified; nothing of it runs, nothing of it is active."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import html5lib
import pytest
from lab_folders import Folder

from kernel_core.util.exc import CommandError
from mig_ipython.lab.cli import main
from mig_ipython.lab.lesson import Check, Exercise, Lesson, Wrong
from mig_ipython.lab.looks import looks
from mig_ipython.lab.progress import Entry
from mig_ipython.lab.report import is_verified, read_submissions, results_of, write_report
from mig_ipython.lab.report import reading as limits
from mig_ipython.lab.sealed import fingerprint
from mig_ipython.lab.views.outcome import RECORD_TYPE
from mig_ipython.lab.views.report import ReportView, harmless

SPECS = [
    ("column", {"table": "airlines", "column": "country", "parts": ["family"]}, {"exists": True, "family": "text"}),
    ("count", {"table": "airlines", "where": "country IS NULL"}, 0),
    ("reversible", {}, {"works": True}),
]


def exercise(number: str) -> Exercise:
    bare = Exercise(number, "Add the country", 3, ("a", "b", "c"), (), (), "")
    checks = tuple(Check(look, spec, "is there", (fingerprint(value, bare.salt),)) for look, spec, value in SPECS)
    wrong = (
        Wrong("not_upgraded", "It has not run.", "not_upgraded"),
        Wrong("nothing_done", "Nothing.", "nothing_done"),
    )
    return Exercise(number, bare.title, 3, bare.hints, checks, wrong, "")


LESSON = Lesson(1, "first", "First", 10, (exercise("1.1"), exercise("1.2")), ())


def snapshot(folder: Folder) -> dict[str, object]:
    state = folder.state()
    for look, spec, _ in SPECS:
        looks[look](state, spec)
    return json.loads(json.dumps(state.to_json()))


@pytest.fixture(scope="module")
def right(tmp_path_factory) -> dict[str, object]:
    """The snapshot of a right answer."""
    folder = Folder(tmp_path_factory.mktemp("right"))
    add = 'op.add_column("airlines", sa.Column("country", sa.Text))\nop.execute("UPDATE airlines SET country = 1")'
    folder.revision("b2", "a1", add, 'op.drop_column("airlines", "country")')
    folder.upgrade()
    return snapshot(folder)


def entry(number: str = "1.1", **values: object) -> dict[str, object]:
    return Entry(number).changed(**{"tries": 1, "when": "2026-03-01T10:05:00+00:00", **values}).to_json()


def handed_in(folder: Path, *entries: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    found = {"format": 1, "exercises": {each["exercise"]: each for each in entries}, "positions": {}}
    (folder / "progress.json").write_text(json.dumps(found))


def notebook_of(*entries: object, source: str = "") -> str:
    outputs = [{"output_type": "display_data", "data": {RECORD_TYPE: each}, "metadata": {}} for each in entries]
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": source, "outputs": outputs}]})


def report(folder: Path) -> ReportView:
    return results_of(read_submissions(str(folder)), [LESSON])


def test_results_are_verified_by_their_snapshots(tmp_path, right):
    handed_in(tmp_path / "in" / "ada" / "workshop", entry(passed=True, tries=2, hints=1, snapshot=right))
    handed_in(tmp_path / "in" / "bob", entry(passed=True, snapshot={}))
    handed_in(tmp_path / "in" / "cy", entry(hint_given="not_upgraded", tries=3))
    found = report(tmp_path / "in")
    assert [(each.student, each.state) for each in found.results] == [
        ("ada", "✓ solved"),
        ("bob", "? not verified"),
        ("cy", "✗ tried"),
    ]
    assert found.results[0].described == "✓ solved, 2 tries, 1 hint, 0 min"
    assert found.exercises[0].mistakes == (("not_upgraded", 1, "It has not run."),)
    assert found.lead() == "3 students, 1 exercise solved, 1 not verified"


def test_a_snapshot_that_is_changed_by_hand_is_not_verified(right):
    one = LESSON.exercises[0]
    assert is_verified(one, Entry("1.1", passed=True, snapshot=right))
    without = json.loads(json.dumps(right))
    del without["schema"]["tables"]["airlines"]["columns"]["country"]
    assert not is_verified(one, Entry("1.1", passed=True, snapshot=without)), "what is in the facts counts for nothing"
    other = json.loads(json.dumps(right))
    key = next(each for each in other["facts"] if each.startswith("count"))
    other["facts"][key] = [1, ""]
    assert not is_verified(one, Entry("1.1", passed=True, snapshot=other))
    assert not is_verified(one, Entry("1.1", passed=True, snapshot={**right, "facts": {}}))


def test_a_notebook_alone_is_enough(tmp_path, right):
    (tmp_path / "ada.ipynb").write_text(notebook_of(entry(), entry(passed=True, tries=2, snapshot=right), "x"))
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "2.ipynb").write_text(notebook_of(entry("1.2"), entry("9.9")))
    found = report(tmp_path)
    assert [(each.exercise, each.state) for each in found.results] == [("1.1", "✓ solved"), ("1.2", "✗ tried")]
    assert found.students == ("ada",)
    assert found.problems == (("ada", "exercise 9.9 is in no lesson here."),)


def test_minutes_are_those_since_the_exercise_before(tmp_path, right):
    handed_in(
        tmp_path / "ada",
        entry("1.1", passed=True, snapshot=right, first="2026-03-01T10:00:00+00:00"),
        entry("1.2", first="2026-03-01T10:07:00+00:00", when="2026-03-01T12:12:00+02:00"),
    )
    assert [each.minutes for each in report(tmp_path).results] == [5, 7]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("progress.json", b"[" * 100_000, "too deeply nested"),
        ("progress.json", b'{"exercises": ' + b'{"a":' * 50_000, "too deeply nested"),
        ("progress.json", b"\xff\xfe{\x00", "not"),
        ("progress.json", "ä".encode("latin-1"), "not in UTF-8"),
        ("progress.json", b"", "not JSON"),
        ("progress.json", b'{"exercises": ' + b"9" * 10_000 + b"}", ""),
        ("progress.json", b"[]", "no results"),
        ("progress.json", b'{"exercises": {"1.1": 3, "1.1x": {}, "../../x": {}}}', "no results"),
        ("1.ipynb", b'{"cells": "x", "exercises": []}', None),
        ("1.ipynb", b'{"cells": [1, {"outputs": 3}, {"outputs": [{"data": {"x": 1}}]}]}', None),
        ("1.ipynb", b"<html><script>alert(1)</script>", "not JSON"),
    ],
)
def test_a_file_that_is_no_result_is_named_and_the_others_are_read(tmp_path, right, name, content, problem):
    (tmp_path / "eve").mkdir()
    (tmp_path / "eve" / name).write_bytes(content)
    handed_in(tmp_path / "ada", entry(passed=True, snapshot=right))
    found = report(tmp_path)
    assert found.students == ("ada", "eve")
    assert [each.passed for each in found.results] == [True]
    if problem is not None:
        assert problem in found.problems[0][1]


def test_links_and_special_files_are_not_followed(tmp_path, right):
    handed_in(tmp_path / "elsewhere", entry(passed=True, snapshot=right))
    eve = tmp_path / "in" / "eve"
    eve.mkdir(parents=True)
    os.symlink(tmp_path / "elsewhere", eve / "workshop")
    os.symlink(tmp_path / "elsewhere" / "progress.json", eve / "progress.json")
    os.symlink(tmp_path / "elsewhere" / "progress.json", tmp_path / "in" / "mallory.json")
    os.symlink(eve, eve / "loop")
    os.mkfifo(tmp_path / "in" / "pipe.json")
    (eve / "deep").mkdir()
    os.mkfifo(eve / "deep" / "progress.json")
    found = report(tmp_path / "in")
    assert found.results == ()
    assert sum("a link" in problem for _, problem in found.problems) == 4
    assert sum("not a plain file" in problem for _, problem in found.problems) == 2


def test_sizes_and_numbers_are_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "LARGEST_FILE", 1_000)
    monkeypatch.setattr(limits, "MOST_FILES", 3)
    monkeypatch.setattr(limits, "DEEPEST", 2)
    (tmp_path / "a" / "1" / "2" / "3").mkdir(parents=True)
    (tmp_path / "a" / "1" / "progress.json").write_bytes(b" " * 1_001)
    for number in range(5):
        (tmp_path / "a" / f"{number}.ipynb").write_text("{}")
    with open(tmp_path / "huge.ipynb", "wb") as stream:
        stream.truncate(30_000_000_000)
    texts = [problem for _, problem in report(tmp_path).problems]
    assert sum("more than 3 files" in each for each in texts) == 1
    assert sum("too deep;" in each for each in texts) == 1
    assert sum("too large" in each for each in texts) == 2


CODE = "import os; os.system('touch was_run')"


def test_nothing_that_was_handed_in_runs(tmp_path, right, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = {
        **right,
        "models": {"tables": {}, "error": CODE},
        "folder": str(tmp_path),
        "_database": CODE,
        "before": CODE,
    }
    text = notebook_of(entry(passed=True, snapshot=hostile), source=CODE)
    (tmp_path / "in" / "eve").mkdir(parents=True)
    (tmp_path / "in" / "eve" / "1.ipynb").write_text(text)
    for name in ("models.py", "sitecustomize.py", "conftest.py", "env.py"):
        (tmp_path / "in" / "eve" / name).write_text(CODE)
    handed_in(tmp_path / "in" / "eve" / "workshop", entry("1.2", passed=True, snapshot={"state": 1, "schema": CODE}))
    report(tmp_path / "in").page()
    assert sorted(os.listdir(tmp_path)) == ["in"]


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</style></title><b>",
    "=HYPERLINK(1)",
    "\u202ecod.exe",
    "a\nb\x1b[31m",
)


@pytest.mark.slow
def test_names_and_titles_are_text_in_html_and_no_formula_in_csv(tmp_path):
    for place, name in enumerate(HOSTILE):
        handed_in(tmp_path / "in" / f"{place} {name.replace('/', ':')}", entry(hint_given=name, when=name))
        handed_in(tmp_path / "in" / name.replace("/", ":"), entry(mistakes={name: 1}))
    found = report(tmp_path / "in")
    page = found.page()
    document = html5lib.parse(page, namespaceHTMLElements=False)
    assert {each.tag for each in document.iter() if isinstance(each.tag, str)} <= {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "p", "table", "caption", "thead", "tbody"),
        *("tr", "th", "td", "details", "summary", "ul", "li"),
    }
    assert not [
        key for each in document.iter() for key in each.attrib if key.startswith("on") or key in ("src", "href")
    ]
    policy = document.find("head/meta[@http-equiv]")
    assert policy.attrib["content"].startswith("default-src 'none'")
    assert "\u202e" not in page
    assert "@media(prefers-color-scheme:dark)" in document.find("head/style").text
    rows = list(csv.reader(found.csv().splitlines()))
    assert len(rows) == 1 + len(found.results) == 1 + 2 * len(HOSTILE)
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@", "\t")]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", " =1", "\uff1d1", "|calc", "%0A"])
def test_a_formula_gets_an_apostrophe(text):
    assert harmless(text) == f"'{text}"
    assert harmless("ada = 1") == "ada = 1"
    assert harmless(-1) == -1


def test_files_are_written_also_with_names_that_are_no_unicode(tmp_path):
    folder = tmp_path / "in"
    handed_in(folder / os.fsdecode(b"a\xff"), entry())
    (folder / "b.ipynb").write_text(notebook_of({**entry(), "hint_given": "\ud800"}))
    paths = [str(tmp_path / "r.html"), str(tmp_path / "r.csv")]
    assert write_report(report(folder), *paths) == paths
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert (tmp_path / "r.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with pytest.raises(CommandError, match="cannot be written"):
        write_report(report(folder), str(tmp_path / "none" / "r.html"))


def test_the_program_writes_the_report(tmp_path, monkeypatch, capsys):
    handed_in(tmp_path / "in" / "ada", entry("90.1"))
    monkeypatch.chdir(tmp_path)
    assert main(["report", "in", "--html", "r.html", "--csv", "r.csv"]) == 0
    assert "1 student" in capsys.readouterr().out
    assert (tmp_path / "r.html").stat().st_size > 500
    assert main(["report", "nowhere"]) == 1
    assert "nowhere cannot be read" in capsys.readouterr().err


def test_the_command_shows_the_report(notebook, tmp_path):
    handed_in(tmp_path / "in" / "ada", entry("90.1"))
    assert "ada" in notebook.run(f"%mig_lab report {tmp_path / 'in'} --csv {tmp_path / 'r.csv'}").text()
    assert (tmp_path / "r.csv").exists()


def test_an_empty_folder_is_an_error(tmp_path):
    from mig_ipython.lab.report import report_on

    with pytest.raises(CommandError, match="no submissions"):
        report_on(str(tmp_path))
