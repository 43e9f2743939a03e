"""Revisions as the views need them: plain values, read from the script directory, with their state in the database."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kernel_core.runtime.journal.state import JournalState
from kernel_core.script import Script, ScriptDirectory
from kernel_core.script.resolver import counts_from_database
from kernel_core.util.exc import FINISH_OR_UNDO

from ..errors import as_magics, lost_revision

State = Literal["applied", "pending", "unknown"]


class Current(tuple[str, ...]):  # noqa: SLOT001 - a tuple has room for no other slots
    """The revisions that a database is at; ``targets`` are (name, revisions) where it has several version tables.

    ``journals`` are (name, what the journal says), one for each version table.
    """

    targets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    journals: tuple[tuple[str, JournalState], ...] = ()

    @classmethod
    def of(cls, targets: Iterable[tuple[str, tuple[str, ...]]], journals: Iterable[JournalState] = ()) -> Current:
        """Return the revisions of all targets together."""
        listed = tuple(targets)
        found = cls(sorted({revision for _, revisions in listed for revision in revisions}))
        found.targets = listed if len(listed) > 1 else ()
        names = [name if len(listed) > 1 else "" for name, _ in listed]
        found.journals = tuple(zip(names, journals, strict=False))
        return found


@dataclass(frozen=True, slots=True)
class TargetState:
    """The state of one of several version tables: its name, its current revisions, the number of pending ones."""

    label: str
    current: tuple[str, ...]
    pending: int

    def __str__(self) -> str:
        return f"{self.label}: {', '.join(self.current) or 'base (nothing applied)'}, {self.pending} pending"


@dataclass(frozen=True, slots=True)
class Entry:
    """One revision: its down revisions, its message, and whether it is applied.

    ``state`` is ``unknown`` where no database was asked. ``is_current``: the database stands here. ``only_in`` are the
    names of the targets that have it, where others have not: it is pending then. ``journal_marks`` are "unfinished" or
    "running now", and "edited since it was applied".
    """

    revision: str
    down: tuple[str, ...] = ()
    doc: str = ""
    labels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    state: State = "unknown"
    is_current: bool = False
    is_head: bool = False
    path: str = ""
    only_in: tuple[str, ...] = ()
    journal_marks: tuple[str, ...] = ()

    @property
    def is_half(self) -> bool:
        """Whether only a part of it is committed: it is unfinished, or runs now."""
        return bool({"unfinished", "running now"}.intersection(self.journal_marks))

    @property
    def marks(self) -> tuple[str, ...]:
        """Marks for display, such as ``head`` or ``pending``."""
        words = []
        if self.is_current:
            words.append("current")
        if self.is_head:
            words.append("head")
        if self.state == "pending":
            words.append("pending")
        words.extend(f"{'✎' if mark.startswith('edited') else '⚠'} {mark}" for mark in self.journal_marks)
        if self.only_in:
            words.append(f"applied only in {', '.join(self.only_in)}")
        words.extend(f"branch {label}" for label in self.labels)
        return tuple(words)


@dataclass(frozen=True, slots=True)
class Broken:
    """A version file that cannot be read."""

    path: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        where = f"{os.path.basename(self.path)}, line {self.line}" if self.line else os.path.basename(self.path)
        return f"{where}: {self.reason}"


def broken_files(script: ScriptDirectory) -> tuple[Broken, ...]:
    """Return the files of a ScriptDirectory that cannot be read."""
    return tuple(Broken(str(one.path), one.line, one.reason) for one in script.broken)


def lost_revisions(script: ScriptDirectory, current: Iterable[str] | None) -> tuple[str, ...]:
    """Return a sentence about current revisions that have no version file; () if all have one."""
    lost = script.map.lost(current or ())
    return () if lost is None else (" ".join(lost_revision(lost).splitlines()),)


def entries(script: ScriptDirectory, current: Iterable[str] | None, rev_range: str | None = None) -> tuple[Entry, ...]:
    """Return the revisions of a ScriptDirectory, newest first; ``current`` are the database's heads, None unknown.

    ``rev_range`` is ``a:b`` in the grammar of revisions; raises ResolutionError where it names none.
    """
    here = frozenset(current or ())
    applied = _ancestors(script, here)
    found = [entry(one, here, None if current is None else applied) for one in _in_range(script, rev_range, here)]
    targets = [(name, _ancestors(script, heads)) for name, heads in getattr(current, "targets", ())]
    journals = [journal for _, journal in getattr(current, "journals", ())]
    return tuple(_with_journals(_by_targets(one, targets), journals) for one in found)


def _with_journals(entry: Entry, journals: Iterable[JournalState]) -> Entry:
    """Return an entry with what the journals say of it."""
    marks = tuple(dict.fromkeys(mark for journal in journals for mark in journal.marks(entry.revision)))
    return replace(entry, journal_marks=marks) if marks else entry


def journal_notes(current: Iterable[str] | None) -> tuple[str, ...]:
    """Return a sentence for each revision that is unfinished or running, and for the files that were edited since."""
    return tuple(
        f"{name}: {sentence}" if name else sentence
        for name, journal in getattr(current, "journals", ())
        for sentence in journal.sentences(as_magics(FINISH_OR_UNDO))
    )


def target_states(script: ScriptDirectory, current: Iterable[str] | None) -> tuple[TargetState, ...]:
    """Return the state of each target; () if the database has one version table."""
    every = [one.revision for one in script.walk_revisions()]
    return tuple(
        TargetState(name, heads, len(set(every) - _ancestors(script, heads)))
        for name, heads in getattr(current, "targets", ())
    )


def _ancestors(script: ScriptDirectory, heads: Iterable[str]) -> set[str]:
    return set(script.map.ancestors(revision for revision in heads if revision in script.map))


def _by_targets(entry: Entry, targets: Sequence[tuple[str, Collection[str]]]) -> Entry:
    """Return an entry that is applied only where every target has it."""
    having = tuple(name for name, applied in targets if entry.revision in applied)
    if not having or len(having) == len(targets):
        return entry
    return replace(entry, state="pending", only_in=having)


def entry(one: Script, here: Collection[str], applied: Collection[str] | None) -> Entry:
    """Return one Script as an entry; ``applied`` are the ids that the database has, None where that is not known."""
    return Entry(
        revision=one.revision,
        down=as_tuple(one.down_revision),
        doc=one.doc or "",
        labels=tuple(sorted(as_tuple(one.header.branch_labels))),
        depends_on=as_tuple(one.dependencies),
        state="unknown" if applied is None else "applied" if one.revision in applied else "pending",
        is_current=one.revision in here,
        is_head=one.is_head,
        path=str(one.path),
    )


def _in_range(script: ScriptDirectory, rev_range: str | None, here: Collection[str]) -> list[Script]:
    if not rev_range:
        return list(script.walk_revisions())
    given = here if counts_from_database(rev_range) else None
    lowers, uppers = script.map.resolve_range(rev_range, given, exact=":" not in rev_range)
    inside = script.map.ancestors(uppers)
    below = script.map.ancestors(lowers) - set(lowers)
    return [one for one in script.walk_revisions() if one.revision in inside and one.revision not in below]


def children_first(given: Sequence[Entry]) -> list[Entry]:
    """Sort the entries topologically, newest first; otherwise the given order is kept."""
    known = {entry.revision for entry in given}
    waiting_for = dict.fromkeys(known, 0)
    for entry in given:
        for parent in known.intersection((*entry.down, *entry.depends_on)):
            waiting_for[parent] += 1
    by_id = {entry.revision: entry for entry in given}
    ready = [entry for entry in reversed(given) if waiting_for[entry.revision] == 0]
    result: list[Entry] = []
    while ready:
        entry = ready.pop()
        result.append(entry)
        for parent in sorted(known.intersection((*entry.down, *entry.depends_on)), reverse=True):
            waiting_for[parent] -= 1
            if waiting_for[parent] == 0:
                ready.append(by_id[parent])
    return result


def as_tuple(value: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the value of a version file's attribute (None, one text or several) as a tuple."""
    if not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
