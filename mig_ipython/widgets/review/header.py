"""What the review is about, how much of it is accepted, and the ways to narrow it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from kernel_core.util.secrets import redact

from ...review import Review
from ...views.html import join, tag
from .parts import Status, box, button, html, with_code
from .rows import STATEMENTS

_ALL = "\N{BULLET}all"
"""Value of a filter that lets everything through; no table can be called so in the dropdown's other values."""


class Header:
    """The lead, the counts, search and filters, and the buttons that accept many rows at once.

    ``on_filter()`` is called when another part of the rows is to be seen; `visible` says which.
    """

    def __init__(self, review: Review, lead: str, beside: str, status: Status, on_filter: Callable[[], object]) -> None:
        self._review, self._beside = review, beside
        self._lead = html(tag("h3", with_code(lead)))
        self._counts = html()
        self.search = widgets.Text(description="Search in the rows", placeholder="Search", continuous_update=True)
        self.search.add_class("mig-quiet")
        self.table = _dropdown("Show one table only")
        self.kind = _dropdown("Show one kind of change only")
        self.all = button("Accept all", "Accept every row", lambda: review.accept("all"), status)
        self.safe = button(
            "Only safe", "Accept what neither loses data nor may fail", lambda: review.accept("safe"), status
        )
        self.none = button("None", "Reject every row", lambda: review.accept("none"), status)
        for control in (self.search, self.table, self.kind):
            control.observe(status.guard(lambda _: on_filter()), "value")
        self.widget = box(
            self._lead,
            self._counts,
            box(self.search, self.table, self.kind, self.all, self.safe, self.none, classes="mig-bar", across=True),
        )
        self.show()

    def visible(self) -> tuple[int, ...]:
        """Return the numbers of the rows that search and filters let through."""
        table = None if self.table.value == _ALL else self.table.value
        kind = None if self.kind.value == _ALL else self.kind.value
        return self._review.find(table, kind, self.search.value)

    def show(self, *, frozen: bool = False) -> None:
        """Show the counts and the choices as they are now."""
        rows = self._review.rows
        accepted = [row for row in rows if row.accepted]
        losing, wrong = sum(row.loses_data for row in accepted), len(self._review.errors)
        parts: list[object] = [f"{len(accepted)} of {len(rows)} accepted"]
        if losing:
            parts.append(tag("span", f"⚠ {losing} {'loses' if losing == 1 else 'lose'} data", class_="mig-warn"))
        if wrong:
            parts.append(tag("span", f"✖ {wrong} to correct", class_="mig-bad"))
        parts += [with_code(self._beside)] if self._beside else []
        self._counts.value = str(tag("p", join(parts, " · "), class_="mig-dim"))
        tables = [(redact(table) or STATEMENTS, table) for table in self._review.tables]
        _offer(self.table, "All tables", tables)
        _offer(self.kind, "All kinds", [(kind, kind) for kind in self._review.kinds])
        for control in (self.all, self.safe, self.none):
            control.disabled = frozen


def _dropdown(label: str) -> Any:
    """Return a dropdown whose label is there for who cannot see what stands in it."""
    made = widgets.Dropdown(options=[("All", _ALL)], value=_ALL, description=label)
    made.add_class("mig-quiet")
    return made


def _offer(dropdown: Any, label: str, choices: list[tuple[str, str]]) -> None:
    """Give a dropdown other options, keeping the choice where it is still among them."""
    options = ((label, _ALL), *choices)
    if options != tuple(dropdown.options):
        chosen = dropdown.value if dropdown.value in (value for _, value in options) else _ALL
        with dropdown.hold_trait_notifications():
            dropdown.options = options
            dropdown.value = chosen
