"""The button "Rehearse" below the cell of a migration, and the report of its rehearsal."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from ..cells.migration import Migration
from .review.footer import REHEARSES
from .review.parts import Status, box, button, close_all, hidden_style, html, with_text
from .review.style import CSS


class MigrationPanel:
    """A panel with one button, which rehearses the migration as it is in the cell, written or not.

    display(MigrationPanel(migration))
    """

    def __init__(self, migration: Migration) -> None:
        self._migration = migration
        self.status = Status(on_end=self.refresh)
        self.rehearse = button("Rehearse", REHEARSES, self._rehearse, self.status)
        self._report = html(layout=widgets.Layout(display="none"))
        bar = box(self.rehearse, classes="mig-bar", across=True)
        self.widget = box(hidden_style(CSS), bar, self.status.widget, self._report, classes="mig-review mig-brief")

    def refresh(self) -> None:
        """Disable the button once the migration has run on the database itself."""
        self.rehearse.disabled = self._migration.report is not None

    def close(self) -> None:
        """Remove the panel from the page."""
        close_all(self.widget)

    def _rehearse(self) -> None:
        self.status.say("Rehearsing on a clone ...")
        report = self._migration.rehearse()
        self._report.value, self._report.layout.display = str(report.html()), None
        self.status.say(f"Rehearsed on a clone: {report.outcome()}. The report is below.")

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the live panel, with a line of text for front ends that cannot show it."""
        return with_text(self.widget, f"Rehearse {self._migration.message}: %%migration ... --rehearse", **options)
