"""What the journal says of a database: an unfinished revision, and applied files that were edited since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # heads and history don't import SQLAlchemy
    from .table import Unfinished

_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class JournalState:
    """What the journal of one database says; nothing where it has none.

    ``unfinished`` is the revision of which only a part is committed; with ``is_running`` another process runs it now.
    ``edited`` are the applied revisions of which the file does something else than when it was applied.
    """

    unfinished: Unfinished | None = None
    is_running: bool = False
    edited: tuple[str, ...] = ()

    def sentences(self, remedy: str) -> tuple[str, ...]:
        """Return a sentence for each fact; ``remedy`` follows an unfinished revision."""
        found: list[str] = []
        if self.unfinished is not None:
            one = self.unfinished
            found.append(one.running_sentence if self.is_running else f"{one.sentence} {remedy}")
        if self.edited:
            found.append(edited_sentence(self.edited))
        return tuple(found)

    def marks(self, revision: str) -> tuple[str, ...]:
        """Return marks for a revision in a list: "running now" or "unfinished", "edited since it was applied"."""
        is_half = self.unfinished is not None and self.unfinished.revision == revision
        half = ("running now" if self.is_running else "unfinished",) if is_half else ()
        return (*half, *(("edited since it was applied",) if revision in self.edited else ()))


def edited_sentence(revisions: Iterable[str]) -> str:
    """Return that these revisions were edited since they were applied."""
    names = tuple(revisions)
    if len(names) == 1:
        return f"{names[0]} was edited since it was applied."
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return f"{', '.join(names[:_MOST_SHOWN])}{more} were edited since they were applied."
