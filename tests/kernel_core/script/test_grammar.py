"""The table of ``grammar.txt``: each form of target on each shape of history, with its result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_core.script import Revision, RevisionMap
from kernel_core.util.exc import RevisionError

ROW = re.compile(r"> (\S+) <- (.+?)(?: \((.+)\))?(?: \[(.+)\])?")


def table() -> Iterator[tuple[str, RevisionMap, str, list[str] | None, str]]:
    for block in Path(__file__).with_name("grammar.txt").read_text().split("\n[")[1:]:
        title, *lines = block.splitlines()
        revisions = []
        for line in lines:
            if found := ROW.fullmatch(line):
                name, down, labels, depends = found.groups()
                parents = None if down == "base" else tuple(down.split(", "))
                revisions.append(Revision(name, parents, depends, tuple(labels.split(", ")) if labels else None))
        shape = RevisionMap(revisions)
        for line in lines:
            if not line.startswith(">") and line:
                text, where, answer = (part.strip() for part in line.split(" | "))
                current = None if not where else [] if where == "base" else where.split()
                yield title.rstrip("]"), shape, text, current, answer


CASES = list(table())


def answer_to(shape: RevisionMap, text: str, current: list[str] | None) -> str:
    try:
        if ":" not in text:
            return " ".join(shape.resolve(text, current)) or "base"
        return " : ".join(" ".join(end) or "base" for end in shape.resolve_range(text, current))
    except RevisionError as error:
        return f"{type(error).__name__}: {error}"


def test_the_table_is_long_enough():
    assert len(CASES) >= 150
    assert len({case[0] for case in CASES}) >= 10


@pytest.mark.parametrize(
    ("title", "shape", "text", "current", "answer"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES]
)
def test_a_name_resolves_to(title, shape, text, current, answer):
    assert answer_to(shape, text, current) == answer


@pytest.mark.parametrize(
    "case", [case for case in CASES if "ambiguous" in case[4]], ids=lambda case: f"{case[0]}-{case[2]}"
)
def test_what_is_ambiguous_names_its_candidates_also_as_data(case):
    _, shape, text, current, answer = case
    with pytest.raises(RevisionError) as caught:
        shape.resolve_range(text, current) if ":" in text else shape.resolve(text, current)
    candidates = getattr(caught.value, "candidates", None) or caught.value.heads
    assert len(candidates) > 1
    assert all(name in answer for name in candidates)
