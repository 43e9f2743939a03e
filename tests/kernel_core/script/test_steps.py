from __future__ import annotations

import pytest
from counted_calls import calls
from hypothesis import given
from hypothesis import strategies as st

from kernel_core.script import Revision, RevisionMap
from kernel_core.script.steps import Step, downgrade_steps, stamp_steps, upgrade_steps
from kernel_core.util.exc import CommandError, MultipleHeads, RangeNotAncestorError, ResolutionError


def ids(steps) -> list[str]:
    return [step.revision_id for step in steps]


def follow(heads, steps) -> set[str]:
    """The rows of the version table after the steps, each of which must find what it removes."""
    rows = set(heads)
    for step in steps:
        assert rows >= set(step.removed), step
        rows = (rows - set(step.removed)) | set(step.added)
    return rows


@st.composite
def maps(draw) -> RevisionMap:
    """Random revisions with branches, merges and dependencies."""
    revisions = []
    for number in range(draw(st.integers(0, 12))):
        earlier = [revision.revision for revision in revisions]
        down = tuple(draw(st.sets(st.sampled_from(earlier), max_size=2))) if earlier else ()
        needs = tuple(draw(st.sets(st.sampled_from(earlier), max_size=1))) if earlier and draw(st.booleans()) else ()
        revisions.append(Revision(f"r{number}", down, needs, draw(st.sampled_from([None, f"l{number}"]))))
    return RevisionMap(draw(st.permutations(revisions)))


def below(revisions: RevisionMap, name: str) -> set[str]:
    """The revisions whose parents lead to that one; dependencies don't count."""
    found: set[str] = set()
    for child in revisions.get_revision(name).nextrev:
        found |= {child} | below(revisions, child)
    return found


def assert_ordered(revisions: RevisionMap, done: set[str], steps: tuple[Step, ...]) -> None:
    for step in steps:
        needed = set(revisions.get_revision(step.revision_id).all_parents)
        if step.is_upgrade:
            assert needed <= done
            assert step.revision_id not in done
            done.add(step.revision_id)
        else:
            done.remove(step.revision_id)
            assert not any(step.revision_id in revisions.get_revision(other).all_parents for other in done)


@pytest.mark.slow
@given(maps())
def test_up_to_the_heads_and_down_to_base_leaves_nothing(revisions):
    up = upgrade_steps(revisions, frozenset(), "heads")
    assert sorted(ids(up)) == list(revisions.ids)
    assert_ordered(revisions, set(), up)
    heads = follow((), up)
    assert heads == set(revisions.effective_heads)
    down = downgrade_steps(revisions, heads, "base")
    assert_ordered(revisions, set(revisions.ids), down)
    assert follow(heads, down) == set()


@pytest.mark.slow
@given(maps(), st.data())
def test_a_plan_from_anywhere_to_anywhere_is_ordered_and_keeps_the_rows_minimal(revisions, data):
    if not revisions.ids:
        return
    some = st.sets(st.sampled_from(revisions.ids), max_size=3)
    current = revisions.topmost(data.draw(some))
    target = data.draw(st.sampled_from(revisions.ids))
    applied = revisions.ancestors(current)
    up = upgrade_steps(revisions, current, target)
    assert_ordered(revisions, set(applied), up)
    assert follow(current, up) == revisions.topmost(applied | revisions.ancestors({target}))
    if target in applied:
        down = downgrade_steps(revisions, current, target)
        assert_ordered(revisions, set(applied), down)
        left = applied - revisions.descendants(below(revisions, target))
        assert follow(current, down) == revisions.topmost(left)


@given(maps(), st.data())
def test_a_stamp_ends_at_its_targets_and_keeps_the_other_lines(revisions, data):
    if not revisions.ids:
        return
    some = st.sets(st.sampled_from(revisions.ids), max_size=3)
    current, targets = revisions.topmost(data.draw(some)), revisions.topmost(data.draw(some))
    rows = follow(current, stamp_steps(revisions, current, sorted(targets)))
    assert targets <= rows
    assert revisions.topmost(rows) == rows
    related = revisions.ancestors(targets) | revisions.descendants(targets)
    assert rows == (targets | {head for head in current if head not in related} if targets else set())


@pytest.mark.parametrize(
    ("current", "target", "expected", "heads"),
    [
        (set(), "a2", ["p0", "p1", "a1", "a2"], {"a2"}),
        ({"p1"}, "heads", ["a1", "a2", "b1", "b2"], {"a2", "b2"}),
        ({"a2"}, "bb@head", ["b1", "b2"], {"a2", "b2"}),
        ({"p1"}, "bb@+1", ["b1"], {"b1"}),
        ({"a2"}, "p0", [], {"a2"}),
        ({"a2", "b2"}, "heads", [], {"a2", "b2"}),
        ({"a2"}, "base", [], {"a2"}),
        ({"a1"}, ["a2", "b1"], ["a2", "b1"], {"a2", "b1"}),
    ],
)
def test_upgrading(branched, current, target, expected, heads):
    steps = upgrade_steps(branched, current, target)
    assert ids(steps) == expected
    assert follow(current, steps) == heads


