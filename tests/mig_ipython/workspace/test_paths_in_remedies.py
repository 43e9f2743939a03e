"""A command that a message names can be typed as it is, whatever characters a folder has in its name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from mig_ipython.shell.tokenizer import read_line
from mig_ipython.views.text import typed

FOLDERS = (
    "plain",
    "with space",
    "ü 100%",
    "it's",
    'a "b"',
    "cost $5",
    "{braces}",
    "semi;colon",
    "#first",
    'a\'b "c" $d {e}',
)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_typed_word_is_read_as_the_same_word(folder):
    assert read_line(typed(folder), {"d": 1, "e": 2, "braces": 3}).words == [folder]


@pytest.mark.parametrize("folder", ["with space", "it's", "cost $5"])
@pytest.mark.costly
def test_the_remedy_for_an_environment_that_is_not_there_can_be_typed(notebook, folder):
    (remedy,) = re.findall(r"%mig_init .*(?=\.)", notebook.fail(f"%mig_open {typed(folder)}"))
    notebook.run(remedy)
    assert Path(folder, "env.py").exists()
    shutil.rmtree(folder)
    assert f"new one with {remedy}." in notebook.fail("%mig_heads")


@pytest.mark.costly
@pytest.mark.parametrize("folder", ["a b", "cost $5"])
def test_the_remedy_where_several_environments_are_here_can_be_typed(notebook, folder):
    for name in (folder, "other"):
        notebook.run(f"%mig_init {typed(name)}")
    notebook.run("%unload_ext mig_ipython\n%load_ext mig_ipython")
    (remedy,) = re.findall(r"%mig_open .*", notebook.fail("%mig_heads"))
    assert notebook.run(remedy).shown == folder
