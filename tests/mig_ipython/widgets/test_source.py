"""Coloured source is the same text, escaped, without secrets."""

from __future__ import annotations

import html
import re

import pytest

from kernel_core.util.secrets import remember
from mig_ipython.review.line_diff import line_diff
from mig_ipython.widgets.review.source import coloured, marked_code

SAMPLES = [
    "",
    "\n",
    "x",
    "-- a <b>\nCREATE TABLE \"a'b\" (id INTEGER DEFAULT '<script>');\n\n",
    "'never closed",
    '"""Say <b>hi</b>\n\nlines"""\nop.add_column("t", 1)  # no',
    "\t\x00é\u202e",
]


@pytest.mark.parametrize("language", ["sql", "python"])
@pytest.mark.parametrize("text", SAMPLES)
def test_the_text_stays_the_same(text, language):
    shown = coloured(text, language)
    assert html.unescape(re.sub(r"<[^>]*>", "", shown)) == text
    assert set(re.findall(r"<(\w+)", shown)) <= {"span"}


def test_words_have_the_class_of_their_kind():
    shown = coloured("SELECT 'a', 1 -- why", "sql")
    for kind in ("key", "str", "num", "com"):
        assert f'class="mig-{kind}"' in shown


def test_a_secret_that_a_lexer_would_cut_in_two_is_masked():
    remember("p@ss-7:w*rd")
    shown = html.unescape(re.sub(r"<[^>]*>", "", coloured("IDENTIFIED BY p@ss-7:w*rd;", "sql")))
    assert shown == "IDENTIFIED BY ***;"


def test_lines_of_a_docstring_are_marked_one_by_one():
    shown = marked_code(line_diff('"""one\ntwo"""\nx', '"""one\nthree"""\nx'))
    assert [line for line in html.unescape(re.sub(r"<[^>]*>", "", shown)).splitlines() if line] == [
        '  """one',
        '\N{MINUS SIGN} two"""',
        '+ three"""',
        "  x",
    ]
