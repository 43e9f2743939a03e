"""The safer ways to do what the selected row does: choose one, give the expression that it needs, and rehearse it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from ...review import Review, Row
from ...review.rewriting import Offer
from ...views.html import tag
from .parts import LABELLED, Status, box, button, html, lean

_NOT_REHEARSED = tag("span", "Not rehearsed yet: the button tries it on a clone of your rows", class_="mig-dim")
_TOOLTIP = "Replace this row by a safer way to do the same, and rehearse the result on a clone"


class Rewriting:
    """A list of rewrites, a field for SQL and a button; nothing for a row that has no rewrite.

    ``on_rewrite()`` runs after a row was rewritten. The controls are created for the first row that needs them, and
    ``on_first(widget)`` puts them into the page.
    """

    def __init__(
        self,
        review: Review,
        status: Status,
        *,
        on_rewrite: Callable[[], object],
        on_first: Callable[[Any], object],
    ) -> None:
        self._review, self._status, self._on_rewrite, self._on_first = review, status, on_rewrite, on_first
        self._offers: tuple[Offer, ...] = ()
        self._number = 0
        self._note: Any = None
        self.names: Any = None
        self.sql: Any = None
        self.apply: Any = None
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

    def _create(self) -> None:
        look = lean(widgets.Text, style=LABELLED)
        self.names = widgets.Dropdown(
            description="Safer", tooltip="A safer way to do the same", **lean(widgets.Dropdown, style=LABELLED)
        )
        self.sql = widgets.Text(description="SQL expression", **look)
        self.apply = button("Rewrite & rehearse", _TOOLTIP, self._apply, self._status)
        self.names.observe(self._status.guard(lambda _: self._show_need()), "value")
        self._need: Any = box(self.sql, hides=True)
        self._note = html()
        bar = box(self.apply, html(_NOT_REHEARSED), classes="mig-bar", across=True)
        self.widget = box(self.names, self._note, self._need, bar, classes="mig-field", hides=True)
        self._on_first(self.widget)

    def _show_need(self) -> None:
        """Show the field for SQL if the rewrite needs some."""
        rewrite = next((each.rewrite for each in self._offers if each.name == self.names.value), None)
        needs = "" if rewrite is None else rewrite.needs
        self._note.value = "" if rewrite is None else str(tag("p", rewrite.sentence))  # a list shows only its beginning
        self._need.layout.display = None if needs else "none"
        self.sql.placeholder = self.sql.tooltip = needs
        self.sql.value = "" if rewrite is None else rewrite.default

    def _apply(self) -> None:
        self._review.rewrite(self._number, self.names.value, self.sql.value)
        self._on_rewrite()
