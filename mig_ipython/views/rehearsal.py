"""The report of a rehearsal: blockers first, then schema, rows, statements and locks, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kernel_core.rehearse import Rehearsal
from kernel_core.rehearse.report import Section, as_text, lead, sections

from .html import Html, details, join, page, plain_list, tag
from .view import View

_FOLDED = frozenset({"Statements", "Not looked at"})


@dataclass(frozen=True, eq=False, repr=False)
class RehearsalReport(View):
    """The result of ``%mig_rehearse``: what a run did on a clone of the database, which itself was only read.

    ``found`` has a `kernel_core.rehearse.Rehearsal` for each database. False where a blocker was found.
    ``pandas.DataFrame(report.table())`` has the findings as rows.
    """

    found: tuple[Rehearsal, ...]
    where: str = ""

    def __bool__(self) -> bool:
        return self.is_clean

    @property
    def is_clean(self) -> bool:
        """Whether every statement ran on the clone."""
        return all(each.is_clean for each in self.found)

    @property
    def blockers(self) -> tuple[Any, ...]:
        """The blockers of all databases."""
        return tuple(blocker for each in self.found for blocker in each.blockers)

    def table(self) -> list[dict[str, Any]]:
        """Return the findings as rows of a table."""
        return [row for each in self.found for row in each.table()]

    def text(self) -> str:
        return as_text(self.found)

    def html(self) -> Html:
        return page(*(self._database(each) for each in self.found), label="Rehearsal")

    def _database(self, found: Rehearsal) -> Html:
        parts = [_section(section, len(found.statements)) for section in sections(found)]
        return join((tag("p", lead(found), class_="mig-lead"), *parts))


def _section(section: Section, statements: int) -> Html:
    lines = [join((line, plain_list(below, indented=True))) if below else line for line, below in section.lines]
    listed = plain_list(lines)
    if section.title not in _FOLDED:
        return join((tag("h4", section.title), listed))
    count = f" ({statements})" if section.title == "Statements" else ""
    return details(f"{section.title}{count}", listed)
