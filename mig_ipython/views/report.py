"""What a run did, or would do: its steps, where the database stood and stands, or the SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .html import Html, code, page, table, tag
from .plan import LONGEST, Plan
from .text import count
from .text import table as text_table
from .view import View

_DONE = {"upgrade": "upgraded", "downgrade": "stepped back", "stamp": "stamped"}
_SIGNS = {"upgrade": "▲ up", "downgrade": "▼ down", "stamp": "● stamp"}


@dataclass(frozen=True, eq=False, repr=False)
class RunReport(View):
    """The result of ``%mig_upgrade``, ``%mig_downgrade`` or ``%mig_stamp``.

    ``steps`` say revision, direction, doc and seconds; ``before`` and ``after`` are the heads of the database;
    ``sql`` is the script where only SQL was asked for; ``where`` names the database. ``plan`` is what was known before;
    ``trial`` holds the schema ``before`` and ``after`` where it ran on a copy. False when nothing was done.
    """

    verb: str
    steps: tuple[Any, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    where: str
    sql: str | None = None
    plan: Plan | None = None
    trial: Any = None

    def __bool__(self) -> bool:
        return bool(self.steps)

    def summary(self) -> str:
        """Return the result in one line; without durations, so that a run is the same text tomorrow."""
        if self.sql is not None:
            return f"SQL of {self.verb} for {self.where}; nothing was run"
        stands = ", ".join(self.after) or "base"
        if not self.steps:
            return f"{self.where}: nothing to do, it stands at {stands}"
        if self.trial is not None:
            steps = count(len(self.steps), "revision")
            return f"{self.where}: tried {self.verb} by {steps} on a copy; the database is as it was"
        done = f"{_DONE[self.verb]} by {count(len(self.steps), 'revision')}"
        return f"{self.where}: {done}, from {', '.join(self.before) or 'base'} to {stands}"

    def text(self) -> str:
        if self.sql is not None:
            return f"-- {' '.join(self.summary().split())}\n\n{self.sql.strip()}"
        parts = [self.summary()]
        parts += [text_table(self._headings, self._rows())] if self.steps else []
        if self.trial is not None:
            parts += ["Schema afterwards:", *(self.changes() or ("  as before",))]
        return "\n".join(parts)

    def changes(self) -> tuple[str, ...]:
        """Return what a trial changed in the schema, one line each."""
        return (
            tuple(f"  {sign} {table}: {_spoken(what)}" for sign, table, what in self.trial.changes)
            if self.trial
            else ()
        )

    def html(self) -> Html:
        lead = tag("p", self.summary(), class_="mig-lead")
        if self.sql is not None:
            return page(lead, code(self.sql), label="SQL")
        steps = table(self._headings, self._rows()) if self.steps else ""
        return page(lead, steps, self._changes_html(), label="Result")

    def _changes_html(self) -> Html:
        if self.trial is None:
            return Html()
        lines = self.changes() or ("as before",)
        return tag("div", tag("h4", "Schema afterwards"), tag("ul", *(tag("li", line) for line in lines)))

    @property
    def _headings(self) -> tuple[str, ...]:
        return ("step", "revision", "message", "what")[: 4 if self.plan is not None else 3]

    def _rows(self) -> list[tuple[str, ...]]:
        """Return a row for each step, with what it did where that was known before."""
        rows: list[tuple[str, ...]] = []
        known = {step.revision: step for step in self.plan.steps[:LONGEST]} if self.plan is not None else {}
        for step in self.steps:
            told = "; ".join(known[step.revision].told()) if step.revision in known else ""
            row = (_SIGNS.get(step.direction, step.direction), step.revision, step.doc or "", told)
            rows.append(row[: len(self._headings)])
        return rows


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


def _spoken(what: str) -> str:
    """Return a line of a schema with its kinds of keys named in full."""
    kind, _, rest = what.partition(" ")
    return f"{_KEYS[kind]} {rest}" if kind in _KEYS else what


_KEYS = {"key": "primary key", "foreign": "foreign key"}
