"""The grammar's table (``tests/kernel_core/script/grammar.txt``) tried with an installed Alembic, row by row.

The table was first written from our own answers; here each is the answer of Alembic too, or differs in a named way.
"""

from __future__ import annotations

import importlib.util
import tomllib
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from kernel_core.script import RevisionMap
from kernel_core.script.resolver import InBranch, Range, Relative, parse
from kernel_core.script.steps import downgrade_steps, upgrade_steps
from kernel_core.util.exc import CommandError

pytestmark = pytest.mark.peer
alembic_script = pytest.importorskip("alembic.script", reason="the yardstick is not installed (extra peer)")
alembic_revision = pytest.importorskip("alembic.script.revision")

HERE = Path(__file__).parent
REASONS: dict[str, str] = tomllib.loads((HERE / "differences.toml").read_text())["grammar"]
Answer = set[str] | str


def table() -> ModuleType:
    """The module that reads the table."""
    path = HERE.parent / "kernel_core" / "script" / "test_grammar.py"
    spec = importlib.util.spec_from_file_location("grammar_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Theirs(alembic_revision.Revision):  # type: ignore[misc]
    """A revision of Alembic's without a file."""

    module = SimpleNamespace(upgrade=lambda: None, downgrade=lambda: None)
    doc = longdoc = path = ""


@dataclass
class Row:
    """One row of the table: where it stands, what it asks, and both answers (a set of ids, or why there is none)."""

    shape: str
    text: str
    current: list[str] | None
    way: str
    ours: Answer
    theirs: Answer

    @property
    def same(self) -> bool:
        """They agree: the same revisions, or both refuse."""
        return self.ours == self.theirs or (isinstance(self.ours, str) and isinstance(self.theirs, str))


def way_of(text: str) -> str:
    """How Alembic can be asked: a name, a range, or steps that lead up or down."""
    try:
        tree = parse(text)
    except CommandError:
        return "name"
    if "current" in text:
        return "current"
    if isinstance(tree, Range):
        return "range"
    point = tree.point if isinstance(tree, InBranch) else tree
    return ("up" if point.steps >= 0 else "down") if isinstance(point, Relative) else "name"


def our_answer(shape: RevisionMap, text: str, current: list[str] | None, way: str) -> Answer:
    try:
        if way == "range":
            lower, upper = shape.resolve_range(text, current)
            if not upper:
                return set()
            found = shape.iterate_revisions(upper, lower, inclusive=True, implicit_base=not lower)
            return {each.revision for each in found}
        if way == "name":
            return set(shape.resolve(text, current))
        plan = upgrade_steps if way == "up" else downgrade_steps
        return {step.revision_id for step in plan(shape, frozenset(current or ()), text)}
    except CommandError as error:
        return f"{type(error).__name__}: {error}"


def their_answer(scripts: Any, text: str, current: list[str] | None, way: str) -> Answer:
    revisions = scripts.revision_map
    try:
        if way == "range":
            lower, _, upper = text.partition(":")
            found = scripts.walk_revisions(base=lower or "base", head=upper or "heads")
            return {each.revision for each in found}
        if way == "name":
            return {each.revision for each in revisions.get_revisions(text) if each is not None}
        plan = scripts._upgrade_revs if way == "up" else scripts._downgrade_revs
        return {step.revision.revision for step in plan(text, tuple(current or ()) or None)}
    except Exception as error:  # noqa: BLE001 - any refusal of theirs, their assertions too
        return f"{type(error).__name__}: {error}"


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> list[Row]:
    folder = tmp_path_factory.mktemp("environment")
    (folder / "versions").mkdir()
    scripts, found = alembic_script.ScriptDirectory(str(folder)), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for title, shape, text, current, _ in table().CASES:
            scripts.revision_map = alembic_revision.RevisionMap(
                lambda shape=shape: [
                    Theirs(each.revision, each.down_revision, each.dependencies, tuple(each.own_labels) or None)
                    for each in shape
                ]
            )
            way = way_of(text)
            if way != "current":
                ours, theirs = our_answer(shape, text, current, way), their_answer(scripts, text, current, way)
                found.append(Row(title, text, current, way, ours, theirs))
    return found


def short_names(row: Row) -> bool:
    return row.way == "name" and "at least four characters" in str(row.theirs)


def steps_from_the_other_end(row: Row) -> bool:
    return row.way == "range" and isinstance(row.ours, set) and row.text.startswith(("-", "+"))


def joined_by_commas(row: Row) -> bool:
    return "," in row.text and isinstance(row.ours, set)


def beginning_of_a_label(row: Row) -> bool:
    return row.shape == "labelled" and "Did you mean shop?" in str(row.ours)


def which_branch(row: Row) -> bool:
    return row.way == "down" and "could count from" in str(row.ours) and len(row.current or ()) > 1


def named_branch(row: Row) -> bool:
    refused = str(row.theirs).startswith(("AssertionError", "CommandError: Ambiguous walk"))
    return row.way == "down" and "@-" in row.text and isinstance(row.ours, set) and refused


def needed_heads(row: Row) -> bool:
    return row.text == "heads" and isinstance(row.ours, set) and isinstance(row.theirs, set) and row.ours > row.theirs


RULES = {
    "three letters are enough": short_names,
    "steps from the other end, or from the database": steps_from_the_other_end,
    "joined by commas": joined_by_commas,
    "labels are written in full": beginning_of_a_label,
    "which branch goes down is asked": which_branch,
    "a named branch is not ambiguous": named_branch,
    "heads that others need are heads": needed_heads,
}


def test_each_row_is_answered_as_alembic_does_or_differs_in_a_named_way(rows):
    seen: Counter[str] = Counter()
    strange = []
    for row in (row for row in rows if not row.same):
        name = next((name for name, holds in RULES.items() if holds(row)), None)
        if name is None:
            strange.append(f"{row.shape}: {row.text} from {row.current}\n  ours   {row.ours}\n  theirs {row.theirs}")
        seen[name or "strange"] += 1
    assert not strange, "\n".join(strange)
    assert set(RULES) == set(REASONS) == set(seen)


def test_most_rows_are_asked_and_most_answers_are_the_same(rows):
    asked = Counter(row.way for row in rows)
    assert min(asked[way] for way in ("name", "up", "down", "range")) >= 25
    assert len(rows) >= 250
    assert sum(row.same for row in rows) >= len(rows) - 15
    assert sum(isinstance(row.ours, set) for row in rows if row.same) >= 140
