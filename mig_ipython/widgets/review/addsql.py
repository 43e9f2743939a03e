"""Add a custom SQL statement to the review."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from ...review import Review
from .parts import LABELLED, Status, box, button, lean
from .threads import read_where_cells_run


class AddSQL:
    """The button "+ SQL" and its form: the statement, the statement that reverses it, Add and Cancel."""

    def __init__(self, review: Review, status: Status) -> None:
        self._review = review
        look = lean(widgets.Textarea, style=LABELLED)
        self.sql = widgets.Textarea(
            description="SQL", placeholder="UPDATE flights SET ...", rows=3, **look,
            tooltip="The statement to run",
        )  # fmt: skip
        self.reverse = widgets.Textarea(
            description="SQL that reverses it", placeholder="what the downgrade runs", rows=2, **look,
            tooltip="The reverse statement, for the downgrade",
        )  # fmt: skip
        for control in (self.sql, self.reverse):
            read_where_cells_run(control)
        self.open = button("+ SQL", "Add an SQL statement", self._open, status)
        self.add = button("Add", "Add this statement after the last row", self._add, status, "primary")
        self.cancel = button("Cancel", "Leave without adding", self._close, status)
        bar = box(self.add, self.cancel, classes="mig-bar", across=True)
        self._form: Any = box(self.sql, self.reverse, bar, classes="mig-field", hides=True)
        self.widget = box(self._form)
        self._close()

    def show(self, *, frozen: bool) -> None:
        """Disable the button once the file is written."""
        self.open.disabled = frozen
        if frozen:
            self._close()

    def _open(self) -> None:
        self._form.layout.display = None

    def _close(self) -> None:
        self._form.layout.display = "none"

    def _add(self) -> None:
        self._review.add_sql(self.sql.value, self.reverse.value or None)
        self.sql.value = self.reverse.value = ""
        self._close()
