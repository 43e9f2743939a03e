"""The boxes of a revision graph: one for each revision, one for each folded run of revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernel_core.util.counts import counted

from .revisions import Entry, children_first
from .text import short


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the drawing: a revision, or a run of them folded into one.

    ``follows`` and ``needs`` are the ids of other boxes; ``earlier`` says that it follows what is not in the drawing.
    """

    entry: Entry
    folded: int = 0
    follows: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    earlier: bool = False

    @property
    def lines(self) -> tuple[str, ...]:
        """Lines of text in the box; they repeat in words what shape and border show."""
        entry = self.entry
        if self.folded:
            return (f"… {counted(self.folded, 'revision')} …", *(("pending",) if entry.state == "pending" else ()))
        marks = ", ".join(entry.marks)
        merges = f"merges {' and '.join(entry.down)}" if len(entry.down) > 1 else ""
        depends = f"depends on {', '.join(entry.depends_on)}" if entry.depends_on else ""
        return tuple(filter(None, (entry.revision, short(entry.doc, 40), marks and f"({marks})", merges, depends)))


def boxes_of(entries: Sequence[Entry], *, folding: bool) -> tuple[Box, ...]:
    """Return the boxes, newest first, each with the boxes of its down revisions and dependencies."""
    made = fold(entries) if folding else tuple(map(Box, entries))
    shown = {box.entry.revision for box in made}
    labels = {label: entry.revision for entry in entries for label in entry.labels}
    return tuple(
        replace(
            box,
            follows=tuple(parent for parent in box.entry.down if parent in shown),
            needs=tuple(need for name in box.entry.depends_on if (need := labels.get(name, name)) in shown),
            earlier=any(parent not in shown for parent in box.entry.down),
        )
        for box in made
    )


def fold(given: Sequence[Entry]) -> tuple[Box, ...]:
    """Return boxes for the entries, where a linear run of four or more plain revisions is one box.

    A revision is plain when it is neither current nor head, has no mark or label, one parent, one child, and nothing
    depends on it. The folded box bears the id of the run's newest revision and follows what the oldest follows.
    """
    ordered = children_first(given)
    by_id = {entry.revision: entry for entry in ordered}
    children: dict[str, int] = {}
    for entry in ordered:
        for parent in (*entry.down, *entry.depends_on, *entry.depends_on):
            children[parent] = children.get(parent, 0) + 1

    def plain(entry: Entry | None) -> bool:
        return (
            entry is not None
            and not (entry.is_current or entry.is_head or entry.labels or entry.depends_on or entry.journal_marks)
            and len(entry.down) == 1
            and children.get(entry.revision, 0) == 1
        )

    boxes: list[Box] = []
    gone: set[str] = set()
    for entry in ordered:
        if entry.revision in gone:
            continue
        run = [entry]
        while plain(run[-1]):
            below = by_id.get(run[-1].down[0])
            if below is None or not plain(below) or below.state != entry.state:
                break
            run.append(below)
        if len(run) < 4:
            boxes.append(Box(entry))
            continue
        gone.update(one.revision for one in run)
        boxes.append(Box(replace(entry, down=run[-1].down), folded=len(run)))
    return tuple(boxes)
