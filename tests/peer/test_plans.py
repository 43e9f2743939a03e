"""Our plans beside those of an installed Alembic: 2,000 random histories, places and targets.

What differs must be a named difference: ``[plans]`` of ``differences.toml`` says why, a function here says exactly when.
"""

from __future__ import annotations

import random
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kernel_core.script import Revision, RevisionMap
from kernel_core.script.resolver import InBranch, Relative, parse_target
from kernel_core.script.steps import downgrade_steps, upgrade_steps
from kernel_core.util.exc import CommandError, ResolutionError

pytestmark = pytest.mark.peer
alembic_script = pytest.importorskip("alembic.script", reason="the yardstick is not installed (extra peer)")
alembic_revision = pytest.importorskip("alembic.script.revision")

HOW_MANY = 2000
REASONS: dict[str, str] = tomllib.loads(Path(__file__).with_name("differences.toml").read_text())["plans"]
Row = tuple[str, tuple[str, ...], tuple[str, ...], str | None]
Plan = list[str] | Exception


class Theirs(alembic_revision.Revision):  # type: ignore[misc]
    """A revision of Alembic's without a file."""

    module = SimpleNamespace(upgrade=lambda: None, downgrade=lambda: None)
    doc = longdoc = path = ""


def history(chance: random.Random) -> list[Row]:
    rows: list[Row] = []
    merges, roots, needs = chance.choice([0, 0.2, 0.4]), chance.choice([0.05, 0.2]), chance.choice([0, 0, 0.25])
    for number in range(chance.randint(1, 10)):
        earlier = [row[0] for row in rows]
        down: list[str] = []
        if earlier and chance.random() > roots:
            down = chance.sample(earlier[-4:], min(len(earlier[-4:]), 1 + (chance.random() < merges)))
        needed = [chance.choice(earlier)] if earlier and chance.random() < needs else []
        label = f"label{number}" if chance.random() < 0.25 else None
        rows.append((f"{chance.getrandbits(20):05x}{number:02}", tuple(down), tuple(needed), label))
    return rows


def target(chance: random.Random, rows: list[Row]) -> str:
    name = chance.choice(rows)[0]
    branch = chance.choice([chance.choice([row[3] or name for row in rows]), name])
    steps, few = chance.randint(1, 3), chance.randint(1, 2)
    forms = [
        "head",
        "heads",
        "base",
        name,
        name[:2],
        name[:5],
        f"+{steps}",
        f"-{steps}",
        f"{name}+{few}",
        f"{name}-{few}",
        branch,
    ]
    inside = ["head", "heads", "base", f"+{few}", f"-{few}", name, f"{name}+1", f"{name}-1"]
    return chance.choice([*forms, *(f"{branch}@{each}" for each in inside)])


@dataclass
class Pair:
    """One request for a plan, and the plans of both engines."""

    revisions: RevisionMap
    current: list[str]
    target: str
    up: bool
    ours: Plan
    theirs: Plan

    @property
    def same(self) -> bool:
        if isinstance(self.ours, Exception) or isinstance(self.theirs, Exception):
            return isinstance(self.ours, Exception) and isinstance(self.theirs, Exception)
        return self.ours == self.theirs

    @property
    def tree(self) -> Any:
        return parse_target(self.target)

    @property
    def steps(self) -> int:
        point = self.tree.point if isinstance(self.tree, InBranch) else self.tree
        return point.steps if isinstance(point, Relative) else 0

    @property
    def from_a_name(self) -> bool:
        point = self.tree.point if isinstance(self.tree, InBranch) else self.tree
        return isinstance(point, Relative) and point.origin is not None

    @property
    def ends_at_base(self) -> bool:
        return (
            self.steps < 0
            and not isinstance(self.ours, Exception)
            and not self.revisions.resolve(self.target, self.current)
        )

    def theirs_says(self, text: str) -> bool:
        return isinstance(self.theirs, Exception) and text in f"{type(self.theirs).__name__}: {self.theirs}"


def only_order(pair: Pair) -> bool:
    return isinstance(pair.ours, list) and isinstance(pair.theirs, list) and sorted(pair.ours) == sorted(pair.theirs)


def steps_to_base(pair: Pair) -> bool:
    return pair.up and pair.from_a_name and pair.ends_at_base and pair.ours == [] and pair.theirs_says("AssertionError")


def past_the_first(pair: Pair) -> bool:
    more = isinstance(pair.theirs, list) and isinstance(pair.ours, list) and set(pair.ours) < set(pair.theirs)
    return not pair.up and pair.from_a_name and pair.ends_at_base and more


