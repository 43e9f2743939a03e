"""2,000 strange messages, ids, labels and templates: nothing is written outside the folder, and no text becomes code."""

from __future__ import annotations

import ast
import os
import random
import re
from collections import Counter
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


def makos_from(usual: bytes) -> dict[str, bytes]:
    """Templates that somebody may have written, by what is special in them."""
    return {
        "usual": usual,
        "Windows line ends": usual.replace(b"\n", b"\r\n"),
        "a byte order mark": b"\xef\xbb\xbf" + usual,
        "apostrophes": usual.replace(b'"""${message}', b"'''${message}").replace(b'}\n\n"""', b"}\n\n'''"),
        "a raw docstring": b"r" + usual,
        "an f-string": b"f" + usual,
        "bytes": b"b" + usual,
        "a comment": b"# ${message}\n" + usual,
        "a comment that declares utf-7": b"${'# coding: utf-7'}\n" + usual,
        "latin-1 that is declared": b"# coding: latin-1\n# \xe9\n" + usual,
        "latin-1 that is not declared": b"# \xe9\n" + usual,
        "a literal": usual.replace(b"branch_labels:", b"title = '${message}'\nbranch_labels:"),
        "a repr": usual.replace(b"branch_labels:", b"title = ${repr(message)}\nbranch_labels:"),
        "a name": usual.replace(b"def upgrade()", b"def ${message}()"),
        "bare": usual.replace(b"branch_labels:", b"${message}\nbranch_labels:"),
        "no down_revision": re.sub(rb"(?m)^down_revision.*\n", b"", usual),
        "no revision": re.sub(rb"(?m)^revision.*\n", b"", usual),
        "pasted identifiers": usual.replace(b"${repr(up_revision)}", b'"${up_revision}"'),
        "identifiers below": usual + b"\nrevision = ${repr(up_revision)}\n",
        "Python of its own": b"<%! import os.path %>" + usual.replace(b"${message}", b"${os.path.basename(message)}"),
        "another file": usual + b'<%include file="/etc/passwd"/>',
        "a variable that is not there": usual + b"# ${nothing}\n",
        "no Mako": usual + b"\n% if x:\n",
        "no message": usual.replace(b"${message}", b"Done"),
        "empty": b"",
    }


def strange(chance: random.Random, most: int) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randint(0, most)))


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if "__pycache__" not in path.parts}


def shape(text: str) -> list[str]:
    """The statements of a script, without what a docstring or a literal says."""
    found = []
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    for node in tree.body:
        named = isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        found.append(f"{node.target.id} =" if named else "docstring" if docstring else ast.dump(node))
    return found


def shape_of_plain(folder: Path, mako: bytes) -> list[str] | None:
    """The statements of the script that a template makes of a harmless message, None where it makes none."""
    (folder / "script.py.mako").write_bytes(mako)
    try:
        script = ScriptDirectory(folder).generate_revision("plain", "Add age")
    except CommandError:
        return None
    found = shape(script.source)
    os.unlink(script.path)
    return found


def test_templates_that_cannot_be_used_are_refused_and_the_others_are_not(folder):
    makos = makos_from((folder / "script.py.mako").read_bytes())
    refused = {name for name, mako in makos.items() if shape_of_plain(folder, mako) is None}
    assert refused == {
        "bytes", "latin-1 that is declared", "latin-1 that is not declared", "a name", "bare", "no revision",
        "another file", "a variable that is not there", "no Mako", "empty",
    }  # fmt: skip


def test_a_template_that_leaves_the_parent_out_is_refused_where_there_is_one(folder, put):
    put("a")
    (folder / "script.py.mako").write_bytes(makos_from((folder / "script.py.mako").read_bytes())["no down_revision"])
    with pytest.raises(CommandError, match="does not write revision"):
        ScriptDirectory(folder).generate_revision("b", "x")


@pytest.mark.parametrize("message", ["base", "a", "pass", "two words"])
def test_a_word_that_would_be_code_is_refused_like_a_statement(folder, message):
    for name in ("bare", "a name"):
        mako = folder / "script.py.mako"
        before = mako.read_bytes()
        mako.write_bytes(makos_from(before)[name])
        with pytest.raises(CommandError, match=r"would become code|not valid Python"):
            ScriptDirectory(folder).generate_revision("b", message)
        mako.write_bytes(before)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a comment that declares utf-7", "+ACIAIgAi-import os+ACIAIgAi-"),
        ("a comment", "coding: utf-7 +ACIAIgAi-import os+ACIAIgAi-"),
        ("a comment", "vim: set fileencoding=utf-7 : +AAo-import os"),
    ],
)
def test_a_message_that_an_encoding_turns_into_code_is_refused(folder, name, message):
    mako = folder / "script.py.mako"
    mako.write_bytes(makos_from(mako.read_bytes())[name])
    with pytest.raises(CommandError, match="declares another encoding than UTF-8"):
        ScriptDirectory(folder).generate_revision("b", message)
    assert not os.listdir(folder / "versions")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """What fsync is for is tested elsewhere; here it would only take long."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.mark.sweep
@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.sweep) for part in (1, 2, 3))])
def test_any_input_stays_text_and_inside_the_folder(folder, tmp_path, part):
    chance = random.Random(part)
    makos = makos_from((folder / "script.py.mako").read_bytes())
    plain = {name: shape_of_plain(folder, mako) for name, mako in makos.items()}
    others = everything_in(tmp_path) - everything_in(folder / "versions")
    written: Counter[str] = Counter()
    for _ in range(HOW_MANY // 4):
        message = strange(chance, 6)
        revid = None if chance.random() < 0.5 else strange(chance, 2) or "a"
        label = None if chance.random() < 0.6 else strange(chance, 2)
        mako = "usual" if chance.random() < 0.4 else chance.choice(list(makos))
        (folder / "script.py.mako").write_bytes(makos[mako])
        scripts = ScriptDirectory(
            folder, chance.choice(TEMPLATES), chance.choice([None, 1, 40, 300]), recursive_version_locations=True
        )
        try:
            script = scripts.generate_revision(revid, message, head="base", branch_labels=label)
        except CommandError:
            assert not list((folder / "versions").rglob("*.py"))
            continue
        written[mako] += 1
        assert os.path.realpath(script.path).startswith(os.path.realpath(folder / "versions") + os.sep)
        assert shape(script.source) == plain[mako]
        header = parse_header(script.source, script.path)
        assert header.revision == script.revision == (revid or script.revision)
        assert set(header.branch_labels) == ({label} if label else set())
        assert not scripts.broken
        compile(Path(script.path).read_bytes(), script.path, "exec")
        os.unlink(script.path)
    assert written.total() > HOW_MANY // 4 // 4
    inside = {
        str(path.relative_to(tmp_path)) for path in (folder / "versions").rglob("*") if "__pycache__" not in path.parts
    }
    assert everything_in(tmp_path) - inside - everything_in(folder / "versions") == others
    assert not (Path.cwd() / "owned").exists()
