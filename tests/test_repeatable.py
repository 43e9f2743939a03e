"""A run of the tests draws the same examples as the run before."""

import importlib
import sys

import pytest
from any_text import any_text
from hypothesis import given, settings


def drawn(profile, **stated):
    """Return the examples that a property is tried on, with what a test states itself."""
    examples = []

    @settings(settings.get_profile(profile), **stated)
    @given(any_text())
    def check(text):
        examples.append(text)

    check()
    return examples


@pytest.mark.parametrize("stated", [{}, {"max_examples": 20}])
def test_the_same_examples_come_in_each_run(stated):
    assert drawn("repeatable", **stated) == drawn("repeatable", **stated)


@pytest.mark.slow
@pytest.mark.skipif(settings.get_current_profile_name() == "explore", reason="a run that explores draws them")
def test_the_examples_are_the_same_whatever_modules_are_imported(tmp_path, monkeypatch):
    before = drawn("repeatable", max_examples=300)
    (tmp_path / "of_the_project.py").write_text(f"NAMES = {[f'name {number}' for number in range(300)]!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "of_the_project", importlib.import_module("of_the_project"))
    assert drawn("repeatable", max_examples=300) == before


def test_exploring_draws_others_each_time_and_more():
    assert drawn("explore", max_examples=20) != drawn("explore", max_examples=20)
    assert settings.get_profile("explore").max_examples == 20 * settings.get_profile("full").max_examples


def test_what_is_stated_beside_the_examples_inherits_the_rest():
    stated = settings(max_examples=7)
    assert (stated.derandomize, stated.deadline) == (settings.default.derandomize, None)
