"""The header of the review: its title, the counts, search and filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from kernel_core.util.secrets import redact

from ...review import Review
from ...views.html import join, tag, with_code
from .parts import PLAIN, Status, box, button, html, lean


class Header:
    """The lead, the counts, search and filters, and the buttons that accept many rows at once.

    ``on_filter()`` runs after a change of search or filters; `visible` returns the matching rows.
    """

    def __init__(self, review: Review, beside: str, status: Status, on_filter: Callable[[], object]) -> None:
        self._review, self._beside = review, beside
        self._lead = html()
        self._counts = html()
        self.search = widgets.Text(
            description="Search in the rows", placeholder="Search", continuous_update=True, **_quiet()
        )
        self.table = _filter("Show one table only", "All tables")
        self.kind = _filter("Show one kind of change only", "All kinds")
        self.all = button("Accept all", "Accept every row", lambda: review.accept("all"), status)
        self.safe = button(
            "Only safe", "Accept what neither loses data nor may fail", lambda: review.accept("safe"), status
        )
        self.none = button("None", "Reject every row", lambda: review.accept("none"), status)
        self._matches = html()
        self.these = button("", "Accept the rows that match", lambda: review.set_several(self.visible(), True), status)
        self.not_these = button(
            "", "Reject the rows that match", lambda: review.set_several(self.visible(), False), status
        )
        self.found = box(self._matches, self.these, self.not_these, classes="mig-bar", across=True, hides=True)
        for control in (self.search, self.table, self.kind):
            status.watch(control, lambda _: on_filter())
        self.widget = box(
            self._lead,
            self._counts,
            html(join(tag("p", f"⚠ {warning}", class_="mig-note") for warning in review.warnings)),
            html(join(tag("p", note, class_="mig-dim") for note in review.notes)),
            box(self.search, self.table, self.kind, self.all, self.safe, self.none, classes="mig-bar", across=True),
            self.found,
        )

    def visible(self) -> tuple[int, ...]:
        """Return the numbers of the rows that match search and filters."""
        found = self._review.find(search=self.search.value)
        if not self.table.value and not self.kind.value:
            return found
        tables, kinds, rows = _let_through(self.table), _let_through(self.kind), self._review.rows
        matching = (rows[number - 1] for number in found)
        return tuple(row.number for row in matching if redact(row.group) in tables and row.kind in kinds)

    def show_found(self, count: int, *, frozen: bool = False) -> None:
        """Show how many rows match, and the buttons for these, where search or filters leave rows out."""
        of = len(self._review)
        self.found.layout.display = None if count < of else "none"
        if count < of:
            match = "rows matches" if count == 1 else "rows match"
            self._matches.value = str(tag("span", f"{count} of {of} {match}", class_="mig-dim", role="status"))
            these = "this one" if count == 1 else f"these {count}"
            self.these.description, self.not_these.description = f"Accept {these}", f"Reject {these}"
        for control in (self.these, self.not_these):
            control.disabled = frozen or not count

    def show(self, lead: str, *, frozen: bool = False) -> None:
        """Update the title, the counts and the options of the filters."""
        self._lead.value = str(tag("h3", with_code(lead)))
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
        _offer(self.table, tuple(dict.fromkeys(redact(row.group) for row in rows)))
        _offer(self.kind, tuple(self._review.kinds))
        for control in (self.all, self.safe, self.none):
            control.disabled = frozen


def _filter(label: str, placeholder: str) -> Any:
    """Return a text field with suggestions. In a dropdown JupyterLab's command mode catches arrow keys and letters."""
    return widgets.Combobox(description=label, placeholder=placeholder, continuous_update=True, **_quiet())


def _quiet() -> dict[str, Any]:
    """Return the look of a control whose label only screen readers see."""
    return {"_dom_classes": ("mig-quiet",), **lean(widgets.Text, PLAIN)}


def _let_through(control: Any) -> tuple[str, ...]:
    """Return the options that match a filter: the one typed in full, or all that contain the typed text."""
    typed = control.value.strip().casefold()
    exactly = tuple(name for name in control.options if name.casefold() == typed)
    return exactly or tuple(name for name in control.options if typed in name.casefold())


def _offer(control: Any, names: tuple[str, ...]) -> None:
    """Set the options of a filter; a chosen option that no longer exists is cleared."""
    if names != tuple(control.options):
        gone = control.value in control.options and control.value not in names
        control.options = names
        if gone:
            control.value = ""