@pytest.mark.parametrize(
    ("current", "target", "expected", "heads"),
    [
        ({"a2", "b2"}, "p1", ["b2", "b1", "a2", "a1"], {"p1"}),
        ({"a2", "b2"}, "b1", ["b2"], {"a2", "b1"}),
        ({"a2", "b2"}, "bb@p1", ["b2", "b1"], {"a2"}),
        ({"a2", "b2"}, "bb@-1", ["b2"], {"a2", "b1"}),
        ({"a2", "b2"}, "bb@-2", ["b2", "b1"], {"a2"}),
        ({"a2", "b2"}, "heads", [], {"a2", "b2"}),
        ({"b2"}, "-3", ["b2", "b1", "p1"], {"p0"}),
        ({"b2"}, "-4", ["b2", "b1", "p1", "p0"], set()),
        ({"a2"}, "a2", [], {"a2"}),
        ({"a2"}, "current", [], {"a2"}),
        ({"p1", "a2"}, "base", ["a2", "a1", "p1", "p0"], set()),  # p1 is redundant: somebody has inserted it
        ({"p0", "p1"}, "p0", ["p1"], {"p0"}),
        ({"p1", "a2"}, "a1", ["a2"], {"p1", "a1"}),
    ],
)
def test_downgrading(branched, current, target, expected, heads):
    steps = downgrade_steps(branched, current, target)
    assert ids(steps) == expected
    assert follow(current, steps) == heads


@pytest.mark.parametrize(
    ("target", "expected", "heads"),
    [
        ("-1", ["b3"], {"b2"}),
        ("-2", ["b3", "b2"], {"a2", "b1"}),
        ("-3", ["b3", "b2", "b1"], {"a2"}),
        ("bb@base", ["b3", "b2", "b1"], {"a2"}),
        ("aa@base", ["b3", "b2", "a2", "a1"], {"b1"}),
        ("aa@-1", ["b3", "b2", "a2"], {"a1", "b1"}),
        ("heads", [], {"b3"}),
    ],
)
def test_downgrading_undoes_what_depends_on_it_and_nothing_else(dependent, target, expected, heads):
    steps = downgrade_steps(dependent, {"b3"}, target)
    assert ids(steps) == expected
    assert follow({"b3"}, steps) == heads


@pytest.mark.parametrize(
    ("current", "targets", "heads"),
    [
        ({"a2", "b2"}, "bb@base", {"a2"}),
        ({"a2", "b2"}, "b1", {"a2", "b1"}),
        ({"a2", "b2"}, "p1", {"p1"}),
        ({"a2", "b2"}, ["a1", "b1"], {"a1", "b1"}),
        ({"a2", "b2"}, "base", set()),
        ({"p1"}, "heads", {"a2", "b2"}),
        (set(), "a1", {"a1"}),
    ],
)
def test_stamping(branched, current, targets, heads):
    assert follow(current, stamp_steps(branched, current, targets)) == heads


def test_stamping_the_current_revision_is_no_step(branched):
    assert stamp_steps(branched, {"a2"}, "a2") == ()


def test_what_only_depends_on_the_target_stays(dependent):
    assert downgrade_steps(dependent, {"b3"}, "a2") == ()
    assert ids(downgrade_steps(dependent, {"b3"}, "a1")) == ["b3", "b2", "a2"]


def test_downgrading_to_what_is_not_applied_is_refused(branched):
    with pytest.raises(RangeNotAncestorError, match="b1 is not an ancestor of revision a2"):
        downgrade_steps(branched, {"a2"}, "b1")


@pytest.mark.parametrize("current", [{"a1"}, {"a2"}])
@pytest.mark.parametrize("target", ["bb@-1", "b2@-2", "bb@current-1"])
def test_counting_down_a_branch_that_is_not_applied_does_not_undo_what_others_need(branched, current, target):
    with pytest.raises(CommandError, match=r"no revision of branch b\w is applied; .* Name the target revision"):
        downgrade_steps(branched, current, target)


def test_counting_down_from_a_branch_point_undoes_it_while_nothing_needs_it(branched):
    assert ids(downgrade_steps(branched, {"p1"}, "bb@-1")) == ["p1"]


def test_upgrading_downwards_is_refused(branched):
    with pytest.raises(ResolutionError, match="Use downgrade"):
        upgrade_steps(branched, {"a2"}, "-1")


def test_upgrading_to_one_of_two_heads_needs_a_name(branched):
    with pytest.raises(MultipleHeads):
        upgrade_steps(branched, {"p1"}, "head")


def test_a_database_at_an_unknown_revision_is_refused(branched):
    for plan in (upgrade_steps, downgrade_steps, stamp_steps):
        with pytest.raises(ResolutionError, match='is at revision "gone"'):
            plan(branched, {"gone"}, "p0")


def test_only_a_plan_that_needs_a_missing_parent_is_refused(revision_map):
    revisions = revision_map(("b", "lost"), ("c", "b"), ("x",))
    assert ids(upgrade_steps(revisions, set(), "x")) == ["x"]
    assert ids(upgrade_steps(revisions, {"b"}, "c")) == ["c"]
    with pytest.raises(ResolutionError, match="needs lost, which no file here defines"):
        upgrade_steps(revisions, set(), "c")


@pytest.mark.sweep
def test_planning_ten_times_as_many_revisions_of_any_shape_costs_ten_times_as_much():
    def planned(count: int) -> None:
        steps = upgrade_steps(maps[count], frozenset(), "heads")
        assert len(downgrade_steps(maps[count], maps[count].effective_heads, "base")) == len(steps) == count

    rows = [Revision("r00000", None)]
    for number in range(1, 10_000):
        down = (f"r{number - 1:05}", f"r{number - 7:05}") if number % 10 == 0 else f"r{number - 1:05}"
        rows.append(Revision(f"r{number:05}", down, f"r{number // 2:05}" if number % 10 == 5 else None))
    maps = {count: RevisionMap(rows[:count]) for count in (1_000, 10_000)}
    assert calls(lambda: planned(10_000)) < 11 * calls(lambda: planned(1_000))
