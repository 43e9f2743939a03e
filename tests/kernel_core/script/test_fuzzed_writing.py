"""2,000 strange messages, ids, labels and templates: nothing stands outside the folder, and no text becomes code."""

from __future__ import annotations

import ast
import os
import random
from pathlib import Path

import pytest

from kernel_core.script import ScriptDirectory
from kernel_core.script.header import parse_header
from kernel_core.util.exc import CommandError

HOW_MANY = 2000
PIECES = [
    '"""', "'''", '"', "'", "\\", "\\\\", "\n", "\r\n", "\r", "\t", "\0", "\x1b[31m", "${", "}", "<%", "%>", "% if x:", "## ", "%%", "%(rev)s", "{", "}", "#", ";",
    "import os; os.mkdir('owned')", "../", "..", "/", "/etc/passwd", "C:\\", ".", "~", "$HOME", "`id`", " ", "é", "ß", "İ", "名前", "🚀", "\u202e", "\u2028", "\x85", "\ufeff", "\u0301",
    "a", "Add age", "users", "_", "-", "+", "@", ":", ",", "head", "base", "None", "x" * 300, "del", "con", "\\N{DASH}", "\\x00", "\\u12", "def upgrade():", "revision = 'z'",
]  # fmt: skip
TEMPLATES = [
    "%(rev)s_%(slug)s",
    "%(slug)s",
    "%(year)d/%(rev)s",
    "%(epoch)s_%(slug)s",
    "%(slug)s/%(rev)s",
    "%(year)d_%(month).2d_%(day).2d-%(rev)s_%(slug)s",
]


def strange(chance: random.Random, most: int) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randint(0, most)))


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def shape(text: str) -> list[str]:
    """The statements of a script, without what a docstring or a literal says."""
    found = []
    for node in ast.parse(text).body:
        named = isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        found.append(f"{node.target.id} =" if named else "docstring" if docstring else ast.dump(node))
    return found


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """What fsync is for is tested elsewhere; here it would only take long."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.mark.parametrize("part", range(4))
def test_whatever_is_typed_stays_text_and_inside(folder, tmp_path, part):
    chance = random.Random(part)
    plain = shape(ScriptDirectory(folder).generate_revision("plain", "Add age").source)
    (folder / "versions" / "plain_add_age.py").unlink()
    others = everything_in(tmp_path) - everything_in(folder / "versions")
    written = 0
    for _ in range(HOW_MANY // 4):
        message = strange(chance, 6)
        revid = None if chance.random() < 0.5 else strange(chance, 2) or "a"
        label = None if chance.random() < 0.6 else strange(chance, 2)
        scripts = ScriptDirectory(
            folder, chance.choice(TEMPLATES), chance.choice([None, 1, 40, 300]), recursive_version_locations=True
        )
        try:
            script = scripts.generate_revision(revid, message, head="base", branch_labels=label)
        except CommandError:
            assert not [path for path in (folder / "versions").rglob("*") if path.is_file()]
            continue
        written += 1
        assert os.path.realpath(script.path).startswith(os.path.realpath(folder / "versions") + os.sep)
        assert shape(script.source) == plain
        header = parse_header(script.source, script.path)
        assert header.revision == script.revision == (revid or script.revision)
        assert set(header.branch_labels) == ({label} if label else set())
        assert not scripts.broken
        compile(script.source, script.path, "exec")
        os.unlink(script.path)
    assert written > HOW_MANY // 4 // 4
    inside = {str(path.relative_to(tmp_path)) for path in (folder / "versions").rglob("*")}
    assert everything_in(tmp_path) - inside - everything_in(folder / "versions") == others
    assert not (Path.cwd() / "owned").exists()
