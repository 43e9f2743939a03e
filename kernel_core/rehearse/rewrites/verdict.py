"""What the rehearsals of a rewrite and of its original show: whether the rewrite is as good, and loses nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from ...util.counts import counted
from ..findings import Blocker, Rehearsal, TableRows


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding in a sentence; ``holds`` is None for a remark that speaks neither for nor against the rewrite."""

    holds: bool | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one rewrite, on the clone of one database."""

    findings: tuple[Finding, ...]
    is_blocked: bool = False

    @property
    def is_good(self) -> bool:
        """Whether each finding holds: nothing fails, all rows and values are kept, the schema becomes the same."""
        return all(each.holds is not False for each in self.findings)

    @property
    def outcome(self) -> Literal["good", "runs", "fails"]:
        """``good``, ``fails`` if a blocker is left, or ``runs`` where something else speaks against it."""
        if self.is_blocked:
            return "fails"
        return "good" if self.is_good else "runs"

    def sentence(self) -> str:
        """Return the outcome in one sentence."""
        return {
            "good": "✓ Rehearsed on a clone, and good.",
            "runs": "⚠ Rehearsed on a clone: it runs, but read what it does.",
            "fails": "✗ Rehearsed on a clone: it fails.",
        }[self.outcome]

    def lines(self) -> tuple[str, ...]:
        """Return the findings, each with its sign."""
        signs = {True: "✓", False: "✗" if self.is_blocked else "⚠", None: "·"}
        return tuple(f"{signs[each.holds]} {each.sentence}" for each in self.findings)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The rehearsal of operations on the rows, and one in which all of them ran: without rows where these stop some."""

    on_rows: Rehearsal
    complete: Rehearsal


def verdict(original: Rehearsed, rewritten: Rehearsed, sentences: AbstractSet[str]) -> Verdict:
    """Compare the rehearsals of a rewrite with those of its original; ``sentences`` are its operations.

    Both were made of the same rows, and differ in nothing but the rewrite.
    """
    own = [each for each in rewritten.on_rows.blockers if _is_of(each, sentences)]
    others = [each for each in rewritten.on_rows.blockers if not _is_of(each, sentences)]
    findings = (
        *_blockers(own, others, len(original.on_rows.blockers)),
        *_rows(original.on_rows, rewritten.on_rows),
        *_schema(original.complete, rewritten.complete),
        *_back(original.complete, rewritten.complete),
    )
    return Verdict(findings, bool(own))


def _is_of(blocker: Blocker, sentences: AbstractSet[str]) -> bool:
    """Return whether a blocker is one of these operations, or of the revision as a whole."""
    return blocker.kind == "error" or not sentences.isdisjoint(blocker.operation.split("; "))


def _blockers(own: list[Blocker], others: list[Blocker], before: int) -> Iterator[Finding]:
    for each in own:
        yield Finding(False, f"{each.operation}: {each.text}")
    if not own and before > len(others):
        yield Finding(True, f"no blocker is left in it, {before - len(others)} fewer than before")
    elif not own:
        yield Finding(True, "it has no blocker")
    if others:
        yield Finding(None, f"{counted(len(others), 'blocker')} of other rows of the review: not about this rewrite")


def _rows(original: Rehearsal, rewritten: Rehearsal) -> Iterator[Finding]:
    """Yield what the rewrite does to the rows of each table, beyond what the other operations do."""
    before = {each.table: each for each in original.rows}
    empty = {
        (each.table, each.columns[0]): each.rows
        for each in original.blockers
        if each.kind == "null" and len(each.columns) == 1
    }
    found = [line for each in rewritten.rows for line in _rows_of(each, before.get(each.table), empty)]
    yield from found
    if all(each.holds is not False for each in found):
        sample = "" if rewritten.sample is None else f" of the {rewritten.sample} of each table that were rehearsed"
        yield Finding(True, f"all rows{sample} are kept, with every value that they had")


def _rows_of(
    after: TableRows, before: TableRows | None, empty: Mapping[tuple[str, str], int | None]
) -> Iterator[Finding]:
    """Yield the differences of one table; ``empty`` has the number of rows without a value by table and column.

    They stopped the original. Where nothing stops the rewrite each of them got a value, so if no more rows were changed
    then no value was replaced.
    """
    for name in ("removed", "added"):
        number = getattr(after, name) - (0 if before is None else getattr(before, name))
        if number > 0:
            yield Finding(False, f"{counted(number, 'row')} of {after.table} {_are(number)} {name}")
    for kind, what in (("columns", "changed"), ("lost", "lost")):
        numbers = Counter(getattr(after, kind))
        numbers.subtract({} if before is None else getattr(before, kind))
        for column, number in numbers.items():
            if number > 0:
                fills = kind == "columns" and number == empty.get((after.table, column))
                word = "filled" if fills else what
                text = f"{counted(number, 'value')} of {after.table}.{column} {_are(number)} {word}"
                yield Finding(None if fills else False, text)


def _schema(original: Rehearsal, rewritten: Rehearsal) -> Iterator[Finding]:
    if original.blockers or rewritten.blockers or original.stopped_at or rewritten.stopped_at:
        yield Finding(False, "the schemas are not compared: an operation fails on empty tables too")
        return
    first, second = Counter(original.schema), Counter(rewritten.schema)
    if first == second:
        yield Finding(True, "the schema becomes the same as without the rewrite")
        return
    for changes, where in ((first - second, "only without the rewrite"), (second - first, "only with it")):
        for sign, table, text in changes.elements():
            yield Finding(False, f"the schema differs, {where}: {sign} {table}: {text}")


def _back(original: Rehearsal, rewritten: Rehearsal) -> Iterator[Finding]:
    """Yield what the reverse run leaves, if that is more than the reverse run of the original leaves."""
    if original.undone is None or rewritten.undone is None:
        return
    back = "downgrade" if rewritten.direction == "upgrade" else "upgrade"
    if rewritten.undone.failure:
        holds = None if original.undone.failure else False
        yield Finding(holds, f"the {back} fails{': as without the rewrite' if holds is None else ''}")
        return
    left = Counter(rewritten.undone.schema) - Counter(original.undone.schema)
    if not left:
        yield Finding(True, f"the {back} leaves the same schema as without the rewrite")
    for sign, table, text in left.elements():
        yield Finding(False, f"after the {back}: {sign} {table}: {text}")


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
