"""What `RevisionMap` documents, with both engines: ranges, lineages, heads, added revisions, kinds of errors."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

pytest.importorskip("alembic")
from alembic.script import revision as theirs

from kernel_core.script import revision as ours

pytestmark = pytest.mark.peer

FAMILY = [
    # id, parents, depends on, labels
    ("root", (), (), ()),
    ("f1", ("root",), (), ()),
    ("f2", ("f1",), (), ("ff",)),
    ("f3", ("f2",), (), ()),
    ("g1", ("root",), (), ("gg",)),
    ("g2", ("g1",), ("h1",), ()),
    ("h1", (), (), ("hh",)),
    ("h2", ("h1",), (), ()),
    ("join", ("f3", "g2"), (), ()),
    ("k1", ("f1",), (), ()),
    ("y1", (), ("f1",), ("yy",)),
    ("y2", ("y1",), (), ()),
]


def family(library: Any) -> Any:
    return library.RevisionMap(
        lambda: [
            library.Revision(name, parents, dependencies=needs or None, branch_labels=labels or None)
            for name, parents, needs, labels in FAMILY
        ]
    )


def told(answer: Callable[[Any, Any], Any], library: Any) -> Any:
    """What comes of a question: ids, or the kind of the error."""
    try:
        found = answer(family(library), library)
        if found is None or isinstance(found, str):
            return found
        several = found if isinstance(found, tuple | list | set | frozenset) else list(found)
        return sorted(getattr(each, "revision", each) for each in several)
    except Exception as error:  # noqa: BLE001 - its kind is what is compared
        return type(error).__name__


LOWER = ("base", "ff@base", "gg@base", "hh@base", "yy@base", "root", "f1", "f2", "h1", "y1", ("f1", "h1"))
UPPER = ("heads", "join", "f3", "g2", "k1", "y2", "ff@heads", "hh@head", ("join", "y2"))
OPTIONS: tuple[dict[str, bool], ...] = ({}, {"inclusive": True}, {"implicit_base": True})
RANGES = [(*each, options) for each in product(LOWER, UPPER) for options in OPTIONS]
DOWNWARD = [
    (lower, upper, {"select_for_downgrade": True, "inclusive": inclusive})
    for lower in ("base", "ff@base", "gg@base", "hh@base", "yy@base", "root", "f1", "h1", "g1", "y1")
    for upper in ("heads", "join", "y2")
    for inclusive in (False, True)
]


def test_a_range_holds_what_it_holds_there():
    """Where theirs ends in an AssertionError, or in no revision although one is between them, ours names the fault."""
    different = []
    for lower, upper, options in RANGES + DOWNWARD:

        def ask(revisions: Any, library: Any, ends: Any = (upper, lower), options: Any = options) -> Any:
            return list(revisions.iterate_revisions(*ends, **options))

        expected, found = told(ask, theirs), told(ask, ours)
        broken = expected == "AssertionError" or (expected == [] and found == "RangeNotAncestorError")
        if found != expected and not broken:
            different.append((lower, upper, options, expected, found))
    assert not different


QUESTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "lineage of ids": lambda m, _: m.filter_for_lineage(("join", "k1", "h2"), "ff"),
    "lineage of revisions": lambda m, _: m.filter_for_lineage(m.get_revisions(("join", "k1")), "ff"),
    "lineage of nothing": lambda m, _: m.filter_for_lineage((), "ff"),
    "lineage of every branch": lambda m, _: m.filter_for_lineage(("join", "k1"), None),
    "lineage of an id": lambda m, _: m.filter_for_lineage(("join", "k1", "root"), "k1"),
    "lineage of an unknown label": lambda m, _: m.filter_for_lineage(("join",), "nope"),
    "lineage with dependencies": lambda m, _: m.filter_for_lineage(("g2", "h2"), "hh", include_dependencies=True),
    "current head of several": lambda m, _: m.get_current_head(),
    "current head of a branch": lambda m, _: m.get_current_head("hh"),
    "current head of another branch": lambda m, _: m.get_current_head("ff"),
    "current head of an unknown branch": lambda m, _: m.get_current_head("nope"),
    "current head of nothing": lambda m, lib: lib.RevisionMap(list).get_current_head(),
    "current head of one": lambda m, lib: lib.RevisionMap(lambda: [lib.Revision("a", ())]).get_current_head(),
    "heads after an addition": lambda m, lib: (m.add_revision(lib.Revision("h3", ("h2",))), m.heads)[1],
    "bases after an addition": lambda m, lib: (m.add_revision(lib.Revision("q1", ())), m.bases)[1],
    "children after an addition": lambda m, lib: (
        m.add_revision(lib.Revision("h3", ("h2",))),
        m.get_revision("h2").nextrev,
    )[1],
    "head of the branch after an addition": lambda m, lib: (
        m.add_revision(lib.Revision("h3", ("h2",))),
        m.get_current_head("hh"),
    )[1],
    "range after an addition": lambda m, lib: (
        m.add_revision(lib.Revision("h3", ("h2",))),
        m.iterate_revisions("h3", "h1"),
    )[1],
    "one of heads": lambda m, _: m.get_revision("heads"),
    "one of several": lambda m, _: m.get_revision(("f1", "g1")),
    "one of one": lambda m, _: m.get_revision(("f1",)),
    "one of none": lambda m, _: m.get_revision(()),
    "one of head": lambda m, _: m.get_revision("head"),
    "one of a branch": lambda m, _: m.get_revision("hh@heads"),
    "base of a branch": lambda m, _: m.get_revision("hh@base"),
    "bytes": lambda m, _: m.get_revision(b"f1"),
    "a number": lambda m, _: m.get_revision(7),
    "several bytes": lambda m, _: m.get_revisions((b"f1",)),
    "several with none": lambda m, _: m.get_revisions((None, "f1")),
    "several of heads": lambda m, _: m.get_revisions("heads"),
    "an unknown id": lambda m, _: m.get_revision("nope"),
    "steps too far": lambda m, _: m.iterate_revisions("f3", "f3-9"),
    "a loop": lambda m, lib: lib.Revision("a", ("a",)),
    "a loop of dependencies": lambda m, lib: lib.Revision("a", None, dependencies=("a",)),
    "an id with @": lambda m, lib: lib.Revision("a@b", ()),
    "an id with -": lambda m, lib: lib.Revision("a-b", ()),
    "an id with +": lambda m, lib: lib.Revision("a+b", ()),
    "an id with :": lambda m, lib: lib.Revision("a:b", ()),
}
CYCLES: dict[str, Callable[[Any], Any]] = {
    "parents": lambda lib: [lib.Revision("a", ("b",)), lib.Revision("b", ("a",))],
    "three parents": lambda lib: [lib.Revision("a", ("b",)), lib.Revision("b", ("c",)), lib.Revision("c", ("a",))],
    "dependencies": lambda lib: [
        lib.Revision("a", (), dependencies=("b",)),
        lib.Revision("b", (), dependencies=("a",)),
    ],
}
ASKED: dict[str, Callable[[Any], Any]] = {
    "heads": lambda m: m.heads,
    "bases": lambda m: m.bases,
    "a revision": lambda m: m.get_revision("a"),
    "a range": lambda m: list(m.iterate_revisions("heads", "base")),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_has_the_answer_or_the_error_that_it_has_there(question):
    ask = QUESTIONS[question]
    assert told(ask, ours) == told(ask, theirs)


def test_a_cycle_is_reported_at_the_first_question_and_at_each_later_one():
    for (cycle, make), (question, ask) in product(CYCLES.items(), ASKED.items()):
        kinds = []
        for library in (theirs, ours):
            revisions = library.RevisionMap(lambda library=library, make=make: make(library))
            for _ in range(2):
                with pytest.raises(library.CycleDetected) as caught:
                    ask(revisions)
            kinds.append(type(caught.value).__name__)
        assert kinds[0] == kinds[1], (cycle, question)


def test_steps_that_lead_too_far_end_at_the_last_revision_where_their_length_is_not_asserted():
    revisions = family(ours)
    found = revisions.iterate_revisions("f3", "f3-9", assert_relative_length=False)
    assert [each.revision for each in found] == ["f3", "f2", "f1", "root"]
    with pytest.raises(ours.ResolutionError, match="goes too far"):
        revisions.iterate_revisions("f3", "f3-9")


def test_a_revision_that_replaces_another_is_the_only_one_of_its_id():
    revisions = family(ours)
    revisions.add_revision(ours.Revision("h2", ("root",)), _replace=True)
    assert revisions.get_revision("h2").down_revision == "root"
    assert not revisions.duplicates
    revisions.add_revision(ours.Revision("h2", ("h1",)))
    assert set(revisions.duplicates) == {"h2"}
