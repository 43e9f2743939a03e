"""The safer ways to do what the selected row does: choose one, give the expression that it needs, and rehearse it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from ...errors import MigError
from ...review import Review, Row
from ...review.rewriting import Offer
from ...views.html import page, tag
from ...views.rehearsal import RehearsalReport
from .parts import LABELLED, Status, box, button, html, lean

_NOT_REHEARSED = tag("p", "Not rehearsed yet. A rehearsal runs it on a clone of your rows.", class_="mig-dim")
_TRY = "Run the rewrite on a clone, and compare it with this row as it is; the review stays as it is"
_REWRITE = "Replace this row by the safer way; it is rehearsed first if that was not done"


Rehearse = Callable[[int, str, str], RehearsalReport]


class Rewriting:
    """A list of rewrites, a field for SQL, a verdict and two buttons; nothing for a row that has no rewrite.

    ``rehearse(number, name, sql)`` rehearses a rewrite, and ``on_rewrite(report)`` runs after a row was rewritten. The
    controls are created for the first row that needs them, and ``on_first(widget)`` puts them into the page.
    """

    def __init__(
        self,
        review: Review,
        status: Status,
        *,
        rehearse: Rehearse,
        on_rewrite: Callable[[RehearsalReport], object],
        on_first: Callable[[Any], object],
    ) -> None:
        self._review, self._status, self._on_rewrite, self._on_first = review, status, on_rewrite, on_first
        self._rehearse = rehearse
        self._rehearsed: tuple[object, RehearsalReport] | None = None
        self._offers: tuple[Offer, ...] = ()
        self._number = 0
        self._note: Any = None
        self.names: Any = None
        self.sql: Any = None
        self.try_it: Any = None
        self.apply: Any = None
        self.verdict: Any = None
        self.widget: Any = None

    def show(self, row: Row | None, *, frozen: bool) -> None:
        """Show the rewrites of a row; with ``frozen`` nothing can be changed any more."""
        self._offers = () if row is None or frozen or not row.accepted else self._review.rewrites(row.number)
        self._number = row.number if row is not None else 0
        if self.widget is not None:
            self.widget.layout.display = None if self._offers else "none"
        if not self._offers:
            return
        if self.widget is None:
            self._create()
        options = [(each.rewrite.sentence, each.name) for each in self._offers]
        if list(self.names.options) != options:
            self.names.options = options
            self.names.value = options[0][1]
            self._show_need()
        self._show_verdict()

    def _create(self) -> None:
        look = lean(widgets.Text, style=LABELLED)
        self.names = widgets.Dropdown(
            description="Safer", tooltip="A safer way to do the same", **lean(widgets.Dropdown, style=LABELLED)
        )
        self.sql = widgets.Text(description="SQL expression", **look)
        self.try_it = button("Rehearse it", _TRY, self._try, self._status)
        self.apply = button("Rewrite", _REWRITE, self._apply, self._status)
        self.verdict = html(_NOT_REHEARSED)
        self._status.watch(self.names, lambda _: self._show_need())
        self._status.watch(self.sql, lambda _: self._show_verdict())
        self._need: Any = box(self.sql, hides=True)
        self._note = html()
        bar = box(self.try_it, self.apply, classes="mig-bar", across=True)
        parts = (self.names, self._note, self._need, self.verdict, bar)
        self.widget = box(*parts, classes="mig-field", hides=True)
        self._on_first(self.widget)

    def _show_need(self) -> None:
        """Show the field for SQL if the rewrite needs some."""
        rewrite = next((each.rewrite for each in self._offers if each.name == self.names.value), None)
        needs = "" if rewrite is None else rewrite.needs
        self._note.value = "" if rewrite is None else str(tag("p", rewrite.sentence))  # a list shows only its beginning
        self._need.layout.display = None if needs else "none"
        self.sql.placeholder = self.sql.tooltip = needs
        self.sql.value = "" if rewrite is None else rewrite.default

        self._show_verdict()

    def _chosen(self) -> tuple[int, str, str]:
        return self._number, self.names.value, self.sql.value

    def _report(self) -> RehearsalReport | None:
        """Return the report of exactly this rewrite of the rows as they are now."""
        if self._rehearsed is None or self._rehearsed[0] != (self._review.rows, self._chosen()):
            return None
        return self._rehearsed[1]

    def _show_verdict(self) -> None:
        report = self._report()
        self.verdict.value = str(_NOT_REHEARSED if report is None else page(report.judged()))

    def _try(self) -> RehearsalReport:
        report = self._rehearse(*self._chosen())
        self._rehearsed = ((self._review.rows, self._chosen()), report)
        self._show_verdict()
        self._status.say(report.verdict_in_words())
        return report

    def _apply(self) -> None:
        number, name, sql = self._chosen()
        try:
            report = self._report()
            report = self._try() if report is None else report
        except MigError:
            self._review.rewrite(number, name, sql)  # where no clone can be made it can still be chosen
            raise
        self._review.rewrite(number, name, sql)
        self._on_rewrite(report)
