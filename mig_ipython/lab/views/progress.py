"""How far a student is, as a bar and a table; every state is also a word."""

from __future__ import annotations

from dataclasses import dataclass

from ...views.html import Html, details, table, tag
from ...views.text import table as text_table
from ...views.view import View
from ..progress import Entry
from .style import box, state_of

_WIDTH = 28


@dataclass(frozen=True, slots=True)
class Row:
    """One exercise in the table of the results."""

    exercise: str
    title: str
    passed: bool = False
    tries: int = 0
    hints: int = 0
    solution_shown: bool = False

    @classmethod
    def of(cls, exercise: str, title: str, entry: Entry) -> Row:
        """Return the row of an exercise that was tried, or of which a hint was shown."""
        return cls(exercise, title, entry.passed, entry.tries, entry.hints, entry.solution_shown)

    @property
    def state(self) -> str:
        """Sign and word."""
        return state_of(self.passed, self.tries)

    @property
    def help_used(self) -> str:
        """The help that was used, in words."""
        hints = f"{self.hints} of 3 hints" if self.hints else ""
        return ", ".join(part for part in (hints, "solution" if self.solution_shown else "") if part)


@dataclass(frozen=True, eq=False, repr=False)
class ProgressView(View):
    """The result of ``%mig_lab progress``: the rows of each lesson, by its title."""

    lessons: tuple[tuple[str, tuple[Row, ...]], ...]
    notice: str = ""

    @property
    def solved(self) -> int:
        """The number of exercises that are solved."""
        return sum(row.passed for _, rows in self.lessons for row in rows)

    @property
    def total(self) -> int:
        """The number of exercises."""
        return sum(len(rows) for _, rows in self.lessons)

    def text(self) -> str:
        lines = [self.notice] if self.notice else []
        lines.append(f"{_bar(self.solved, self.total)} {self.solved} of {self.total} exercises solved")
        for title, rows in self.lessons:
            lines += ["", f"{title}: {_solved(rows)} of {len(rows)}", text_table(_HEADINGS, map(_cells, rows))]
        return "\n".join(lines)

    def html(self) -> Html:
        whole = f"{self.solved} of {self.total} exercises solved"
        share = 100 * self.solved / self.total if self.total else 0
        bar = tag("div", tag("span", style=f"width:{share:.0f}%"), class_="mig-lab-bar")
        parts = [
            details(
                f"{title}: {_solved(rows)} of {len(rows)}", table(_HEADINGS, map(_unbroken, rows)), shown=_is_open(rows)
            )
            for title, rows in self.lessons
        ]
        notice = tag("p", self.notice, class_="mig-warn") if self.notice else ""
        kind = "yes" if self.total and self.solved == self.total else ""
        return box(notice, tag("p", whole, class_="mig-lead"), bar, *parts, kind=kind, label="Progress")


_HEADINGS = ("exercise", "title", "state", "tries", "help used")


def _cells(row: Row) -> tuple[object, ...]:
    return (row.exercise, row.title, row.state, row.tries or "", row.help_used)


def _unbroken(row: Row) -> tuple[object, ...]:
    """Return the cells of a row in HTML, where sign and word stay on one line."""
    exercise, title, state, *rest = _cells(row)
    return (exercise, title, str(state).replace(" ", "\u00a0"), *rest)


def _solved(rows: tuple[Row, ...]) -> int:
    return sum(row.passed for row in rows)


def _bar(solved: int, total: int) -> str:
    full = round(_WIDTH * solved / total) if total else 0
    return f"[{'█' * full}{'·' * (_WIDTH - full)}]"


def _is_open(rows: tuple[Row, ...]) -> bool:
    """Return whether a lesson is shown unfolded: it was begun."""
    return any(row.passed or row.tries or row.hints for row in rows)
