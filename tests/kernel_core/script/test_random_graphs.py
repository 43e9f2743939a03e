"""Random histories of up to 200 revisions: branches, merges, several bases, dependencies by id and by label."""

from __future__ import annotations

import random

import pytest

from kernel_core.script import Revision, RevisionMap
from kernel_core.script.steps import Step, downgrade_steps, stamp_steps, upgrade_steps


def history(seed: int, size: int) -> RevisionMap:
    """A random history; the seed says which."""
    chance = random.Random(seed)
    merges, roots, needs = chance.choice([0, 0.1, 0.3]), chance.choice([0.02, 0.1]), chance.choice([0, 0.1, 0.3])
    near = chance.choice([2, 10, size])
    revisions: list[Revision] = []
    for number in range(size):
        earlier = [revision.revision for revision in revisions]
        recent = earlier[-near:]
        down: list[str] = []
        if recent and chance.random() > roots:
            down = chance.sample(recent, min(len(recent), 1 + (chance.random() < merges)))
        depends: list[str] = []
        if earlier and chance.random() < needs:
            chosen = chance.choice(revisions)
            depends = [next(iter(chosen.own_labels), chosen.revision)]
        label = f"l{number}" if chance.random() < 0.1 else None
        revisions.append(Revision(f"{chance.getrandbits(24):06x}{number:03}", down, depends, label))
    chance.shuffle(revisions)
    return RevisionMap(revisions)


CASES = [
    pytest.param((seed, size), id=f"{seed}-{size}", marks=[pytest.mark.sweep] if seed % 5 else [])
    for seed, size in enumerate([*range(1, 40), *[60, 100, 150, 200] * 12])
]
"""Every fifth history is in the quick run, which so has each of the sizes from 60 on."""


@pytest.fixture(params=CASES)
def case(request) -> tuple[RevisionMap, random.Random]:
    return history(*request.param), random.Random(request.param[0])


def rows_after(rows: set[str], step: Step) -> set[str]:
    assert rows >= set(step.removed)
    assert not rows & set(step.added)
    return (rows - set(step.removed)) | set(step.added)


def test_up_to_the_heads_and_down_to_base_leaves_the_empty_set(case):
    revisions, _ = case
    rows: set[str] = set()
    done: set[str] = set()
    up = upgrade_steps(revisions, frozenset(), "heads")
    for step in up:
        assert done >= set(revisions.get_revision(step.revision_id).all_parents)
        done.add(step.revision_id)
        rows = rows_after(rows, step)
        assert rows == revisions.topmost(done)
    assert done == set(revisions.ids)
    assert rows == set(revisions.effective_heads)
    for step in downgrade_steps(revisions, rows, "base"):
        assert not {name for name in done if step.revision_id in revisions.get_revision(name).all_parents}
        done.remove(step.revision_id)
        rows = rows_after(rows, step)
        assert rows == revisions.topmost(done)
    assert rows == done == set()


def test_in_the_middle_a_new_plan_may_be_made(case):
    """Stopped after any step, the rest of the way is the rest of the plan."""
    revisions, chance = case
    target = chance.choice(revisions.ids)
    plan = upgrade_steps(revisions, frozenset(), target)
    stop = chance.randrange(len(plan) + 1)
    rows: set[str] = set()
    for step in plan[:stop]:
        rows = rows_after(rows, step)
    assert {step.revision_id for step in upgrade_steps(revisions, rows, target)} == {
        step.revision_id for step in plan[stop:]
    }


def test_down_to_a_revision_keeps_all_that_does_not_depend_on_it(case):
    revisions, chance = case
    target = chance.choice(revisions.ids)
    current = revisions.topmost({target, *chance.sample(revisions.ids, min(3, len(revisions.ids)))})
    applied = revisions.ancestors(current)
    rows = set(current)
    for step in downgrade_steps(revisions, current, target):
        applied -= {step.revision_id}
        rows = rows_after(rows, step)
        assert rows == revisions.topmost(applied)
    lineage = revisions.lineage
    below = {revisions.name_of(node) for node in lineage.down(revisions.nodes({target}))} - {target}
    assert applied == revisions.ancestors(current) - revisions.descendants(below)


def test_a_stamp_leaves_a_set_in_which_none_implies_another(case):
    revisions, chance = case
    current = revisions.topmost(chance.sample(revisions.ids, min(3, len(revisions.ids))))
    targets = sorted(revisions.topmost(chance.sample(revisions.ids, min(2, len(revisions.ids)))))
    rows = set(current)
    for step in stamp_steps(revisions, current, targets):
        rows = (rows - set(step.removed)) | set(step.added)
    assert set(targets) <= rows == revisions.topmost(rows)


def test_the_walk_is_the_reverse_of_a_topological_order(case):
    revisions, _ = case
    seen: set[str] = set()
    for revision in reversed(list(revisions.iterate_revisions("heads", "base"))):
        assert seen >= set(revision.all_parents)
        seen.add(revision.revision)
    assert seen == set(revisions.ids)


def test_every_id_is_found_by_its_shortest_beginning(case):
    revisions, _ = case
    for name in revisions.ids:
        length = next(
            n for n in range(1, len(name) + 1) if sum(other.startswith(name[:n]) for other in revisions.ids) == 1
        )
        assert revisions.resolve(name[:length]) == (name,)
