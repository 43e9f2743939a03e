"""The report of a run: its steps, the revisions before and after, or its SQL."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel_core.util.counts import counted

from .html import Html, join, page, plain_list, table, tag
from .plan import LONGEST, Plan
from .source import code
from .text import short
from .text import table as text_table
from .view import View

_DONE = {"upgrade": "upgraded", "downgrade": "downgraded", "stamp": "stamped"}
_SIGNS = {"upgrade": "▲ up", "downgrade": "▼ down", "stamp": "● stamp"}


@dataclass(frozen=True, slots=True)
class TargetRun:
    """The result of a run in one of several targets; each target has its version table, in a schema or a database."""

    label: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    steps: tuple[Any, ...]

    def __str__(self) -> str:
        after = ", ".join(self.after) or "base"
        if not self.steps:
            return f"{self.label}: nothing to do, it is at {after}"
        return (
            f"{self.label}: {counted(len(self.steps), 'revision')}, from {', '.join(self.before) or 'base'} to {after}"
        )


@dataclass(frozen=True, eq=False, repr=False)
class RunReport(View):
    """The result of ``%mig_upgrade``, ``%mig_downgrade`` or ``%mig_stamp``.

    ``steps`` say revision, direction, doc and seconds; ``before`` and ``after`` are the heads of the database;
    ``sql`` is the script where only SQL was asked for; ``where`` names the database. ``plan`` is what was known before;
    ``targets`` are the parts of a run on several version tables. False when nothing was done.
    """

    verb: str
    steps: tuple[Any, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    where: str
    sql: str | None = None
    plan: Plan | None = None
    targets: tuple[TargetRun, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    def summary(self) -> str:
        """Return the result in one line; without durations, so that the text of a run is reproducible."""
        if self.sql is not None:
            return f"SQL of {self.verb} for {self.where}; nothing was run"
        current = ", ".join(self.after) or "base"
        if self.targets:
            ran = sum(bool(target.steps) for target in self.targets)
            done = f"{_DONE[self.verb]} {ran} of {counted(len(self.targets), 'target')}" if ran else "nothing to do"
            return f"{self.where}: {done}"
        if not self.steps:
            return f"{self.where}: nothing to do, it is at {current}"
        done = f"{_DONE[self.verb]} by {counted(len(self.steps), 'revision')}"
        return f"{self.where}: {done}, from {', '.join(self.before) or 'base'} to {current}"

    def text(self) -> str:
        if self.sql is not None:
            return f"-- {' '.join(self.summary().split())}\n\n{self.sql.strip()}"
        return "\n".join([self.summary(), *self._steps_text()])

    def html(self) -> Html:
        lead = tag("p", self.summary(), class_="mig-lead")
        if self.sql is not None:
            return page(lead, code(self.sql, "sql"), label="SQL")
        targets = plain_list(map(str, self.targets)) if self.targets else ""
        steps = plain_list(map(self._step_html, self._different_steps())) if self.steps else ""
        return page(lead, targets, steps, label="Result")

    def _told(self, step: Any) -> tuple[str, ...]:
        """Return the operations of a step, one line each; nothing if they are not known."""
        known = self.plan.steps[:LONGEST] if self.plan is not None else ()
        found = next((one for one in known if one.revision == step.revision), None)
        if found is None:
            return ()
        return found.told() if found.lines is not None else ("ran Python code",)

    def _different_steps(self) -> list[Any]:
        """Return the steps, each revision once where it ran in several targets."""
        return list({step.revision: step for step in self.steps}.values()) if self.targets else list(self.steps)

    def _steps_text(self) -> list[str]:
        """Return a line for each step, with its operations below it."""
        lines = [f"  {target}" for target in self.targets]
        for step in self._different_steps():
            lines.append(f"  {_sign(step)} {step.revision} {short(step.doc or '')}".rstrip())
            lines += [f"      {line}" for line in self._told(step)]
        return lines

    def _step_html(self, step: Any) -> Html:
        told = self._told(step)
        lead = (_sign(step), " ", tag("code", step.revision), " ", step.doc or "")
        return join((*lead, plain_list(told, indented=True) if told else ""))


def _sign(step: Any) -> str:
    return _SIGNS.get(step.direction, str(step.direction))


@dataclass(frozen=True, eq=False, repr=False)
class Said(View):
    """A sentence with rows below it, such as created files; ``path`` is the file that it describes."""

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


class WrittenPath(View):
    """The path of a version file that was written: shows where it is and the next step, and is used like a `Path`.

    ``os.fspath``, ``open``, ``==`` and every attribute of the path work.
    """

    def __init__(self, path: Path, next_step: str = "%mig_upgrade") -> None:
        self._path, self._next = path, next_step

    def __fspath__(self) -> str:
        return os.fspath(self._path)

    def __str__(self) -> str:
        return str(self._path)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        return getattr(self._path, name)

    def __truediv__(self, other: str | os.PathLike[str]) -> Path:
        return self._path / other

    def __eq__(self, other: object) -> bool:
        return self._path == (other._path if isinstance(other, WrittenPath) else other)

    def __hash__(self) -> int:
        return hash(self._path)

    def text(self) -> str:
        return f"Written to {os.path.relpath(self._path)}. Run it: {self._next}"

    def html(self) -> Html:
        place, step = tag("code", os.path.relpath(self._path)), tag("code", self._next)
        return page(tag("p", "Written to ", place, ". Run it: ", step))
