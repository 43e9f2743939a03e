"""The parts of an answer: several cell magics in one cell."""

from __future__ import annotations

import pytest

from mig_ipython.lab.cells import blocks, is_empty


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("x = 1\ny = 2", ["x = 1\ny = 2"]),
        ("%mig_upgrade\nx = 1", ["%mig_upgrade\nx = 1"]),
        ("%%a\nx\n%b\ny = 1", ["%%a\nx", "%b\ny = 1"]),
        ("%%a\nx\n\n%%b\ny", ["%%a\nx", "%%b\ny"]),
        ("x = 1\n%%a\ny\n# %%\nz = 1", ["x = 1", "%%a\ny", "z = 1"]),
        ("%%a\nx\n#%% a title\nz = 1", ["%%a\nx", "z = 1"]),
        ("%%a\n    y = 5 \\\n    % 3", ["%%a\n    y = 5 \\\n    % 3"]),
        ("# nothing\n\n", []),
    ],
)
def test_a_body_is_split_before_the_next_magic(body, parts):
    assert blocks(body) == parts


@pytest.mark.parametrize("body", ["", "# your code", "\n  \n", "...", "pass", "# a\n...\n"])
def test_an_answer_that_is_not_there_is_empty(body):
    assert is_empty(body)


@pytest.mark.parametrize("body", ["1", "%mig_upgrade", "passed", "x = ..."])
def test_code_is_not_empty(body):
    assert not is_empty(body)