def down_to_heads(pair: Pair) -> bool:
    ends = pair.target.endswith(("head", "heads"))
    return not pair.up and ends and isinstance(pair.ours, list) and pair.theirs_says("Multiple head revisions")


def from_several_heads(pair: Pair) -> bool:
    ambiguous = isinstance(pair.ours, ResolutionError) and len(pair.ours.candidates) > 1
    return not pair.up and pair.target.startswith("-") and ambiguous and len(pair.current) > 1


def by_branch(pair: Pair) -> bool:
    answers = ("ot a valid downgrade target", "AssertionError", "Ambiguous walk")
    refused = any(pair.theirs_says(answer) for answer in answers)
    return not pair.up and isinstance(pair.tree, InBranch) and isinstance(pair.ours, list) and refused


def dependency(pair: Pair) -> bool:
    refused = pair.theirs_says("not a valid downgrade target")
    return not pair.up and not isinstance(pair.tree, InBranch) and pair.ours == [] and refused


def other_branch(pair: Pair) -> bool:
    return isinstance(pair.ours, Exception) and "is not on branch" in str(pair.ours) and isinstance(pair.theirs, list)


RULES: dict[str, Callable[[Pair], bool]] = {
    "order of independent revisions": only_order,
    "steps that end at base": steps_to_base,
    "down past the first revision of a line": past_the_first,
    "heads as the place to go down to": down_to_heads,
    "steps down from several heads": from_several_heads,
    "down to a revision by way of a branch": by_branch,
    "a dependency as the place to go down to": dependency,
    "a revision of another branch": other_branch,
}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> list[Pair]:
    folder = tmp_path_factory.mktemp("environment")
    (folder / "versions").mkdir()
    theirs = alembic_script.ScriptDirectory(str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [asked(theirs, random.Random(seed)) for seed in range(HOW_MANY)]


def asked(scripts: Any, chance: random.Random) -> Pair:
    rows = history(chance)
    ours = RevisionMap([Revision(*row) for row in rows])
    scripts.revision_map = alembic_revision.RevisionMap(
        lambda: [Theirs(name, down or None, needs or None, label) for name, down, needs, label in rows]
    )
    current = sorted(ours.topmost(chance.sample(ours.ids, chance.randint(0, min(3, len(ours.ids))))))
    where, up = target(chance, rows), chance.random() < 0.5
    return Pair(ours, current, where, up, plan(ours, current, where, up), their_plan(scripts, current, where, up))


def plan(revisions: RevisionMap, current: list[str], where: str, up: bool) -> Plan:
    try:
        return [
            step.revision_id
            for step in (upgrade_steps if up else downgrade_steps)(revisions, frozenset(current), where)
        ]
    except CommandError as error:
        return error


def their_plan(scripts: Any, current: list[str], where: str, up: bool) -> Plan:
    try:
        steps = (scripts._upgrade_revs if up else scripts._downgrade_revs)(where, tuple(current) or None)
        return [step.revision.revision for step in steps]
    except Exception as error:  # noqa: BLE001 - any refusal of theirs, their assertions too
        return error


def test_each_plan_is_the_same_or_differs_in_a_named_way(pairs):
    seen: Counter[str] = Counter()
    strange = []
    for pair in pairs:
        if pair.same:
            seen["same"] += 1
            continue
        name = next((name for name, holds in RULES.items() if holds(pair)), None)
        if name is None:
            strange.append(
                f"{pair.up=} {pair.target} from {pair.current}\n  ours {pair.ours!r}\n  theirs {pair.theirs!r}"
            )
        else:
            seen[name] += 1
    assert not strange, f"{len(strange)} plans differ without a name, such as\n" + "\n".join(strange[:10])
    assert set(RULES) == set(REASONS)
    assert not set(RULES) - set(seen), "a named difference is no longer seen"
    assert seen["same"] > HOW_MANY * 0.8


def test_many_of_them_are_plans_and_not_refusals(pairs):
    assert sum(isinstance(pair.ours, list) and bool(pair.ours) for pair in pairs) > HOW_MANY * 0.25


def test_an_order_of_our_own_is_an_order(pairs):
    for pair in pairs:
        if isinstance(pair.ours, list) and pair.ours != pair.theirs:
            order = pair.ours if pair.up else pair.ours[::-1]
            for place, name in enumerate(order):
                parents = set(pair.revisions.get_revision(name).all_parents)
                assert not parents & set(order[place:])
