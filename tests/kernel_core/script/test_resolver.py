from __future__ import annotations

import contextlib

import pytest
from any_text import any_text
from hypothesis import given

from kernel_core.script.resolver import (
    Base,
    Current,
    Head,
    Heads,
    InBranch,
    Name,
    Range,
    Relative,
    counts_from_database,
    parse,
)
from kernel_core.util.exc import MultipleHeads, ResolutionError


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("ae10", Name("ae10")),
        ("head", Head()),
        (" heads ", Heads()),
        ("base", Base()),
        ("current", Current()),
        ("+2", Relative(None, 2)),
        ("-1", Relative(None, -1)),
        ("ae10+2", Relative(Name("ae10"), 2)),
        ("head-1", Relative(Head(), -1)),
        ("shop@head", InBranch("shop", Head())),
        ("shop@ae10", InBranch("shop", Name("ae10"))),
        ("shop@-2", InBranch("shop", Relative(None, -2))),
        ("shop@ae10+1", InBranch("shop", Relative(Name("ae10"), 1))),
        ("a:b", Range(Name("a"), Name("b"))),
        ("a:", Range(Name("a"), None)),
        (":b", Range(None, Name("b"))),
        ("-3:current", Range(Relative(None, -3), Current())),
    ],
)
def test_each_form_has_its_tree(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize("text", ["", " ", "@head", "a@", "a@b@c", "a b", "a:b:c", "+", "a-", "--1", "a+1+1", "a@:b"])
def test_an_invalid_target_is_refused(text):
    with pytest.raises(ResolutionError, match="is not a revision"):
        parse(text)


@given(any_text(max_size=12))
def test_any_text_gives_a_tree_or_one_kind_of_error(text):
    with contextlib.suppress(ResolutionError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("heads", ("a2", "b2")),
        ("base", ()),
        ("bb", ("b1",)),
        ("bb@head", ("b2",)),
        ("b2@head", ("b2",)),
        ("bb@base", ()),
        ("bb@p1", ("p1",)),
        ("b1+1", ("b2",)),
        ("p1-1", ("p0",)),
        ("p0-1", ()),
        ("base+2", ("p1",)),
        ("bb@p1+1", ("b1",)),
        ("bb@base+3", ("b1",)),
        ("bb@head-1", ("b1",)),
    ],
)
def test_a_target_without_a_database(branched, text, expected):
    assert branched.resolve(text) == expected


@pytest.mark.parametrize(
    ("text", "current", "expected"),
    [
        ("current", {"a1", "b2"}, ("a1", "b2")),
        ("+1", {"a1"}, ("a2",)),
        ("+2", set(), ("p1",)),
        ("-1", {"a1"}, ("p1",)),
        ("-2", {"p1"}, ()),
        ("bb@+1", {"p1"}, ("b1",)),
        ("bb@+1", {"a2"}, ("b1",)),
        ("bb@+2", {"a2", "b1"}, None),
        ("bb@-1", {"a2", "b2"}, ("b1",)),
        ("current-1", {"a2"}, ("a1",)),
        ("bb@current", {"a2", "b1"}, ("b1",)),
    ],
)
def test_a_target_that_counts_from_the_database(branched, text, current, expected):
    if expected is None:
        with pytest.raises(ResolutionError, match="goes too far: after 1 of 2 steps there is nothing above b2"):
            branched.resolve(text, current)
    else:
        assert branched.resolve(text, current) == expected


def test_head_is_ambiguous_with_two_heads(branched):
    with pytest.raises(MultipleHeads) as caught:
        branched.resolve("head")
    assert caught.value.heads == ("a2", "b2")


@pytest.mark.parametrize(
    ("text", "current"), [("+1", {"p1"}), ("-1", {"a2", "b2"}), ("p1+1", set()), ("heads-1", set())]
)
def test_steps_across_a_branch_point_name_the_candidates(branched, text, current):
    with pytest.raises(ResolutionError, match="ambiguous") as caught:
        branched.resolve(text, current)
    assert len(caught.value.candidates) == 2


def test_a_merge_point_is_left_downwards_only_by_a_named_branch(revision_map):
    merged = revision_map(("p",), ("a", "p"), ("b", "p", "bb"), ("m", ("a", "b")))
    with pytest.raises(ResolutionError, match="ambiguous"):
        merged.resolve("-1", {"m"})
    assert merged.resolve("bb@-1", {"m"}) == ("b",)


def test_without_a_database_nothing_counts_from_it(branched):
    with pytest.raises(ResolutionError, match="there is none here"):
        branched.resolve("+1")


def test_a_revision_that_is_not_on_the_branch_is_refused(branched):
    with pytest.raises(ResolutionError, match="a1 is not on branch bb"):
        branched.resolve("bb@a1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p0:a2", (("p0",), ("a2",))),
        (":a2", ((), ("a2",))),
        ("p1:", (("p1",), ("a2", "b2"))),
        ("-1:a2", (("a1",), ("a2",))),
        ("b1:+1", (("b1",), ("b2",))),
        ("-1:current", (("p1",), ("a1",))),
        ("-1:", (("a1", "b1"), ("a2", "b2"))),
        ("-2:heads", (("p1",), ("a2", "b2"))),
        (":+2", ((), ("p1",))),
        ("base:+1", ((), ("p0",))),
        (":-1", ((), ("p1",))),
        ("-1:+1", (("p1",), ("a2",))),
        ("a1", (("a1",), ("a1",))),
    ],
)
def test_ranges(branched, text, expected):
    assert branched.resolve_range(text, {"a1"}) == expected


@pytest.mark.parametrize(
    ("needed", "texts"),
    [
        (False, ("a:b", "a:", ":b", "-2:head", "-2:", ":+2", "base:+1", "a:+1", "-1:bb@head", "heads")),
        (True, ("-2:current", "current:+1", ":current", "-1:+1", ":-1", "+1:", "current", "-1", "bb@+1", "a:bb@-1")),
    ],
)
def test_only_what_counts_from_the_database_needs_one(needed, texts):
    assert [text for text in texts if counts_from_database(text) is not needed] == []
