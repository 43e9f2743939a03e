from __future__ import annotations

import os
import warnings
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_core.script.header import first_paragraph, parse_header, tidy
from kernel_core.script.header_forms import read_header
from kernel_core.util.exc import BrokenScript


def header(source: str):
    return parse_header(source, "versions/x.py")


def broken(source: str) -> BrokenScript:
    with pytest.raises(BrokenScript) as caught:
        header(source)
    return caught.value


def test_plain_and_annotated_assignments_are_read():
    found = header(
        "revision: str = 'a'\ndown_revision: str | None = 'b'\nbranch_labels = ('x', 'y')\ndepends_on = ['c']\n"
    )
    assert (found.revision, found.down_revision) == ("a", ("b",))
    assert (found.branch_labels, found.depends_on) == (("x", "y"), ("c",))


def test_a_missing_identifier_is_none():
    assert header("revision = 'a'").down_revision == ()


def test_the_last_assignment_wins_as_it_would_when_run():
    assert header("revision = 'a'\nrevision = 'b'\n").revision == "b"


def test_a_tuple_on_the_left_is_read():
    assert header("revision, down_revision = 'b', ('a', 'c')").down_revision == ("a", "c")


def test_the_docstring_its_first_paragraph_and_its_date_are_read():
    found = header('"""Add age\n\nRevision ID: a\nCreate Date: 2013-02-03 04:05:06.000007\n"""\nrevision = "a"\n')
    assert found.doc == "Add age"
    assert found.longdoc.startswith("Add age\n\nRevision ID: a")
    assert found.create_date == datetime.fromisoformat("2013-02-03 04:05:06.000007")


@pytest.mark.parametrize("text", ["", "Create Date: yesterday"])
def test_without_a_readable_date_there_is_none(text):
    assert header(f'"""{text}"""\nrevision = "a"\n').create_date is None


def test_a_docstring_may_show_a_def_on_its_own_line():
    assert (
        header('"""Like this:\n\ndef upgrade():\n    pass\n"""\nrevision = "a"\ndef upgrade(): pass\n').revision == "a"
    )


def test_an_identifier_below_a_function_is_found():
    found = header("def helper():\n    return 1\n\nrevision = 'a'\ndown_revision = 'b'\n")
    assert (found.revision, found.down_revision) == ("a", ("b",))


def test_a_broken_body_does_not_hide_the_identifiers():
    assert header("revision = 'a'\ndown_revision = None\n\ndef upgrade(:\n").revision == "a"


def test_line_numbers_are_kept():
    assert header('"""x"""\n\nrevision = "a"\ndown_revision = None\n').lines == {"revision": 3, "down_revision": 4}


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("revision = 'a\ndown_revision = None\n", 1, "not valid Python"),
        ("import os\n", None, "assigns no revision id"),
        ("import uuid\nrevision = uuid.uuid4().hex\n", 2, "computed"),
        ("revision = 'a'\ndown_revision = other()\n", 2, "computed"),
        ("revision = 'a'\nrevision += 'b'\n", 2, "computed"),
        ("revision = 7\n", 1, "must be a string"),
        ("revision = ''\n", 1, "must be a string"),
        ("revision = 'a'\ndown_revision = ('b', 7)\n", 2, "must be None, a string"),
        ("revision = 'a-b'\n", 1, "contains -"),
        ("revision = 'a@b:c'\n", 1, "contains : @"),
        ("revision = 'head'\n", 1, "name of a symbol"),
        ("revision = '" + "(" * 300 + "\n", 1, "not valid Python"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(source, line, reason):
    error = broken(source)
    assert (error.path, error.line) == ("versions/x.py", line)
    assert reason in error.reason


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"", None, "is empty"),
        (b"  \n", None, "is empty"),
        (b"revision = 'a'\n\0", 2, "NUL"),
        (b"revision = 'a'\n# caf\xe9\n", 2, "not UTF-8"),
        (b"# coding: klingon\nrevision = 'a'\n", 1, "encoding"),
    ],
)
def test_a_file_that_is_not_text_is_broken(tmp_path: Path, content, line, reason):
    path = tmp_path / "x.py"
    path.write_bytes(content)
    with pytest.raises(BrokenScript) as caught:
        read_header(path)
    assert caught.value.line == line
    assert reason in caught.value.reason


def test_a_declared_encoding_and_a_byte_order_mark_are_honoured(tmp_path: Path):
    (tmp_path / "latin.py").write_bytes("# coding: latin-1\n'''café'''\nrevision = 'a'\n".encode("latin-1"))
    (tmp_path / "bom.py").write_bytes(b"\xef\xbb\xbf'''bom'''\nrevision = 'b'\n")
    assert read_header(tmp_path / "latin.py").doc == "café"
    assert read_header(tmp_path / "bom.py").doc == "bom"


def test_a_directory_a_pipe_and_a_dead_link_are_broken(tmp_path: Path):
    (tmp_path / "d.py").mkdir()
    os.mkfifo(tmp_path / "p.py")
    (tmp_path / "l.py").symlink_to(tmp_path / "nowhere")
    for name, reason in (("d.py", "directory"), ("p.py", "regular file"), ("l.py", "cannot be read")):
        with pytest.raises(BrokenScript, match=reason):
            read_header(tmp_path / name)


