from __future__ import annotations

import pytest

from kernel_core.script import Revision, RevisionMap
from kernel_core.util.exc import (
    BrokenScript,
    CycleDetected,
    DependencyCycleDetected,
    DependencyLoopDetected,
    LoopDetected,
    MultipleHeads,
    RangeNotAncestorError,
    ResolutionError,
    RevisionError,
)


def ids(revisions) -> list[str]:
    return [revision.revision for revision in revisions]


def test_heads_bases_and_branch_points(branched):
    assert branched.heads == ("a2", "b2")
    assert branched.bases == ("p0",)
    p1 = branched.get_revision("p1")
    assert (p1.nextrev, p1.is_branch_point, p1.is_head, p1.is_base) == (frozenset({"a1", "b1"}), True, False, False)


def test_a_head_that_another_depends_on_is_not_effective(dependent):
    assert dependent.heads == ("a2", "b3")
    assert dependent.effective_heads == ("b3",)
    assert dependent.get_revision("b2").all_parents == ("b1", "a2")


def test_a_merge_point_has_several_parents(revision_map):
    merge = revision_map(("a",), ("b",), ("m", ("a", "b"))).get_revision("m")
    assert merge.is_merge_point
    assert merge.down_revisions == ("a", "b")


def test_a_label_covers_its_branch_up_to_the_branch_point(branched):
    assert {each.revision: set(each.branch_labels) for each in branched if each.branch_labels} == {
        "b1": {"bb"},
        "b2": {"bb"},
    }


def test_a_dependency_may_be_named_by_label_or_partial_id(revision_map):
    found = revision_map(("abc1", None, "shop"), ("x", None, None, "shop"), ("y", None, None, "abc"))
    assert found.get_revision("x").all_parents == ("abc1",)
    assert found.get_revision("y").all_parents == ("abc1",)


@pytest.mark.parametrize(
    ("rows", "error", "named"),
    [
        ([("a", "a")], LoopDetected, ("a",)),
        ([("z", None), ("a", "c"), ("b", "a"), ("c", "b")], CycleDetected, ("a", "b", "c")),
        ([("a", None, None, "a")], DependencyLoopDetected, ("a",)),
        ([("a", None, None, "b"), ("b", "a")], DependencyCycleDetected, ("a", "b")),
    ],
)
def test_a_cycle_is_refused_and_named(revision_map, rows, error, named):
    with pytest.raises(CycleDetected) as caught:
        revision_map(*rows)
    assert type(caught.value) is error
    assert tuple(sorted(caught.value.revisions)) == named


def test_a_missing_parent_is_listed(revision_map):
    found = revision_map(("b", "lost"), ("c", "b"))
    assert found.heads == ("c",)
    assert found.bases == ()
    assert found.missing == {"b": ("lost",)}
    assert ids(found) == ["c", "b"]
    assert "lost" in str(found.problem("b"))
    with pytest.raises(ResolutionError, match="Revision b needs lost"):
        found.require([found.node_of("c"), found.node_of("b")])


def test_an_id_used_twice_keeps_the_first_and_lists_the_other(revision_map):
    found = revision_map(("a",), ("a", "a0"), ("b", "a"))
    assert ids(found) == ["b", "a"]
    assert len(found.duplicates["a"]) == 1
    assert "Keep one" in str(found.problem("a"))


def test_an_unknown_id_names_the_nearest():
    found = RevisionMap([Revision("ae1027a6acf", None), Revision("1975ea83b712", "ae1027a6acf")])
    with pytest.raises(ResolutionError) as caught:
        found.get_revision("1975ae83b712")
    assert caught.value.candidates == ("1975ea83b712",)
    assert 'No revision is named "1975ae83b712". Did you mean 1975ea83b712?' in str(caught.value)


def test_the_beginning_of_an_id_with_a_typo_names_the_nearest():
    found = RevisionMap([Revision("ae1027a6acf", None), Revision("1975ea83b712", "ae1027a6acf")])
    assert found.nearest("1957e") == ("1975ea83b712",)


def test_an_unknown_id_points_to_the_file_that_cannot_be_read():
    found = RevisionMap([Revision("a", None)], [BrokenScript("versions/b.py", 3, "is not valid Python")])
    with pytest.raises(ResolutionError, match=r"versions/b.py, line 3"):
        found.get_revision("b")


def test_an_ambiguous_beginning_names_the_candidates(revision_map):
    with pytest.raises(ResolutionError) as caught:
        revision_map(("ab1",), ("ab2", "ab1")).get_revision("ab")
    assert caught.value.candidates == ("ab1", "ab2")


def test_a_whole_id_wins_over_a_longer_one(revision_map):
    assert revision_map(("ab",), ("abc", "ab")).get_revision("ab").revision == "ab"


def test_a_label_used_twice_is_ambiguous_only_when_used(revision_map):
    found = revision_map(("a", None, "shop"), ("b", None, "shop"))
    assert found.heads == ("a", "b")
    with pytest.raises(ResolutionError, match="ambiguous"):
        found.get_revision("shop")


def test_several_revisions_are_not_one(branched):
    with pytest.raises(MultipleHeads, match="2 heads, a2, b2"):
        branched.get_revision("heads")
    with pytest.raises(MultipleHeads, match="2 revisions, a1, b1"):
        branched.get_revision(("b1", "a1"))
    assert branched.get_revision("base") is None
    assert branched.get_revision(None) is None


def test_lists_and_commas_name_several(branched):
    assert ids(branched.get_revisions("b2,a1")) == ["b2", "a1"]
    assert ids(branched.get_revisions(["b2", "a1"])) == ["b2", "a1"]


def test_a_range_leaves_out_its_lower_end(branched):
    assert ids(branched.iterate_revisions("a2", "p1")) == ["a2", "a1"]
    assert ids(branched.iterate_revisions("a2", "p1", inclusive=True)) == ["a2", "a1", "p1"]


def test_a_range_between_two_branches_is_refused(branched):
    with pytest.raises(RangeNotAncestorError):
        list(branched.iterate_revisions("a2", "b1"))


def test_an_implicit_base_includes_all_that_the_lower_end_does_not_imply(dependent):
    assert ids(dependent.iterate_revisions("b3", "b1", implicit_base=True)) == ["b3", "b2", "a2", "a1"]


def test_the_error_for_an_unknown_current_revision_has_a_remedy(branched):
    with pytest.raises(ResolutionError, match="mig stamp --purge REVISION"):
        branched.current_nodes({"gone"})


def test_sets_of_ids(dependent):
    assert dependent.ancestors({"b2"}) == {"a1", "a2", "b1", "b2"}
    assert dependent.descendants({"a2"}) == {"a2", "b2", "b3"}
    assert dependent.topmost({"a1", "b1", "b2"}) == {"b2"}


def test_an_empty_map_has_neither_heads_nor_bases():
    found = RevisionMap([])
    assert (found.heads, found.bases, len(found), found.resolve("head")) == ((), (), 0, ())


def test_every_error_of_the_graph_is_a_revision_error():
    assert issubclass(ResolutionError, RevisionError)
    assert issubclass(CycleDetected, RevisionError)
