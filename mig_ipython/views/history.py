"""The history: revisions newest first, applied or pending, with the files that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from .html import Html, page, plain_list, table, tag
from .revisions import Broken, Entry, TargetState
from .text import short
from .text import table as text_table
from .view import View

SIGNS = {"applied": "✓ applied", "pending": "○ pending", "unknown": "? not connected"}


@dataclass(frozen=True, eq=False, repr=False)
class History(View):
    """Revisions, newest first; iterate or index it for the values.

    ``notes`` are sentences about the database beneath them; ``targets`` say where each of several version tables is.
    """

    entries: tuple[Entry, ...]
    broken: tuple[Broken, ...] = ()
    where: str = ""
    title: str = "History"
    notes: tuple[str, ...] = ()
    targets: tuple[TargetState, ...] = ()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Entry:
        return self.entries[index]

    def text(self) -> str:
        parts = [self.where] if self.where else []
        parts += [f"  {target}" for target in self.targets]
        parts.append(text_table(self._headings, self._rows(60)) if self.entries else self._none)
        parts += [f"! broken: {one}" for one in self.broken]
        parts += [f"! {note}" for note in self.notes]
        return "\n".join(parts)

    def html(self) -> Html:
        caption = f"{self.title}: {self.where}" if self.where else self.title
        shown = table(self._headings, self._rows(120), caption) if self.entries else tag("p", self._none)
        where = tag("p", self.where, class_="mig-where") if self.where and not self.entries else Html()
        broken = (tag("p", f"Broken: {one}", class_="mig-warn") for one in self.broken)
        notes = (tag("p", note, class_="mig-warn") for note in self.notes)
        targets = plain_list(map(str, self.targets)) if self.targets else Html()
        return page(where, targets, shown, *broken, *notes, label=self.title)

    @property
    def _none(self) -> str:
        if self.broken:
            return f"{self.title}: none that can be read."
        return f"{self.title}: none." if self.title != "History" else "No revisions yet."

    _headings: ClassVar[tuple[str, ...]] = ("revision", "state", "message", "follows", "marks")

    def _rows(self, length: int) -> list[tuple[str, ...]]:
        return [
            (
                entry.revision,
                SIGNS[entry.state],
                short(entry.doc, length),
                ", ".join(entry.down) or "base",
                ", ".join(mark for mark in entry.marks if mark != "pending"),
            )
            for entry in self.entries
        ]


@dataclass(frozen=True, eq=False, repr=False)
class Branches(History):
    """Where the history divides: ``entries`` are the revisions that several follow, several beginnings, and those that
    begin a labelled branch; ``children`` are the ids that follow each of them.
    """

    title: str = "Branches"
    children: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry], broken: tuple[Broken, ...] = (), where: str = "") -> Branches:
        """Return the branches of a whole history."""
        listed = tuple(entries)
        children: dict[str, list[str]] = {}
        for entry in reversed(listed):
            for parent in entry.down:
                children.setdefault(parent, []).append(entry.revision)
        bases = sum(not entry.down for entry in listed)
        shown = tuple(
            entry
            for entry in listed
            if entry.labels or len(children.get(entry.revision, ())) > 1 or (bases > 1 and not entry.down)
        )
        return cls(shown, broken, where, children={one: tuple(several) for one, several in children.items()})

    _headings: ClassVar[tuple[str, ...]] = ("revision", "message", "goes on to", "marks")

    def _rows(self, length: int) -> list[tuple[str, ...]]:
        return [
            (
                entry.revision,
                short(entry.doc, length),
                ", ".join(self.children.get(entry.revision, ())) or "nothing yet",
                ", ".join(mark for mark in entry.marks if mark != "pending"),
            )
            for entry in self.entries
        ]
