"""Another parent in the text of a version file: everything else stays byte for byte."""

import pytest

from kernel_core.script.header import parse_header, source_of
from kernel_core.script.header_edit import with_parent
from kernel_core.util.exc import CommandError

PLAIN = '''"""Add é

Revision ID: b2
Revises: a1
Create Date: 2026-01-01
"""
revision = "b2"  # Revises: a1
down_revision = "a1"  # stays
branch_labels = None


def upgrade():
    text = """
Revises: a1
down_revision = "a1"
"""
'''
CHANGED = PLAIN.replace("Revises: a1\nCreate", "Revises: c3\nCreate").replace('= "a1"  # stays', '= "c3"  # stays')


@pytest.mark.parametrize(
    ("encoding", "end"),
    [(encoding, end) for encoding in ("utf-8", "utf-8-sig", "latin-1", "cp1252") for end in ("\n", "\r\n")]
    + [("utf-8", "\r")],
)
def test_only_the_assignment_and_the_line_of_the_docstring_change(encoding: str, end: str) -> None:
    cookie = "" if encoding.startswith("utf") else f"# -*- coding: {encoding} -*-\n"
    before, after = ((cookie + text).replace("\n", end).encode(encoding) for text in (PLAIN, CHANGED))
    assert with_parent(before, "b2.py", "c3") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("down_revision = 'a1'", "down_revision = 'c3'"),
        ("down_revision = None", 'down_revision = "c3"'),
        ('down_revision: str | None = "a1"', 'down_revision: str | None = "c3"'),
        ('down_revision = ("a1",)', 'down_revision = "c3"'),
        ('é, down_revision = "é", "a1"', 'é, down_revision = "é", "c3"'),
        ('down_revision = (\n    "a1"\n)', 'down_revision = (\n    "c3"\n)'),
        ('down_revision = x = "a1"', 'down_revision = x = "c3"'),
    ],
)
def test_every_form_of_the_assignment(before: str, after: str) -> None:
    text = 'revision = "b2"\n{}\n\ndef upgrade():\n    pass\n'
    assert with_parent(text.format(before).encode(), "b2.py", "c3").decode() == text.format(after)


@pytest.mark.parametrize(
    "assignment", ['down_revision = "a1"\ndown_revision = "b1"', "", 'if True:\n    down_revision = "a1"']
)
def test_no_or_several_assignments_are_refused(assignment: str) -> None:
    with pytest.raises(CommandError, match="Nothing was written"):
        with_parent(f'revision = "b2"\n{assignment}\n'.encode(), "b2.py", "c3")


def test_a_line_that_names_another_parent_stays() -> None:
    data = PLAIN.replace("Revises: a1\nCreate", "Revises: see the wiki\nCreate").encode()
    changed = with_parent(data, "b2.py", "c3")
    assert b"Revises: see the wiki" in changed
    assert parse_header(source_of(changed, "b2.py"), "b2.py").down_revision == ("c3",)


def test_a_docstring_of_base_gets_the_parent() -> None:
    data = b'"""Add\n\nRevises: \n"""\nrevision = "b2"\ndown_revision = None\n'
    assert b'Revises: c3\n"""\nrevision = "b2"\ndown_revision = "c3"\n' in with_parent(data, "b2.py", "c3")
