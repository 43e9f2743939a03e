"""A header that is read by its form is the one that `parse_header` returns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_core.script.header import parse_header
from kernel_core.script.header_forms import header_by_form
from kernel_core.util.exc import BrokenScript

USUAL = '"""Add age\n\nRevises: a\n"""\nfrom alembic import op\n\nrevision: str = "b2"\ndown_revision = {down}\n{more}\ndef upgrade(): pass\n'


def by_form_twice(source: str):
    """The header by its form, which the first call may have parsed."""
    header_by_form(source, "x.py")
    return header_by_form(source, "x.py")


def parsed(source: str):
    try:
        return parse_header(source, "x.py")
    except BrokenScript:
        return None


@pytest.mark.parametrize(
    "down", ["None", "'a1'", '"a1"', "('a1', 'c3')", "['a1']", "()", "'a-b'", "'a.b'", "('a1', 'a1')"]
)
def test_usual_headers_have_a_form(down):
    source = USUAL.format(down=down, more="branch_labels = ('x',)\ndepends_on = 'd4'\n")
    assert by_form_twice(source) == parsed(source)
    assert (by_form_twice(source) is None) == (parsed(source) is None)


@pytest.mark.parametrize(
    "more",
    [
        "revision = 'head'",
        "depends_on = {'z9', 'a1'}",
        "depends_on = 'a' 'b'",
        "depends_on = 'x' if revision else 'y'",
        "depends_on = f'a1'",
        "depends_on = b'a1'",
        "depends_on = 'mig_text_0_'",
        "depends_on = 'x 'a1' y'",
        'depends_on = "x "f" y"',
        "depends_on = ['x 'if' y'else 1]",
        "depends_on = 'é'",
        "depends_on = 'a1'; revision = 'c3'",
        "x = '''\ndepends_on = 'a1'\n'''",
        "# depends_on = 'a1'",
        "depends_on = 'a1'.lower()",
        "depends_on = (\n'a1',  # 'c3'\n'd4')",
        "depends_on = 'a1\\x41'",
        "revision =",
    ],
)
def test_unusual_headers_are_read_as_without_forms(more):
    for position in range(2):  # first and last assignment
        source = USUAL.format(down="None", more=more + "\n")
        if position:
            source = source.replace("revision: str", f"{more}\nrevision: str", 1)
        found = by_form_twice(source)
        assert found is None or found == parsed(source)


def test_an_id_that_is_a_symbol_has_no_form():
    usual = USUAL.format(down="None", more="")
    assert by_form_twice(usual) is not None
    assert by_form_twice(usual.replace("b2", "head")) is None


def test_two_files_of_one_form_keep_their_own_ids_and_docstrings():
    one, two = USUAL.format(down="'a1'", more=""), USUAL.format(down="'zz'", more="").replace("Add age", "Drop age")
    assert [by_form_twice(source).down_revision for source in (one, two)] == [("a1",), ("zz",)]
    assert by_form_twice(two).docstring.startswith("Drop age")


PIECE = st.sampled_from(
    [
        '"',
        "'",
        '"""',
        "a1",
        "revision",
        "down_revision",
        " = ",
        "\n",
        "(",
        ")",
        ",",
        "#",
        "f",
        "\\",
        "{",
        "}",
        " if ",
        "head",
        "None",
        ":",
        "\r\n",
        "é",
        "def u(): 0\n",
        "0",
    ]
)


@given(st.lists(PIECE, max_size=25).map("".join), st.sampled_from(["", "Add\n", 'a "b" c']))
def test_any_text_gives_the_header_of_parse_header(text, docstring):
    source = f'"""{docstring}"""\nrevision = "b2"\n{text}\ndef upgrade(): pass\n'
    found = by_form_twice(source)
    assert found is None or found == parsed(source)
