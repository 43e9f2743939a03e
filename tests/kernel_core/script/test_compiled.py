"""Version files of which only the compiled form exists."""

from __future__ import annotations

import marshal
import py_compile
from pathlib import Path

import pytest

from kernel_core.script import ScriptDirectory
from kernel_core.script.compiled import read_compiled
from kernel_core.script.header import parse_header
from kernel_core.util.exc import BrokenScript

FORMS = [
    "revision = 'a'",
    "revision: str = 'a'\ndown_revision: str | None = 'b'\nbranch_labels = None\ndepends_on = ('c', 'd')",
    "down_revision = ['b', 'c']\nrevision = 'a'\nbranch_labels = ['x', 'y', 'z']",
    "down_revision = ()\nrevision = 'a'\nbranch_labels = []\ndepends_on = ['c']",
    "revision, down_revision = 'a', ('b', 'c')",
]


def compiled(path: Path, *, cached: bool = False) -> Path:
    """Compile a version file and take its source away."""
    target = None if cached else str(path.with_suffix(".pyc"))
    made = py_compile.compile(str(path), cfile=target, doraise=True)
    path.unlink()
    return Path(made)


@pytest.mark.parametrize("form", FORMS)
def test_a_compiled_file_has_the_identifiers_of_its_source(tmp_path, form):
    source = f'"""Add age\n\nCreate Date: 2026-01-01 00:00:00\n"""\nimport os\n{form}\n\ndef upgrade():\n    pass\n'
    path = tmp_path / "x.py"
    path.write_text(source)
    expected = parse_header(source, str(path.with_suffix(".pyc")))
    if "revision, down" in form:
        # Python unpacks at compile time; which constant goes where is left to a run.
        with pytest.raises(BrokenScript):
            read_compiled(str(compiled(path)))
        return
    assert read_compiled(str(compiled(path))) == expected


@pytest.mark.parametrize("cached", [False, True])
def test_sourceless_environments_are_read_and_run(folder, put, cached):
    compiled(put("a", body="value = 1"), cached=cached)
    put("b", "a")
    assert ScriptDirectory(folder).get_bases() == []
    scripts = ScriptDirectory(folder, sourceless=True)
    assert [script.revision for script in scripts.walk_revisions()] == ["b", "a"]
    assert not scripts.broken
    assert scripts.get_revision("a").module.value == 1
    assert scripts.get_revision("a").doc == "About a"
    with pytest.raises(BrokenScript, match="its text is not here"):
        _ = scripts.get_revision("a").source


@pytest.mark.parametrize("cached", [False, True])
def test_a_compiled_file_is_ignored_if_there_is_source(folder, put, cached):
    path = put("a")
    text = path.read_text()
    compiled(path, cached=cached)
    path.write_text(text)
    (script,) = ScriptDirectory(folder, sourceless=True).walk_revisions()
    assert script.path == str(path)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "another version"),
        (b"\0" * 40, "another version"),
        (None, "not a compiled Python file"),
        (marshal.dumps(7), "not a compiled Python file"),
    ],
)
def test_an_invalid_compiled_file_is_named(tmp_path, data, reason):
    path = tmp_path / "x.pyc"
    if data is None or (not data.startswith(b"\0") and data):
        from importlib.util import MAGIC_NUMBER

        data = MAGIC_NUMBER + b"\0" * 12 + (data or b"")
    path.write_bytes(data)
    with pytest.raises(BrokenScript, match=reason):
        read_compiled(str(path))


def test_reading_a_compiled_file_runs_nothing(tmp_path):
    path = tmp_path / "x.py"
    path.write_text(f"import pathlib\npathlib.Path({str(tmp_path / 'canary')!r}).touch()\nrevision = 'a'\n")
    assert read_compiled(str(compiled(path))).revision == "a"
    assert not (tmp_path / "canary").exists()
