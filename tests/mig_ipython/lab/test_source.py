"""Mistakes in a lesson's Markdown are named with their line."""

from __future__ import annotations

import json

import nbformat
import pytest
from answers import DEMONSTRATION

from kernel_core.util.exc import CommandError
from mig_ipython.lab.lesson import read_lesson
from mig_ipython.lab.source.markdown import parse
from mig_ipython.lab.source.notebook import notebook

TEXT = DEMONSTRATION.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("+++\nlesson", "lesson", "line 1: a lesson begins with TOML"),
        ('title = "A demonstration"', "title = 3", "title = is missing, or is not a str"),
        ("```solution 90.1", "```solution 90.7", "exercise 90.7 is not defined above"),
        ("```solution 90.1", "```text", "has no ```solution 90.1"),
        ("```solution 90.1", "```solution", "needs the number of an exercise"),
        ('"`--up` runs it."', "", "has 2 hints; write three"),
        ('says = "Every airline is still there."', "", r"\[\[check\]\] without look = or says ="),
        ('when = "nothing_done"', 'name = "idle"', r"\[\[wrong\]\] without hint ="),
        ('name = "other_length"', 'name = "nothing_done"', "two .* with one name"),
        ("```wrong 90.1 nothing_done", "```wrong 90.1 idle", "no .* has this name"),
        ("minutes = 2\n", "minutes = 2 2\n", "the TOML is not valid"),
    ],
)
def test_a_mistake_is_named_with_its_line(old, new, said):
    assert old in TEXT
    with pytest.raises(CommandError, match=said) as error:
        parse(TEXT.replace(old, new, 1), "9_x")
    assert "9_x, line " in str(error.value)


def test_a_fence_inside_a_list_or_of_another_kind_stays_text():
    source = parse(TEXT + "\n- an item\n\n  ```python\n  x = 1\n  ```\n\n```sql\nSELECT 1\n```\n")
    last = notebook(source)
    assert "SELECT 1" in json.loads(last)["cells"][-1]["source"][-2]


@pytest.mark.parametrize("solved", [False, True])
def test_the_notebook_is_valid_and_has_no_answers_unless_solved(solved):
    text = notebook(parse(TEXT), solved=solved)
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    assert ("a3" in text) is solved
    assert len({cell.id for cell in book.cells}) == len(book.cells)
    assert not [cell for cell in book.cells if cell.cell_type == "code" and cell.outputs]


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["{", '{"format": 9}', "sealed"])
def test_a_damaged_sealed_file_is_named(built, tmp_path, damage):
    path = tmp_path / "90_x.json"
    found = json.loads(built)
    found["exercises"] = found["exercises"][:-1]
    path.write_text(json.dumps(found) if damage == "sealed" else damage)
    with pytest.raises(CommandError, match=r"Build it again|damaged"):
        read_lesson(str(path))
