"""The quick reading of a head gives what `ast` gives, or leaves it to `ast`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_core.script.header import parse_header, parsed_header
from kernel_core.script.quick import scan
from kernel_core.util.exc import BrokenScript

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


def outcome(read, source: str) -> object:
    try:
        return read(source, "x.py")
    except BrokenScript as error:
        return error.line, error.reason


@settings(max_examples=15 * settings.default.max_examples)
@given(st.lists(PIECES, max_size=9).map("".join))
def test_both_ways_of_reading_agree(source):
    assert outcome(parse_header, source) == outcome(parsed_header, source)


@settings(max_examples=15 * settings.default.max_examples)
@given(
    st.integers(0, len(USUAL)),
    st.integers(0, 12),
    st.text(st.characters() | st.sampled_from("'\"\\\n()[]#=:"), max_size=4),
)
def test_both_ways_agree_on_a_usual_head_with_a_fault(position, length, text):
    source = USUAL[:position] + text + USUAL[position + length :]
    assert outcome(parse_header, source) == outcome(parsed_header, source)


@pytest.mark.parametrize(
    "source", [USUAL, USUAL.replace('"age"', "age"), USUAL.partition('"""\nfrom')[2].join(["from", ""])]
)
def test_the_usual_head_is_read_the_quick_way(source):
    assert scan(source) is not None
    assert parse_header(source, "x.py").revision == "1f2e"


@pytest.mark.parametrize("note", [".x: int ", "[0]: int ", "\u00b7: int ", ": int; x "])
def test_what_only_looks_like_an_annotated_name_is_no_identifier(note):
    source = f"revision = 'a'\ndown_revision{note}= 'b'\n\n\ndef upgrade():\n    pass\n"
    assert outcome(parse_header, source) == outcome(parsed_header, source)
    assert parse_header(source, "x.py").down_revision == ()


def test_a_docstring_may_show_a_def_and_the_body_may_be_broken():
    source = '"""\ndef upgrade():\n"""\nrevision = "a"\ndef broken(:\n'
    assert parse_header(source, "x.py") == parsed_header(source, "x.py")


def test_windows_line_ends_change_nothing():
    assert (
        parse_header(USUAL.replace("\n", "\r\n"), "x")
        == parse_header(USUAL, "x")
        == parsed_header(USUAL.replace("\n", "\r\n"), "x")
    )