def test_reading_never_executes(tmp_path: Path):
    canary = tmp_path / "canary"
    path = tmp_path / "x.py"
    path.write_text(
        f"import pathlib\npathlib.Path({str(canary)!r}).touch()\nrevision = 'a'\n"
        f"down_revision = (lambda: pathlib.Path({str(canary)!r}).touch())()\n"
        f"class X:\n    pathlib.Path({str(canary)!r}).touch()\n"
    )
    with pytest.raises(BrokenScript, match="computed"):
        read_header(path)
    assert not canary.exists()


def test_invalid_escapes_give_no_warning(recwarn):
    assert header('"""a \\d"""\nrevision = "a"\n').doc == "a \\d"
    assert not recwarn.list


@given(st.text(alphabet=" ab\n\t\r\x0b\x1c", max_size=12))
def test_the_first_paragraph_ends_at_the_first_line_without_words(docstring):
    assert first_paragraph(docstring) == tidy(docstring).partition("\n\n")[0].strip()


# ---- only the text above the first def is parsed ---------------------------------------------------------------------

USUAL = '''"""Add "age" to users

Revision ID: 1f2e
Revises: ae10
Create Date: 2026-01-01 00:00:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1f2e'
down_revision: Union[str, Sequence[str], None] = ('ae10', 'ae11')
branch_labels: Union[str, Sequence[str], None] = None
depends_on = ["x"]


def upgrade() -> None:
    pass
'''


PIECES = st.sampled_from(
    [
        '"""doc"""\n', '"""a\n\nb"c""d\n"""  \n', '"""\ndef upgrade():\n"""\n', "'''single'''\n", '"""a\\n"""\n', '""""""\n', '"""',
        'r"""raw"""\n', "# comment\n", "# \x0c\n", "\n", "   \n", "\t\n", "\x0c\n", "\\\n", "import os\n", "import os as class\n",
        "import a.b as c, d\n", "import os; revision = 'z'\n", "from x import *\n", "from . import y\n", "from x import (\n  y,\n)\n",
        "from typing import Union # why\n", "revision = 'a'\n", "revision: str = 'a'  \n", 'revision="b" # note\n', "revision = 'a-b'\n",
        "revision = 'head'\n", "revision = ''\n", "revision = ('a',)\n", "revision = ['a']\n", "revision = 'a' 'b'\n", "revision = f'a'\n", "revision = None\n",
        "revision: str\n", "revision += 'b'\n", "revision : str='c'\n", "revision: 1 2 = 'c'\n", "revision[0] = 'c'\n", "revision.x = 'd'\n",
        "revision, down_revision = 'a', 'b'\n", "revision = down_revision = 'b'\n", "down_revision = None\n", "down_revision = 'b'\n",
        "down_revision = ('b')\n", "down_revision = ('b',)\n", "down_revision = ('b', 'c',)\n", "down_revision = ('b', 'c']\n",
        "down_revision = ('b', 'b')\n", "down_revision = ['b']\n", "down_revision = ['b' 'c']\n", "down_revision: Union[str, None] = 'b'\n", "down_revision = ()\n",
        "down_revision = x()\n", "  down_revision = 'b'\n", "branch_labels = {'x'}\n", "branch_labels = ('x', 7)\n", "depends_on = 'é'\n", "depends_on = 'b\n",
        "revisions = 'a'\n", "revision_x = 'a'\n", "x = 1\n", "if True:\n    revision = 'q'\n", "def upgrade():\n    pass\n", "@x\n", "class A:\n    revision = 'n'\n",
        "async def f(): pass\n", "def broken(:\n", "revision = 'later'\n", "\r\n", "revision = 'a'\r\n", "\0", "\ud800", "import os\r",
    ]
)  # fmt: skip


def compiles(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "x.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def outcome(source: str) -> object:
    try:
        return parse_header(source, "x.py")
    except BrokenScript as error:
        return error.line, error.reason


def refuse_a_difference(source: str) -> None:
    """Compare with the same file and one more line, because of which the whole of it is parsed."""
    if compiles(source):
        assert outcome(source) == outcome(f"{source}\nrevision\n")
    else:
        outcome(source)  # an answer, or BrokenScript


TYPOS = st.builds(
    lambda position, length, text: USUAL[:position] + text + USUAL[position + length :],
    st.integers(0, len(USUAL)),
    st.integers(0, 12),
    st.text(st.characters() | st.sampled_from("'\"\\\n()[]#=:"), max_size=4),
)


@pytest.mark.parametrize("times", [2, pytest.param(15, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("sources", [st.lists(PIECES, max_size=9).map("".join), TYPOS], ids=["any", "a usual one"])
def test_the_head_of_a_file_gives_what_the_whole_file_gives(sources, times):
    @settings(max_examples=times * settings.default.max_examples)
    @given(sources)
    def the_same(source):
        refuse_a_difference(source)

    the_same()


@pytest.mark.parametrize("note", [".x: int ", "[0]: int ", ": int; x "])
def test_an_assignment_to_another_target_is_ignored(note):
    source = f"revision = 'a'\ndown_revision{note}= 'b'\n\n\ndef upgrade():\n    pass\n"
    assert header(source).down_revision == ()


def test_windows_line_ends_change_nothing():
    assert header(USUAL.replace("\n", "\r\n")) == header(USUAL)
