"""A version file as one function: the same code, and refused where a function would mean something else."""

import pytest

from kernel_core.squash.embedding import embedded
from kernel_core.util.exc import CommandError

SOURCE = '''"""Doc"""
from __future__ import annotations
import json

NAMES = ["a", "b"]

def helper(x):
    text = """one
two
"""
    return f"""{x}
three{
NAMES[0]}""" + text

def upgrade():
    return helper(json.dumps(NAMES))
'''


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_code_does_the_same_in_a_function(end: str) -> None:
    text = embedded(SOURCE.replace("\n", end), "r1", "_r1", "r1.py")
    whole: dict[str, object] = {}
    exec(SOURCE, whole)
    found: dict[str, object] = {}
    exec(text, found)
    assert found["_r1"]()["upgrade"]() == whole["upgrade"]()  # type: ignore[operator]
    assert "__future__" not in text
    assert "Doc" not in text


@pytest.mark.parametrize(
    "code",
    [
        "def upgrade():\n    global x\n    x = 1",
        "PATH = __file__",
        "def upgrade():\n    return globals()",
        "class T:\n    id: int = 1",
        "from os.path import *",
    ],
)
def test_code_that_needs_its_module_is_refused(code: str) -> None:
    with pytest.raises(CommandError, match="The code of r1 cannot be taken over as it is"):
        embedded(code, "r1", "_r1", "r1.py")
