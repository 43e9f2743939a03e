"""What a run did, or would do: its steps, where the database stood and stands, or the SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .html import Html, code, page, table, tag
from .text import count
from .text import table as text_table
from .view import View

_DONE = {"upgrade": "upgraded", "downgrade": "stepped back", "stamp": "stamped"}
_SIGNS = {"upgrade": "▲ up", "downgrade": "▼ down", "stamp": "● stamp"}


@dataclass(frozen=True, eq=False, repr=False)
class RunReport(View):
    """The result of ``%mig_upgrade``, ``%mig_downgrade`` or ``%mig_stamp``.

    ``steps`` say revision, direction, doc and seconds; ``before`` and ``after`` are the heads of the database;
    ``sql`` is the script where only SQL was asked for; ``where`` names the database. False when nothing was done.
    """

    verb: str
    steps: tuple[Any, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    where: str
    sql: str | None = None

    def __bool__(self) -> bool:
        return bool(self.steps)

    def summary(self) -> str:
        """Return the result in one line; without durations, so that a run is the same text tomorrow."""
        if self.sql is not None:
            return f"SQL of {self.verb} for {self.where}; nothing was run"
        stands = ", ".join(self.after) or "base"
        if not self.steps:
            return f"{self.where}: nothing to do, it stands at {stands}"
        done = f"{_DONE[self.verb]} by {count(len(self.steps), 'revision')}"
        return f"{self.where}: {done}, from {', '.join(self.before) or 'base'} to {stands}"

    def text(self) -> str:
        if self.sql is not None:
            return self.sql.rstrip("\n")
        return self.summary() + (f"\n{text_table(self._headings, self._rows())}" if self.steps else "")

    def html(self) -> Html:
        lead = tag("p", self.summary(), class_="mig-lead")
        if self.sql is not None:
            return page(lead, code(self.sql), label="SQL")
        return page(lead, table(self._headings, self._rows()) if self.steps else "", label="Result")

    _headings = ("step", "revision", "message")

    def _rows(self) -> list[tuple[str, str, str]]:
        return [(_SIGNS.get(step.direction, step.direction), step.revision, step.doc or "") for step in self.steps]


@dataclass(frozen=True, eq=False, repr=False)
class Said(View):
    """A sentence, with rows beneath it: the files made, the connections known; ``path`` is the file it is about."""

    sentence: str
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    path: str = ""

    def __fspath__(self) -> str:
        return self.path

    def text(self) -> str:
        return self.sentence + (f"\n{text_table(self.headings, self.rows)}" if self.rows else "")

    def html(self) -> Html:
        return page(tag("p", self.sentence), table(self.headings, self.rows) if self.rows else "")
